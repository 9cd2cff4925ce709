"""Which networks there are and what they declare, read without importing any.

A configuration is checked in a moment, and where torch is not installed. As setuptools reads a
version (`attr:`), the declaration is taken from the syntax tree of the module.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import gfce.networks
from gfce.errors import UserError
from gfce.networks.architecture import Architecture

NAME = "ARCHITECTURE"
KEYWORDS = [field.name for field in fields(Architecture)]


def architectures() -> dict[str, Architecture]:
    """The declaration of every network of this package by its name, in alphabetical order.

    A module that declares nothing, such as the layers, is no network.

    Raises:
        UserError: a declaration, or the module around it, cannot be read.
    """
    modules = {
        path.stem: path for folder in gfce.networks.__path__ for path in Path(folder).glob("*.py")
    }
    declared = {name: _declaration(path) for name, path in sorted(modules.items())}
    return {name: declaration for name, declaration in declared.items() if declaration}


@cache
def _declaration(module: Path) -> Architecture | None:
    """What a module declares (None: nothing)."""
    try:
        expressions = list(_assigned(ast.parse(module.read_bytes())))
        return Architecture(**_keywords(expressions[-1])) if expressions else None
    except SyntaxError as error:
        problem = f"not valid Python (line {error.lineno}): {error.msg}"
    except ValueError as error:
        problem = f"{NAME}: {error}"
    raise UserError(f"gfce/networks/{module.name}: {problem}")


def _assigned(module: ast.Module) -> Iterator[ast.expr]:
    """The expressions that a module assigns to ARCHITECTURE at its top level."""
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == NAME for target in targets):
                yield node.value


def _keywords(declaration: ast.expr) -> dict[str, Any]:
    """Keywords and values of `Architecture(...)`.

    Raises:
        ValueError: it is not a call, or has an argument that is not a known keyword with a literal.
    """
    if not isinstance(declaration, ast.Call) or declaration.args:
        raise ValueError("give Architecture(...) with keywords only")
    values: dict[str, Any] = {}
    for keyword in declaration.keywords:
        if keyword.arg not in KEYWORDS:
            unknown = keyword.arg or ast.unparse(keyword.value)
            raise ValueError(f"unknown keyword {unknown} (known: {', '.join(KEYWORDS)})")
        values[keyword.arg] = _literal(keyword.arg, keyword.value)
    return values


def _literal(name: str, value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError):
        raise ValueError(f"{name}: write the number out, not {ast.unparse(value)}") from None
