"""A metric, a table and an axis of the grid are each added in one place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from cohorts import REPOSITORY

from gfce.evaluation.metrics import METRICS

BIAS = """
from gfce.evaluation.metric import Margin, Metric, errors

METRIC = Metric(
    name="bias", stem="bias", title="Bias", unit="1", description="Mean error", rank=9,
    higher_is_better=False, score=lambda images, region: images.once(errors)[region].mean(),
    tested=True, margin=Margin(default=0.1, largest=1, meaning="The same for bias."),
)
"""
COUNTS = """
from gfce.contract.columns import MODEL, N
from gfce.statistics.study_tables import StudyTable

def count(study):
    return TABLE.frame([{"model": m.label, "n": len(study.scores)} for m in study.models])

TABLE = StudyTable(
    name="statistics/counts", title="Counts", key=("model",), columns=(MODEL, N), make=count
)
"""
AXIS = {
    "study/cell.py": (
        "    seed: int | str = _axis(",
        '    coil: str = _axis(lambda config: config.grid.coils, "Coil", absent="none")\n',
    ),
    "config/grid.py": (
        "    seeds: Annotated[list[Seed], Field(min_length=1)] = [1]\n",
        '    coils: list[Identifier] = ["none"]\n    """Coils."""\n',
    ),
}
"""The two files that an axis takes: the line to write it behind or before, and its own."""
SCRIPT = """
import sys
from pathlib import Path
from samples_of_scores import NAMES, simulated_metrics, study, write_cells
from gfce.statistics.inference.step import compare
from gfce.statistics.tables.step import tabulate

cohort = {"dataset": "bids", "development": NAMES[:2], "external": NAMES[3:5]}
config = study(Path(sys.argv[1]), cohort=cohort, grid={"coils": ["none", "n4"]})
metrics = simulated_metrics(config)
write_cells(config, metrics.assign(bias=metrics["mae"] / 2))
tabulate(config)
compare(config)
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a study by a copy of gfce with a metric, a table and an axis more."""
    folder = tmp_path_factory.mktemp("extended")
    ignored = shutil.ignore_patterns("__pycache__")
    package = Path(shutil.copytree(REPOSITORY / "gfce", folder / "gfce", ignore=ignored))
    (package / "evaluation" / "metrics" / "bias.py").write_text(BIAS, encoding="utf-8")
    (package / "statistics" / "inference" / "counts.py").write_text(COUNTS, encoding="utf-8")
    for name, (line, addition) in AXIS.items():
        _add(package / name, line, addition)
    paths = os.pathsep.join([str(folder), str(REPOSITORY / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder / "results")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "results" / "test"


def _add(path: Path, line: str, addition: str) -> None:
    """Write an addition before a line of a file, or behind the field that the line begins."""
    before, found, after = path.read_text(encoding="utf-8").partition(line)
    assert found
    if line.endswith("("):
        rest, newline, after = after.partition("\n")
        path.write_text(before + line + rest + newline + addition + after, encoding="utf-8")
    else:
        path.write_text(before + addition + line + after, encoding="utf-8")


def read(results: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(results / f"{name}.csv", keep_default_na=False)


def test_a_metric_is_in_every_table(extended: Path) -> None:
    assert {"bias_mean", "bias_sd"} <= set(read(extended, "tables/table2"))
    assert "bias_improvement_pct" in read(extended, "tables/table4")
    assert "bias_drop_pct" in read(extended, "tables/table5")
    for name in ("paired_tests", "equivalence", "drops", "seeds", "mixed_model", "findings"):
        assert "bias" in set(read(extended, f"statistics/{name}")["metric"]), name
    header = (extended / "tables" / "table2.md").read_text(encoding="utf-8").splitlines()[2]
    assert header == "| Model | Testing | n | MAE × 10³ | PSNR (dB) | SSIM | Bias |"


def test_a_table_is_written_and_described(extended: Path) -> None:
    assert len(read(extended, "statistics/counts")) == 2 * 2 * 3
    package = (extended / "datapackage.json").read_text(encoding="utf-8")
    assert '"title": "Counts"' in package
    assert '"type": "any"' not in package


def test_an_axis_parts_the_models(extended: Path) -> None:
    package = json.loads((extended / "datapackage.json").read_text(encoding="utf-8"))
    (metrics,) = (r for r in package["resources"] if r["name"] == "metrics")
    assert "coil" in metrics["schema"]["primaryKey"]
    assert list(read(extended, "metrics").columns[:5]) == [
        *("network", "normalization", "training_set", "coil", "model"),
    ]
    design = read(extended, "tables/table1")
    assert design["coil"].tolist() == ["none", "n4"] * 6
    tests = read(extended, "statistics/paired_tests")
    coils = [tests[name].str.endswith(" n4") for name in ("model_a", "model_b")]
    assert (coils[0] == coils[1]).all(), "no family compares models of two coils"
    assert (tests["family"] == "B").any()
    assert (extended / "tables" / "table2_mmgsn_net_z_score_n4.csv").exists()
    assert set(read(extended, "tables/table3")["model"]) == {"Uni-z1", "Uni-z2", "Pooled-Z"}
    assert set(read(extended, "statistics/mixed_model")["coil"]) == {"none", "n4"}
    findings = read(extended, "statistics/findings")
    claims = findings[findings["claim"] == "second_normalization_drops_less"]
    assert len(claims) == 2 * (len(METRICS) + 1), "of each coil and metric"
