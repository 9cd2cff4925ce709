"""One list of requirements in three places: pyproject.toml, envs/ and constraints.txt."""

from __future__ import annotations

import re
import tomllib

import yaml
from cohorts import REPOSITORY

CONDA_NAMES = {
    "matplotlib": "matplotlib-base",
    "snakemake": "snakemake-minimal",
    "torch": "pytorch",
    "simpleitk": "simpleitk",
}


def project() -> dict[str, object]:
    content = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    return content["project"]  # type: ignore[no-any-return]


def requirements(lines: list[str]) -> dict[str, str]:
    """Package name (lower case) to version range."""
    split = [re.match(r"([A-Za-z0-9._-]+)\s*(.*)", line) for line in lines]
    return {found[1].lower(): found[2] for found in split if found}


def test_the_conda_environment_agrees() -> None:
    wanted = requirements(project()["dependencies"])  # type: ignore[arg-type]
    wanted = {CONDA_NAMES.get(name, name): range_ for name, range_ in wanted.items()}
    environment = yaml.safe_load((REPOSITORY / "envs" / "gfce.yaml").read_text())
    found = requirements(environment["dependencies"])
    assert found.pop("python") == project()["requires-python"]
    assert found == wanted


def test_every_requirement_has_an_exact_version() -> None:
    extras = project()["optional-dependencies"]["test"]  # type: ignore[index]
    wanted = requirements([*project()["dependencies"], *extras])  # type: ignore[misc]
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    pinned = requirements([line for line in lines if not line.startswith("#")])
    assert set(wanted) <= {name.replace("_", "-") for name in pinned}
    assert all(version.startswith("==") for version in pinned.values())
    assert pinned["torch"] == "==2.13.0"
