"""What a result was made by: the code and the settings that a step depends on.

Snakemake does not see that a module behind `shell: gfce train ...` was edited. Each rule therefore
carries the fingerprint of its step as a parameter: editing training code reruns training, editing
statistics reruns only statistics.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from gfce.config import StudyConfig
from gfce.study import Cell, test_institutions

PACKAGE = Path(__file__).parent

STEPS = {
    "simulate": "gfce.cohort.simulating",
    "index": "gfce.cohort.index",
    "preprocess": "gfce.images.preprocess",
    "train": "gfce.training.cell",
    "predict": "gfce.evaluation.predict",
    "evaluate": "gfce.evaluation.evaluate",
    "baselines": "gfce.evaluation.baselines",
    "tabulate": "gfce.statistics.steps",
    "compare": "gfce.statistics.steps",
    "figures": "gfce.report.figures",
}
"""The module that each step begins in."""

NEUTRAL = {"gfce", "gfce.config", "gfce.study", "gfce.errors", "gfce.files", "gfce.progress"}
"""Modules whose text says nothing about a result: they check and name things. What they pass on,
the settings of the step and the paths of its files, Snakemake compares by value."""

INFERENCE = ("device", "precision", "batch_size", "threads")
"""Settings of a training that a prediction depends on too."""

NO_EFFECT = {"checkpoint_minutes", "walltime_minutes"}
"""Settings of a training that change when it saves, not what it learns."""


@cache
def code_fingerprint(*modules: str) -> str:
    """A hash of the source of these modules and of all of gfce that they import."""
    return digest({name: _source(name) for name in sorted(_closure(modules))})


def fingerprint(step: str, config: StudyConfig, cell: Cell | None = None) -> str:
    """A hash of a step's code and of the settings that its result depends on."""
    modules = [STEPS[step]]
    if step in ("train", "predict") and cell:
        # The registry imports a network only when it is asked for by name.
        modules.append(f"gfce.networks.{config.network(cell.network).architecture}")
    return digest([code_fingerprint(*modules), _settings(step, config, cell)])


def _settings(step: str, config: StudyConfig, cell: Cell | None) -> Any:
    content = config.model_dump(mode="json")
    if step == "simulate":
        return content["simulation"]
    if step == "index":
        return content["cohort"], content["seed"], config.training_sets()
    if step == "preprocess":
        return content["images"]
    if cell is None:
        return {key: value for key, value in content.items() if key != "results"}
    if step == "train":
        settings = {k: v for k, v in content["training"].items() if k not in NO_EFFECT}
        return settings, config.network(cell.network).model_dump()
    if step == "predict":
        used = {key: content["training"][key] for key in INFERENCE}
    else:
        used = content["evaluation"]
    return used, test_institutions(config, cell)


def digest(content: Any) -> str:
    """A short hash of anything that JSON can hold."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _closure(modules: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found and name not in NEUTRAL:
            found.add(name)
            waiting += [*_imports(name), *_parents(name)]
    return found


def _parents(module: str) -> list[str]:
    """The packages that are run when a module of theirs is imported."""
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(2, len(parts))]


@cache
def _imports(module: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_imported(ast.parse(_source(module)))))


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
