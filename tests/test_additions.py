"""docs/developing.md: a metric, a normalization, a table, a figure and a repair are a file each."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cohorts import COHORT, REPOSITORY, minimal_config, write_cohort

from gfce.statistics.questions import DROP

DOCS = REPOSITORY / "docs" / "developing.md"
EXAMPLE = re.compile(r"`(gfce/\S+\.py)`.*?```python\n(.*?)```", re.DOTALL)
RUN_ALL = """
import sys
from pathlib import Path
from gfce.cli import main
from gfce.config import load_config
from gfce.steps import WHOLE, tasks
for task in tasks(load_config(Path("study.yaml"))):
    names = [] if task.what == WHOLE else [str(task.what)]
    if main([task.step, "study.yaml", *names]):
        sys.exit(str(task))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a small study, made by a copy of the package with the examples in it."""
    folder = tmp_path_factory.mktemp("additions")
    shutil.copytree(REPOSITORY / "gfce", folder / "gfce", ignore=shutil.ignore_patterns("*.pyc"))
    for name, source in examples().items():
        assert not (folder / name).exists()
        (folder / name).write_text(source)
    write_cohort(folder / "data", COHORT)
    content = minimal_config(
        cohort={"development": ["A", "B"]},
        grid={
            "networks": {"unet": {"width": 2}},
            "normalizations": ["min_max", "robust_z_score"],
            "repairs": {"always": {"method": "mirrored", "options": {"probability": 1.0}}},
        },
        statistics={"bootstrap_resamples": 99},
    )
    (folder / "study.yaml").write_text(yaml.safe_dump(content))
    subprocess.run(
        [sys.executable, "-P", "-c", RUN_ALL],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        check=True,
    )
    return folder / "results" / "tiny"


def examples() -> dict[str, str]:
    """The examples of the page by the files that they are."""
    section = DOCS.read_text(encoding="utf-8").partition("## Adding something")[2]
    return dict(EXAMPLE.findall(section.partition("tests/test_additions.py")[2]))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_page_has_one_example_of_each() -> None:
    folders = [str(Path(name).parent) for name in examples()]
    assert folders == [
        "gfce/evaluation/metrics",
        "gfce/images/normalizations",
        "gfce/statistics/inference",
        "gfce/report/figures",
        "gfce/repairs",
    ]


def test_a_metric_is_in_all_tables(results: Path) -> None:
    for row in rows(results / "metrics.csv"):
        mean_square = 10 ** (-float(row["psnr_db"]) / 10)
        assert float(row["rmse"]) == pytest.approx(mean_square**0.5)
    assert "rmse_mean" in rows(results / "tables" / "table2.csv")[0]
    assert "RMSE × 10³" in (results / "tables" / "table2.md").read_text()
    assert "rmse_improvement_pct" in rows(results / "tables" / "table4.csv")[0]
    assert "rmse_drop_pct" in rows(results / "tables" / "table5.csv")[0]
    for name in ("drops", "improvements", "mixed_model", "seeds", "stability", "findings"):
        metrics = {row["metric"] for row in rows(results / "statistics" / f"{name}.csv")}
        assert "rmse" in metrics, name
    # It is neither pre-specified nor has it a margin.
    for name in ("paired_tests", "equivalence"):
        metrics = {row["metric"] for row in rows(results / "statistics" / f"{name}.csv")}
        assert metrics == {"mae", "psnr_db"}


def test_a_metric_and_a_table_are_described(results: Path) -> None:
    package = json.loads((results / "datapackage.json").read_text())
    tables = {table["path"]: table for table in package["resources"]}
    fields = {field["name"]: field for field in tables["metrics.csv"]["schema"]["fields"]}
    assert fields["rmse"]["description"] == "Root mean square error, on the scale [0, 1]"
    hardest = tables["statistics/hardest.csv"]
    assert hardest["title"] == "Hardest external institution of each model"
    assert hardest["schema"]["primaryKey"] == ["model"]


def test_a_normalization_has_cells_labels_and_titles(results: Path) -> None:
    labels = {row["model"] for row in rows(results / "metrics.csv")}
    assert {"Uni-r1", "Uni-r2", "Pooled-R"} < labels
    assert "robust Z-Score" in (results / "tables" / "table3.md").read_text()


def test_a_statistics_table_is_written(results: Path) -> None:
    hardest = rows(results / "statistics" / "hardest.csv")
    assert len(hardest) == 8
    assert {row["hardest"] for row in hardest} == {"D"}


def test_a_statistics_table_answers_its_question(results: Path) -> None:
    findings = (results / "statistics" / "findings.md").read_text(encoding="utf-8")
    section = findings.partition(f"## {DROP.heading}\n")[2].partition("\n## ")[0]
    assert section.count(" errs most at D\n") == 8


def test_a_figure_is_drawn(results: Path) -> None:
    for kind in ("png", "svg"):
        assert (results / "figures" / f"patients.{kind}").stat().st_size > 1000


def test_a_repair_has_models_of_its_own(results: Path) -> None:
    scores = rows(results / "metrics.csv")
    mae = {
        row["model"]: {r["patient_id"]: r["mae"] for r in scores if r["model"] == row["model"]}
        for row in scores
    }
    assert mae["Pooled-R"].keys() == mae["Pooled-R always"].keys()
    assert mae["Pooled-R"] != mae["Pooled-R always"]
