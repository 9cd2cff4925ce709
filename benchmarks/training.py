"""How fast MMgSN-Net trains and predicts here, against a training loop as most groups write it.

Run: python benchmarks/training.py [--width 64] [--size 256x224] [--steps 3] [--threads 1]
[--device cpu|cuda]. It needs arrays alone: neither SimpleITK nor Snakemake nor any images. All
loops start from the same weights and see the same slices in the same order, and their steps take
turns, so that whatever else the machine does slows all of them. The fastest step of each counts.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # The repository instead of this folder, whose statistics.py would hide Python's own.
    sys.path[0] = str(Path(__file__).parents[1])

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.plain import Generator, PlainTraining, endless
from gfce.config import Network, Training
from gfce.networks.released_weights import NAMES
from gfce.training.arithmetic import Precision, find_device, reproducible
from gfce.training.state import State, initial_state
from gfce.training.step import train_step
from gfce.training.synthesis import synthesize

PEAK_SIZES = {"cpu": (1024, 2048), "cuda": (4096, 8192)}
PEAK_SECONDS = 0.5
TRAINING_WORK = 3
"""FLOPs of a training step as a multiple of the generator's forward pass: 1 forward, 2 backward."""


@dataclass
class Loop:
    """A way to train and predict: one step and one prediction of `batch` slices."""

    name: str
    precision: Precision
    batch: int
    step: Callable[[], dict[str, float]]
    predict: Callable[[], object]
    losses: list[float] = field(default_factory=list)
    step_seconds: list[float] = field(default_factory=list)
    predict_seconds: list[float] = field(default_factory=list)


def example_slices(count: int, rows: int, columns: int) -> np.ndarray:
    """T1w, T2w and CE in [-1, 1], (modality, slice, row, column); CE depends on the other two."""
    random = np.random.default_rng(5)
    t1w, t2w = np.tanh(random.standard_normal((2, count, rows, columns)))
    return np.stack([t1w, t2w, np.tanh(t1w - 0.5 * t2w)]).astype(np.float32)


def new_state(width: int, device: torch.device, settings: Training) -> State:
    torch.manual_seed(1)
    network = Network(architecture="mmgsn_net", width=width)
    return initial_state(network, settings, bounded=True, steps=1, device=device, initial=None)


def plain_loop(
    name: str, slices: np.ndarray, width: int, device: torch.device, folder: Path, *, fused: bool
) -> Loop:
    training = PlainTraining(width, device, fused=fused)
    copy_weights(new_state(width, device, Training()), training)
    batches = endless(folder, slices)

    def predict() -> Tensor:
        with torch.no_grad():
            t1w, t2w, _ = next(batches)
            return training.generator(t1w.to(device), t2w.to(device)).cpu()

    return Loop(name, "float32", 1, lambda: training.step(next(batches)), predict)


def our_loop(
    slices: np.ndarray,
    width: int,
    device: torch.device,
    precision: Precision,
    batch: int,
    threads: int,
) -> Loop:
    settings = Training(precision=precision, batch_size=batch, threads=threads)
    state = new_state(width, device, settings)
    resident = [torch.tensor(images, device=device).unsqueeze(1) for images in slices]
    done = 0

    def step() -> dict[str, float]:
        nonlocal done
        chosen = torch.arange(done, done + batch, device=device) % slices.shape[1]
        done += batch
        state.generator.train()
        with reproducible(settings, 1, device):
            t1w, t2w, ce = (images[chosen] for images in resident)
            losses = train_step(state, (t1w, t2w, ce), settings)
        _, adversarial, l1, discriminator = losses.tolist()
        return {"l1": l1, "adversarial": adversarial, "discriminator": discriminator}

    def predict() -> object:
        inputs = (np.resize(images, (batch, *images.shape[1:])) for images in slices[:2])
        return synthesize(state.generator, *inputs, batch, precision)

    return Loop(f"ours, {precision}", precision, batch, step, predict)


def copy_weights(ours: State, plain: PlainTraining) -> None:
    """Give a plain training the weights of a training of gfce."""
    weights = {key: ours.generator.get_parameter(name) for key, name in NAMES.items()}
    plain.generator.load_state_dict(weights, strict=False)
    assert isinstance(ours.discriminator, nn.Module)
    pairs = zip(plain.discriminator.parameters(), ours.discriminator.parameters(), strict=True)
    with torch.no_grad():
        for theirs, mine in pairs:
            theirs.copy_(mine)


