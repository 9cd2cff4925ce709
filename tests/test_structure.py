"""Rules of the house that can be measured: short files, and no module that needs itself."""

from __future__ import annotations

import ast
import subprocess
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from cohorts import REPOSITORY

LONGEST = 350
"""Lines of a file; what is longer does two things."""


def files(suffix: str) -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", f"*{suffix}"]
    listed = subprocess.check_output(command, cwd=REPOSITORY, text=True).splitlines()
    return [REPOSITORY / name for name in listed if (REPOSITORY / name).exists()]


def test_no_file_is_too_long() -> None:
    checked = [*files(".py"), *files(".smk"), REPOSITORY / "Snakefile"]
    long = {path.name: len(path.read_text().splitlines()) for path in checked}
    assert {name: lines for name, lines in long.items() if lines > LONGEST} == {}


def test_no_module_needs_itself() -> None:
    """What is imported within functions, and for types alone, is not counted."""
    modules = {_name(path): path for path in files(".py") if path.is_relative_to(_package())}
    needs = {
        name: {found for found in _imported(path) if found in modules and found != name}
        for name, path in modules.items()
    }
    assert len(list(TopologicalSorter(needs).static_order())) == len(modules)


def _package() -> Path:
    return REPOSITORY / "gfce"


def _name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            inner = [name for name in names if _is_module(name)]
            # `from package import module` runs the package too, which comes first in any case.
            yield from inner or [node.module]


def _is_module(name: str) -> bool:
    path = REPOSITORY.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def test_no_two_test_files_have_one_name() -> None:
    """Folders of tests are no packages, so pytest knows a file by its name alone."""
    paths = [path for path in files(".py") if path.is_relative_to(REPOSITORY / "tests")]
    packages = {path.parent for path in paths if path.name == "__init__.py"}
    names = Counter(path.name for path in paths if path.parent not in packages)
    assert {name for name, count in names.items() if count > 1} == {"conftest.py"}
