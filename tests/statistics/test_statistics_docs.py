"""docs/statistics.md says what the code does."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from samples_of_scores import simulated_metrics, study, write_cells

from gfce.statistics.audit.step import audit
from gfce.statistics.inference.step import compare
from gfce.statistics.tables.step import tabulate
from gfce.study import Results

DOCS = Path(__file__).parents[2] / "docs" / "statistics.md"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """A study's results with two seeds, where its reader works."""
    config = study(tmp_path, grid={"seeds": [1, 2]})
    write_cells(config, simulated_metrics(config))
    tabulate(config)
    compare(config)
    monkeypatch.chdir(Results(config).root)
    return Results(config)


def example(language: str) -> str:
    (code,) = re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return str(code)


def printed_numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"(?:drop|t|p) (\S+)", text)]


def tables_numbers(results: Results) -> list[float]:
    """The drop of Uni-m1, and t and p of its test against Tri-M."""
    drops = pd.read_csv(results.statistics / "drops.csv").set_index(["model", "metric"])
    test = pd.read_csv(results.paired_tests).query(
        "family == 'A' and metric == 'mae' and scope == 'external' and model_b == 'Uni-m1'"
    )
    return [drops.loc[("Uni-m1", "mae"), "drop_pct"].item(), test["t"].item(), test["p"].item()]


def test_the_python_example_gives_the_tables_numbers(results: Results) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(example("python"), "example", "exec"), {})
    assert printed_numbers(out.getvalue()) == pytest.approx(tables_numbers(results))


def test_the_r_example_gives_the_tables_numbers(results: Results) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    done = subprocess.run(
        ["Rscript", "--vanilla", "-"],
        input=example("r"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # R prints seven digits.
    assert printed_numbers(done.stdout) == pytest.approx(tables_numbers(results), rel=1e-6)


def test_the_audits_findings_are_the_documented_ones(tmp_path: Path) -> None:
    audit(None, tmp_path)
    text = DOCS.read_text(encoding="utf-8")
    found = pd.read_csv(tmp_path / "audit.csv")
    checked = found[found["agrees"].notna()]
    wrong = checked[checked["agrees"].eq(False)]
    assert f"({len(checked)} cells checked, {len(checked) - len(wrong)} agree)" in text
    for row in wrong.to_dict("records"):
        span = f"{row['recomputed_low']:.2f} to {row['recomputed_high']:.2f}"
        assert f"| {row['printed']:.2f} | {span} |" in text
