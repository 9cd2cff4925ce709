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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from gfce.config import StudyConfig, load_config
from gfce.errors import ERROR, UserError
from gfce.files import sha256, write_json, write_text
from gfce.images.normalizations import NORMALIZATIONS
from gfce.networks.discovery import architectures
from gfce.provenance.code import LOCK, PACKAGE, digest, edited, file_of, to_lock
from gfce.provenance.records import load_record
from gfce.provenance.state import Provenance
from gfce.repairs import METHODS
from gfce.repairs.method import NONE
from gfce.report.figure import study_figures
from gfce.report.page.writing import without_run_times
from gfce.report.reviewer.checklist import CHECKLISTS
from gfce.report.reviewer.crate import DESCRIPTOR, without_checksums
from gfce.report.reviewer.model_facts import without_code_state
from gfce.steps import CELL_STEPS, STEPS, WHOLE, Task, tasks
from gfce.study import cells
from gfce.study.results import REPORT, RUN, is_history

REPOSITORY = PACKAGE.parent
REFERENCE = Path("config", "reference")
CHANGELOG = REPOSITORY / "CHANGELOG.md"
REFERENCE_WIDTH = 8
"""Of networks in a reference study that names none."""
HEADING = "### Results change"

RUNNER = """
import json, sys
from gfce.cli import main
for command in json.loads(sys.argv[1]):
    if main(command):
        sys.exit(f"gfce {' '.join(command)}: failed")
"""
"""All steps in one process, with the gfce of PYTHONPATH."""

TELL_NOTHING = {RUN, "dataset_description.json", "datapackage.json"}
"""Files that say when and by which release they were written, or hold hashes of such files."""

TOLD: Mapping[str, Callable[[str], str]] = {
    REPORT: without_run_times,
    DESCRIPTOR: without_checksums,
    **{each.file: without_code_state for each in CHECKLISTS},
}
"""What counts of files that say such things among others."""

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
        *STEPS,
        *(f"network/{name}" for name in architectures()),
        *(f"normalization/{name}" for name in NORMALIZATIONS),
        *(f"repair/{name}" for name in METHODS),
    ]
    commit = _git("log", "-1", "--format=%H", "--", str(LOCK.relative_to(REPOSITORY)))
    former = json.loads(_git("show", f"{commit}:gfce/provenance.lock")) if commit else {}
    known, code = former.get("versions", {}), to_lock()
    is_edited = bool(former) and former["files"] != code["files"]
    changed = _compare(commit, [*known, *former["files"]]) if is_edited else set()
    versions = {unit: known.get(unit, 1) + (unit in known and unit in changed) for unit in units}
    _note(versions, known)
    write_json({"versions": versions, **code}, LOCK)
    print(f"{LOCK.name}: {', '.join(sorted(changed)) or 'no version'} changed")


def _compare(commit: str, known: Iterable[str]) -> set[str]:
    """The parts of the code whose results are not those of a commit.

    Args:
        commit: of the lock.
        known: its units and its files.
    """
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder, "code")
        _git("worktree", "add", "--detach", "--quiet", str(old), commit)
        try:
            return _changed(old, Path(folder), list(known))
        finally:
            _git("worktree", "remove", "--force", str(old))


def _changed(old: Path, folder: Path, known: list[str]) -> set[str]:
    found: set[str] = set()
    for reference in sorted((old / REFERENCE).glob("*.yaml")):
        study = folder / reference.name
        write_text(completed(reference.read_text(encoding="utf-8"), known), study)
        old_folder, new_folder = (folder / f"{study.stem}-{name}" for name in ("old", "new"))
        with ThreadPoolExecutor() as pool:
            runs = [
                pool.submit(_run, study, *pair, known)
                for pair in ((old, old_folder), (REPOSITORY, new_folder))
            ]
            before, after = (run.result() for run in runs)
        if before["simulate"] != after["simulate"]:
            # All else is compared on the data that were.
            after = _run_on(old_folder / "data", study, folder / f"{study.stem}-same", known) | {
                "simulate": after["simulate"]
            }
        config = load_config(study)
        touched = {task.step for task in tasks(config) if edited(task.step, config, task.what)}
        found |= changed_units(config, before, after, touched)
    return found


