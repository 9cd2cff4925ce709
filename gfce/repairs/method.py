"""What a way to repair the drop declares about itself: once, in a module of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from gfce.training.start import Begun, Start

Options = Mapping[str, int | float]
"""Values of a method's options, all of them, by name."""
NONE = "none"
"""The value of the axis of models without a repair."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """A number that a configuration may give a repair.

    Attributes:
        default: its value where none is given; whole numbers stay whole.
        meaning: what it does.
        low: the smallest value.
        high: the largest one.
    """

    default: int | float
    meaning: str
    low: float
    high: float

    def check(self, value: int | float) -> None:
        """Raise ValueError unless the value is one of these."""
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        if isinstance(value, float) and isinstance(self.default, int):
            raise ValueError(f"give {kind}")
        if not self.low <= value <= self.high:
            raise ValueError(f"give {kind} between {self.low:g} and {self.high:g}")


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to make a model work at a hospital that it was not trained at.

    Attributes:
        title: a few words.
        needs: what it asks for beside the training set: images or labels of the other hospital, a
            network between hospitals; for tables and the report.
        options: its numbers by name.
        training_sets: which ones it is a repair of.
        augment: changes the slices of a training step at random. It takes one T1w, T2w and CE slice
            in network units, float32 (image, row, column) on the training's device, and returns as
            much; everything random comes from the generator. Where the units are bounded, the
            result is clipped to [-1, 1].
        train: begins a training that is not that of one state on all slices.
    """

    title: str
    needs: str
    options: Mapping[str, Option] = field(default_factory=dict)
    training_sets: Literal["all", "single", "pooled"] = "all"
    augment: Callable[[Tensor, Options, np.random.Generator], Tensor] | None = None
    train: Callable[[Start, Options], Begun] | None = None

    def applies_to(self, institutions: int) -> bool:
        """Whether a training set of so many institutions can be repaired in this way."""
        wanted = {"single": institutions == 1, "pooled": institutions > 1, "all": True}
        return wanted[self.training_sets]
