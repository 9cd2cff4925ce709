"""Why a result is not what it would be now, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gfce.images.modalities import MODALITIES
from gfce.provenance.records import Recipe

IMAGE_TITLES = {name: modality.title for name, modality in MODALITIES.items()} | {
    "tumour": "tumour mask"
}
MISSING = object()


def difference(step: str, former: Recipe, current: Recipe) -> str | None:
    """The first difference between two recipes of a step (None: they are the same)."""
    differences = [
        *_code(step, former, current),
        *_settings(former, current),
        *_inputs(former, current),
    ]
    if not differences:
        return None
    more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
    return differences[0] + more


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in [*old, *(name for name in new if name not in old)]:
        before, after = old.get(name, MISSING), new.get(name, MISSING)
        if before != after:
            yield name, before, after


def _code(step: str, former: Recipe, current: Recipe) -> Iterator[str]:
    for unit, old, new in _changes(former.versions, current.versions):
        yield f"version of {unit} {_shown(old)} -> {_shown(new)}"
    files = [name for name, _, _ in _changes(former.edited, current.edited)]
    if files:
        version = current.versions.get(step, 0)
        yield f"code of {step} edited since version {version} ({', '.join(files)})"


def _settings(former: Recipe, current: Recipe) -> Iterator[str]:
    for name, old, new in _changes(former.settings, current.settings):
        yield f"setting {name} {_shown(old)} -> {_shown(new)}"


def _inputs(former: Recipe, current: Recipe) -> Iterator[str]:
    for name, old, new in _changes(former.inputs, current.inputs):
        verb = "added" if old is MISSING else "removed" if new is MISSING else "changed"
        yield f"input {_named(name)} {verb}"


def _named(name: str) -> str:
    """`sub-07 t1w` as people write it."""
    patient, _, kind = name.rpartition(" ")
    title = IMAGE_TITLES.get(kind)
    return f"{patient} {title}" if title and re.fullmatch(r"\S+", patient) else name


def _shown(value: Any) -> str:
    return "none" if value is MISSING or value is None else str(value)
