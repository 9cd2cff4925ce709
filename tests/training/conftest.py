import importlib
from pathlib import Path
from types import ModuleType

import pytest
from torch_checks import one_seeded_thread

REPOSITORY = Path(__file__).parents[2]


__all__ = ["benchmark", "one_seeded_thread"]


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The benchmark of training, which holds a plain loop."""
    monkeypatch.syspath_prepend(REPOSITORY)
    return importlib.import_module("benchmarks.training")
