"""docs/statistics.md says what the code does."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from samples_of_scores import simulated_metrics, study, write_cells

from gfce.statistics import audit, compare, tabulate
from gfce.statistics.datapackage import column_descriptions
from gfce.study import Results

DOCS = Path(__file__).parents[2] / "docs" / "statistics.md"


def test_every_column_is_listed() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for (table, column), row in column_descriptions().items():
        line = f"| `{column}` | {row['type']} |"
        assert line in text, (table, column)
        assert row["description"] in text, (table, column)


def test_the_python_example_gives_the_tables_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = study(tmp_path, grid={"seeds": [1, 2]})
    results = Results(config)
    write_cells(config, simulated_metrics(config))
    tabulate(config)
    compare(config)
    code = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert len(code) == 1
    monkeypatch.chdir(results.root)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code[0], "example", "exec"), {})
    drop, t, p = (float(number) for number in re.findall(r"(?:drop|t|p) (\S+)", out.getvalue()))
    drops = pd.read_csv(results.statistics / "drops.csv").set_index(["model", "metric"])
    assert drop == pytest.approx(drops.loc[("Uni-m1", "mae"), "drop_pct"].item())
    tests = pd.read_csv(results.paired_tests)
    test = tests.query(
        "family == 'A' and metric == 'mae' and scope == 'external' and model_b == 'Uni-m1'"
    )
    assert (t, p) == pytest.approx((test["t"].item(), test["p"].item()))


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
