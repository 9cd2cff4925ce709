"""`gfce status --watch`: the study on the terminal until it is complete, or one presses Ctrl-C."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from gfce.config import StudyConfig
from gfce.watching.picture import Snapshot, picture, text
from gfce.watching.watcher import Watcher

INTERVAL_SECONDS = 5
"""Between two looks."""
OTHER_SCREEN, FIRST_SCREEN = "\033[?1049h\033[?25l", "\033[?25h\033[?1049l"
"""To a screen of one's own without a cursor, and back to what stood there before (xterm)."""
HOME, REST_OF_LINE, REST = "\033[H", "\033[K", "\033[J"
"""To the upper left; and erase what an earlier picture has left on a line and below (ECMA-48)."""


def watch(
    config: StudyConfig,
    interval: float = INTERVAL_SECONDS,
    *,
    output: TextIO | None = None,
    sleep: Callable[[float], None] = time.sleep,
    watcher: Watcher | None = None,
) -> None:
    """Show a study until it is complete.

    On a terminal the picture is drawn in place, in colours unless NO_COLOR is set
    (https://no-color.org); elsewhere a plain one follows another when something has changed.

    Args:
        config: the study.
        interval: seconds between two looks.
        output: where it is shown (None: standard output).
        sleep: waits.
        watcher: what looks at the study.
    """
    screen = Screen(config, output or sys.stdout)
    seen = watcher or Watcher(config)
    try:
        while not (snapshot := seen.look()).content.is_complete:
            screen.show(snapshot)
            sleep(interval)
        screen.show(snapshot)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        # Whoever read has had enough; Python would complain of it again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    finally:
        screen.leave()


class Screen:
    """Where a study is shown: a terminal, or lines in a file."""

    def __init__(self, config: StudyConfig, output: TextIO) -> None:
        self._config, self._output = config, output
        self._is_live = output.isatty() and os.environ.get("TERM") != "dumb"
        self._is_coloured = self._is_live and not os.environ.get("NO_COLOR")
        self._last: Snapshot | None = None
        self._said: list[str] = []

    def show(self, snapshot: Snapshot) -> None:
        """Show the study as it is now."""
        if not self._is_live:
            self._say(snapshot)
            return
        begin = HOME if self._last else OTHER_SCREEN + HOME
        self._last = snapshot
        width, height = shutil.get_terminal_size()
        drawn = picture(self._config, snapshot, width, height)
        lines = text(drawn, coloured=self._is_coloured)
        # No line break behind the last one: a full screen would scroll.
        self._write(begin + "\n".join(line + REST_OF_LINE for line in lines) + REST)

    def leave(self) -> None:
        """Back to the terminal as it was, with the last picture on it."""
        if self._last is None:
            return
        drawn = picture(self._config, self._last, shutil.get_terminal_size().columns)
        lines = text(drawn, coloured=self._is_coloured)
        self._write(FIRST_SCREEN + "\n".join(lines) + "\n")

    def _say(self, snapshot: Snapshot) -> None:
        width = shutil.get_terminal_size().columns
        lines = text(picture(self._config, snapshot, width))
        # The time of day alone is no news.
        news = [lines[0].partition("  ")[2], *lines[1:]]
        if news != self._said:
            self._said = news
            self._write("\n".join(lines) + "\n\n")

    def _write(self, characters: str) -> None:
        self._output.write(characters)
        self._output.flush()
