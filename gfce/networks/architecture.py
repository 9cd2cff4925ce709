"""What a network declares about itself: its limits and its cost.

Each module of this package that is a network has one such declaration at its top level,

    ARCHITECTURE = Architecture(width_multiple=8, matrix_multiple=4)

made of keywords and numbers only, because it is read without running the module
(`gfce.declarations`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Architecture:
    """Limits and cost of a network; the defaults suit one of which nothing is known.

    Raises:
        ValueError: a value is not a number above 0; all but `work` must be whole numbers.
    """

    width_multiple: int = 1
    """What `width` is divisible by."""
    matrix_multiple: int = 1
    """What the rows and columns of a slice are divisible by."""
    smallest_matrix: int = 1
    """Fewest rows and columns of a slice that the generator and the discriminator take."""
    parameters: int = 7700
    """Weights of the generator for each width squared, rounded up (default: the U-Net's, the most
    of the networks of this package)."""
    work: float = 1.0
    """Operations of a training step against those of MMgSN-Net at the same width and matrix
    (default: as many)."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            kinds = (int, float) if name == "work" else (int,)
            if type(value) not in kinds or not 0 < value < inf:
                kind = "number" if name == "work" else "whole number"
                raise ValueError(f"{name}: give a {kind} above 0, not {value!r}")
