"""Where things lie in a BIDS dataset (BIDS 1.10, Gorgolewski et al., Sci Data 2016)."""

from __future__ import annotations

from pathlib import Path

DESCRIPTION = "dataset_description.json"
PARTICIPANTS = "participants.tsv"
MASKS = Path("derivatives", "masks")
"""The derivative dataset with tumour masks, because raw BIDS holds no masks."""
