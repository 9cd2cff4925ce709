"""Memory and walltime of the steps."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cohorts import Configure

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.estimating.job import Job
from gfce.estimating.size import StudySize
from gfce.estimating.speed import Speed, assumed_speed
from gfce.planning.resources import Limits, Resources, estimate, resources
from gfce.steps import STEPS
from gfce.steps.baselines import scorings
from gfce.study import Cell

CELL = Cell("mmgsn_net", "min_max", "tri", 1)
NO_LIMITS = Limits(10**9, 10**9)
WHAT = {step: "A" if step == "preprocess" else CELL for step in STEPS}


def train(configure: Configure, *, attempt: int = 1, **changes: object) -> Resources:
    return resources("train", configure(**changes), CELL, attempt=attempt)


def seconds(config: StudyConfig) -> float:
    return estimate("train", Job(StudySize(config), assumed_speed(config), CELL)).seconds


@pytest.mark.parametrize("step", STEPS)
def test_each_step_has_an_estimate(configure: Configure, step: str) -> None:
    needed = resources(step, configure(), WHAT[step], workers=4)
    assert needed.mem_mb >= 1000
    assert needed.runtime >= 15


@pytest.mark.parametrize("step", STEPS)
def test_each_attempt_asks_for_more(configure: Configure, step: str) -> None:
    first, third = (
        resources(step, configure(), WHAT[step], attempt=attempt, limits=NO_LIMITS)
        for attempt in (1, 3)
    )
    assert third == Resources(3 * first.mem_mb, 3 * first.runtime)


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"device": "cpu", "epochs": 500, "constant_epochs": 1}},
        {"images": {"matrix": [256, 224]}},
        {"grid": {"networks": {"mmgsn_net": {"width": 64}}}},
        {"cohort": {"training_patients": 200}},
        {"simulation": {"patients": {"A": 3}, "slices": 400}},
    ],
)
def test_a_larger_study_trains_longer(configure: Configure, change: dict[str, object]) -> None:
    assert seconds(configure(**change)) > seconds(configure())


@pytest.mark.parametrize(
    "change",
    [
        {"images": {"matrix": [256, 224]}},
        {"grid": {"networks": {"mmgsn_net": {"width": 64}}}},
        {"cohort": {"training_patients": 2000}},
        {"training": {"batch_size": 64, "device": "cpu"}},
    ],
)
def test_a_larger_study_needs_more_memory(configure: Configure, change: dict[str, object]) -> None:
    assert train(configure, **change).mem_mb > train(configure).mem_mb


def test_half_precision_needs_less_memory_on_a_cpu(configure: Configure) -> None:
    large = {"batch_size": 32, "device": "cpu"}
    half = train(configure, training={**large, "precision": "bfloat16"})
    assert half.mem_mb < train(configure, training=large).mem_mb


def test_limits_are_kept(configure: Configure) -> None:
    paper = configure(
        training={"epochs": 200, "device": "auto"},
        images={"matrix": [256, 224]},
        grid={"networks": {"mmgsn_net": {"width": 64}}},
        cohort={"training_patients": 53},
    )
    assert resources("train", paper, CELL, attempt=9).runtime == 1440
    tight = Limits(mem_mb=3000, runtime=20)
    assert resources("train", paper, CELL, limits=tight) == Resources(3000, 20)


def test_the_papers_training_fits_a_common_node(configure: Configure) -> None:
    paper = configure(
        training={"device": "auto"},
        images={"matrix": [256, 224]},
        grid={"networks": {"mmgsn_net": {"width": 64}}},
        cohort={"training_patients": 53},
    )
    assert 5_000 < resources("train", paper, CELL).mem_mb < 32_000


@pytest.mark.parametrize(
    ("matrix", "width", "batch", "measured"),
    [
        ((128, 112), 8, 1, 400),
        ((256, 224), 16, 1, 648),
        ((256, 224), 16, 4, 1534),
        ((128, 112), 64, 1, 1075),
    ],
)
def test_memory_on_a_cpu_covers_what_was_measured(
    configure: Configure, matrix: tuple[int, int], width: int, batch: int, measured: int
) -> None:
    config = configure(
        images={"matrix": matrix},
        grid={"networks": {"mmgsn_net": {"width": width}}},
        training={"batch_size": batch, "device": "cpu"},
    )
    assert measured < resources("train", config, CELL).mem_mb < 4000 + 2 * measured


def test_more_workers_take_less_time(configure: Configure) -> None:
    size, speed = StudySize(configure()), Speed(0, 1e-9, "test")
    eight, one = (estimate("index", Job(size, speed, workers=n)).seconds for n in (8, 1))
    assert eight < one


def test_an_institutions_images_take_as_long_as_its_patients(configure: Configure) -> None:
    config = configure(simulation={"patients": {"A": 30, "B": 3, "C": 3, "D": 3}})
    large, small = (
        estimate("preprocess", Job(StudySize(config), Speed(0, 1, "test"), name)).seconds
        for name in ("A", "B")
    )
    assert large - 120 == 10 * (small - 120)


def test_trivial_predictors_are_scored_for_each_normalization_and_training_set(
    configure: Configure,
) -> None:
    paper = configure(cohort={"training_patients": 53, "external": list("DEFG")})
    # Of the assumed 100 patients 47 are held out, on whom every model is tested, own or guest.
    assert scorings(StudySize(paper)) == 2 * 2 * 4 * (3 * 47 + 4 * 100)
    seeds = configure(
        cohort={"training_patients": 53, "external": list("DEFG")}, grid={"seeds": [1, 2]}
    )
    assert scorings(StudySize(seeds)) == scorings(StudySize(paper))


def test_an_unknown_step_is_an_error(configure: Configure) -> None:
    with pytest.raises(UserError, match="step trian: no estimate"):
        resources("trian", configure())


def test_a_cells_step_needs_a_cell(configure: Configure) -> None:
    with pytest.raises(UserError, match="name one"):
        resources("train", configure())


def test_estimating_does_not_import_torch() -> None:
    code = "import sys, gfce.planning.resources; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("step", ["preprocess", "leaks"])
def test_registration_takes_time(configure: Configure, step: str) -> None:
    plain, rigid = (
        estimate(step, Job(StudySize(configure(images={"alignment": how})), Speed(0, 1, "test")))
        for how in ("resample", "rigid")
    )
    assert rigid.seconds > plain.seconds
