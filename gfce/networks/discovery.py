"""Which networks there are and what they declare, read without importing any (torch is slow)."""

from __future__ import annotations

from gfce.declarations import declared
from gfce.networks.architecture import Architecture


def architectures() -> dict[str, Architecture]:
    """The declaration of every network of this package by its name, in alphabetical order.

    A module that declares nothing, such as the layers, is no network.

    Raises:
        UserError: a declaration, or the module around it, cannot be read.
    """
    return declared("gfce.networks", "ARCHITECTURE", Architecture)
