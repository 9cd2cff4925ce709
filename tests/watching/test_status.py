"""How far a study is."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from cohorts import Configure

from gfce.config import StudyConfig
from gfce.provenance.state import NOT_MADE, Provenance
from gfce.study import Cell, Results, cells
from gfce.watching.logs import last_lines, warnings
from gfce.watching.slurm import QueuedJob
from gfce.watching.status import CellStatus, status, status_json, status_text
from gfce.watching.task_state import failure


def write(path: Path, text: str = "", age: float = 3600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (time.time() - age,) * 2)
    return path


def log_of(config: StudyConfig, step: str, number: int = 0) -> Path:
    return Results(config).root / "logs" / step / f"{cells(config)[number]}.log"


def first(config: StudyConfig, *jobs: QueuedJob, logs: Path | None = None) -> CellStatus:
    return status(config, jobs, logs or Path("none")).cells[0]


def job(step: str, state: str, reason: str) -> QueuedJob:
    return QueuedJob("7", state, Path(), step, "mmgsn_net_min_max_uni-A_seed-1", reason)


def test_a_cell_of_which_nothing_is_there_is_missing(configure: Configure) -> None:
    row = first(configure())
    assert (row.state, row.step, row.model) == ("missing", "train", "Uni-m1")


def due(monkeypatch: pytest.MonkeyPatch, number: int, step: tuple[str, str] | None) -> None:
    """Say of one cell which step is due, and why; of the others that they are not trained."""

    def next_step(known: Provenance, cell: Cell) -> tuple[str, str] | None:
        return step if cell == cells(known.config)[number] else ("train", NOT_MADE)

    monkeypatch.setattr(Provenance, "next_step", next_step)


def test_a_scored_cell_is_done(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    config = configure()
    due(monkeypatch, 0, None)
    found = status(config, [], Path("none"))
    assert found.cells[0].state == "done"
    assert found.counts == {
        "done": 1,
        "running": 0,
        "queued": 0,
        "failed": 0,
        "outdated": 0,
        "missing": 7,
    }


def test_a_job_in_the_queue_says_what_it_waits_for(configure: Configure) -> None:
    row = first(configure(), job("train", "PENDING", "Resources"))
    assert (row.state, row.step, row.note) == ("queued", "train", "job 7, Resources")


def test_a_running_job_shows_its_progress(configure: Configure) -> None:
    config = configure()
    write(log_of(config, "train"), "gfce: a\ngfce: training: epoch 3/9\n")
    row = first(config, job("train", "RUNNING", "gpu1"), job("predict", "PENDING", "x"))
    assert (row.state, row.note) == ("running", "job 7 on gpu1; gfce: training: epoch 3/9")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "gfce: working\ngfce: error: data/x: not a volume: mend it\n",
            "data/x: not a volume: mend it",
        ),
        ("Traceback (most recent call last):\n  File\nOSError: disk full\n", "OSError: disk full"),
        ("", "ended without a word"),
    ],
)
def test_a_failed_step_gives_its_reason(configure: Configure, text: str, reason: str) -> None:
    config = configure()
    write(log_of(config, "train"), text)
    row = first(config)
    assert (row.state, row.step, row.note) == ("failed", "train", reason)


def test_the_step_that_failed_is_named(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configure()
    due(monkeypatch, 0, ("predict", NOT_MADE))
    write(log_of(config, "train"), "gfce: fine\n")
    write(log_of(config, "predict"), "gfce: error: broken\n")
    row = first(config)
    assert (row.state, row.step, row.note) == ("failed", "predict", "broken")


def test_what_no_longer_fits_says_why(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configure()
    why = "setting training.epochs 200 -> 300"
    due(monkeypatch, 0, ("train", why))
    write(log_of(config, "train"), "gfce: training: epoch 200/200\n")
    write(Results(config).record("train", cells(config)[0]), age=3599)
    row = first(config)
    assert (row.state, row.step, row.note) == ("outdated", "train", why)
    write(log_of(config, "train"), "gfce: error: the loss is not finite\n", age=60)
    row = first(config)
    assert (row.state, row.note) == ("failed", "the loss is not finite")


def test_slurms_reason_comes_first(tmp_path: Path) -> None:
    log = write(tmp_path / "own.log", "gfce: epoch 3\n")
    line = "slurmstepd-gpu1: error: StepId=1.0 exceeded memory limit (2 > 1), being killed"
    write(tmp_path / "slurm" / "1.log", "old\n", age=9000)
    write(tmp_path / "slurm" / "2.log", f"rule train:\n{line}\nslurmstepd: error: more\n")
    assert failure(last_lines(log), tmp_path / "slurm") == line


def test_a_step_that_writes_without_a_job_runs_here(configure: Configure) -> None:
    config = configure()
    write(log_of(config, "train"), "gfce: training: epoch 3/9\n", age=1)
    assert (first(config).state, first(config).note) == ("running", "gfce: training: epoch 3/9")


def test_a_mistake_is_not_taken_for_progress(configure: Configure) -> None:
    config = configure()
    write(log_of(config, "train"), "gfce: error: no such device\n", age=1)
    assert (first(config).state, first(config).note) == ("failed", "no such device")


def test_hundreds_of_cells_are_listed(configure: Configure) -> None:
    config = configure(grid={"seeds": list(range(1, 101))})
    for number in range(0, 800, 2):
        write(log_of(config, "train", number), "gfce: error: broken\n" * 1000)
    found = status(config, [], Path("none"))
    assert found.counts["failed"] == 400


def test_text_and_json_say_the_same(configure: Configure) -> None:
    found = status(configure(), [job("train", "PENDING", "Priority")], Path("none"))
    text = status_text(found)
    assert text.startswith("Study tiny: 8 cells: 1 queued, 7 missing\n")
    assert all(len(line) <= 100 for line in text.splitlines())
    assert json.loads(status_json(found))["cells"][0]["note"] == "job 7, Priority"


def test_warnings_are_found_among_other_lines(tmp_path: Path) -> None:
    text = "gfce: working\ngfce: warning: CE of A is not\n\ngfce: error: gfce: warning: no\n"
    assert warnings(write(tmp_path / "own.log", text)) == ["gfce: warning: CE of A is not"]
    assert warnings(tmp_path / "none.log") == []
