"""The forest plot of the next hospital."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from samples_of_scores import NAMES, SMALL_SIZES, simulated_metrics, study

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.evaluation.metrics import metric_named
from gfce.files import write_csv
from gfce.report.drawing import STYLE, draw_figure
from gfce.report.figures.next_hospital import draw, draw_forest
from gfce.report.forest_axis import Span, span_of
from gfce.statistics.inference import next_hospital, next_hospital_institutions
from gfce.statistics.scored_study import ScoredStudy
from gfce.study import Results

MAE = metric_named("mae")


def tables(config: StudyConfig, sizes: dict[str, int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    scored = ScoredStudy(config, simulated_metrics(config, sizes))
    return (
        next_hospital.next_hospital(scored),
        next_hospital_institutions.next_hospital_institutions(scored),
    )


@pytest.fixture(scope="module")
def papers() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of the paper's design."""
    return tables(study(), SMALL_SIZES)


def with_external(results: Path, names: list[str]) -> StudyConfig:
    cohort = {"dataset": "bids", "development": NAMES[:3], "external": names}
    return study(results, cohort=cohort, grid={"normalizations": ["min_max", "z_score"]})


@pytest.fixture(autouse=True)
def style() -> Iterator[None]:
    with mpl.rc_context(STYLE):
        yield


def words(figure: Figure) -> list[str]:
    """All words of a figure that has been drawn."""
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]


def test_it_shows_all_effects_institutions_and_models(
    papers: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    figure = draw_forest(*papers, MAE)
    found = words(figure)
    assert {*NAMES[3:], "Uni-m1", "Tri-Z", "Tri-Z\nagainst Tri-M", "a new hospital"} <= set(found)
    drops, gains, normalizations = figure.axes
    assert [len(axes.get_yticks()) for axes in figure.axes] == [8, 2, 4]
    for axes in (drops, gains, normalizations):
        assert "0 %" in [label.get_text() for label in axes.get_xticklabels()]
    assert figure.get_figwidth() == 3.5


def test_marks_stand_where_the_table_says(papers: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    pooled, single = papers
    drops = draw_forest(pooled, single, MAE).axes[0]
    marks = {float(line.get_xdata()[0]) for line in drops.lines if len(line.get_xdata()) == 1}
    for table in (pooled[pooled["estimator"] == "REML"], single):
        chosen = table[(table["metric"] == "mae") & (table["effect"] == "drop")]
        assert set(chosen["estimate"]) <= marks


def test_nothing_leaves_the_page(papers: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    figure = draw_forest(*papers, MAE)
    words(figure)
    page = figure.bbox
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box.x0 >= page.x0 and box.x1 <= page.x1, axes.get_title()


def test_many_institutions_are_dots(tmp_path: Path) -> None:
    names = [f"Clinic-{number:02d}" for number in range(12)]
    sizes = SMALL_SIZES | dict.fromkeys(names, 3)
    found = words(draw_forest(*tables(with_external(tmp_path, names), sizes), MAE))
    assert "each of 12 institutions" in found
    assert not set(names) & set(found)


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_institutions_are_shown_with_the_reason(tmp_path: Path, count: int) -> None:
    config = with_external(tmp_path, NAMES[3 : 3 + count])
    found = words(draw_forest(*tables(config, SMALL_SIZES), MAE))
    assert f"{count} institutions: random effects need 3" in found
    assert NAMES[3] in found


def test_no_institution_is_said(tmp_path: Path) -> None:
    figure = draw_forest(*tables(with_external(tmp_path, []), SMALL_SIZES), MAE)
    assert words(figure) == ["no external institution"]


def test_a_wide_interval_is_cut_off() -> None:
    row = {"estimate": 0.2, "ci95_low": 0.0, "ci95_high": 0.4, "pi95_low": -9.0, "pi95_high": 0.5}
    span = span_of([row], [])
    assert span == Span(pytest.approx(-0.2), pytest.approx(0.5))
    assert span.clipped(-9.0, 0.5) == (span.low, 0.5)
    unknown = dict.fromkeys(row, np.nan)
    assert span_of([unknown], []) == Span(0.0, 0.0)


def test_the_files_are_those_of_the_metrics(
    tmp_path: Path, papers: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    config = study(tmp_path)
    for module, table in zip((next_hospital, next_hospital_institutions), papers, strict=True):
        write_csv(table, Results(config).root / f"{module.TABLE.name}.csv")
    draw_figure(config, "next_hospital")
    folder = Results(config).figures / "next_hospital"
    assert sorted(path.name for path in folder.iterdir()) == [
        *("mae.png", "mae.svg", "psnr_db.png", "psnr_db.svg"),
    ]


def test_without_the_tables_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run `gfce compare` first"):
        next(iter(draw(study(tmp_path), "mmgsn_net")))
