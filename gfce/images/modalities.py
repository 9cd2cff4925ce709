"""The modalities of a study: the inputs T1w and T2w, and the target CE (contrast-enhanced T1w)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Modality:
    """One of the three volumes of a patient."""

    title: str
    """Its short name in figures and messages."""
    full_title: str
    """Its name with the weighting of the sequence, as in figure 1."""
    suffix: str
    """The end of its file's name in a BIDS dataset."""
    is_input: bool
    """Whether networks read it; they synthesise the one that is no input."""


MODALITIES: Mapping[str, Modality] = MappingProxyType(
    {
        "t1w": Modality("T1w", "T1w", "T1w", is_input=True),
        "t2w": Modality("T2w", "T2w", "T2w", is_input=True),
        "ce": Modality("CE", "CE-T1w", "ce-gadolinium_T1w", is_input=False),
    }
)
"""Every modality by the name that it has in tables, manifests and the store, inputs first."""

INPUTS = tuple(name for name, modality in MODALITIES.items() if modality.is_input)
"""The names of the modalities that a network synthesises CE from."""
