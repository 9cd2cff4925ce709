"""The benchmarks run, that of training from arrays alone, and compare like with like."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from long import takes_minutes

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "training.py"
ABSENT = ("SimpleITK", "snakemake", "nibabel", "bids", "monai", "pandas", "statsmodels", "skimage")
RUN = f"""
import runpy, sys
sys.modules.update(dict.fromkeys({ABSENT!r}))
sys.path.insert(0, "the program's folder")
runpy.run_path({str(PROGRAM)!r}, run_name="__main__")
"""
OPTIONS = "--width 8 --size 36x40 --steps 1 --threads 1 --device cpu"


@pytest.fixture(scope="module")
def output() -> str:
    """What it prints where the libraries of images, tables and workflows are not installed."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *OPTIONS.split()],
        capture_output=True,
        text=True,
        check=False,
        env={"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(output: str, loop: str) -> list[list[float]]:
    lines = [line.split("|") for line in output.splitlines() if line.startswith(f"| {loop} |")]
    return [[float(cell.strip(" %")) for cell in cells[2:-1]] for cells in lines]


def test_every_loop_has_its_rates_and_losses(output: str) -> None:
    for loop in ("plain", "plain, fused attention", "ours, float32", "ours, bfloat16"):
        rates, losses = rows(output, loop)
        assert len(rates) == 9
        assert min(rates[1:3]) > 0
        assert len(losses) == 2


def test_all_loops_start_at_the_same_loss(output: str) -> None:
    (_, plain), (_, fused), (_, exact), (_, rounded) = (
        rows(output, loop)
        for loop in ("plain", "plain, fused attention", "ours, float32", "ours, bfloat16")
    )
    assert plain[0] == pytest.approx(fused[0], abs=2e-6)
    assert plain[0] == pytest.approx(exact[0], abs=2e-6)
    assert plain[0] == pytest.approx(rounded[0], abs=5e-3)


def test_multiplications_of_the_published_network(benchmark: ModuleType) -> None:
    assert benchmark.forward_flops(64, 256, 224) / 2e9 == pytest.approx(117, rel=0.01)


@pytest.mark.parametrize("normalization", ["min_max", "z_score"])
def test_prepared_patients_are_monai_s_and_torchio_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, normalization: str
) -> None:
    monkeypatch.syspath_prepend(PROGRAM.parents[1])
    preparation = importlib.import_module("benchmarks.preprocessing")
    files = preparation.write_patient(tmp_path, 1, slices=2)
    volumes = {
        name: prepare(files, (256, 224), normalization)
        for name, prepare in preparation.LOOPS.items()
    }
    for modality, reference in volumes.pop("ours").items():
        assert reference.shape == (2, 256, 224)
        for name, others in volumes.items():
            np.testing.assert_allclose(
                others[modality], reference, rtol=0, atol=1e-4, err_msg=f"{name} {modality}"
            )


@takes_minutes
def test_all_that_is_measured_on_a_gpu_is_measured_here_as_well() -> None:
    program = PROGRAM.with_name("gpu.py")
    options = [*OPTIONS.replace("--threads 1 ", "").split(), "--seconds", "0.1"]
    done = subprocess.run(
        [sys.executable, program, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for first in ("plain, TF32 off", "ours, bfloat16", "bfloat16", "4"):
        assert f"\n| {first} | " in done.stdout
    assert "CUDA graph" not in done.stdout
    assert "has the same losses to the bit" in done.stdout
    assert "differ by 0.0e+00 in the first step and 0.0e+00" in done.stdout
