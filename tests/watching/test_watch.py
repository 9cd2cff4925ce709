"""A study on the terminal: what is drawn, the time left, and what is looked at."""

from __future__ import annotations

import io
import logging
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cohorts import Configure
from provenance.conftest import study_in
from provenance.pretending import pretend_all, write_all

from gfce.cli import main
from gfce.config import StudyConfig
from gfce.files import write_text
from gfce.provenance.performing import perform
from gfce.provenance.state import Provenance
from gfce.steps import Task
from gfce.study import Cell, Results, cells
from gfce.training import progress
from gfce.watching import watcher as watchers
from gfce.watching.picture import Snapshot, duration, picture, text
from gfce.watching.status import CellStatus, StepStatus, StudyStatus
from gfce.watching.terminal import FIRST_SCREEN, OTHER_SCREEN, watch
from gfce.watching.time_left import Pace, TimeLeft, training
from gfce.watching.watcher import FULL_SECONDS, Watcher


def row(cell: Cell, state: str = "missing", step: str = "train", note: str = "") -> CellStatus:
    return CellStatus(str(cell), "", state, step, note)


def snapshot(
    config: StudyConfig,
    states: Callable[[int], tuple[str, str]] = lambda number: ("missing", "train"),
    share: float = 0.0,
    steps: list[StepStatus] | None = None,
) -> Snapshot:
    everyone = cells(config)
    rows = [row(cell, *states(number)) for number, cell in enumerate(everyone)]
    found = [each.state for each in rows]
    counts = {state: found.count(state) for state in dict.fromkeys(found)}
    content = StudyStatus("tiny", counts, rows, steps or [], {})
    return Snapshot(content, TimeLeft(7500, 2, ()), dict.fromkeys(everyone, share), 0.0)


def drawn(config: StudyConfig, seen: Snapshot, width: int = 80, height: int | None = None) -> str:
    lines = text(picture(config, seen, width, height))
    assert max(map(len, lines)) <= width
    assert height is None or len(lines) <= height
    return "\n".join(lines)


def test_the_steps_of_a_single_seed_are_columns(configure: Configure) -> None:
    states = [
        ("done", "evaluate"),
        ("running", "train"),
        ("queued", "predict"),
        ("failed", "train"),
    ]
    seen = snapshot(configure(), lambda n: states[n] if n < 4 else ("missing", "train"), 0.456)
    found = re.sub(r" +", " ", drawn(configure(), seen))
    assert "2 h 5 min with 2 at once" in found
    assert "\n uni-A done done done\n uni-B 45% . .\n uni-C done . .\n tri FAIL . .\n" in found


def test_seeds_are_columns_of_words_letters_or_counts(configure: Configure) -> None:
    def states(number: int) -> tuple[str, str]:
        return [("done", "evaluate"), ("running", "train"), ("queued", "predict")][number % 3]

    def line(seeds: int, width: int = 80) -> str:
        config = configure(grid={"seeds": list(range(1, seeds + 1))})
        lines = drawn(config, snapshot(config, states, 0.789), width).splitlines()
        return next(line for line in lines if line.startswith("  uni-A"))

    assert line(3).split() == ["uni-A", "done", "78%", "wait"]
    assert line(30).split() == ["uni-A", "#7:" * 10]
    assert line(90).split(maxsplit=1)[1] == "30 of 90 finished, 30 running, 30 waiting"


def test_a_large_grid_is_folded_into_a_small_terminal(configure: Configure) -> None:
    networks = {f"net{number}": {"architecture": "unet", "width": 8} for number in range(20)}
    config = configure(grid={"networks": networks, "seeds": list(range(1, 31))})
    steps = [StepStatus(f"step{number}", {"done": 1}, {}) for number in range(11)]
    seen = snapshot(config, steps=steps)
    assert "net19 z_score  0 of 120 finished" in drawn(config, seen, height=60)
    assert "net19  0 of 240 finished" in drawn(config, seen, height=30)
    small = drawn(config, seen, height=10)
    assert "net19" not in small
    assert "step10 finished" in small


