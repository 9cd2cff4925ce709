"""What a cluster does to a training, and that its weights come out the same."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

import pytest
from long import takes_minutes

from gfce.study import Cell
from slurm import cluster
from slurm.accounting import Job, jobs_since
from slurm.conftest import Start, submit
from slurm.daemons import wait_for
from slurm.study import Checkout, Weights, tiny_study

T = TypeVar("T")
Driver = subprocess.Popen[str]


def wait_until(condition: Callable[[], T], seconds: float = 120) -> T:
    assert wait_for(condition, seconds), f"{condition} did not hold within {seconds} s"
    return condition()


def running_training(study: Checkout, driver: Driver, began: str) -> Job:
    """The study's training, as soon as there is something to lose."""
    wait_until(lambda: driver.poll() is not None or study.checkpoint().exists())
    assert driver.poll() is None, study.driver_log.read_text()[-2000:]
    time.sleep(3)
    return next(job for job in trainings(began) if job.state == "RUNNING")


def trainings(began: str) -> list[Job]:
    return jobs_since(began, "train")


def assert_resumed(study: Checkout, undisturbed: Weights) -> None:
    assert "continues at epoch" in study.log("train", study.cells[0])
    assert study.weights() == undisturbed


def test_preempted_it_is_requeued_and_resumes(
    slurm: str, start: Start, long: Checkout, undisturbed: Weights
) -> None:
    driver = start(long, "models")
    job = running_training(long, driver, slurm)
    submit("--partition=urgent", "--gpus=1", f"--nodelist={job.node}", "--wrap=sleep 1")
    wait_until(lambda: [run for run in trainings(slurm) if run.state == "PREEMPTED"])
    long.finish(driver)
    runs = trainings(slurm)
    assert [run.state for run in runs] == ["PREEMPTED", "COMPLETED"]
    assert {run.number for run in runs} == {job.number}
    assert_resumed(long, undisturbed)


@takes_minutes
def test_out_of_time_it_is_warned_and_gets_more(
    slurm: str, start: Start, long: Checkout, undisturbed: Weights
) -> None:
    times = [
        "--set-resources",
        "train:runtime=10 * attempt",
        "train:slurm_extra='--signal=TERM@110'",
    ]
    driver = start(long, "models", *times)
    job = running_training(long, driver, slurm)
    # Slurm looks for jobs to warn every half minute. Until then this one stands still, so that it
    # is not done before; with the signal Slurm wakes it.
    (training,) = cluster.job_processes(job.number, "gfce train")
    os.kill(training, signal.SIGSTOP)
    subprocess.run(["scontrol", "update", f"JobId={job.number}", "TimeLimit=2"], check=True)
    long.finish(driver)
    first, second = trainings(slurm)
    assert (first.limit_minutes, second.limit_minutes) == (2, 20)
    # It ended by itself, on the warning: at the limit Slurm would have said TIMEOUT.
    assert (first.state, second.state) == ("FAILED", "COMPLETED")
    assert_resumed(long, undisturbed)


@takes_minutes
def test_a_lost_node_moves_it_to_another(
    slurm: str, start: Start, long: Checkout, undisturbed: Weights
) -> None:
    driver = start(long, "models")
    job = running_training(long, driver, slurm)
    try:
        cluster.lose_node(job.node)
        long.finish(driver)
    finally:
        cluster.restore_node(job.node)
    runs = trainings(slurm)
    assert [run.state for run in runs] == ["NODE_FAIL", "COMPLETED"]
    assert runs[0].node == job.node != runs[1].node
    assert_resumed(long, undisturbed)


@takes_minutes
def test_slurms_daemons_may_be_away(
    slurm: str, start: Start, long: Checkout, undisturbed: Weights
) -> None:
    scored = long.results.cell_metrics(long.cells[0])
    driver = start(long, "scores")
    job = running_training(long, driver, slurm)
    every = cluster.daemons()
    try:
        every["slurmdbd"].stop()
        every["slurmctld"].stop()
        time.sleep(5)
        every["slurmctld"].start()
        time.sleep(5)
        assert driver.poll() is None
    finally:
        cluster.up()
    long.finish(driver)
    assert [run.number for run in trainings(slurm)] == [job.number]
    assert long.weights() == undisturbed
    assert scored.exists()


def test_a_killed_driver_is_started_again(
    slurm: str, start: Start, long: Checkout, undisturbed: Weights
) -> None:
    driver = start(long, "models")
    job = running_training(long, driver, slurm)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    assert [run.state for run in trainings(slurm)] == ["RUNNING"]
    assert start(long, "--unlock").wait(60) == 0
    long.finish(start(long, "models"))
    first, second = trainings(slurm)
    assert (first.number, first.state, second.state) == (job.number, "CANCELLED", "COMPLETED")
    assert first.end <= second.start
    assert_resumed(long, undisturbed)


@takes_minutes
def test_finished_cells_stay_finished_when_the_driver_is_killed(
    slurm: str, start: Start, local_study: Checkout, cell_study: Checkout
) -> None:
    driver = start(cell_study)
    first = wait_until(lambda: [run for run in trainings(slurm) if run.state == "COMPLETED"])
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    start(cell_study, "--unlock").wait(60)
    cell_study.finish(start(cell_study))
    done = [run.wildcards for run in trainings(slurm) if run.state == "COMPLETED"]
    assert done.count(first[0].wildcards) == 1
    for cell in cell_study.cells:
        assert cell_study.weights(cell) == local_study.weights(cell)


@takes_minutes
def test_a_broken_cell_does_not_stop_the_others(
    slurm: str, start: Start, cell_study: Checkout
) -> None:
    broken, *others = cell_study.cells
    # A full or foreign disk: where the checkpoint's folder belongs, there is a file.
    obstacle = cell_study.results.checkpoint(broken).parent
    obstacle.parent.mkdir(parents=True)
    obstacle.touch()
    assert start(cell_study, "--retries", "1").wait(600) != 0
    assert len(_runs_of(broken, slurm)) == 2
    assert all(cell_study.results.cell_metrics(cell).exists() for cell in others)
    assert not cell_study.results.cell_metrics(broken).exists()
    missing = cell_study.results.table("missing", "csv").read_text()
    assert f"not scored: train failed: results/tiny/checkpoints/{broken}: File exists" in missing
    rows = cell_study.results.metrics.read_text().splitlines()
    assert len({tuple(row.split(",")[:3]) for row in rows[1:]}) == len(others)


def _runs_of(cell: Cell, began: str) -> list[Job]:
    return [job for job in trainings(began) if job.is_of(cell)]


@takes_minutes
def test_out_of_memory_is_one_clear_line_and_gets_more(
    slurm: str, start: Start, long: Checkout, undisturbed: Weights
) -> None:
    long.finish(start(long, "models", "--set-resources", "train:mem_mb=250 + 2000 * (attempt - 1)"))
    first, second = trainings(slurm)
    assert first.memory_mb < second.memory_mb
    assert second.state == "COMPLETED"
    (kept,) = (long.folder / ".snakemake" / "slurm").rglob(f"{first.number}.log")
    # Slurm looks every second and may say it twice.
    lines = {line for line in kept.read_text().splitlines() if "exceeded memory limit" in line}
    assert len(lines) == 1
    assert long.weights() == undisturbed


@pytest.fixture
def cell_study(prepared: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The tiny study with its four cells to be trained."""
    study = Checkout.make(tmp_path_factory.mktemp("cells") / "study", tiny_study())
    study.reuse(prepared)
    return study
