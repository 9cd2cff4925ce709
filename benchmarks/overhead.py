"""What a job costs besides its work, and a dry run besides Snakemake's own time.

Run: python benchmarks/overhead.py [--cells 5000] [--repeats 3]; some minutes. The commands take
turns, and the fastest run of each counts. The smallest study there is, of a few slices of 40 x 36
pixels, is simulated for it in a temporary folder. Wall-clock time and the time of the processor are
given, the fastest of each: on a machine that others use the latter says more.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
LINKED = ("Snakefile", "rules", "gfce", "profiles", "envs")
INSTITUTIONS = ["Institution-1", "Institution-4"]
CELL = "mmgsn_net/min_max/uni-Institution-1/seed-1"
BARE = """
rule all:
    input: expand("scored/{{cell}}", cell=range({cells}))
rule train:
    output: "trained/{{cell}}"
    shell: "touch {{output}}"
rule predict:
    input: "trained/{{cell}}"
    output: "predicted/{{cell}}"
    shell: "touch {{output}}"
rule evaluate:
    input: "predicted/{{cell}}"
    output: "scored/{{cell}}"
    shell: "touch {{output}}"
"""
"""The same number of jobs with nothing in them: what Snakemake itself takes."""


def smallest_study(seeds: int) -> dict[str, object]:
    return {
        "study": "overhead",
        "cohort": {
            "dataset": "data/overhead",
            "development": INSTITUTIONS[:1],
            "external": INSTITUTIONS[1:],
            "training_patients": 1,
        },
        "simulation": {"patients": dict.fromkeys(INSTITUTIONS, 3), "coarsening": 6, "slices": 2},
        "images": {"matrix": [40, 36]},
        "grid": {
            "networks": {"mmgsn_net": {"width": 8}},
            "normalizations": ["min_max"],
            "seeds": list(range(1, seeds + 1)),
        },
        "training": {"epochs": 1, "constant_epochs": 1, "threads": 1, "device": "cpu"},
    }


def make_checkout(folder: Path, seeds: int) -> Path:
    folder.mkdir()
    for name in LINKED:
        (folder / name).symlink_to(REPOSITORY / name)
    (folder / "study.yaml").write_text(yaml.safe_dump(smallest_study(seeds)))
    return folder


@dataclass(frozen=True)
class Command:
    """A command, where it runs, and the record that has to go for it to do its work again."""

    words: list[str]
    folder: Path
    record: Path | None = None


def run(command: Command) -> tuple[float, float]:
    """Seconds of a command that has to succeed: by the clock, and of the processor."""
    if command.record:
        command.record.unlink(missing_ok=True)
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}
    before, begin = processor_seconds(), time.perf_counter()
    answer = subprocess.run(
        command.words,
        cwd=command.folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    taken = time.perf_counter() - begin, processor_seconds() - before
    if answer.returncode:
        sys.exit(answer.stderr or answer.stdout)
    return taken


def processor_seconds() -> float:
    """Processor time of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def fastest(commands: dict[str, Command], repeats: int) -> dict[str, tuple[float, float]]:
    """Seconds of each command, which take turns: by the clock, and of the processor."""
    taken = [{name: run(command) for name, command in commands.items()} for _ in range(repeats)]
    return {
        name: (min(turn[name][0] for turn in taken), min(turn[name][1] for turn in taken))
        for name in commands
    }


def jobs(folder: Path, repeats: int) -> None:
    """Each step of a cell, whose work takes a moment, beside Python and Snakemake alone."""
    study = make_checkout(folder / "job", 1)
    records = study / "results" / "overhead" / "records"
    for step in (["simulate"], ["index"], ["leaks"], *(["preprocess", n] for n in INSTITUTIONS)):
        run(Command(["gfce", step[0], "study.yaml", *step[1:]], study))
    commands = {
        "python": Command(["python", "-c", ""], study),
        "import torch": Command(["python", "-c", "import torch"], study),
    }
    done_for = {
        "preprocess": INSTITUTIONS[1],
        **dict.fromkeys(("train", "predict", "evaluate"), CELL),
    }
    for step, what in done_for.items():
        words = ["gfce", step, "study.yaml", what]
        commands[f"gfce {step}"] = Command(words, study, records / step / f"{what}.json")
    dry = ["snakemake", "--configfile", "study.yaml", "--dry-run", "--quiet", "all"]
    commands["snakemake (dry run)"] = Command(dry, study)
    print("| command | seconds | of the processor |\n|---|---|---|")
    for name, (seconds, busy) in fastest(commands, repeats).items():
        print(f"| {name} | {seconds:.2f} | {busy:.2f} |")


def dry_runs(folder: Path, cells: int, repeats: int) -> None:
    """A dry run of the grid against one of as many jobs with nothing in them."""
    bare = folder / "bare"
    bare.mkdir()
    (bare / "Snakefile").write_text(BARE.format(cells=cells))
    dry = ["snakemake", "--cores", "1", "--dry-run", "--quiet", "all"]
    ours = Command([*dry, "--configfile", "study.yaml"], make_checkout(folder / "grid", cells))
    taken = fastest({"bare": Command(dry, bare), "ours": ours}, repeats)
    print(f"\n{cells} cells, {3 * cells} jobs of cells: dry run\n")
    print("| workflow | seconds | of the processor | ratio |\n|---|---|---|---|")
    for name, (seconds, busy) in taken.items():
        print(f"| {name} | {seconds:.1f} | {busy:.1f} | {busy / taken['bare'][1]:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description="What jobs and dry runs cost.")
    parser.add_argument("--cells", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        jobs(Path(folder), options.repeats)
        dry_runs(Path(folder), options.cells, options.repeats)


if __name__ == "__main__":
    main()