def test_the_other_steps_say_what_failed(configure: Configure) -> None:
    steps = [
        StepStatus("index", {"done": 1}, {}),
        StepStatus("preprocess", {"done": 2, "failed": 1, "missing": 1}, {"B": "a full disk"}),
    ]
    found = drawn(configure(), snapshot(configure(), steps=steps))
    assert "index       finished\n" in found
    assert "preprocess  2 finished, 1 failed, 1 waiting\n" in found
    assert "failed: preprocess B: a full disk" in found


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(42, "42 s"), (150, "2 min"), (12000, "3 h 20 min"), (180000, "2 d 2 h")],
)
def test_times_are_read_by_people(seconds: float, words: str) -> None:
    assert duration(seconds) == words


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


class Scripted:
    """Looks at a study that gives one snapshot after another."""

    def __init__(self, *snapshots: Snapshot) -> None:
        self._left = list(snapshots)

    def look(self) -> Snapshot:
        return self._left.pop(0)


def test_a_terminal_is_drawn_on_until_the_study_is_complete(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    config, screen, slept = configure(), Screen(), []
    first, last = snapshot(config), snapshot(config, lambda _: ("done", "evaluate"))
    watch(config, 7, output=screen, sleep=slept.append, watcher=Scripted(first, last))  # type: ignore[arg-type]
    shown = screen.getvalue()
    assert slept == [7]
    assert shown.startswith(OTHER_SCREEN)
    assert "\033[32mdone" in shown
    assert "complete: nothing is due" in shown.partition(FIRST_SCREEN)[2]


def test_no_color_leaves_the_colours_out(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    config, screen = configure(), Screen()
    seen = snapshot(config, lambda _: ("done", "evaluate"))
    watch(config, output=screen, watcher=Scripted(seen))  # type: ignore[arg-type]
    assert OTHER_SCREEN in screen.getvalue()
    assert re.search(r"\033\[\d+m", screen.getvalue()) is None


def test_a_file_gets_plain_pictures_of_what_is_new_and_ctrl_c_ends_quietly(
    configure: Configure,
) -> None:
    config, output = configure(), io.StringIO()
    seen = snapshot(config)
    same_later = Snapshot(seen.content, seen.left, seen.shares, 99.0)
    looks = iter(range(2))

    def sleep(_: float) -> None:
        if next(looks) == 1:
            raise KeyboardInterrupt

    watch(config, output=output, sleep=sleep, watcher=Scripted(seen, same_later))  # type: ignore[arg-type]
    assert output.getvalue().count("tiny: 8 cells: 8 waiting") == 1
    assert "\033" not in output.getvalue()


def test_the_log_of_a_training_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The line is that of gfce.training itself."""
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    now = iter([0.0, 100.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    with progress.Progress("Tri-M", 4000, 0) as shown:
        shown.update(50, lambda: "epoch 3/8, generator 5.7")
    monkeypatch.undo()
    log = tmp_path / "train.log"
    log.write_text("".join(f"gfce: {message}\n" for message in caplog.messages))
    found = training(log, epochs=8)
    assert found.share == 2 / 8
    assert found.left == pytest.approx(7900, abs=5)  # 3950 slices at one in two seconds
    assert training(tmp_path / "none.log", epochs=8).share == 0


def benchmark(config: StudyConfig, step: str, cell: Cell, seconds: float) -> None:
    write_text(f"s\th:m:s\n{seconds}\t0\n", Results(config).benchmark(step, cell))


def test_the_time_left_is_that_of_finished_jobs_shared_by_what_runs(configure: Configure) -> None:
    config = configure()
    one, two, three, four, *_ = cells(config)
    for cell, seconds in ((one, 100.0), (two, 120.0), (three, 900.0)):
        benchmark(config, "train", cell, seconds)
    due = [Task("train", cell) for cell in cells(config)[3:]]
    due += [Task("predict", cell) for cell in cells(config)]
    left = Pace(config).left(due, due[:2])
    assert left.unknown == ("predict",)
    assert left.at_once == 2
    # The median of the three, of cells that are all estimated alike, for each of five.
    assert left.seconds == pytest.approx(5 * 120 / 2)
    assert Pace(config).left([Task("predict", four)], []).seconds is None
    # Nothing else being known, what the outdated result took; not of a training.
    benchmark(config, "predict", four, 30.0)
    assert Pace(config).left([Task("predict", four)], []).seconds == pytest.approx(30)
    assert Pace(config).left([Task("train", cell) for cell in cells(config)], []).seconds is None


def test_a_running_training_is_a_measure_of_those_that_wait(configure: Configure) -> None:
    config = configure(training={"epochs": 8})
    runs, waits, *_ = (Task("train", cell) for cell in cells(config))
    line = "gfce: Uni-m1: epoch 5/8, l1 0.1, 2.00 slices/s, 07:00 left\n"
    write_text(line, Results(config).log("train", runs.what))
    # Four and a half of eight epochs are done: 420 s are 3.5 epochs.
    left = Pace(config).left([runs, waits], [runs])
    assert left.seconds == pytest.approx(420 + 8 * 120, abs=5)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study of which everything is made."""
    folder = tmp_path_factory.mktemp("watched")
    config = study_in(folder)
    pretend_all(config)
    return folder


@pytest.fixture
def finished(original: Path, tmp_path: Path) -> StudyConfig:
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    return study_in(tmp_path)


def tree(folder: Path) -> dict[str, int]:
    paths = sorted(folder.rglob("*"))
    return {str(path): path.stat().st_mtime_ns for path in paths}


def test_watching_a_finished_study_says_so_and_writes_nothing(
    finished: StudyConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(tmp_path)
    watch(finished, watcher=Watcher(finished, slurm_logs=tmp_path / "none"))
    assert "complete: nothing is due" in capsys.readouterr().out
    assert tree(tmp_path) == before


def test_a_new_record_is_seen_without_a_full_look(
    finished: StudyConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell, clock = cells(finished)[0], [0.0]
    Results(finished).record("train", cell).unlink()
    watcher = Watcher(finished, lambda: clock[0], tmp_path / "none")
    assert watcher.look().content.cells[0].step == "train"

    full = []
    monkeypatch.setattr(Watcher, "_looked_in_full", lambda self: full.append(1))
    perform(finished, Task("train", cell), lambda _: write_all(finished, Task("train", cell)))
    clock[0] = FULL_SECONDS - 1
    # Its tables wait for it in words alone: only a full look can say that they fit after all.
    assert watcher.look().content.cells[0].state in ("outdated", "done")
    assert watcher.look().content.cells[0].step != "train"
    assert not full


def test_what_disappears_is_seen_by_the_next_full_look(
    finished: StudyConfig, tmp_path: Path
) -> None:
    clock = [0.0]
    shutil.rmtree(Results(finished).record("report").parent)
    watcher = Watcher(finished, lambda: clock[0], tmp_path / "none")
    assert watcher.look().content.counts["done"] == len(cells(finished))
    Results(finished).weights(cells(finished)[0]).unlink()
    assert watcher.look().content.counts["done"] == len(cells(finished))
    clock[0] = FULL_SECONDS
    assert watcher.look().content.cells[0].state == "outdated"


def test_a_file_that_goes_while_it_is_read_is_no_end(
    finished: StudyConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(Results(finished).record("report").parent)
    watcher = Watcher(finished, slurm_logs=tmp_path / "none")
    before = watcher.look()

    def vanish(*_: object) -> None:
        raise FileNotFoundError("patients.csv")

    monkeypatch.setattr(watchers, "status", vanish)
    during = watcher.look()
    assert during.content == before.content
    assert "patients.csv" in drawn(finished, during)
    monkeypatch.undo()
    assert watcher.look().problem == ""


def test_a_dataset_that_changes_while_it_is_looked_at(finished: StudyConfig) -> None:
    """A link to a file that has gone is no file, of a patient or at the top."""
    before = Provenance(finished).reason(Task("index"))
    (finished.cohort.dataset / "note.json").symlink_to("gone")
    (finished.cohort.dataset / "sub-A1" / "new.nii.gz").symlink_to("gone")
    assert before is None
    assert "input" in str(Provenance(finished).reason(Task("index")))


@pytest.mark.parametrize("options", [["--interval", "3"], ["--watch", "--json"]])
def test_options_that_do_not_fit_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    assert main(["status", str(tmp_path / "study.yaml"), *options]) == 1
    assert "leave" in capsys.readouterr().err
