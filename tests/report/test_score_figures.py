"""The matrix of models and institutions, patients and paired differences, effects and ranks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle
from samples_of_scores import NAMES, SMALL_SIZES, simulated_metrics, study

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.evaluation.metrics import TESTED_METRICS, metric_named
from gfce.files import write_csv, write_json
from gfce.report.colours import model_looks
from gfce.report.drawing import STYLE
from gfce.report.estimation import PAIRS, ROWS, Pair, pages
from gfce.report.figures import figure4, figure5, figure6
from gfce.report.forest_axis import span_of_intervals
from gfce.report.matrix import luminance
from gfce.report.paired import Shown, difference_blocks, loss_blocks
from gfce.report.printed import printed_drops, printed_improvements
from gfce.report.reading import read_scores
from gfce.statistics.design import groups
from gfce.statistics.inference import drops, improvements, paired_tests, transfer
from gfce.statistics.inference.paired_tests import comparisons
from gfce.statistics.scored_study import ScoredStudy
from gfce.statistics.tables.aggregate import by_institution
from gfce.study import Results, with_remotes
from gfce.study.remote import DESCRIPTION, SIGNATURE, signature

NETWORK = "mmgsn_net"
MADE = (drops, improvements, paired_tests, transfer)


def written(config: StudyConfig, metrics: pd.DataFrame) -> ScoredStudy:
    """A study whose metrics and statistics lie where figures look for them."""
    write_csv(metrics, Results(config).metrics)
    scored = ScoredStudy(config, metrics)
    for module in MADE:
        made = scored.once(module.TABLE.make)
        assert made is not None
        write_csv(made, Results(config).root / f"{module.TABLE.name}.csv")
    return scored


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> ScoredStudy:
    """The paper's design."""
    config = study(tmp_path_factory.mktemp("scored"))
    return written(config, simulated_metrics(config))


@pytest.fixture
def without_external(tmp_path: Path) -> StudyConfig:
    return study(tmp_path, cohort={"dataset": "b", "development": NAMES[:2], "external": []})


@pytest.fixture(autouse=True)
def style() -> Iterator[None]:
    with mpl.rc_context(STYLE):
        yield


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]


def matrix_of(config: StudyConfig) -> Figure:
    """The first file, that of MAE; the others are not drawn."""
    return next(figure4.draw(config, NETWORK))[1]


def test_the_matrix_has_every_mean_also_of_guests(scored: ScoredStudy) -> None:
    axes = matrix_of(scored.config).axes[1]
    shown = {text.get_text() for text in axes.texts}
    both = pd.concat([scored.scores, scored.cross_scores])
    means = both.groupby(["model", "institution"])["mae"].mean() * 1000
    assert len(means) == 8 * 7
    assert {f"{mean:.2f}" for mean in means} <= shown


def test_models_are_framed_at_home_and_marked_as_guests(scored: ScoredStudy) -> None:
    axes = matrix_of(scored.config).axes[1]
    frames = [p for p in axes.patches if isinstance(p, Rectangle) and not p.get_fill()]
    corners = [p for p in axes.patches if isinstance(p, Polygon)]
    assert len(frames) == 2 * (3 + 3)
    assert len(corners) == 2 * 3 * 2


def test_a_half_finished_grid_is_hatched(scored: ScoredStudy, tmp_path: Path) -> None:
    config, metrics = study(tmp_path), scored.all_metrics
    write_csv(metrics[metrics["model"] != "Tri-Z"], Results(config).metrics)
    figure = matrix_of(config)
    hatched = [p for p in figure.axes[1].patches if isinstance(p, Rectangle) and p.get_hatch()]
    assert len(hatched) == 7
    assert {"no value", "T1w itself is not scored"} <= set(words(figure))


def test_a_merged_institution_is_a_column(tmp_path: Path) -> None:
    config = study(tmp_path)
    said: dict[str, object] = {"institution": "North"}
    folder = Results(config).remote / "North"
    write_json(said | {SIGNATURE: signature(said)}, folder / DESCRIPTION)
    metrics = simulated_metrics(with_remotes(config), SMALL_SIZES | {"North": 2})
    write_csv(metrics, Results(config).metrics)
    figure = matrix_of(config)
    assert "North, n = 2" in [label.replace("\n", ", ") for label in words(figure)]


@pytest.mark.parametrize(
    ("colour", "expected"), [((1, 1, 1), 1), ((0, 0, 0), 0), ((1, 0, 0), 0.2126)]
)
def test_luminance_is_that_of_the_standard(colour: tuple[float, ...], expected: float) -> None:
    assert luminance(colour) == pytest.approx(expected)


def shown(scored: ScoredStudy, metric: str) -> Shown:
    everyone = pd.concat([scored.scores, scored.cross_scores])
    labels = [model.label for model in scored.models]
    chosen = metric_named(metric)
    return Shown(chosen, by_institution(everyone, chosen, labels), model_looks(scored.config))


@pytest.mark.parametrize("metric", [metric.name for metric in TESTED_METRICS])
def test_the_patients_shown_have_the_difference_of_the_table(
    scored: ScoredStudy, metric: str
) -> None:
    blocks = difference_blocks(
        shown(scored, metric), comparisons(scored.models), scored.once(paired_tests.paired_tests)
    )
    pairs = [pair for _, pairs in blocks for pair in pairs]
    assert len(pairs) == 6 + 4 + 6
    for pair in pairs:
        left, right = pair.scores
        assert (right - left).mean() == pytest.approx(pair.value)
        assert pair.low < pair.value < pair.high
        assert len(left) == sum(SMALL_SIZES[name] for name in NAMES[3:])


