"""Tables as they are printed."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from samples_of_scores import write_cells

from gfce.config import StudyConfig
from gfce.evaluation.metrics.mae import METRIC as MAE
from gfce.statistics.tables.render import Printed, latex, markdown, mean_sd
from gfce.statistics.tables.step import tabulate
from gfce.statistics.tables.table2_scores import print_scores
from gfce.statistics.tables.table4_improvements import print_improvements
from gfce.statistics.tables.table5_drops import print_drops
from gfce.study import Results


def score_rows() -> pd.DataFrame:
    columns = ["model", "testing", "cohort", "n", "mae_mean", "mae_sd"]
    rows = [
        ("Uni_1", "A", "internal", 3, 0.02539, 0.00359),
        ("Uni_1", "B", "external", 2, 0.05212, 0.01089),
        ("Uni_1", "Overall", "external", 2, 0.05212, 0.01089),
        ("Tri", "A", "internal", 3, 0.02627, math.nan),
        ("Tri", "B", "external", 2, 0.04182, 0.00782),
        ("Tri", "Overall", "external", 2, math.nan, math.nan),
    ]
    return pd.DataFrame(rows, columns=columns)


def test_markdown_of_a_table_of_scores() -> None:
    marked = {("Uni_1", "B", "mae"), ("Uni_1", "internal", "mae"), ("Uni_1", "external", "mae")}
    text = markdown(print_scores("2", score_rows(), "Scores, 100 %", marked=marked))
    lines = text.splitlines()
    assert lines[:4] == [
        "**Table 2. Scores, 100 %**",
        "",
        "| Model | Testing | n | MAE × 10³ |",
        "| --- | --- | --- | --- |",
    ]
    assert lines[4:10] == [
        r"| Uni\_1 | A | 3 | **25.39 ± 3.59\*** |",
        r"| Uni\_1 | B † | 2 | 52.12 ± 10.89\* |",
        r"| Uni\_1 | Overall † | 2 | 52.12 ± 10.89 |",
        "| Tri | A | 3 | 26.27 ± – |",
        "| Tri | B † | 2 | **41.82 ± 7.82** |",
        "| Tri | Overall † | 2 | – |",
    ]


def test_an_overall_is_marked_by_the_test_of_overalls() -> None:
    marked = {("Uni_1", "external_stratified", "mae")}
    text = markdown(print_scores("2", score_rows(), "Scores", marked=marked))
    assert r"| Uni\_1 | Overall † | 2 | 52.12 ± 10.89\* |" in text
    assert text.count(r"\* |") == 1


def test_latex_of_a_table_of_scores() -> None:
    text = latex(print_scores("2", score_rows(), "Scores, 100 %"))
    assert r"\caption{Scores, 100 \%}" in text, "LaTeX puts Table 2 before it"
    assert r"\begin{tabular}{llrr}" in text
    assert r"Uni\_1 & A & 3 & \textbf{25.39 $\pm$ 3.59} \\" in text
    assert r"Tri & B $^\dagger$ & 2 & \textbf{41.82 $\pm$ 7.82} \\" in text
    assert text.count(r"\midrule") == 2, "below the header and between the models"
    assert text.count("{") == text.count("}")
    assert text.isascii()


def test_drops_print_the_smallest_in_bold_and_a_real_minus() -> None:
    table = pd.DataFrame(
        {
            "normalization": ["min_max"] * 3,
            "model": ["Uni-m1", "Uni-m2", "Overall"],
            "mae_drop_pct": [60.417, -1.234, 29.59],
        }
    )
    text = markdown(print_drops(table))
    assert "| Min-Max | Uni-m2 | **−1.23** |" in text
    assert "| Min-Max | Uni-m1 | 60.42 |" in text
    assert "| Min-Max | Overall | 29.59 |" in text, "a single Overall has nothing to beat"


def test_of_two_losses_none_is_bold() -> None:
    table = pd.DataFrame(
        {
            "model": ["Tri-M", "Tri-Z"],
            "mae_improvement_pct": [-3.5, -1.25],
            "psnr_improvement_pct": [-1.0, 2.0],
        }
    )
    lines = markdown(print_improvements(table)).splitlines()
    assert lines[4:6] == ["| Tri-M | −3.50 | −1.00 |", "| Tri-Z | −1.25 | **2.00** |"]


def test_every_special_character_is_escaped_for_latex() -> None:
    text = latex(Printed("c", ["h"], [["\\ & % $ # _ { } ~ ^ ± × ³ † – − < > |"]]))
    cell = text.splitlines()[8]
    assert cell == (
        r"\textbackslash{} \& \% \$ \# \_ \{ \} \textasciitilde{} \textasciicircum{} $\pm$ "
        r"$\times$ $^3$ $^\dagger$ -- $-$ $<$ $>$ $|$ \\"
    )


def test_mean_and_sd_as_the_paper_prints_them() -> None:
    assert mean_sd(0.025389, 0.003594, MAE) == "25.39 ± 3.59"


def test_latex_compiles(config: StudyConfig, metrics: pd.DataFrame, tmp_path: Path) -> None:
    engine = shutil.which("pdflatex")
    if engine is None:
        pytest.skip("pdflatex is not installed")
    write_cells(config, metrics[metrics["model"] != "Uni-m2"])
    tabulate(config)
    inputs = "\n".join(
        rf"\input{{{Results(config).table(f'table{i}', 'tex')}}}" for i in range(1, 6)
    )
    document = r"\documentclass{article}\usepackage{booktabs}\begin{document}"
    (tmp_path / "all.tex").write_text(f"{document}{inputs}\\end{{document}}", encoding="utf-8")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-2000:]
