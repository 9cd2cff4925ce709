"""A configuration as it can be shown and handed on: without places."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from gfce.config import StudyConfig


def portable(config: StudyConfig) -> dict[str, Any]:
    """The content of a configuration without its paths, which say something of a machine alone."""
    places = _places(config.model_dump())
    return config.model_dump(mode="json", exclude=places)


def _places(content: Mapping[str, Any]) -> Any:
    """The keys that hold paths, as pydantic's `exclude` wants them."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, Path):
            found[key] = True
        elif isinstance(value, Mapping) and (within := _places(value)):
            found[key] = within
    return found


def portable_text(config: StudyConfig) -> str:
    """The same as YAML, with every default."""
    return yaml.safe_dump(portable(config), sort_keys=False, allow_unicode=True)


def text_hash(text: str) -> str:
    """SHA-256 of a text, as of a file that holds it."""
    return hashlib.sha256(text.encode()).hexdigest()
