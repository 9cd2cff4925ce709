"""What the modules of a package declare: whatever is declared is found by its module's name.

Where a module's imports are cheap, it is imported (`imported`). A network's module imports torch
and a figure's Matplotlib, which takes seconds, but the configuration and the workflow have to know
which there are, and what they ask for, in a moment. Such a module declares it in one assignment of
literals at its top level,

    NAME = Kind(key=value, ...)

which is read from the syntax tree (`declared`), as setuptools reads a version (`attr:`).
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from gfce.errors import UserError

PACKAGE = Path(__file__).parent
Kind = TypeVar("Kind")


def modules_of(package: str) -> list[str]:
    """The modules of a package of gfce by their full names, in their order, without any import."""
    folder = PACKAGE.joinpath(*package.split(".")[1:])
    return sorted(f"{package}.{path.stem}" for path in folder.glob("[!_]*.py"))


def imported(package: str, folders: Iterable[str], name: str) -> dict[str, Any]:
    """What the modules of a package declare under a name, by the modules' names in their order.

    Every module is imported; those that declare nothing are left out.

    Args:
        package: the full name of the package (its `__name__`).
        folders: where its modules lie (its `__path__`).
        name: what they call the declaration.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(folders))
    modules = {module: importlib.import_module(f"{package}.{module}") for module in names}
    return {key: getattr(module, name) for key, module in modules.items() if hasattr(module, name)}


def declared(package: str, name: str, kind: type[Kind]) -> dict[str, Kind]:
    """What the modules of a package declare under a name, by the modules' names in their order.

    Only the package itself is imported. Modules that declare nothing are left out.

    Raises:
        UserError: a declaration, or the module around it, cannot be read.
    """
    folders = importlib.import_module(package).__path__
    paths = {path.stem: path for folder in folders for path in Path(folder).glob("*.py")}
    found = {module: _declaration(package, path, name, kind) for module, path in paths.items()}
    return {module: found[module] for module in sorted(found) if found[module] is not None}


def _declaration(package: str, path: Path, name: str, kind: Any) -> Any:
    """What a module declares (None: nothing)."""
    try:
        expressions = list(_assigned(_parsed(path), name))
        return kind(**_keywords(expressions[-1], kind)) if expressions else None
    except SyntaxError as error:
        problem = f"not valid Python (line {error.lineno}): {error.msg}"
    except (TypeError, ValueError) as error:
        problem = f"{name}: {error}"
    raise UserError(f"{package.replace('.', '/')}/{path.name}: {problem}")


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _assigned(module: ast.Module, name: str) -> Iterator[ast.expr]:
    """The expressions that a module assigns to a name at its top level."""
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                yield node.value


def _keywords(declaration: ast.expr, kind: Any) -> dict[str, Any]:
    """Keywords and values of `Kind(...)`.

    Raises:
        ValueError: it is not a call, or has an argument that is not a known keyword with a literal.
    """
    if not isinstance(declaration, ast.Call) or declaration.args:
        raise ValueError(f"give {kind.__name__}(...) with keywords only")
    known = [field.name for field in fields(kind)]
    values: dict[str, Any] = {}
    for keyword in declaration.keywords:
        if keyword.arg not in known:
            unknown = keyword.arg or ast.unparse(keyword.value)
            raise ValueError(f"unknown keyword {unknown} (known: {', '.join(known)})")
        values[keyword.arg] = _literal(keyword.arg, keyword.value)
    return values


def _literal(name: str, value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError):
        raise ValueError(f"{name}: write the value out, not {ast.unparse(value)}") from None
