"""Progress of a training: a live bar on a terminal, plain lines in a log otherwise."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from types import TracebackType

from tqdm import tqdm

LOGGER = logging.getLogger(__name__)
LINE_SECONDS = 30.0
BAR_SECONDS = 0.5


class Progress:
    """Shows epoch, losses, slices per second and the time left."""

    def __init__(self, label: str, total: int, done: int) -> None:
        """Start.

        Args:
            label: name of the training.
            total: slices of the whole training, all epochs together.
            done: slices that earlier runs trained on.
        """
        self._live = sys.stderr.isatty()
        self._bar = tqdm(
            desc=label, total=total, initial=done, unit="slice", disable=not self._live, leave=False
        )
        self._label, self._total, self._first, self._done = label, total, done, done
        self._started = self._shown = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()

    def update(self, slices: int, describe: Callable[[], str]) -> None:
        """Count slices; `describe` makes the text and is called only when it is time to show it."""
        self._done += slices
        self._bar.update(slices)
        now = time.monotonic()
        if now - self._shown < (BAR_SECONDS if self._live else LINE_SECONDS):
            return
        self._shown = now
        if self._live:
            self._bar.set_postfix_str(describe())
        else:
            self._line(describe(), now)

    def _line(self, description: str, now: float) -> None:
        rate = (self._done - self._first) / (now - self._started)
        left = tqdm.format_interval((self._total - self._done) / rate)
        LOGGER.info("%s: %s, %.2f slices/s, %s left", self._label, description, rate, left)
