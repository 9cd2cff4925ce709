"""Why patients are unusable, in words that are the same everywhere.

A reason of exclusions.csv names the patient and files, whose names may say anything. What leaves a
hospital is one of these texts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

REASONS = {
    "a volume is missing": r"no (t1w|t2w|ce) volume|no folder in the dataset|no session",
    "several volumes, sessions or masks": r"\d+ (t1w|t2w|ce) volumes|\d+ sessions have|"
    r"\d+ tumour masks",
    "the volumes lie on different grids": r"lie on different grids|of T1w's field of view|"
    r"on the grid of no volume",
    "a volume has hardly any contrast, or outliers": r"every voxel is|its range is|"
    r"99% of its voxels (or more|are between)",
    "a volume has too few pixels": r"its axial slices have",
    "the tumour mask cannot be used": r"no voxel is tumour|no voxel of label|are tumour, over half|"
    r"give labels \(0|tumour mask (of|without a) session",
    "a file's name is not as BIDS has it": r"is not named|in the folder of session",
}
"""What the messages of `gfce index` have in common, for each reason."""
OTHER = "a file cannot be used"


def counted(messages: Iterable[str]) -> Counter[str]:
    """How many messages of exclusions.csv have which reason."""
    return Counter(reason(message) for message in messages)


def reason(message: str) -> str:
    """The reason that a message of exclusions.csv gives."""
    return next((name for name, words in REASONS.items() if re.search(words, message)), OTHER)