def completed(reference: str, known: Iterable[str]) -> str:
    """A reference study with all networks, normalizations and repairs that the lock knows.

    A study that names some of them keeps these. What came later has no result to compare with.
    """
    content = yaml.safe_load(reference)
    names: dict[str, list[str]] = {"network": [], "normalization": [], "repair": []}
    for kind, _, name in (unit.partition("/") for unit in known):
        names.get(kind, []).append(name)
    networks = {name: {"width": REFERENCE_WIDTH} for name in names["network"]}
    all_axes: dict[str, Any] = {
        "networks": networks,
        "normalizations": names["normalization"],
        "repairs": {name: {} for name in names["repair"]},
    }
    if not names["repair"]:  # code that does not know the key
        del all_axes["repairs"]
    content["grid"] = {**all_axes, **content["grid"]}
    return yaml.safe_dump(content, sort_keys=False)


def _run_on(data: Path, study: Path, folder: Path, known: Collection[str]) -> Outputs:
    """The code of the working tree on a dataset that another has simulated."""
    content = yaml.safe_load(study.read_text(encoding="utf-8"))
    del content["simulation"]
    content.pop("dissection", None)
    same = folder.with_suffix(".yaml")
    write_text(yaml.safe_dump(content, sort_keys=False), same)
    shutil.copytree(data, folder / "data")
    return _run(same, REPOSITORY, folder, known)


def _run(study: Path, code: Path, folder: Path, known: Collection[str]) -> Outputs:
    folder.mkdir(exist_ok=True)
    config = load_config(study)
    environment = {**os.environ, "PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-c", RUNNER, json.dumps(commands(config, study, known))]
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        said = " ".join(done.stderr.strip().splitlines()[-2:])
        raise UserError(f"{study.name} does not run with the code of {code}: {said}")
    return outputs(config, folder)


def commands(config: StudyConfig, study: Path, known: Collection[str]) -> list[list[str]]:
    """The commands that do all tasks of a study, of the steps and figures that the lock knows.

    One that came later is no command of the old code, and has no result to compare with.

    Args:
        config: the study.
        study: its configuration, as the commands name it.
        known: units and files of the lock.
    """
    figures = study_figures(config)
    later = {
        Task("figures", name)
        for name, figure in figures.items()
        if file_of(figure.module) not in known
    }
    return [
        [task.step, str(study), *([] if task.what == WHOLE else [str(task.what)])]
        for task in tasks(config)
        if task.step in known and task not in later
    ]


def outputs(config: StudyConfig, folder: Path) -> Outputs:
    """The hashes of what a study that ran in `folder` has left, step by step, by its records."""
    found: Outputs = {step: {} for step in STEPS}
    state = Provenance(config)
    for task in tasks(config):
        record = load_record(folder / state.record_path(task))
        for name in sorted(record.files if record else ()):
            if Path(name).name not in TELL_NOTHING:
                found[task.step][name] = _content(folder / state.root(task) / name)
    return found


def _content(path: Path) -> str:
    """The hash of a file, without how long anything took and which code it was."""
    if told := TOLD.get(path.name):
        return digest(told(path.read_text(encoding="utf-8")))
    if not is_history(path):
        return sha256(path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = [{**row, "seconds": ""} for row in csv.DictReader(file)]
    return digest(rows)


def changed_units(
    config: StudyConfig, before: Outputs, after: Outputs, touched: Iterable[str]
) -> set[str]:
    """The parts of the code to whose account differences between two runs go.

    `touched` are the steps that run an edited file: any other got other inputs, if anything. Where
    exactly the cells of some networks, normalizations or repairs differ, it is theirs.
    """
    found: set[str] = set()
    for step in touched:
        paths = list(_different(before[step], after[step]))
        found |= _of_cells(config, step, paths) if step in CELL_STEPS and paths else set()
        found |= {step} if step not in CELL_STEPS and paths else set()
    return found


def _different(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    return (path for path in {**before, **after} if before.get(path) != after.get(path))


def _of_cells(config: StudyConfig, step: str, paths: Iterable[str]) -> set[str]:
    grid = cells(config)
    differ = {c for c in grid for p in paths if f"/{c}/" in f"/{p.removesuffix('.csv')}/"}
    if differ == set(grid):
        return {step}
    for axis, unit_of in _UNITS.items():
        names = {getattr(cell, axis) for cell in differ}
        if NONE not in names and differ == {c for c in grid if getattr(c, axis) in names}:
            return {unit_of(config, name) for name in names}
    return {step}


_UNITS: Mapping[str, Callable[[StudyConfig, str], str]] = {
    "network": lambda config, name: f"network/{config.network(name).architecture}",
    "normalization": lambda config, name: f"normalization/{name}",
    "repair": lambda config, name: f"repair/{config.repair(name).method}",
}
"""The unit of a value of an axis whose code is its own."""


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
