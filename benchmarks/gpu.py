"""What is to be known of a GPU before a study is sent to it, in one command of some minutes.

Run: python benchmarks/gpu.py [--width 64] [--size 256x224] [--steps 20] [--device cuda|cpu]. It
needs what benchmarks/training.py needs. Printed are, as Markdown: training by each way of doing the
same step (against the plain loop without TF32, and against the plain loop with TF32 and fused
attention), the share of the measured peak and the memory; attention alone; several trainings at
once; whether losses are those of the CPU and whether a training that goes on from a checkpoint is
the same to the bit. How long a study takes is `gfce plan --calibrate`'s to say. Every way is timed
by itself, so nothing else may use the GPU.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])

import numpy as np
import torch
from torch import Tensor

from benchmarks.training import (
    TRAINING_WORK,
    example_slices,
    forward_flops,
    machine,
    new_state,
    peak,
    plain_loop,
    timed,
    wait,
)
from gfce.config import Training
from gfce.networks.layers import SelfAttention
from gfce.training.arithmetic import Precision, autocast, find_device, reproducible
from gfce.training.data import Batch
from gfce.training.step import train_step

WARM_UP = 5
"""Steps that are not counted."""
TOGETHER = (1, 2, 4)
"""Trainings at once on one GPU."""
SECONDS = 10.0
"""How long each of them is timed."""
Step = Callable[[], object]


@dataclass(frozen=True)
class Way:
    """A way to do the same training step.

    Attributes:
        name: as printed.
        precision: of convolutions and attention.
        batch: slices of a step.
        deterministic: whether algorithms that are not are avoided.
        graph: whether the whole step is one CUDA graph.
    """

    name: str
    precision: Precision = "bfloat16"
    batch: int = 1
    deterministic: bool = True
    graph: bool = False

    @property
    def settings(self) -> Training:
        """Options of such a training."""
        return Training(precision=self.precision, batch_size=self.batch)


WAYS = (
    Way("float32", "float32"),
    Way("bfloat16"),
    Way("bfloat16, not deterministic", deterministic=False),
    Way("bfloat16, CUDA graph", graph=True),
    Way("bfloat16", batch=8),
    Way("bfloat16, CUDA graph", batch=8, graph=True),
)


@contextmanager
def tensor_floats(*, enabled: bool) -> Iterator[None]:
    """TF32 in matrix products and convolutions of float32."""
    flags = (torch.backends.cuda.matmul, torch.backends.cudnn)
    former = [flag.allow_tf32 for flag in flags]
    try:
        for flag in flags:
            flag.allow_tf32 = enabled
        yield
    finally:
        for flag, value in zip(flags, former, strict=True):
            flag.allow_tf32 = value


def steps_of(slices: np.ndarray, batch: int, device: torch.device) -> Iterator[Batch]:
    """Batches of slices that lie on the device, for ever."""
    resident = [torch.tensor(images, device=device).unsqueeze(1) for images in slices]
    places = torch.arange(batch, device=device)
    while True:
        t1w, t2w, ce = (images[places] for images in resident)
        yield t1w, t2w, ce
        places = (places + batch) % slices.shape[1]


def our_step(way: Way, slices: np.ndarray, width: int, device: torch.device) -> Step:
    """A step as `gfce train` does it, or the same as one CUDA graph."""
    settings, batches = way.settings, steps_of(slices, way.batch, device)
    state = new_state(width, device, settings)
    state.begin_epoch(settings.learning_rate)
    if not way.graph:
        return lambda: train_step(state, next(batches), settings)
    static = tuple(images.clone() for images in next(batches))
    before = state.checkpoint()
    kept = {name: tensor.clone() for name, tensor in before.tensors.items()}
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            train_step(state, static, settings)  # type: ignore[arg-type]
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        losses = train_step(state, static, settings)  # type: ignore[arg-type]
    state.restore(type(before)(kept, before.values))

    def step() -> Tensor:
        for images, fresh in zip(static, next(batches), strict=True):
            images.copy_(fresh)
        graph.replay()
        return losses

    return step


def seconds_of(step: Step, steps: int, device: torch.device) -> tuple[float, float]:
    """Seconds of one step of many in a row, and the peak of memory in GiB (0 on a CPU)."""
    for _ in range(WARM_UP):
        step()
    _, total = timed(lambda: [step() for _ in range(steps)], device)
    used = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0
    return total / steps, used / 2**30


def fresh_memory(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def plain_rows(
    slices: np.ndarray, width: int, steps: int, device: torch.device
) -> dict[str, tuple[float, float]]:
    """Seconds and memory of the plain loop, as most write it and with what torch offers."""
    found = {}
    for name, enabled in (("plain, TF32 off", False), ("plain, TF32, fused attention", True)):
        fresh_memory(device)
        with tempfile.TemporaryDirectory() as folder, tensor_floats(enabled=enabled):
            loop = plain_loop(name, slices, width, device, Path(folder), fused=enabled)
            found[name] = seconds_of(loop.step, steps, device)
    return found


def our_row(
    way: Way, slices: np.ndarray, width: int, steps: int, device: torch.device
) -> tuple[float, float]:
    """Seconds and memory of one of our ways."""
    fresh_memory(device)
    with reproducible(way.settings, 1, device):
        if not way.deterministic:
            torch.set_deterministic_debug_mode("default")
        return seconds_of(our_step(way, slices, width, device), steps, device)


def training_table(
    slices: np.ndarray, width: int, steps: int, device: torch.device, flops: float
) -> str:
    """All ways as a table."""
    peaks = {name: peak(name, device) for name in ("float32", "bfloat16")}
    rows = [
        (name, 1, "float32", *measured)
        for name, measured in plain_rows(slices, width, steps, device).items()
    ]
    for way in WAYS:
        if device.type == "cuda" or not way.graph:
            measured = our_row(way, slices, width, steps, device)
            rows.append((f"ours, {way.name}", way.batch, way.precision, *measured))
    bare, good = rows[0][3], rows[1][3]
    lines = [
        f"measured peak, TFLOP/s: float32 {peaks['float32'] / 1e12:.3g}, "
        f"bfloat16 {peaks['bfloat16'] / 1e12:.3g}\n",
        "| loop | batch | ms a step | slices/s | to plain | to TF32 and fused | of peak | GiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, batch, precision, seconds, memory in rows:
        rate = batch / seconds
        share = rate * TRAINING_WORK * flops / peaks[precision]  # type: ignore[literal-required]
        lines.append(
            f"| {name} | {batch} | {1e3 * seconds:.2f} | {rate:.3g} | {rate * bare:.2f} "
            f"| {rate * good:.2f} | {share:.0%} | {memory:.2f} |"
        )
    return "\n".join(lines)


def attention_table(size: tuple[int, int], width: int, steps: int, device: torch.device) -> str:
    """Forward and backward pass of the attention alone; all else of a step is convolution."""
    lines = ["| attention alone | batch | ms forward and backward |", "|---|---|---|"]
    for precision in ("float32", "bfloat16"):
        for batch in (1, 8):
            layer = SelfAttention(width).to(device)
            maps = torch.randn(batch, width, *size, device=device, requires_grad=True)

            def step() -> None:
                with autocast(device, precision):  # noqa: B023
                    layer(maps).sum().backward()  # noqa: B023

            seconds, _ = seconds_of(step, max(steps // 4, 1), device)
            lines.append(f"| {precision} | {batch} | {1e3 * seconds:.2f} |")
    return "\n".join(lines)


def together_table(options: argparse.Namespace) -> str:
    """Slices per second of all trainings, each a process, that share the GPU."""
    lines = ["| trainings at once | slices/s of all |", "|---|---|"]
    command = [sys.executable, __file__, "--alone", str(options.seconds)]
    command += ["--width", str(options.width), "--size", options.size, "--device", options.device]
    for count in TOGETHER:
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)
        ]
        rates = [float(process.communicate()[0]) for process in running]
        lines.append(f"| {count} | {sum(rates):.3g} |")
    return "\n".join(lines)


def alone(slices: np.ndarray, width: int, seconds: float, device: torch.device) -> float:
    """Slices per second of one training, while others may run."""
    way = Way("alone")
    with reproducible(way.settings, 1, device):
        step = our_step(way, slices, width, device)
        for _ in range(WARM_UP):
            step()
        wait(device)
        begin, done = time.perf_counter(), 0
        while time.perf_counter() - begin < seconds:
            step()
            wait(device)
            done += 1
        return done / (time.perf_counter() - begin)


def losses_of(
    device: torch.device, slices: np.ndarray, steps: int, *, resumed: bool
) -> list[float]:
    """L1 losses of a small float32 training; `resumed` goes on from a checkpoint half-way."""
    settings, losses = Training(), []
    with reproducible(settings, 1, device):
        state, batches = new_state(8, device, settings), steps_of(slices, 1, device)
        for number in range(steps):
            if resumed and number == steps // 2:
                saved = state.checkpoint()
                state = new_state(8, device, settings)
                state.restore(saved)
            state.begin_epoch(settings.learning_rate)
            losses.append(float(train_step(state, next(batches), settings)[2]))
    return losses


def agreement(device: torch.device, steps: int = 8) -> str:
    """Whether the device gives the CPU's losses, and its own after a checkpoint."""
    slices = example_slices(4, 64, 56)
    here, there = (losses_of(d, slices, steps, resumed=False) for d in (device, find_device("cpu")))
    again = losses_of(device, slices, steps, resumed=True)
    apart = [abs(a - b) for a, b in zip(here, there, strict=True)]
    return (
        f"L1 losses on {device.type} and CPU differ by {apart[0]:.1e} in the first step and "
        f"{apart[-1]:.1e} in step {steps} (float32, width 8). A training that goes on from a "
        f"checkpoint has {'the same losses to the bit' if again == here else 'OTHER losses'}."
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="All that is to be known of a GPU.")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--size", default="256x224", help="rows x columns, each divisible by 4")
    parser.add_argument("--steps", type=int, default=20, help="steps of each way that are timed")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of trainings at once")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="cuda")
    parser.add_argument("--alone", type=float, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = parse()
    rows, columns = map(int, options.size.split("x"))
    device, slices = find_device(options.device), example_slices(8, rows, columns)
    if options.alone:
        print(alone(slices, options.width, options.alone, device))
        return
    print(f"{machine(device, torch.get_num_threads())}; width {options.width}, {rows} x {columns}")
    flops = forward_flops(options.width, rows, columns)
    table = training_table(slices, options.width, options.steps, device, flops)
    print(f"\n{table}\n\n{attention_table((rows, columns), options.width, options.steps, device)}")
    print(f"\n{together_table(options)}\n\n{agreement(device)}")


if __name__ == "__main__":
    main()
