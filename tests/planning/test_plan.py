"""The plan of a study."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from cohorts import REPOSITORY, Configure, minimal_config

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.estimating.networks import step_units
from gfce.estimating.size import StudySize
from gfce.estimating.speed import START_SECONDS, Speed, measured_speed
from gfce.planning.calibration import measure_speed
from gfce.planning.disk import disk_bytes
from gfce.planning.expected_intervals import expected_intervals, half_width
from gfce.planning.pilot import ASSUMED_SD
from gfce.planning.plan import plan
from gfce.planning.plan_text import plan_json, plan_text
from gfce.study import Cell, Results, cells

SIMULATION = {"patients": {"A": 6, "B": 5, "C": 4, "D": 3}, "slices": 7}
AXES = ("network", "normalization", "training_set", "seed")
SPEED = Speed(3600.0, 0.0, "an hour a step")


def write_run(study: StudyConfig, cell: Cell, **changes: object) -> Path:
    path = Results(study).model(cell) / "run.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    run = {
        "cell": asdict(cell),
        "config": study.model_dump(mode="json"),
        "wall_seconds": 1000 + START_SECONDS / 2,
        "steps": 10,
    }
    path.write_text(json.dumps({**run, **changes}))
    return path


def dry_run(config: Path) -> subprocess.CompletedProcess[str]:
    programs = Path(sys.executable).parent
    return subprocess.run(
        [programs / "snakemake", "--configfile", config, "--dry-run", "--quiet", "rules"],
        cwd=REPOSITORY,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("simulated", [True, False])
def test_the_jobs_are_those_of_the_workflow(tmp_path: Path, simulated: bool) -> None:
    folders = {"results": str(tmp_path / "results"), "cohort": {"dataset": str(tmp_path / "data")}}
    content = minimal_config(**folders)
    if simulated:
        content["simulation"] = {"patients": dict.fromkeys("ABCD", 3)}
        content["grid"]["repairs"] = {"few_shot": {"options": {"patients": 2}}}
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(content))
    answer = dry_run(path)
    assert answer.returncode == 0, answer.stderr
    words = [line.split() for line in answer.stdout.splitlines()]
    counts = {w[0]: int(w[1]) for w in words if len(w) == 2 and w[1].isdigit()}
    del counts["all"], counts["total"]
    counts["figures"] = counts.pop("draw")
    assert plan(StudyConfig.model_validate(content)).jobs == counts


def test_what_is_assumed_is_said(configure: Configure) -> None:
    guessed = plan(configure(training={"device": "auto"}))
    assert guessed.assumptions[:2] == [
        "100 patients of each institution",
        "40 slices of each patient",
    ]
    assert guessed.assumptions[2].endswith("s of a training step (assumed for a data-centre GPU)")
    text = plan_text(guessed)
    assert text.index("Assumed, not known") < text.index("100 patients of each institution")
    known = plan(configure(simulation=SIMULATION), speed=SPEED)
    assert known.assumptions == ["a correlation of 0.5 between two models' scores of a patient"]


def test_more_gpus_take_less_time_and_the_same_hours(configure: Configure) -> None:
    config = configure(simulation=SIMULATION)
    one, four, many = (plan(config, gpus, SPEED) for gpus in (1, 4, 100))
    assert one.gpu_hours == four.gpu_hours == many.gpu_hours
    assert one.wall_hours > four.wall_hours > many.wall_hours
    # Eight cells: on four GPUs two after the other, on a hundred one, which is the longest: 14
    # training steps, and 12 test patients of 7 slices.
    assert four.wall_hours / one.wall_hours == pytest.approx(1 / 4, rel=0.1)
    assert many.wall_hours == pytest.approx(14 + 0.3 * 12 * 7, rel=0.05)


def test_repairs_of_finished_models_cost_what_they_do(configure: Configure) -> None:
    """Three patients of 7 slices, 4 epochs, at each of two institutions; a copy costs nothing."""
    options = {"patients": 3, "epochs": 4}
    changes = {
        "cohort": {"development": ["A", "B"], "external": ["C", "D"]},
        "simulation": {**SIMULATION, "patients": {"A": 6, "B": 5, "C": 4, "D": 5}},
    }
    plain = configure(**changes)
    config = configure(
        **changes,
        grid={"repairs": {"few_shot": {"options": options}, "histogram_matching": {}}},
    )
    size = StudySize(config)
    by_repair = {cell.repair: cell for cell in cells(config) if cell.training_set == "uni-A"}
    assert {name: size.steps(cell) for name, cell in by_repair.items()} == {
        "none": 14,
        "few_shot": 2 * 4 * 3 * 7,
        "histogram_matching": 0,
    }
    assert {size.test_patients(cell) for cell in by_repair.values()} == {4 + 3 + 1 + 2}
    assert disk_bytes(size)["models"] == pytest.approx(
        disk_bytes(StudySize(plain))["models"] * (6 + 3 * 4 + 6) / 6
    )
    # Nothing can be adapted before it is trained, however many GPUs there are.
    first, then = (plan(study, 100, SPEED) for study in (plain, config))
    assert then.wall_hours - first.wall_hours > 2 * 4 * 3 * 7 - 14


def test_no_gpu_is_a_mistake(configure: Configure) -> None:
    with pytest.raises(UserError, match="--gpus 0: give at least 1"):
        plan(configure(), 0)


def test_cores_are_counted(configure: Configure) -> None:
    config = configure(simulation=SIMULATION, training={"threads": 3})
    found = plan(config, 1, SPEED)
    assert found.cpu_hours == pytest.approx(3 * found.gpu_hours, rel=0.05)


def test_disk_grows_with_the_study(configure: Configure) -> None:
    small, large = (
        plan(configure(simulation=SIMULATION, images={"matrix": matrix})).disk_bytes
        for matrix in ([40, 36], [80, 72])
    )
    assert large["images"] == 4 * small["images"]
    assert large["predictions"] == pytest.approx(4 * small["predictions"], abs=4)
    assert large["models"] == small["models"]


def test_the_half_width_is_that_of_students_t() -> None:
    assert half_width(1.0, 18) == pytest.approx(0.4973, abs=1e-4)
    assert half_width(1.0, 1) is None


def test_the_spread_of_a_pilot_replaces_the_assumed_one(configure: Configure) -> None:
    config = configure(simulation=SIMULATION)
    size = StudySize(config)
    assert {row.source for row in expected_intervals(size)} == {"assumed"}
    cell = cells(config)[0]
    path = Results(config).metrics
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "network",
                "normalization",
                "training_set",
                "seed",
                "institution",
                "cohort",
                "patient_id",
                "region",
                "scaling",
                "mae",
                "psnr_db",
            ]
        )
        for who, mae, psnr in (("a", 0.02, 30), ("b", 0.04, 34)):
            axes = [cell.network, cell.normalization, cell.training_set, cell.seed]
            rest = ["A", "internal", who]
            writer.writerow([*axes, *rest, "volume", "reference", mae, psnr])
            writer.writerow([*axes, *rest, "tumour", "reference", 9, 9])
    pilot, other, *_ = expected_intervals(size)
    assert pilot.source == "pilot"
    assert pilot.half_width["mae"] == pytest.approx(half_width(0.02 / 2**0.5, 4))
    assert pilot.half_width["psnr_db"] == pytest.approx(half_width(4 / 2**0.5, 4))
    assert other.half_width["mae"] == half_width(ASSUMED_SD["mae"], 3)


def test_finished_trainings_say_how_fast_they_were(configure: Configure) -> None:
    config = configure(simulation=SIMULATION)
    path = write_run(config, cells(config)[0])
    speed = measured_speed([path, path.with_name("missing.json")])
    assert speed is not None
    assert speed.per_unit * step_units(config, 40 * 36, cells(config)[0]) == pytest.approx(100)
    found = plan(config)
    assert found.speed == "measured in 1 run.json"
    assert found.step_seconds == pytest.approx(100)


def test_a_run_of_another_version_is_left_out(configure: Configure) -> None:
    config = configure()
    path = write_run(config, cells(config)[0], config={"unknown": 1})
    assert measured_speed([path]) is None


def test_what_was_taken_is_compared_with_the_plan(configure: Configure) -> None:
    config = configure(simulation=SIMULATION)
    assert plan(config).taken is None
    write_run(config, cells(config)[0], wall_seconds=7200)
    taken = plan(config, speed=SPEED).taken
    assert taken is not None
    assert (taken.trainings, taken.hours) == (1, 2.0)
    assert taken.planned_hours == pytest.approx(14, rel=0.01)


def test_a_step_can_be_measured(configure: Configure) -> None:
    speed = measure_speed(configure(images={"matrix": [40, 36]}), steps=2)
    assert 0 < speed.per_unit < 1
    assert "cpu, 2 steps" in speed.source


def test_text_and_json_say_the_same(configure: Configure) -> None:
    found = plan(configure(simulation=SIMULATION), 2)
    content = json.loads(plan_json(found))
    assert content["jobs"]["train"] == 8
    assert content["expected_intervals"][3]["institution"] == "D"
    text = plan_text(found)
    assert "train                       8" in text
    assert "on   2 GPU(s)" in text


def test_every_configuration_of_the_package_has_a_plan() -> None:
    for path in (REPOSITORY / "config").glob("*.yaml"):
        assert plan_text(plan(StudyConfig.model_validate(yaml.safe_load(path.read_text()))))
