from pathlib import Path

import pytest
from torch_checks import one_seeded_thread

import gfce.networks

__all__ = ["one_seeded_thread"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that belongs to gfce.networks while the test runs."""
    monkeypatch.setattr(gfce.networks, "__path__", [*gfce.networks.__path__, str(tmp_path)])
    return tmp_path
