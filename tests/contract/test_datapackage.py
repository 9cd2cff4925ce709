"""The data package validates, and a corrupted copy does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from frictionless import Package, Report
from samples_of_scores import (
    NAMES,
    simulated_enhancement,
    simulated_metrics,
    study,
    write_cells,
    write_enhancement,
)

from gfce.config import StudyConfig
from gfce.contract.datapackage import describe, write_datapackage
from gfce.contract.later_columns import with_absent
from gfce.contract.tables import all_tables, declaration
from gfce.statistics.audit.step import audit
from gfce.statistics.inference.step import compare
from gfce.statistics.tables.step import tabulate
from gfce.study import Results, cells


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    """A study with every table that the results contract names."""
    config = study(
        tmp_path_factory.mktemp("results"),
        statistics={"bootstrap_resamples": 99},
        grid={"seeds": [1, 2]},
    )
    results = Results(config)
    metrics = simulated_metrics(config)
    write_cells(config, metrics)
    write_enhancement(config, simulated_enhancement(config))
    patients = metrics[["patient_id", "institution"]].drop_duplicates()
    development = patients["institution"].isin(NAMES[:3])
    patients["role"] = development.map({True: "development", False: "external"})
    patients = patients.assign(split="test", t1w="a", t2w="b", ce="c", field_strength_t=1.5)
    patients = patients.assign(slices=20, voxel_mm="1x1x3", tumour="")
    results.patients.parent.mkdir(parents=True)
    patients.assign(**{f"sha256_{name}": "0" for name in ("t1w", "t2w", "ce", "tumour")}).to_csv(
        results.patients, index=False
    )
    sets = pd.DataFrame({"training_set": "tri", "patient_id": ["100", "200"]})
    sets.to_csv(results.training_sets, index=False)
    history = results.model(cells(config)[0]) / "history.csv"
    history.parent.mkdir(parents=True)
    losses = ["generator", "adversarial", "l1", "discriminator"]
    row = {"epoch": 1} | {f"loss_{name}": 0.1 for name in losses}
    pd.DataFrame([row | {"learning_rate": 0.001, "seconds": 2.5}]).to_csv(history, index=False)
    tabulate(config)
    compare(config)
    audit(None, results.root)
    write_datapackage(config)
    return config


def validate(config: StudyConfig) -> Report:
    return Package(str(Results(config).root / "datapackage.json")).validate()


def problems(report: Report) -> list[tuple[str, str]]:
    return [(str(error[0]), str(error[1])) for error in report.flatten(["name", "type"])]


def test_frictionless_finds_nothing(finished: StudyConfig) -> None:
    report = validate(finished)
    assert report.valid, report.to_summary()
    assert report.stats["tasks"] == len(describe(finished)["resources"]) == 33


def test_every_column_is_described(finished: StudyConfig) -> None:
    for resource in describe(finished)["resources"]:
        for field in resource["schema"]["fields"]:
            assert field["type"] != "any", (resource["name"], field["name"])
            assert field["description"]
        assert "primaryKey" in resource["schema"] or resource["name"] == "tables-missing"


def test_the_columns_of_every_file_are_the_declared_ones(finished: StudyConfig) -> None:
    """Of the tables that this study has; the header in the declared order."""
    root = Results(finished).root
    of_cells = {"metrics", "enhancement"}
    written = [path for path in root.rglob("*.csv") if not of_cells & set(path.parts)]
    for path in written:
        name = "history" if path.stem == "history" else path.relative_to(root).with_suffix("")
        table = declaration(str(name))
        assert table is not None, path
        header = list(with_absent(pd.read_csv(path, nrows=0), table.names).columns)
        in_order = name != Path("cohort/patients")  # which the fixture wrote
        assert header == table.names if in_order else set(header) == set(table.names)


def test_tables_are_declared_once_with_keys_that_are_columns() -> None:
    names = [table.name for table in all_tables()]
    assert len(set(names)) == len(names)
    for table in all_tables():
        assert set(table.key) <= set(table.names), table.name
        assert len(set(table.names)) == len(table.names), table.name


def replace(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("table", "corrupt", "error"),
    [
        ("metrics.csv", replace("internal", "intern"), "constraint-error"),
        ("tables/table2.csv", replace("Uni-m1", "Uni-x1"), "constraint-error"),
        ("statistics/drops.csv", replace("mae,0.", "mae,O."), "type-error"),
        ("tables/table5.csv", lambda text: text + text.splitlines()[1] + "\n", "primary-key"),
        ("metrics.csv", replace(",100,volume", ",X,volume"), "foreign-key"),
        ("statistics/findings.csv", replace("claim,", "claims,"), "incorrect-label"),
        ("cohort/patients.csv", replace("1.5", "1.6"), "hash-count"),
    ],
)
def test_a_corrupted_copy_fails(
    finished: StudyConfig, table: str, corrupt: Callable[[str], str], error: str
) -> None:
    path = Results(finished).root / table
    intact = path.read_text(encoding="utf-8")
    try:
        path.write_text(corrupt(intact), encoding="utf-8")
        assert path.read_text(encoding="utf-8") != intact
        assert error in {kind for _, kind in problems(validate(finished))}
    finally:
        path.write_text(intact, encoding="utf-8")


def test_version_2_and_no_dates(finished: StudyConfig, tmp_path: Path) -> None:
    path = Results(finished).root / "datapackage.json"
    text = path.read_text(encoding="utf-8")
    package = json.loads(text)
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert all(resource["hash"].startswith("sha256:") for resource in package["resources"])
    write_datapackage(finished)
    assert path.read_text(encoding="utf-8") == text
    names = [resource["name"] for resource in package["resources"]]
    assert len(set(names)) == len(names)
