"""The figures of distances between intensities, and what they have in common with others."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from samples_of_scores import NAMES, study

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.quality.distance_tables import INSTITUTION_DISTANCES
from gfce.report.classical_scaling import classical_map
from gfce.report.colours import institution_lines, model_colours
from gfce.report.figures import distance_effect, distances
from gfce.report.figures.distance_effect import draw_effect
from gfce.report.figures.distances import draw_distances
from gfce.study import cells, model_label


def words(figure: Figure) -> set[str]:
    """All words of a figure that has been drawn, none of which leaves the page."""
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(mpl.text.Text) if text.get_text()]
    page = figure.bbox
    for text in texts:
        box = text.get_window_extent()
        shown = text.get_visible() and (text.axes is None or text.axes.get_visible())
        if shown and text.get_clip_on() is False and box.width:
            assert box.x0 >= -1 and box.x1 <= page.x1 + 1, text.get_text()
    return {text.get_text() for text in texts}


def with_external(count: int, **changes: Any) -> StudyConfig:
    names = [f"Clinic-{number}" for number in range(count)]
    cohort = {"dataset": "bids", "development": NAMES[:3], "external": names}
    return study(cohort=cohort, **changes)


def on_a_line(config: StudyConfig) -> pd.DataFrame:
    """Institutions in a row, one SD from one to the next."""
    pairs = list(combinations(enumerate(config.cohort.institutions), 2))
    rows = [
        {
            "normalization": normalization,
            "modality": modality,
            "institution_a": a,
            "institution_b": b,
            "distance": float(second - first),
        }
        for normalization in config.grid.normalizations
        for modality in ("t1w", "t2w", "ce")
        for (first, a), (second, b) in pairs
    ]
    return INSTITUTION_DISTANCES.frame(rows)


def test_a_map_keeps_distances_of_a_plane() -> None:
    places = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0], [3.0, 4.0]])
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    found, share = classical_map(distances)
    assert np.linalg.norm(found[:, None] - found[None], axis=2) == pytest.approx(distances)
    assert share == pytest.approx(1)
    cube = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
    _, share = classical_map(np.linalg.norm(cube[:, None] - cube[None], axis=2))
    assert share == pytest.approx(2 / 3)
    assert classical_map(np.zeros((1, 1)))[0].tolist() == [[0, 0]]


@pytest.mark.parametrize("external", [1, 9])
def test_distances_have_numbers_where_they_can_be_read(external: int) -> None:
    config = with_external(external)
    found = words(draw_distances(config, on_a_line(config)))
    assert {"Min-Max", "Z-Score", "T1w", "100 % kept", "Clinic-0 (4)"} <= found
    assert ("3.00" in found) == (external == 1)


def test_one_institution_has_no_distance() -> None:
    config = study(cohort={"dataset": "bids", "development": NAMES[:1], "external": []})
    found = words(draw_distances(config, on_a_line(config)))
    assert found == {"one institution: nothing to compare"}


def effect(config: StudyConfig, **changes: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of both tables of a study."""
    row: dict[str, Any] = {
        "rho": 0.5,
        "ci95_low": 0.1,
        "ci95_high": 0.8,
        "p": 0.03,
        "p_least": 1e-4,
    }
    row |= {"n_institutions": 9, "model": "Overall", "reason": "", **changes}
    rows = [{**row, "normalization": name} for name in config.grid.normalizations]
    points = [
        {
            "model": model_label(config, cell),
            "normalization": cell.normalization,
            "training_set": cell.training_set,
            "institution": name,
            "cohort": "external",
            "distance": 0.1 * place,
            "mean": 0.03,
        }
        for cell in cells(config)
        for place, name in enumerate(config.cohort.external)
    ]
    return pd.DataFrame(rows), pd.DataFrame(points)


def test_the_effect_is_shown_for_each_normalization_and_model() -> None:
    config = with_external(2)
    figure = draw_effect(config, *effect(config))
    found = words(figure)
    assert "Z-Score\nρ = 0.50 [0.10, 0.80], p = 0.030\n(9 institutions: at least 0.0001)" in found
    assert {"4", "5", "Clinic-0", "tri", "uni-Institution-1"} <= found
    panel = figure.axes[0]
    assert len(panel.lines) == 4 * 2
    assert {line.get_color() for line in panel.lines} == set(model_colours(config).values())


def test_an_effect_that_is_not_known_says_why() -> None:
    config = with_external(9)
    rows, points = effect(config, rho=np.nan, reason="no distances: not made yet")
    points["distance"] = np.nan
    assert "Min-Max\nno distances: not made yet" in words(draw_effect(config, rows, points))


@pytest.mark.parametrize("module", [distances, distance_effect])
def test_without_the_table_it_says_what_to_run(tmp_path: Path, module: Any) -> None:
    with pytest.raises(UserError, match=r"is not there: run `gfce (distances|compare)` first"):
        next(module.draw(study(tmp_path), "mmgsn_net"))


def test_a_model_has_one_colour_in_all_figures() -> None:
    config = study(grid={"normalizations": ["min_max", "z_score"], "seeds": [1, 2]})
    colours = model_colours(config)
    assert set(colours) == {model_label(config, cell) for cell in cells(config)}
    assert colours["Uni-m1"] == colours["Uni-z1"] != colours["Tri-M"]
    assert len(set(colours.values())) == 4


def test_no_two_institutions_look_the_same() -> None:
    lines = institution_lines([f"Clinic-{number}" for number in range(32)])
    assert len({(line["color"], line["linestyle"]) for line in lines.values()}) == 32
