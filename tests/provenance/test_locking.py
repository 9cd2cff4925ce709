"""Which part of the code gets a new version when a reference study comes out otherwise."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cohorts import REPOSITORY, minimal_config
from long import takes_minutes

from gfce.config import StudyConfig, parse_config
from gfce.provenance.code import read_lock
from gfce.provenance.locking import (
    REFERENCE,
    Outputs,
    changed_units,
    commands,
    completed,
    outputs,
)
from gfce.provenance.records import Recipe, Record
from gfce.steps import STEPS, WHOLE
from gfce.study import Cell, Results, cells


@pytest.fixture
def config() -> StudyConfig:
    networks = {"mmgsn_net": {"width": 8}, "small": {"architecture": "unet", "width": 8}}
    names = ["min_max", "z_score", "nyul"]
    return parse_config(
        minimal_config(grid={"networks": networks, "normalizations": names}), "test.yaml"
    )


def differing(step: str, *paths: str) -> tuple[Outputs, Outputs]:
    before: Outputs = {name: {} for name in STEPS}
    return before, {**before, step: dict.fromkeys(paths, "new")}


def weights(*chosen: Cell) -> list[str]:
    return [f"models/{cell}/weights.safetensors" for cell in chosen]


@pytest.mark.parametrize(
    ("network", "normalization", "units"),
    [
        (None, None, {"train"}),
        ("small", None, {"network/unet"}),
        (None, "nyul", {"normalization/nyul"}),
        ("small", "nyul", {"train"}),
    ],
)
def test_what_differs_by_network_or_normalization_is_theirs(
    config: StudyConfig, network: str | None, normalization: str | None, units: set[str]
) -> None:
    chosen = [
        cell
        for cell in cells(config)
        if network in (None, cell.network) and normalization in (None, cell.normalization)
    ]
    before, after = differing("train", *weights(*chosen))
    assert changed_units(config, before, after, set(STEPS)) == units


def test_a_step_without_an_edited_file_got_other_inputs(config: StudyConfig) -> None:
    before, after = differing("evaluate", f"metrics/{cells(config)[0]}.csv")
    assert changed_units(config, before, after, {"train"}) == set()
    assert changed_units(config, before, after, {"evaluate"}) == {"evaluate"}


def test_the_same_files_change_nothing(config: StudyConfig) -> None:
    before, _ = differing("train", *weights(*cells(config)))
    assert changed_units(config, before, before, set(STEPS)) == set()


def test_times_and_releases_are_no_results(config: StudyConfig, tmp_path: Path) -> None:
    results, cell = Results(config), cells(config)[0]
    history, run = tmp_path / results.history(cell), tmp_path / results.run(cell)
    history.parent.mkdir(parents=True)

    def write(seconds: float, loss: float) -> Outputs:
        history.write_text(f"epoch,loss_l1,seconds\n1,{loss},{seconds}\n")
        run.write_text(str(seconds))
        record = Record.of(Recipe(), tmp_path / results.root, [history, run])
        record.save(tmp_path / results.record("train", cell))
        return outputs(config, tmp_path)

    first = write(1, 0.5)
    assert list(first["train"]) == [history.relative_to(tmp_path / results.root).as_posix()]
    assert first == write(2, 0.5) != write(1, 0.6)


def test_which_code_it_was_is_no_result(config: StudyConfig, tmp_path: Path) -> None:
    results = Results(config)
    claim, crate = tmp_path / results.root / "reviewer/CLAIM.md", tmp_path / results.crate
    claim.parent.mkdir(parents=True)

    def write(code: str, trained: str, title: str) -> Outputs:
        said = f"its code as in provenance.lock of SHA-256 `{code}`. Edited since: a.py, {code}."
        claim.write_text(f"1. gfce 0.1.0, {said} Models trained with: {trained}.\n2. Two.\n")
        crate.write_text(f'{{"name": "{title}", "contentSize": "3", "sha256": "{code}"}}')
        record = Record.of(Recipe(), tmp_path / results.root, [claim, crate])
        record.save(tmp_path / results.record("pack", WHOLE))
        return outputs(config, tmp_path)

    first = write("ab12", "torch 2", "Claim")
    assert len(first["pack"]) == 2
    assert first == write("cd34", "torch 2", "Claim")
    assert first != write("ab12", "torch 3", "Claim")
    assert first != write("ab12", "torch 2", "Other")


def test_a_step_that_the_lock_does_not_know_is_not_run(config: StudyConfig) -> None:
    found = commands(config, Path("study.yaml"), set(STEPS) - {"leaks"})
    assert ["index", "study.yaml"] in found
    assert ["preprocess", "study.yaml", "A"] in found
    assert "leaks" not in {command[0] for command in found}


def test_a_figure_that_the_lock_does_not_know_is_not_drawn(config: StudyConfig) -> None:
    known = {*STEPS, "report/figures/figure1.py"}
    found = commands(config, Path("study.yaml"), known)
    assert [c for c in found if c[0] == "figures"] == [["figures", "study.yaml", "figure1"]]


def test_the_reference_studies_hold_every_unit() -> None:
    """A new network, normalization or repair is watched as soon as the lock knows it."""
    locked = read_lock()["versions"]
    known: set[str] = set(STEPS)
    for path in (REPOSITORY / REFERENCE).glob("*.yaml"):
        content = yaml.safe_load(completed(path.read_text(), locked))
        config = parse_config(content, path.name)
        known |= {f"normalization/{name}" for name in config.grid.normalizations}
        known |= {f"network/{config.network(name).architecture}" for name in config.grid.networks}
        known |= {f"repair/{config.repair(name).method}" for name in config.grid.repairs}
    assert known == set(locked)


@takes_minutes
def test_make_lock_decides_by_running(tmp_path: Path) -> None:
    """A refactoring keeps all versions; another output of U-Nets alone gets them a new one."""
    clone = tmp_path / "clone"
    files = subprocess.check_output(["git", "ls-files"], cwd=REPOSITORY, text=True).splitlines()
    for name in files:
        if (REPOSITORY / name).is_file() and not (REPOSITORY / name).is_symlink():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, clone / name)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        author = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        subprocess.run(["git", *author, *command], cwd=clone, check=True)
    module = clone / "gfce" / "networks" / "unet.py"
    module.write_text(module.read_text() + "\nREFACTORED = True\n")
    assert _lock(clone) == "provenance.lock: no version changed"
    source = module.read_text()
    assert "self.output(features.float())" in source
    module.write_text(source.replace("features.float()", "1.01 * features.float()"))
    assert _lock(clone) == "provenance.lock: network/unet changed"
    assert "- network/unet: version 1 -> 2" in (clone / "CHANGELOG.md").read_text()


def _lock(clone: Path) -> str:
    command = [sys.executable, "-P", "-m", "gfce.provenance.locking"]
    environment = {**os.environ, "PYTHONPATH": str(clone)}
    answer = subprocess.check_output(command, cwd=clone, env=environment, text=True)
    return answer.strip().splitlines()[-1]
