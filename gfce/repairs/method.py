"""What a way to repair the drop declares about itself: once, in a module of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

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


@dataclass(frozen=True)
class Learned:
    """What a repair has learned for the finished model of a cell.

    Attributes:
        run: what run.json says of it.
        fitted: what the model's normalization.json keeps of it, for `Method.at_test` (JSON).
    """

    run: Mapping[str, Any] = field(default_factory=dict)
    fitted: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Application:
    """A model, and the one patient that it is applied to.

    Attributes:
        generator: maps (t1w, t2w) to ce, in inference mode (torch.nn.Module).
        inputs: T1w and T2w by `t1w` and `t2w`, network units, float32 (slice, row, column).
        head: the patient's foreground, bool (slice, row, column).
        fitted: what `Method.learn` has fitted.
        training: the options of inference: batch_size and precision (gfce.config.Training).
    """

    generator: Any
    inputs: Mapping[str, Any]
    head: Any
    fitted: Mapping[str, Any]
    training: Any


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to make a model work at a hospital that it was not trained at.

    Attributes:
        title: a few words.
        needs: what it asks for beside the training set: images or labels of the other hospital, a
            network between hospitals; for tables and the report.
        options: its numbers by name.
        training_sets: which ones it is a repair of.
        norm_layer: the normalization layers that a network must have (None: any).
        begins_with_none: whether its model is the finished one of the same cell without a repair,
            which is trained no further on its training set.
        target_patients: the option that says how many patients of each external institution it
            learns from, which no model of the study is tested on then (None: it needs none).
        learn: what it does with that finished model (`gfce.training.finished.FinishedModel`) beside
            taking over its weights (None: nothing).
        at_test: what it does for each patient that the model is applied to, by the patient's inputs
            alone (None: nothing).
        passes: how often the network is applied to a patient, for estimates.
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
    norm_layer: Literal["instance", "batch"] | None = None
    begins_with_none: bool = False
    target_patients: str | None = None
    learn: Callable[[Any], Learned] | None = None
    at_test: Callable[[Application], Application] | None = None
    passes: int = 1
    augment: Callable[[Tensor, Options, np.random.Generator], Tensor] | None = None
    train: Callable[[Start, Options], Begun] | None = None

    def applies_to(self, institutions: int) -> bool:
        """Whether a training set of so many institutions can be repaired in this way."""
        wanted = {"single": institutions == 1, "pooled": institutions > 1, "all": True}
        return wanted[self.training_sets]

    def suits(self, norm_layer: str) -> bool:
        """Whether a network with these normalization layers can be repaired in this way."""
        return self.norm_layer in (None, norm_layer)
