"""Kill a training with SIGKILL at random moments, its writes included, many times over.

Run as a program: `python tests/training/kill_training.py --kills 100`. Each run of the training is
a forked process; after every completed training its weights must be those of an undisturbed one.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import time
from pathlib import Path

import torch
from examples import SETTINGS, digest, run

EVERY_STEP = SETTINGS.model_copy(update={"checkpoint_minutes": 0.0})


def start(folder: Path) -> int:
    """Fork a process that trains in a folder and leaves the digest of its weights there."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        model = run(folder, settings=EVERY_STEP)
        (folder / "digest").write_text(digest(model.generator), encoding="ascii")
        status = 0
    finally:
        os._exit(status)


def kill(process: int, after: float) -> bool:
    """Kill a process after some seconds; whether it was still at work."""
    time.sleep(after)
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the training failed by itself")
    return os.WIFSIGNALED(status)


def undisturbed(folder: Path) -> tuple[str, float]:
    """Digest and seconds of a training that nobody kills."""
    begin = time.monotonic()
    os.waitpid(start(folder), 0)
    return (folder / "digest").read_text(encoding="ascii"), time.monotonic() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    moments = random.Random(arguments.seed)
    kills = trainings = 0
    with tempfile.TemporaryDirectory() as root:
        expected, seconds = undisturbed(Path(root, "undisturbed"))
        while kills < arguments.kills:
            folder = Path(root, f"training-{trainings}")
            folder.mkdir()
            while kills < arguments.kills and not (folder / "digest").exists():
                kills += kill(start(folder), moments.uniform(0, seconds))
            if not (folder / "digest").exists():
                os.waitpid(start(folder), 0)
            if (folder / "digest").read_text(encoding="ascii") != expected:
                raise SystemExit(f"other weights after kill {kills}")
            if list(folder.glob("*.set-aside")):
                raise SystemExit(f"an unusable checkpoint after kill {kills}")
            trainings += 1
    print(f"{kills} kills in {trainings} trainings: the same weights to the bit")


if __name__ == "__main__":
    main()
