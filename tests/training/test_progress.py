import io
import logging
import sys

import pytest

from gfce.training import progress
from gfce.training.progress import Progress


def test_lines_at_intervals_without_a_terminal(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(0, 1000, 10))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))
    with caplog.at_level(logging.INFO), Progress("model", total=100, done=50) as shown:
        for _ in range(6):
            shown.update(5, lambda: "epoch 1/2, l1 0.5")
    assert [record.message for record in caplog.records] == [
        "model: epoch 1/2, l1 0.5, 0.50 slices/s, 01:10 left",
        "model: epoch 1/2, l1 0.5, 0.50 slices/s, 00:40 left",
    ]


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "BAR_SECONDS", 0.0)
    with Progress("model", total=10, done=0) as shown:
        shown.update(5, lambda: "epoch 1/2")
    assert "epoch 1/2" in terminal.getvalue()
    assert "5/10" in terminal.getvalue()
