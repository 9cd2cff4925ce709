"""What it costs to let each worker's linear algebra start a thread for every core.

Run: python benchmarks/workers.py [--patients 6] [--repeats 3]; two minutes. The simulation of a few
patients, in as many processes as there are cores, with one thread each (as `--workers` does it) and
with as many threads as cores each (as it was); they take turns, and the fastest of each counts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

DEMO = Path(__file__).parents[1] / "config" / "demo.yaml"
FREE = "import gfce.cohort.workers as workers; workers.threadpool_limits = lambda number: None"
RUN = "import sys; from gfce.cli import main; sys.exit(main(sys.argv[1:]))"
PROGRAMS = {"one thread each": RUN, "a thread for each core each": f"{FREE}; {RUN}"}


def study(patients: int) -> dict[str, object]:
    """The demo with so many patients of each institution."""
    content = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    everyone = dict.fromkeys(content["simulation"]["patients"], patients)
    content["simulation"]["patients"] = everyone
    content["cohort"]["training_patients"] = 1
    return content


def seconds(program: str, patients: int, cores: int) -> float:
    """Wall-clock time of a simulation from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "study.yaml").write_text(yaml.safe_dump(study(patients)), encoding="utf-8")
        threads = {name: str(cores) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        command = [sys.executable, "-c", program, "simulate", "study.yaml", "--workers", str(cores)]
        begin = time.perf_counter()
        subprocess.run(
            command, cwd=folder, env={**os.environ, **threads}, check=True, capture_output=True
        )
        return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=6, help="of each of seven institutions")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    found: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(arguments.repeats):
        for name, program in PROGRAMS.items():
            found[name].append(seconds(program, arguments.patients, cores))
    fastest = {name: min(times) for name, times in found.items()}
    print(f"{cores} workers\n\n| threads | seconds | ratio |\n|---|---|---|")
    for name, time_taken in fastest.items():
        print(f"| {name} | {time_taken:.1f} | {time_taken / min(fastest.values()):.2f} |")


if __name__ == "__main__":
    main()
