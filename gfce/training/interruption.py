"""Stopping a training so that the next run continues it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from gfce.errors import Interrupted

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
"""What schedulers send before they end a job (Slurm: --signal=USR1@60)."""


class TrainingStopped(Interrupted):
    """The training has saved its state and stopped; the same call continues it."""


class StopRequest:
    """Whether a signal or the walltime asks the training to stop, and why."""

    def __init__(self, walltime_minutes: float | None) -> None:
        self._deadline = time.monotonic() + 60 * walltime_minutes if walltime_minutes else None
        self._signal: int | None = None

    @property
    def reason(self) -> str | None:
        """Why to stop (None: go on)."""
        if self._signal is not None:
            return signal.Signals(self._signal).name
        if self._deadline is not None and time.monotonic() > self._deadline:
            return "walltime_minutes is over"
        return None

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self._signal = number


@contextmanager
def stop_request(walltime_minutes: float | None) -> Iterator[StopRequest]:
    """Watch the signals and the clock; the former handlers of the signals are restored at the end.

    Python lets only the main thread watch signals; another thread watches the clock alone.
    """
    request = StopRequest(walltime_minutes)
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    former = {number: signal.signal(number, request._receive) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
