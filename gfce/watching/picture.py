"""A study on one screen: how many cells are finished, the time left, the grid, the other steps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from gfce.config import StudyConfig
from gfce.steps import Task
from gfce.study import GROUP_KEYS, Cell, cells
from gfce.watching.grid import COLOURS, LEGEND, WORDS, Line, folded, grid, squares
from gfce.watching.status import StepStatus, StudyStatus, cut, failures
from gfce.watching.time_left import TimeLeft

NOTES = 4
"""Lines about what failed or is outdated; `gfce status` has all of them."""
RESET = "\033[0m"


@dataclass(frozen=True)
class Snapshot:
    """A study at one moment.

    Attributes:
        content: its state.
        left: the time that it still takes.
        shares: of the epochs, of running trainings.
        at: when it was looked at, in seconds since 1970.
        problem: why what is shown is older than that (empty: it is not).
    """

    content: StudyStatus
    left: TimeLeft
    shares: Mapping[Cell, float]
    at: float
    problem: str = ""


def picture(
    config: StudyConfig, snapshot: Snapshot, width: int = 80, height: int | None = None
) -> list[Line]:
    """A study on one screen.

    What does not fit is folded, the least telling first: steps into one line, models into counts.

    Args:
        config: the study.
        snapshot: its state.
        width: characters of a line.
        height: lines (None: as many as it takes).
    """
    found = squares(cells(config), snapshot.content.cells, snapshot.shares)
    rows = grid(found, width)
    other = [_step_line(step) for step in snapshot.content.steps]
    short = _wrapped([_step_word(step) for step in snapshot.content.steps], width)
    grids = [rows, folded(found, width, GROUP_KEYS), folded(found, width, GROUP_KEYS[:1]), []]
    head, notes = _head(snapshot, width), _notes(snapshot.content, width)
    for lines, steps in [(rows, other), *((each, short) for each in grids)]:
        legend = [_plain(cut(LEGEND, width))] if lines is rows and _has_letters(rows) else []
        drawn = [*head, *lines, *legend, _plain(""), *steps, *notes]
        if height is None or len(drawn) <= height:
            return drawn
    return drawn[:height]


def text(lines: list[Line], *, coloured: bool = False) -> list[str]:
    """Lines as a terminal takes them; the same without colours where it has none."""
    if not coloured:
        return ["".join(piece for piece, _ in line).rstrip() for line in lines]
    return ["".join(_dyed(line)) for line in lines]


def _dyed(line: Line) -> Iterator[str]:
    for colour, pieces in groupby(line, key=lambda piece: piece[1]):
        same = "".join(piece for piece, _ in pieces)
        yield f"\033[{colour}m{same}{RESET}" if colour else same


def _plain(line: str, colour: str = "") -> Line:
    return [(line, colour)]


def _has_letters(rows: list[Line]) -> bool:
    """Whether a cell is one letter."""
    return any(len(line) > 2 and all(len(piece) == 1 for piece, _ in line[1:]) for line in rows)


def _head(snapshot: Snapshot, width: int) -> list[Line]:
    content = snapshot.content
    number = dict.fromkeys(COLOURS, 0)
    for state, count in content.counts.items():
        number[WORDS[state]] += count
    counts = ", ".join(f"{count} {word}" for word, count in number.items() if count)
    clock = time.strftime("%H:%M:%S", time.localtime(snapshot.at))
    lines = [f"{clock}  {content.study}: {len(content.cells)} cells: {counts}"]
    lines += [_time_left(snapshot.left) if not content.is_complete else "complete: nothing is due"]
    lines += [snapshot.problem] if snapshot.problem else []
    return [_plain(cut(line, width)) for line in [*lines, ""]]


def _time_left(left: TimeLeft) -> str:
    if left.seconds is None:
        return "time left: not known before a training has said how fast it is"
    steps = left.unknown if len(left.unknown) < 3 else [f"{len(left.unknown)} steps"]
    without = f", without {' and '.join(steps)}: not measured yet" if steps else ""
    return f"time left: about {duration(left.seconds)} with {left.at_once} at once{without}"


def duration(seconds: float) -> str:
    """A time for people, such as `3 h 20 min`."""
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{round(seconds)} s"
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def _step_counts(step: StepStatus) -> dict[str, int]:
    words: dict[str, int] = {}
    for state, count in step.counts.items():
        words[WORDS[state]] = words.get(WORDS[state], 0) + count
    return words


def _step_line(step: StepStatus) -> Line:
    words = _step_counts(step)
    if sum(words.values()) == 1:
        (word,) = words
        return [(f"{step.step:<12}", ""), (word, COLOURS[word])]
    pieces = [(f"{count} {word}", COLOURS[word]) for word, count in words.items()]
    return [(f"{step.step:<12}", ""), *_joined(pieces)]


def _joined(pieces: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for number, (piece, colour) in enumerate(pieces):
        yield (", " if number else "") + piece, colour


def _step_word(step: StepStatus) -> str:
    words = _step_counts(step)
    whole = sum(words.values())
    if whole == 1 or len(words) == 1:
        return f"{step.step} {next(iter(words))}"
    return f"{step.step} {words.get('finished', 0)}/{whole}"


def _wrapped(words: list[str], width: int) -> list[Line]:
    """Words with commas, in as few lines as it takes."""
    lines = [""]
    for word in words:
        joined = f"{lines[-1]}, {word}" if lines[-1] else word
        if len(joined) < width:
            lines[-1] = joined
        else:
            lines.append(word)
    return [_plain(line) for line in lines]


def _notes(content: StudyStatus, width: int) -> list[Line]:
    """What failed, and what no longer fits."""
    failed = [
        f"failed: {row.step} {row.cell}: {row.note}"
        for row in content.cells
        if row.state == "failed"
    ]
    failed += failures(content)
    names = {str(Task(step.step, what)) for step in content.steps for what in step.failed}
    reasons = {name: why for name, why in content.outdated.items() if name not in names}
    outdated = [f"outdated: {name}: {why}" for name, why in reasons.items()]
    lines = [(line, COLOURS[line.partition(":")[0]]) for line in [*failed, *outdated]]
    shown: list[Line] = [_plain(cut(line, width), colour) for line, colour in lines[:NOTES]]
    if len(lines) > NOTES:
        shown.append(_plain(f"and {len(lines) - NOTES} more (gfce status)"))
    return [_plain(""), *shown] if shown else []