@pytest.mark.parametrize("metric", [metric.name for metric in TESTED_METRICS])
def test_the_patients_shown_have_the_loss_of_the_table(scored: ScoredStudy, metric: str) -> None:
    losses = scored.once(transfer.transfer)
    blocks = loss_blocks(shown(scored, metric), groups(scored.models).values(), losses)
    assert [len(pairs) for _, pairs in blocks] == [4, 4]
    for _, pairs in blocks:
        for pair in pairs[:-1]:
            home, away = pair.scores
            ratio = 100 * (np.exp(np.log(away / home).mean()) - 1)
            loss = (home - away).mean() if metric == "psnr_db" else ratio
            assert loss == pytest.approx(pair.value)
        assert sum(len(pair.scores[0]) for pair in pairs[:-1]) == len(pairs[-1].scores[0])


def test_every_family_has_a_file_of_each_tested_metric(scored: ScoredStudy) -> None:
    names = [name for name, _ in figure5.draw(scored.config, NETWORK)]
    families = ("patients", "pooling", "normalization", "home_and_away")
    assert names == [f"{name}_{m.name}" for m in TESTED_METRICS for name in families]


def test_what_there_is_none_of_is_said(without_external: StudyConfig) -> None:
    written(without_external, simulated_metrics(without_external))
    figures = dict(islice(figure5.draw(without_external, NETWORK), 4))
    assert words(figures["pooling_mae"]) == ["no external institution"]
    assert "Uni-m2" in words(figures["home_and_away_mae"])
    read = pd.read_csv(Results(without_external).root / "statistics" / "drops.csv")
    dots = figure6._dots(read, "drop_pct", metric_named("mae"), {}, {})
    changes = figure6.draw_changes(metric_named("mae"), dots, [])
    assert words(changes) == ["no value: no external institution"]


def test_many_pairs_take_more_rows_and_more_files() -> None:
    nobody = (np.empty(0), np.empty(0))
    pair = Pair(("a", "b"), nobody, (None, None), 0.0, -1.0, 1.0)
    found = pages([("first", [pair] * (PAIRS + 2)), *[("next", [pair])] * ROWS])
    assert [[len(pairs) for _, pairs in rows] for rows in found] == [[PAIRS, 2, 1], [1, 1]]


def test_marks_stand_where_the_table_says_and_the_papers_beside(scored: ScoredStudy) -> None:
    config, mae = scored.config, metric_named("mae")
    table = scored.once(drops.drop_intervals)
    looks = model_looks(config)
    dots = figure6._dots(table, "drop_pct", mae, looks, printed_drops(config))
    labels = [dot.label for dot in dots]
    assert labels[:5] == ["Uni-m1", "Uni-m2", "Uni-m3", "Tri-M", "Overall, Min-Max"]
    assert [dot.printed for dot in dots[:5]] == [60.42, 110.67, 34.37, None, 68.49]
    axes = figure6.draw_changes(mae, dots, []).axes[0]
    marks = {float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 1}
    assert {*table["drop_pct"][table["metric"] == "mae"], 60.42, 68.49} <= marks
    assert "worse outside →" in axes.get_xlabel()


@pytest.mark.parametrize(
    "changes",
    [
        {"cohort": {"dataset": "b", "development": NAMES[:3], "external": NAMES[3:6]}},
        {"grid": {"normalizations": ["z_score", "nyul"]}},
        {"grid": {"networks": {"unet": {"width": 4}}}},
        {"grid": {"networks": {"wide": {"architecture": "mmgsn_net"}, "mmgsn_net": {}}}},
    ],
)
def test_another_design_has_no_printed_values(changes: dict[str, object]) -> None:
    assert printed_drops(study(**changes)) == {}
    assert printed_improvements(study(**changes)) == {}


def test_the_papers_improvements_are_those_of_its_network() -> None:
    config = study(grid={"networks": {"mmgsn_net": {}, "unet": {}}})
    printed = printed_improvements(config)
    assert printed["mmgsn_net", "z_score", "Tri-Z", "mae"] == 9.66
    assert {network for network, *_ in printed} == {"mmgsn_net"}


def test_an_unusually_wide_interval_is_cut_off() -> None:
    span = span_of_intervals([[5, 0, 10], [6, 2, 10], [4, -900, 900], [np.nan] * 3])
    assert (span.low, span.high) == (-5, 15)
    assert span_of_intervals([[np.nan] * 3]).high == 0


def test_a_training_set_has_one_colour_and_each_normalization_its_marker() -> None:
    looks = model_looks(study(grid={"networks": {"mmgsn_net": {}, "unet": {}}}))
    assert looks["Uni-m1"].colour == looks["Uni-z1"].colour == looks["Uni-z1 unet"].colour
    assert looks["Uni-m1"].marker != looks["Uni-z1"].marker
    assert len({looks[name].colour for name in ("Uni-m1", "Uni-m2", "Uni-m3", "Tri-M")}) == 4


def test_without_metrics_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run `gfce tabulate` first"):
        read_scores(study(tmp_path))
