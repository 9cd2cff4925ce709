"""Declarations that are read without running the module that makes them.

A network's module imports torch and a figure's Matplotlib, which takes seconds, but the
configuration and the workflow have to know which there are, and what they ask for, in a moment.
Such a module declares it in one assignment of literals, `NAME = Kind(key=value, ...)`, which is
read as setuptools reads the attribute of a version: from the syntax tree.
"""

from __future__ import annotations

import ast
import importlib.util
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

Kind = TypeVar("Kind")


def declared(package: str, name: str, kind: type[Kind]) -> dict[str, Kind]:
    """What the modules of a package declare under a name, by the modules' names in their order.

    Modules without such an assignment are left out.

    Raises:
        ValueError: an assignment is not a call of literals, or has a key that `kind` has not.
    """
    keywords = {
        module.rpartition(".")[2]: _keywords(_file(module), name) for module in modules_of(package)
    }
    return {module: kind(**values) for module, values in keywords.items() if values is not None}


def modules_of(package: str) -> list[str]:
    """The modules of a package by their full names, in their order; none of them is imported."""
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return sorted(f"{package}.{module.name}" for module in pkgutil.iter_modules(folders or []))


@cache
def _keywords(path: Path, name: str) -> dict[str, Any] | None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = (
            [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []
        )
        if targets == [name] and isinstance(node, ast.Assign):
            return _literals(node.value, f"{path.name}: {name}")
    return None


def _file(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    return Path(str(spec.origin)) if spec else Path()


def _literals(value: ast.expr, where: str) -> dict[str, Any]:
    if not isinstance(value, ast.Call) or value.args:
        raise ValueError(f"{where}: write it as one call with keywords")
    try:
        return {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in value.keywords}
    except ValueError:
        raise ValueError(f"{where}: write every value as a literal") from None
