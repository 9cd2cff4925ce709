"""Which networks there are, found without importing any.

A configuration is checked in a moment, and where torch is not installed.
"""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

import gfce.networks

_REGISTRATION = re.compile(r"^@register\(\s*[\"'](\w+)[\"']\s*\)", re.MULTILINE)


def architectures() -> list[str]:
    """Names of the modules of this package that register a network of their own name.

    Modules that register nothing, such as the layers, are no networks.
    """
    return sorted(
        name
        for folder in gfce.networks.__path__
        for _, name, _ in pkgutil.iter_modules([folder])
        if name in _registered(Path(folder, f"{name}.py"))
    )


def _registered(module: Path) -> list[str]:
    return _REGISTRATION.findall(module.read_text(encoding="utf-8")) if module.exists() else []
