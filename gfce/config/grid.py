"""The section of the grid: networks, normalizations, training sets, seeds, repairs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gfce.config.section import Section
from gfce.config.values import (
    ArchitectureName,
    Identifier,
    MethodName,
    NormalizationName,
    Number,
    Seed,
    Whole,
    refuse_repeated,
    suggest,
)
from gfce.networks.discovery import architectures
from gfce.repairs.method import NONE


class Network(Section):
    """One network of the grid."""

    architecture: ArchitectureName | None = None
    """Which network: `mmgsn_net`, `unet`, `pix2pix` or one of your own (empty: the one that the
    entry's name says)."""
    width: Annotated[Whole, Field(ge=1, le=1024)] = 64
    """Feature maps of the first level (paper: 64; `mmgsn_net`: divisible by 8)."""
    norm_layer: Literal["instance", "batch"] = "instance"
    """Normalization layers: `instance` (each slice by itself, the same in training and inference)
    or `batch` (running statistics of the training slices are used in inference)."""


class Repair(Section):
    """One repair of the grid: what is done so that models work at other hospitals."""

    method: MethodName | None = None
    """Which repair of `gfce/repairs` (empty: the one that the entry's name says)."""
    options: dict[Identifier, Whole | Number] = {}
    """Its numbers, such as `{patients: 5}`; docs/repairs.md lists those of each method."""


class Grid(Section):
    """The axes whose every combination is a cell: one model to train."""

    networks: Annotated[dict[Identifier, Network], Field(min_length=1)] = {"mmgsn_net": Network()}
    """Networks by name."""
    normalizations: Annotated[list[NormalizationName], Field(min_length=1)] = ["min_max", "z_score"]
    """Intensity normalizations."""
    training_sets: dict[Identifier, Annotated[list[Identifier], Field(min_length=1)]] = {}
    """Named groups of development institutions to train on (empty: `uni-<institution>` for each
    and one of all of them, named `tri` for three and `pooled` for any other number)."""
    seeds: Annotated[list[Seed], Field(min_length=1)] = [1]
    """Seeds of training: initial weights and the order of the slices."""
    repairs: dict[Identifier, Repair] = {}
    """Repairs by name, beside the models without one: each is a further model of every training set
    that it can repair."""

    @model_validator(mode="after")
    def _no_axis_repeats_itself(self) -> Grid:
        for axis, values in (("normalizations", self.normalizations), ("seeds", self.seeds)):
            if len(set(values)) < len(values):
                raise ValueError(f"{axis}: the same value stands there twice: keep one")
        refuse_repeated(self.networks, "networks: network")
        refuse_repeated(self.training_sets, "training_sets: training set")
        refuse_repeated([NONE, *self.repairs], "repairs: repair")
        groups = [frozenset(institutions) for institutions in self.training_sets.values()]
        if len(set(groups)) < len(groups):
            raise ValueError("training_sets: two of them have the same institutions: keep one")
        for name, network in self.networks.items():
            known = architectures()
            if network.architecture is None and name not in known:
                raise ValueError(
                    f"networks.{name}: say which `architecture` it is" + suggest(name, known)
                )
        return self
