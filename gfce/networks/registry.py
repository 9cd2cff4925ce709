"""The registry of networks: a module of this package that registers a builder is a network.

To add one, write `gfce/networks/<name>.py` with a builder `@register("<name>")` that makes a
generator and its discriminator (None: trained with the L1 loss alone); `architecture: <name>` then
selects it. The generator maps (t1w, t2w) to a synthetic CE, each (slice, 1, row, column); the
discriminator maps (images, t1w, t2w) to judgements. docs/networks.md has an example.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from torch import nn

from gfce.config import Network

Pair = tuple[nn.Module, nn.Module | None]
Builder = Callable[[Network, bool], Pair]

_BUILDERS: dict[str, Builder] = {}


def register(name: str) -> Callable[[Builder], Builder]:
    """Decorate the builder of the network that the module of this name holds.

    Its arguments are the network's options and whether intensities are in [-1, 1]. Weights are
    drawn from torch's global random state, which the training seeds.
    """

    def add(builder: Builder) -> Builder:
        _BUILDERS[name] = builder
        return builder

    return add


def build(network: Network, *, bounded: bool) -> Pair:
    """Build a network's generator and discriminator (None: it has none) with random weights.

    Args:
        network: which architecture and its options.
        bounded: whether normalized intensities are in [-1, 1].

    Raises:
        UserError: the architecture cannot be built with these options.
    """
    if network.architecture is None:
        raise ValueError("the network's architecture must be resolved before it is built")
    if network.architecture not in _BUILDERS:
        importlib.import_module(f"gfce.networks.{network.architecture}")
    return _BUILDERS[network.architecture](network, bounded)
