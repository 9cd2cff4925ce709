"""The code that a step runs, as versions and as hashes of what was edited since they were given.

Released code is known by the version of its step; a module counts as edited if its syntax tree,
without comments and docstrings, is not the one in provenance.lock (docs/developing.md). Parsing
all modules takes seconds, so the lock also has what parsing found, of exactly which source.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gfce.config import StudyConfig
from gfce.declarations import modules_of
from gfce.repairs.method import NONE
from gfce.steps import STEPS, WHOLE, What
from gfce.study import Cell

PACKAGE = Path(__file__).parents[1]
LOCK = PACKAGE / "provenance.lock"

FOUND_BY_NAME = (
    *("gfce.networks", "gfce.images.normalizations", "gfce.evaluation.metrics"),
    *("gfce.statistics.tables", "gfce.statistics.inference", "gfce.report.figures"),
    "gfce.repairs",
)
"""Packages whose modules are found by their names and not by imports; steps say which they use."""
READ = ("*.csv", "*.css", "*.js")
"""Files beside modules that these read."""
NEUTRAL = (
    *("gfce.config", "gfce.study", "gfce.steps", "gfce.provenance"),
    *("gfce.errors", "gfce.progress", "gfce.watching"),
)
"""Modules whose code says nothing about a result: what they decide (settings, who is trained and
tested on, labels) enters recipes by value."""


def versions(step: str, config: StudyConfig, what: What = WHOLE) -> dict[str, int]:
    """The versions of what a step runs: its own and, of a cell, those of what it is built of.

    What provenance.lock does not know, such as a network of the user's own, has version 0.
    """
    known = read_lock()["versions"]
    return {unit: known.get(unit, 0) for unit in units(step, config, what)}


def units(step: str, config: StudyConfig, what: What) -> list[str]:
    """The parts of the code that have versions and that a step runs."""
    if not isinstance(what, Cell):
        return [step]
    architecture = config.network(what.network).architecture
    found = [step, f"network/{architecture}", f"normalization/{what.normalization}"]
    repair = [] if what.repair == NONE else [f"repair/{config.repair(what.repair).method}"]
    return found + repair


def edited(step: str, config: StudyConfig, what: What = WHOLE) -> dict[str, str]:
    """The files that a step runs or reads whose content is not that of the lock, with its hash."""
    known = read_lock()["files"]
    modules = [STEPS[step].module, *STEPS[step].uses(config, what)]
    return {name: value for name, value in hashes(*modules).items() if known.get(name) != value}


@cache
def hashes(*modules: str) -> dict[str, str]:
    """The hash of every file of gfce that these modules run or read, by its path in the package."""
    return _hashes(modules, _known)


def _hashes(modules: Iterable[str], parsed: Callable[[str], Parsed]) -> dict[str, str]:
    names = sorted(_closure(modules, parsed))
    code = {file_of(module): parsed(module).tree for module in names}
    folders = sorted({_path(module).parent for module in names} - {PACKAGE})
    others = [path for folder in folders for kind in READ for path in sorted(folder.glob(kind))]
    return code | {_name(path): digest(path.read_text(encoding="utf-8")) for path in others}


def all_hashes() -> dict[str, str]:
    """The hash of every file that any step runs or reads."""
    return hashes(*_modules())


def to_lock() -> dict[str, dict[str, Any]]:
    """What the lock is to say of all files: `files` and `sources`, of code that is parsed anew."""
    sources = {
        file_of(name): {"source": digest(_source(name)), "imports": list(_parsed(name).imports)}
        for name in sorted(_closure(_modules(), _parsed))
    }
    return {"files": _hashes(_modules(), _parsed), "sources": sources}


def _modules() -> list[str]:
    found_by_name = [module for package in FOUND_BY_NAME for module in modules_of(package)]
    return [*(step.module for step in STEPS.values()), *found_by_name]


@cache
def read_lock() -> dict[str, dict[str, Any]]:
    """The versions of the released code, and what its files were (nothing: no lock yet)."""
    if not LOCK.exists():
        return {"versions": {}, "files": {}, "sources": {}}
    content: dict[str, dict[str, Any]] = json.loads(LOCK.read_text(encoding="utf-8"))
    return content


def file_of(module: str) -> str:
    """A module as the lock names it: its path in the package."""
    return _name(_path(module))


def digest(content: Any) -> str:
    """A short hash of anything that JSON can hold."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _shape(node: Any) -> Any:
    if isinstance(node, list):
        return [_shape(item) for item in node if not _is_text_alone(item)]
    if not isinstance(node, ast.AST):
        return [type(node).__name__, repr(node)]
    fields = [(name, value) for name, value in ast.iter_fields(node) if name not in _NO_EFFECT]
    kept = [[name, _shape(value)] for name, value in fields if value is not None and value != []]
    return [type(node).__name__, *kept]


_NO_EFFECT = {"ctx", "kind", "type_comment", "type_ignores"}


def _is_text_alone(node: Any) -> bool:
    """A docstring, or what describes an attribute."""
    constant = node.value if isinstance(node, ast.Expr) else None
    return isinstance(constant, ast.Constant) and isinstance(constant.value, str)


def _closure(modules: Iterable[str], parsed: Callable[[str], Parsed]) -> set[str]:
    reached: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in reached and not _is_neutral(name):
            reached.add(name)
            waiting += [*parsed(name).imports, *_parents(name)]
    return reached


def _is_neutral(module: str) -> bool:
    return module == "gfce" or any(f"{module}.".startswith(f"{name}.") for name in NEUTRAL)


def _parents(module: str) -> list[str]:
    """The packages that are run when a module of theirs is imported."""
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(2, len(parts))]


@dataclass(frozen=True)
class Parsed:
    """What code says.

    Attributes:
        tree: a hash of what it does: without comments, formatting and docstrings. It is taken of
            the nodes themselves, because `ast.dump` differs between versions of Python.
        imports: the modules of gfce that it imports.
    """

    tree: str
    imports: tuple[str, ...]


def parse(source: str) -> Parsed:
    """Parse code."""
    tree = ast.parse(source)
    return Parsed(digest(_shape(tree)), tuple(dict.fromkeys(_imported(tree))))


@cache
def _parsed(module: str) -> Parsed:
    """What a module says, parsed."""
    return parse(_source(module))


@cache
def _known(module: str) -> Parsed:
    """The same without parsing, if the source is to the letter that of the lock."""
    lock, name = read_lock(), file_of(module)
    known = lock["sources"].get(name)
    if known and known["source"] == digest(_source(module)):
        return Parsed(lock["files"][name], tuple(known["imports"]))
    return _parsed(module)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _is_ours(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and _is_ours(node.module):
            # `from package import module` names a module, `from module import name` does not.
            yield node.module
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name for name in inner if _path(name).exists())


def _is_ours(module: str) -> bool:
    return module.split(".")[0] == "gfce"


def _source(module: str) -> str:
    return _path(module).read_text(encoding="utf-8")


def _path(module: str) -> Path:
    path = PACKAGE.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()
