"""Background processes that are remembered by pid, so that no other process is ever stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Daemon:
    """A program that stays in the foreground, with a pid file and a log of its own."""

    name: str
    command: Sequence[str | Path]
    root: Path

    @property
    def record(self) -> Path:
        """Where its pid and its start time are kept."""
        return self.root / f"{self.name}.pid"

    def pid(self) -> int | None:
        """Its pid (None: it does not run)."""
        try:
            number, started = self.record.read_text().split()
        except (OSError, ValueError):
            return None
        # A pid is given to another process sooner or later; a start time is not.
        return int(number) if start_time(int(number)) == started else None

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.pid() is not None:
            return
        with (self.root / f"{self.name}.out").open("ab") as out:
            process = subprocess.Popen(
                [str(part) for part in self.command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                cwd=self.root,
            )
        process.returncode = 0  # it outlives this program: no warning that nobody waits for it
        self.record.write_text(f"{process.pid} {start_time(process.pid)}")

    def stop(self, number: int = signal.SIGTERM, patience: float = 20) -> None:
        """Send a signal and wait for the end; SIGKILL after `patience` seconds."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, number)
        if not wait_for(lambda: self.pid() is None, patience):
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: self.pid() is None, 5)


def start_time(pid: int) -> str | None:
    """When a process started, in clock ticks since boot (None: it does not run)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name, in brackets, may hold anything.
    state, *fields = text.rpartition(")")[2].split()
    if state == "Z":
        _reap(pid)
        return None
    return fields[18]


def _reap(pid: int) -> None:
    # Another process's child is reaped by its parent.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def wait_for(condition: Callable[[], object], seconds: float, pause: float = 0.2) -> bool:
    """Wait until the condition holds; False if it does not within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
