"""What a bundle and the rows that come back consist of, and what of a study may leave the house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gfce.config import StudyConfig
from gfce.study import Cell
from gfce.study.results import NORMALIZATION, RUN, WEIGHTS

FORMAT = 1
MANIFEST, CONFIG, CARD = "manifest.json", "config.json", "MODEL_CARD.md"
MODEL_FILES = (WEIGHTS, NORMALIZATION, RUN)
"""The files of a cell in a bundle: with them its folder is one that `gfce synthesize` takes. Of a
study that has it, `FINGERPRINT` is a further one."""

SECTIONS = ("study", "seed", "images", "grid", "training", "evaluation", "statistics")
COHORT = ("development", "external", "training_patients", "pooled_patients", "mask_label")
"""Keys of the configuration that go with a bundle. Those that are left out, and any that come
later, may name patients or places."""


def shareable(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration's content without paths and without anything about single patients."""
    cohort = {key: config["cohort"][key] for key in COHORT if key in config["cohort"]}
    return {key: config[key] for key in SECTIONS if key in config} | {"cohort": cohort}


def shareable_run(run: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a run.json with the number of training patients in place of their ids."""
    content = {key: value for key, value in run.items() if key != "patients"}
    counted = {"n_patients": len(run["patients"])}
    return {**content, **counted, "config": shareable(run["config"])}


def member(cell: Cell, name: str) -> str:
    """What a file of a cell is called in a bundle."""
    return f"models/{cell}/{name}"


def public(config: StudyConfig) -> dict[str, Any]:
    """`shareable` of a configuration that was read."""
    return shareable(config.model_dump(mode="json"))