def measure(loops: list[Loop], steps: int, device: torch.device) -> None:
    """Time steps and predictions of all loops in turns; the first of each is not counted."""
    for turn in range(steps + 1):
        for loop in loops:
            losses, seconds = timed(loop.step, device)
            loop.losses.append(losses["l1"])
            loop.step_seconds += [seconds] if turn else []
    for turn in range(steps + 1):
        for loop in loops:
            _, seconds = timed(loop.predict, device)
            loop.predict_seconds += [seconds] if turn else []


def timed(act: Callable[[], Any], device: torch.device) -> tuple[Any, float]:
    wait(device)
    begin = time.perf_counter()
    done = act()
    wait(device)
    return done, time.perf_counter() - begin


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak(precision: Precision, device: torch.device) -> float:
    """FLOP/s of the fastest of some seconds' square matrix products."""
    best = 0.0
    for size in PEAK_SIZES[device.type]:
        matrix = torch.randn(size, size, device=device, dtype=getattr(torch, precision))
        begin = time.perf_counter()
        while time.perf_counter() - begin < PEAK_SECONDS:
            _, seconds = timed(lambda: matrix @ matrix, device)  # noqa: B023
            best = max(best, 2 * size**3 / seconds)
    return best


def forward_flops(width: int, rows: int, columns: int) -> int:
    """FLOPs of the generator's forward pass for one slice: two per multiply-accumulate."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        image = torch.zeros(1, 1, rows, columns)
        Generator(width)(image, image)
    return counter.get_total_flops()


def report(loops: list[Loop], flops: int, peaks: dict[str, float]) -> str:
    """The results as two Markdown tables."""
    lines = [
        "| loop | batch | training: slices/s | ratio | TFLOP/s | of peak "
        "| inference: slices/s | ratio | TFLOP/s | of peak |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    plain = loops[0]
    for loop in loops:
        cells = [loop.name, str(loop.batch)]
        for seconds, base, work in (
            (loop.step_seconds, plain.step_seconds, TRAINING_WORK),
            (loop.predict_seconds, plain.predict_seconds, 1),
        ):
            rate = loop.batch / min(seconds)
            achieved = rate * work * flops
            ratio = rate * min(base)
            share = achieved / peaks[loop.precision]
            cells += [f"{rate:.3g}", f"{ratio:.2f}", f"{achieved / 1e12:.3g}", f"{share:.0%}"]
        lines.append("| " + " | ".join(cells) + " |")
    alike = [loop for loop in loops if loop.batch == 1]
    lines += ["", "L1 loss of each step:", ""]
    lines += ["| loop | " + " | ".join(str(n + 1) for n in range(len(plain.losses))) + " |"]
    lines += ["|---|" + "---|" * len(plain.losses)]
    for loop in alike:
        lines += [f"| {loop.name} | " + " | ".join(f"{loss:.6f}" for loss in loop.losses) + " |"]
    return "\n".join(lines)


def machine(device: torch.device, threads: int) -> str:
    """Processor, cores and versions; no names of hosts."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), model)
    capability = torch.backends.cpu.get_cpu_capability()
    parts = [f"{model} ({capability})", f"{os.cpu_count()} cores", f"{threads} threads used"]
    if device.type == "cuda":
        parts.append(torch.cuda.get_device_name(device))
    return ", ".join([*parts, f"torch {torch.__version__}", f"Python {platform.python_version()}"])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Speed of training and inference.")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--size", default="256x224", help="rows x columns, each divisible by 4")
    parser.add_argument("--steps", type=int, default=3, help="steps of each loop that are timed")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    return parser.parse_args()


def main() -> None:
    options = parse()
    rows, columns = map(int, options.size.split("x"))
    device = find_device(options.device)
    torch.set_num_threads(options.threads)
    slices = example_slices(8, rows, columns)
    batches = (1, 8) if device.type == "cuda" else (1,)
    with tempfile.TemporaryDirectory() as folder:
        common = (slices, options.width, device)
        loops = [
            plain_loop("plain", *common, Path(folder), fused=False),
            plain_loop("plain, fused attention", *common, Path(folder), fused=True),
        ]
        for batch in batches:
            loops += [
                our_loop(*common, precision, batch, options.threads)
                for precision in ("float32", "bfloat16")
            ]
        peaks = {precision: peak(precision, device) for precision in ("float32", "bfloat16")}
        measure(loops, options.steps, device)
    flops = forward_flops(options.width, rows, columns)
    print(machine(device, options.threads))
    print(f"width {options.width}, {rows} x {columns}: {flops / 2e9:.1f} GMAC forward per slice")
    described = ", ".join(f"{name} {value / 1e12:.3g}" for name, value in peaks.items())
    print(f"measured peak of matrix products, TFLOP/s: {described}\n")
    print(report(loops, flops, peaks))


if __name__ == "__main__":
    main()
