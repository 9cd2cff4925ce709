"""`make lock`: whether the code still gives the results that its versions stand for.

The studies of config/reference are run with the code of the commit that wrote provenance.lock and
with the code of the working tree, side by side on one machine. What comes out otherwise gets a new
version, and a line in CHANGELOG.md.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Container, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from gfce.config import StudyConfig, load_config
from gfce.errors import ERROR, UserError
from gfce.files import sha256, write_json, write_text
from gfce.images.normalizations import NORMALIZATIONS
from gfce.networks.discovery import architectures
from gfce.provenance.code import LOCK, MODULES, PACKAGE, all_hashes, digest, hashes
from gfce.provenance.tasks import CELL_STEPS, WHOLE, tasks
from gfce.study import Results, cells

REPOSITORY = PACKAGE.parent
REFERENCE = Path("config", "reference")
CHANGELOG = REPOSITORY / "CHANGELOG.md"
HEADING = "### Results change"

RUNNER = """
import json, sys
from gfce.cli import main
for command in json.loads(sys.argv[1]):
    if main(command):
        sys.exit(f"gfce {' '.join(command)}: failed")
"""
"""All steps in one process, with the gfce of PYTHONPATH."""

PLACES = {
    "cohort/leaks.csv": "leaks",
    "data": "simulate",
    "cohort": "index",
    "images": "preprocess",
    "models": "train",
    "predictions": "predict",
    "metrics": "evaluate",
    "baselines.csv": "baselines",
    "metrics.csv": "tabulate",
    "tables": "tabulate",
    "statistics": "compare",
    "figures": "figures",
}
"""The step that writes each part of a study's results."""
TELL_NOTHING = {"run.json", "dataset_description.json"}
"""Files that say when and by which release they were written."""

Outputs = dict[str, dict[str, str]]
"""Hashes of files by step and path."""


def main() -> int:
    """Write provenance.lock anew; a mistake is one line and status 1."""
    try:
        relock()
    except UserError as error:
        print(f"{ERROR}{error}", file=sys.stderr)
        return 1
    return 0


def relock() -> None:
    """Bring provenance.lock up to date with the working tree.

    Raises:
        UserError: a reference study does not run.
    """
    units = [
        *MODULES,
        *(f"network/{name}" for name in architectures()),
        *(f"normalization/{name}" for name in NORMALIZATIONS),
    ]
    commit = _git("log", "-1", "--format=%H", "--", str(LOCK.relative_to(REPOSITORY)))
    former = json.loads(_git("show", f"{commit}:gfce/provenance.lock")) if commit else {}
    known, files = former.get("versions", {}), all_hashes()
    changed = _compare(commit, former["files"]) if former and former["files"] != files else set()
    versions = {unit: known.get(unit, 1) + (unit in known and unit in changed) for unit in units}
    _note(versions, known)
    write_json({"versions": versions, "files": files}, LOCK)
    print(f"{LOCK.name}: {', '.join(sorted(changed)) or 'no version'} changed")


def _compare(commit: str, files: Mapping[str, str]) -> set[str]:
    """The parts of the code whose results are not those of a commit's code, which had these files.

    A step that runs no edited file got other inputs, if anything.
    """
    networks = [f"gfce.networks.{name}" for name in architectures()]
    touched = {
        step
        for step, module in MODULES.items()
        if not hashes(module, *(networks if step in ("train", "predict") else [])).items()
        <= files.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder, "code")
        _git("worktree", "add", "--detach", "--quiet", str(old), commit)
        try:
            return _changed(old, Path(folder), touched)
        finally:
            _git("worktree", "remove", "--force", str(old))


def _changed(old: Path, folder: Path, touched: Container[str]) -> set[str]:
    # What the new code's reference studies have beyond the old ones' has no result yet.
    found: set[str] = set()
    for study in sorted((old / REFERENCE).glob("*.yaml")):
        there, here = (folder / f"{study.stem}-{name}" for name in ("old", "new"))
        with ThreadPoolExecutor() as pool:
            runs = [pool.submit(_run, study, *pair) for pair in ((old, there), (REPOSITORY, here))]
            before, after = (run.result() for run in runs)
        if before["simulate"] != after["simulate"]:
            # All else is compared on the data that were.
            after = _run_on(there / "data", study, folder / f"{study.stem}-same") | {
                "simulate": after["simulate"]
            }
        found |= changed_units(load_config(study), before, after, touched)
    return found


