"""The profile for Slurm and the image, as files: no cluster is needed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from cohorts import REPOSITORY
from snakemake.cli import get_argument_parser

from slurm.study import Checkout, tiny_study

PROFILE = REPOSITORY / "slurm" / "config.yaml"
SITE = {"slurm_account", "slurm_partition", "gpu_model", "constraint", "qos", "clusters", "gres"}


def test_every_key_is_an_option_of_snakemake() -> None:
    actions = get_argument_parser()._actions
    options = {name.removeprefix("--") for action in actions for name in action.option_strings}
    assert set(yaml.safe_load(PROFILE.read_text())) - options == set()


def test_every_key_is_explained() -> None:
    lines = PROFILE.read_text().splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"[a-z-]+:", line)]
    bare = [lines[n] for n in keys if "#" not in lines[n] and not lines[n - 1].startswith("#")]
    assert bare == ["max-status-checks-per-second: 0.1"]  # it shares a comment


def test_what_a_site_uncomments_is_asked_for(tmp_path: Path) -> None:
    study = Checkout.make(tmp_path / "study", tiny_study())
    (study.folder / "slurm").unlink()
    site = study.folder / "slurm" / "config.yaml"
    site.parent.mkdir()
    names = "|".join(SITE)
    site.write_text(re.sub(rf"^( +)# ((?:{names}):)", r"\1\2", PROFILE.read_text(), flags=re.M))
    driver = study.on_slurm("--dry-run")
    assert driver.wait(60) == 0, study.driver_log.read_text()
    lines = study.driver_log.read_text().splitlines()
    asked = [line for line in lines if line.startswith("    resources:")]
    gpus = [line for line in asked if "gpu=1" in line]
    assert len(gpus) == 2 * len(study.cells)
    for wanted in ("slurm_account=my_project", "gpu_model=h200", "slurm_partition=gpu"):
        assert all(wanted in line for line in gpus)
    assert all("slurm_partition=cpu" in line for line in asked if line not in gpus)
    assert sum("constraint=gpu80gb" in line and "qos=long" in line for line in asked) == 4


def test_no_rule_knows_a_site() -> None:
    for path in (REPOSITORY / "Snakefile", *(REPOSITORY / "rules").glob("*.smk")):
        assert set(re.findall(r"\w+", path.read_text())) & SITE == set(), path


def test_old_logs_are_deleted_only_where_slurm_writes() -> None:
    folder = Path(yaml.safe_load(PROFILE.read_text())["slurm-logdir"])
    assert folder.parts[0] == ".snakemake"


@pytest.mark.parametrize(("name", "limit"), [("max_mem_mb", 700), ("max_runtime", 7)])
def test_a_job_asks_for_no_more_than_the_sites_limit(tmp_path: Path, name: str, limit: int) -> None:
    study = Checkout.make(tmp_path / "study", tiny_study())
    driver = study.on_slurm("--dry-run", "--resources", f"{name}={limit}")
    assert driver.wait(60) == 0, study.driver_log.read_text()
    asked = re.findall(rf"\b{name[4:]}=(\d+)", study.driver_log.read_text())
    # What has no estimate of its own (the target `all`) has the profile's default.
    assert {int(number) for number in asked} == {limit, {"mem_mb": 4000, "runtime": 60}[name[4:]]}


def test_the_image_holds_the_packages_of_the_project(tmp_path: Path) -> None:
    definition = (REPOSITORY / "envs" / "gfce.def").read_text()
    code = re.search(r'python3 -c "(import tomllib.*)" >', definition)
    assert code is not None
    project = REPOSITORY / "pyproject.toml"
    local = code[1].replace("/opt/gfce/pyproject.toml", str(project))
    found = subprocess.check_output([sys.executable, "-c", local], text=True).splitlines()
    wanted = tomllib.loads(project.read_text())["project"]
    assert found == wanted["dependencies"]
    python = re.search(r"From: python:(\d+)\.(\d+)", definition)
    assert python is not None
    assert (int(python[1]), int(python[2])) >= (3, 11)
    assert wanted["requires-python"] == ">=3.11"
