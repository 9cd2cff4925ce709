"""The registry of networks: builds one by the name of its module.

To add a network, write `gfce/networks/<name>.py` with its limits and cost, `ARCHITECTURE`
(`gfce.networks.architecture`), and a function `build(network, bounded)` that makes a generator and
its discriminator (None: the L1 loss alone is trained on); `architecture: <name>` then selects it.
The generator maps (t1w, t2w) to a synthetic CE, each (slice, 1, row, column); the discriminator
maps (images, t1w, t2w) to judgements. docs/networks.md has an example.
"""

from __future__ import annotations

import importlib

from torch import nn

from gfce.config import Network

Pair = tuple[nn.Module, nn.Module | None]
"""A generator and its discriminator (None: it has none)."""


def build(network: Network, *, bounded: bool) -> Pair:
    """Build a network's generator and discriminator with random weights.

    Weights are drawn from torch's global random state, which the training seeds.

    Args:
        network: which architecture (resolved, not None) and its options.
        bounded: whether normalized intensities are in [-1, 1].

    Raises:
        UserError: the architecture cannot be built with these options.
        ValueError: the architecture is not resolved.
    """
    if network.architecture is None:
        raise ValueError("the network's architecture must be resolved before it is built")
    module = importlib.import_module(f"gfce.networks.{network.architecture}")
    pair: Pair = module.build(network, bounded)
    return pair
