"""A whole study on Slurm: its results, and what its jobs held."""

from __future__ import annotations

from pathlib import Path

import pytest

from slurm.accounting import Job, jobs_since, overlap
from slurm.conftest import Start
from slurm.study import Checkout, contents, tiny_study

GPU_RULES = {"train", "predict"}


@pytest.fixture(scope="module")
def finished() -> dict[str, object]:
    """Filled by the first test, read by the others: one study is enough."""
    return {}


@pytest.fixture
def study(
    finished: dict[str, object], slurm: str, start: Start, tmp_path_factory: pytest.TempPathFactory
) -> Checkout:
    """The tiny study, run through Slurm from the cohort to the figures."""
    if not finished:
        checkout = Checkout.make(tmp_path_factory.mktemp("slurm") / "study", tiny_study())
        checkout.finish(start(checkout))
        finished.update(study=checkout, jobs=jobs_since(slurm))
    assert isinstance(finished["study"], Checkout)
    return finished["study"]


@pytest.fixture
def jobs(study: Checkout, finished: dict[str, object]) -> list[Job]:
    found = finished["jobs"]
    assert isinstance(found, list)
    return found


def test_the_bytes_are_those_of_the_local_run(study: Checkout, local_study: Checkout) -> None:
    expected, found = contents(local_study), contents(study)
    assert {"metrics.csv", "tables/table2.csv", "statistics/paired_tests.csv"} <= expected.keys()
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
    for cell in study.cells:
        assert study.weights(cell) == local_study.weights(cell)


def test_gpu_steps_hold_one_gpu_and_others_none(study: Checkout, jobs: list[Job]) -> None:
    assert {job.rule for job in jobs} >= {"simulate", "index", "preprocess", "evaluate", *GPU_RULES}
    wrong = [job for job in jobs if job.gpus != (job.rule in GPU_RULES)]
    assert wrong == []
    assert sum(job.rule == "train" for job in jobs) == len(study.cells)


def test_short_steps_are_not_jobs(jobs: list[Job]) -> None:
    assert not {job.rule for job in jobs} & {
        "fingerprint",
        "tabulate",
        "compare",
        "report",
        "pack",
        "all",
    }


def test_two_trainings_run_at_once_and_a_third_waits(jobs: list[Job]) -> None:
    users = [job for job in jobs if job.rule in GPU_RULES]
    pairs = [(a, b) for a in users for b in users if a.number < b.number and overlap(a, b)]
    assert any(a.rule == b.rule == "train" for a, b in pairs)
    assert [pair for pair in pairs if pair[0].node == pair[1].node] == []
    first, second, third, *_ = sorted(
        (job for job in users if job.rule == "train"), key=lambda job: job.start
    )
    assert third.submit < min(first.end, second.end) <= third.start


def test_nothing_is_left_to_do(study: Checkout, start: Start, slurm: str) -> None:
    study.finish(start(study))
    assert jobs_since(slurm) == []
    assert "Nothing to be done" in study.driver_log.read_text()


def test_slurms_logs_of_successful_jobs_are_gone(study: Checkout) -> None:
    assert list((study.folder / ".snakemake" / "slurm").rglob("*.log")) == []


def test_the_profile_is_found_without_a_path(study: Checkout) -> None:
    assert (Path(study.folder) / "slurm" / "config.yaml").exists()
    assert "Using profile" in study.driver_log.read_text()
