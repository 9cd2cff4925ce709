"""What may repair the drop: each module with a METHOD is one way, and declares all of it.

To add one, write `gfce/repairs/<name>.py` with `METHOD = Method(...)` (`gfce.repairs.method`).
Modules are imported when a configuration is read: they import torch within functions that need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gfce.declarations import imported
from gfce.repairs.method import Method


def _discover() -> Mapping[str, Method]:
    return MappingProxyType(imported(__name__, __path__, "METHOD"))


METHODS: Mapping[str, Method] = _discover()
"""Every method by its name, in alphabetical order."""
