"""What a command imports: a small study is many processes, and each pays for its imports."""

from __future__ import annotations

import subprocess
import sys


def imported_by(code: str, *packages: str) -> list[str]:
    """Which of these packages a program has imported when it ends."""
    asks = f"import sys\nprint(*[name for name in {packages} if name in sys.modules])"
    command = [sys.executable, "-c", f"{code}\n{asks}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_a_prediction_imports_no_compiler() -> None:
    code = """
import torch
from gfce.config import Training
from gfce.training.arithmetic import reproducible
with reproducible(Training(), 1, torch.device("cpu")):
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.is_deterministic_algorithms_warn_only_enabled()
"""
    assert imported_by(code, "torch._inductor", "torch._dynamo", "sympy") == []


def test_a_training_step_imports_no_compiler() -> None:
    code = """
import torch
from gfce.config import Network, Training
from gfce.training.state import initial_state
from gfce.training.step import train_step
settings, cpu = Training(), torch.device("cpu")
state = initial_state(
    Network(architecture="mmgsn_net", width=8),
    settings, bounded=True, steps=1, device=cpu, initial=None,
)
train_step(state, tuple(torch.rand(3, 1, 1, 36, 36)), settings)
assert state.generator_optimizer.moments[0]["step"] == 1
"""
    assert imported_by(code, "torch._inductor", "torch._dynamo", "sympy") == []


def test_nibabel_is_imported_by_who_reads_an_image_alone() -> None:
    code = "import gfce.evaluation.predict, gfce.training.cell"
    assert imported_by(code, "nibabel", "pydicom", "scipy") == []


def test_figures_import_seaborn_where_it_draws_alone() -> None:
    code = "import gfce.report.figures.figure2, gfce.report.figures.learning"
    assert imported_by(code, "seaborn", "scipy.stats", "torch") == []
