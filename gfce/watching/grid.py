"""The grid of a study as it fills: a row for each model, a column for each seed or step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gfce.steps import CELL_STEPS
from gfce.study import AXES, MODEL_KEYS, Cell
from gfce.watching.status import CellStatus, cut

GREEN, BLUE, YELLOW, RED, GREY = "32", "36", "33", "31", "90"
"""Colours by their ANSI number (ECMA-48, SGR)."""
Span = tuple[str, str]
"""A piece of a line, and its colour (empty: the terminal's)."""
Line = list[Span]
WORD, STEP = 5, 10
"""Characters of a cell that says its state in a word, and of a step of a cell."""
WORDS = {
    "done": "finished",
    "running": "running",
    "queued": "waiting",
    "missing": "waiting",
    "outdated": "outdated",
    "failed": "failed",
}
"""What a state is called here: whether a job waits in Slurm's queue or for another, it waits."""
COLOURS = {
    "finished": GREEN,
    "running": BLUE,
    "waiting": GREY,
    "outdated": YELLOW,
    "failed": RED,
}
_LETTERS = {"finished": "#", "waiting": ".", "between": ":", "outdated": "~", "failed": "!"}
_SHORT = {
    "finished": "done",
    "waiting": ".",
    "between": "wait",
    "outdated": "old",
    "failed": "FAIL",
}
LEGEND = "# finished  0-9 tenths of epochs  p e steps behind  : . waits  ~ old  ! failed"


@dataclass(frozen=True)
class Square:
    """A cell, or one of its steps, as the grid shows it.

    Attributes:
        word: its state (a value of WORDS).
        step: the step that the state is about.
        share: of the epochs, of a running training.
    """

    word: str
    step: str
    share: float = 0.0

    @property
    def _sign(self) -> str:
        """What of it is shown: whether it waits for its first step or between two."""
        is_between = self.word == "waiting" and self.step != CELL_STEPS[0]
        return "between" if is_between else self.word

    @property
    def letter(self) -> Span:
        """One letter; of a running training, tenths of its epochs."""
        tenths = f"{min(9, int(10 * self.share))}" if self.step == "train" else self.step[0]
        return _LETTERS.get(self._sign, tenths), COLOURS[self.word]

    @property
    def short(self) -> Span:
        """Four letters; of a running training, per cent of its epochs."""
        progress = f"{int(100 * self.share)}%" if self.step == "train" else self.step[:4]
        return _SHORT.get(self._sign, progress), COLOURS[self.word]


def squares(
    cells: Iterable[Cell], rows: Iterable[CellStatus], shares: Mapping[Cell, float]
) -> dict[Cell, Square]:
    """The cells of a grid with their states; `shares` are of running trainings."""
    return {
        cell: Square(WORDS[row.state], row.step, shares.get(cell, 0.0))
        for cell, row in zip(cells, rows, strict=True)
    }


def grid(found: Mapping[Cell, Square], width: int) -> list[Line]:
    """A row for each model; as counts, where its seeds are more than the terminal is wide."""
    rows = _by(found, MODEL_KEYS)
    label = min(max(len(key[-1]) for key in rows) + 4, width // 2)
    heading, draw = _columns(rows, width - label)
    lines: list[Line] = [[(" " * label + heading, GREY)]] if heading else []
    group: tuple[str, ...] = ()
    for key, row in rows.items():
        if key[:-1] != group:
            group = key[:-1]
            lines.append([(cut(" ".join(group), width), "")])
        lines.append([(cut(f"  {key[-1]}", label - 1).ljust(label), ""), *draw(row)])
    return lines


def folded(found: Mapping[Cell, Square], width: int, keys: Sequence[str]) -> list[Line]:
    """A line of counts for all cells that have some axes in common."""
    rows = {" ".join(key): row for key, row in _by(found, keys).items()}
    label = min(max(map(len, rows)) + 2, width // 2)
    return [[(cut(name, label - 1).ljust(label), ""), *_counts(row)] for name, row in rows.items()]


def _by(found: Mapping[Cell, Square], keys: Sequence[str]) -> dict[tuple[str, ...], list[Square]]:
    """Cells by their values of some axes, as their folders are called."""
    rows: dict[tuple[str, ...], list[Square]] = {}
    for cell, square in found.items():
        values = ((AXES[name], getattr(cell, name)) for name in keys)
        key = tuple(axis.folder.format(value) for axis, value in values if value != axis.absent)
        rows.setdefault(key, []).append(square)
    return rows


def _columns(
    rows: Mapping[tuple[str, ...], list[Square]], width: int
) -> tuple[str, Callable[[list[Square]], Line]]:
    """The heading of the columns, and what draws a row."""
    seeds = max(map(len, rows.values()))
    if seeds == 1:
        return "".join(f"{step:<{STEP}}" for step in CELL_STEPS), _steps
    if seeds * WORD <= width:
        return f"{seeds} seeds", _words
    return (f"{seeds} seeds", _letters) if seeds <= width else ("", _counts)


def _steps(row: list[Square]) -> Line:
    """The steps of a single cell."""
    (square,) = row
    at = CELL_STEPS.index(square.step)
    done = len(CELL_STEPS) if square.word == "finished" else at
    first = CELL_STEPS[0]
    states = [Square("finished" if n < done else "waiting", first) for n in range(len(CELL_STEPS))]
    if square.word != "waiting":
        states[at] = square
    return [_padded(state.short, STEP) for state in states]


def _words(row: list[Square]) -> Line:
    return [_padded(square.short, WORD) for square in row]


def _letters(row: list[Square]) -> Line:
    return [square.letter for square in row]


def _padded(span: Span, width: int) -> Span:
    text, colour = span
    return text.ljust(width), colour


def _counts(row: list[Square]) -> Line:
    """How many of a row's cells are finished, and in each state that there is."""
    number = Counter(square.word for square in row)
    line: Line = [(f"{number['finished']} of {len(row)} finished", COLOURS["finished"])]
    others = [word for word in COLOURS if word != "finished" and number[word]]
    return [*line, *((f", {number[word]} {word}", COLOURS[word]) for word in others)]