def _run_on(data: Path, study: Path, folder: Path) -> Outputs:
    """The code of the working tree on a dataset that another has simulated."""
    content = yaml.safe_load(study.read_text(encoding="utf-8"))
    del content["simulation"]
    same = folder.with_suffix(".yaml")
    write_text(yaml.safe_dump(content, sort_keys=False), same)
    shutil.copytree(data, folder / "data")
    return _run(same, REPOSITORY, folder)


def _run(study: Path, code: Path, folder: Path) -> Outputs:
    folder.mkdir(exist_ok=True)
    config = load_config(study)
    commands = [
        [task.step, str(study), *([] if task.what == WHOLE else [str(task.what)])]
        for task in tasks(config)
    ]
    environment = {**os.environ, "PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-c", RUNNER, json.dumps(commands)]
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        said = " ".join(done.stderr.strip().splitlines()[-2:])
        raise UserError(f"{study.name} does not run with the code of {code}: {said}")
    return outputs(config, folder)


def outputs(config: StudyConfig, folder: Path) -> Outputs:
    """The hashes of what a study that ran in `folder` has left, step by step."""
    found: Outputs = {step: {} for step in MODULES}
    for root in (folder / config.cohort.dataset, folder / Results(config).root):
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            place = path.relative_to(folder if root.name == "data" else root)
            step = PLACES.get(place.as_posix()) or PLACES.get(place.parts[0])
            if step and path.name not in TELL_NOTHING and "code" not in place.parts:
                found[step][place.as_posix()] = _content(path)
    return found


def _content(path: Path) -> str:
    """The hash of a file, without how long anything took."""
    if path.name != "history.csv":
        return sha256(path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = [{**row, "seconds": ""} for row in csv.DictReader(file)]
    return digest(rows)


def changed_units(
    config: StudyConfig, before: Outputs, after: Outputs, touched: Container[str]
) -> set[str]:
    """The parts of the code to whose account differences between two runs go.

    `touched` are the steps that run an edited file.

    Where exactly the cells of some networks, or of some normalizations, differ, it is theirs.
    """
    found: set[str] = set()
    for step in MODULES:
        paths = list(_different(before[step], after[step])) if step in touched else []
        found |= _of_cells(config, step, paths) if step in CELL_STEPS and paths else set()
        found |= {step} if step not in CELL_STEPS and paths else set()
    return found


def _different(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    return (path for path in {**before, **after} if before.get(path) != after.get(path))


def _of_cells(config: StudyConfig, step: str, paths: Iterable[str]) -> set[str]:
    grid = cells(config)
    differ = {c for c in grid for p in paths if f"/{c}/" in f"/{p.removesuffix('.csv')}/"}
    networks = {cell.network for cell in differ}
    if differ == {c for c in grid if c.network in networks} and differ != set(grid):
        return {f"network/{config.network(name).architecture}" for name in networks}
    names = {cell.normalization for cell in differ}
    if differ == {c for c in grid if c.normalization in names} and differ != set(grid):
        return {f"normalization/{name}" for name in names}
    return {step}


def _note(versions: Mapping[str, int], known: Mapping[str, int]) -> None:
    """Say in CHANGELOG.md which versions are new; whoever changed them adds why."""
    lines = [
        f"- {unit}: version {known[unit]} -> {version}"
        for unit, version in versions.items()
        if unit in known and version != known[unit]
    ]
    text = CHANGELOG.read_text(encoding="utf-8")
    fresh = [line for line in lines if line not in text]
    if not fresh:
        return
    if HEADING not in text.partition("\n## ")[2].partition("\n## ")[0]:
        first, newline, rest = text.partition("\n## ")
        heading, _, body = rest.partition("\n")
        text = f"{first}{newline}{heading}\n\n{HEADING}\n{body}"
    write_text(text.replace(HEADING, "\n".join([HEADING, *fresh]), 1), CHANGELOG)


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(REPOSITORY), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
