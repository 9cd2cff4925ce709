"""A bundle at the hospital that evaluates it: verified as a whole, then unpacked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gfce import __version__
from gfce.config import StudyConfig, parse_config
from gfce.errors import UserError
from gfce.exchange.archive import DAMAGED, Archive, opened
from gfce.exchange.contents import (
    CARD,
    CONFIG,
    FORMAT,
    MANIFEST,
    MODEL_FILES,
    member,
)
from gfce.files import sha256
from gfce.provenance.reasons import difference
from gfce.provenance.records import Recipe
from gfce.provenance.remote import parse_recipe, scoring_recipe
from gfce.study import Cell, Results, find_cell
from gfce.study.results import FINGERPRINT, NORMALIZATION, WEIGHTS

RESULTS, DATASET = "results", "data"
"""Places that a configuration must name and a bundle has not."""


@dataclass(frozen=True)
class BundledCell:
    """What a bundle says of a cell besides its files.

    Attributes:
        recipe: what scores of the model are made of.
        mean_ce: mean CE intensity of the training set, in normalized units.
    """

    recipe: Recipe
    mean_ce: float


@dataclass(frozen=True)
class ReceivedBundle:
    """A bundle whose checksums are right, and whose models are scored here as in their study.

    Attributes:
        path: the file.
        sha256: its checksum.
        config: the study's configuration; places in it mean nothing.
        cells: the cells in it.
    """

    path: Path
    sha256: str
    config: StudyConfig
    cells: Mapping[Cell, BundledCell]

    @classmethod
    def read(cls, path: Path) -> ReceivedBundle:
        """Read and verify a bundle.

        Raises:
            UserError: it is not there, is damaged, was changed or packed anew, or was made by a
                version of gfce that scores otherwise.
        """
        with opened(path) as archive:
            manifest = archive.read_json(MANIFEST)
            if manifest.get("format") != FORMAT:
                raise UserError(f"was made by another version of gfce than {__version__}")
            _check_members(archive, manifest)
            config = _config(archive.read_json(CONFIG))
            cells = _cells(config, manifest)
            expected = {member(cell, name) for cell in cells for name in MODEL_FILES}
            possible = {member(cell, FINGERPRINT) for cell in cells}
            if archive.names - possible != {MANIFEST, CONFIG, CARD} | expected:
                raise UserError(DAMAGED)
            for cell, bundled in cells.items():
                _check_code(config, cell, bundled.recipe, str(manifest.get("gfce")))
                _check_model(cell, bundled.recipe, manifest["members"])
        return cls(path, sha256(path), config, cells)

    def unpack(self, results: Results) -> None:
        """Write the models where a study has them.

        Raises:
            UserError: the file was changed meanwhile.
        """
        with opened(self.path) as archive:
            for cell in self.cells:
                for name in MODEL_FILES:
                    archive.copy(member(cell, name), results.model(cell) / name)
        if sha256(self.path) != self.sha256:
            raise UserError(f"{self.path.name}: was changed meanwhile: begin again")


def _check_members(archive: Archive, manifest: Mapping[str, Any]) -> None:
    """Every member is listed, and has the content that the list says."""
    listed = manifest.get("members")
    if not isinstance(listed, dict) or archive.names != {MANIFEST, *listed}:
        raise UserError(DAMAGED)
    for name, expected in listed.items():
        if archive.sha256(name) != expected:
            raise UserError(f"{name} is not as it was written: ask for the bundle again")


def _config(content: dict[str, Any]) -> StudyConfig:
    cohort = content.get("cohort")
    if not isinstance(cohort, dict):
        raise UserError(DAMAGED)
    complete = {**content, "results": RESULTS, "cohort": {**cohort, "dataset": DATASET}}
    return parse_config(complete, CONFIG)


def _cells(config: StudyConfig, manifest: Mapping[str, Any]) -> dict[Cell, BundledCell]:
    try:
        return {
            find_cell(config, name): BundledCell(
                parse_recipe(each["recipe"]), float(each["mean_ce"])
            )
            for name, each in manifest["cells"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError(DAMAGED) from None


def _check_code(config: StudyConfig, cell: Cell, recipe: Recipe, version: str) -> None:
    """Refuse to score by other code or settings than the study does."""
    here = scoring_recipe(config, cell, recipe.inputs)
    if changed := difference("evaluate", recipe, here):
        raise UserError(
            f"was made by gfce {version[:20]}, and {__version__} scores otherwise ({changed}): "
            "install that version"
        )


def _check_model(cell: Cell, recipe: Recipe, members: Mapping[str, str]) -> None:
    """The files are those that the recipe is about."""
    present = {name: members[member(cell, name)] for name in (WEIGHTS, NORMALIZATION)}
    if recipe.inputs != present:
        raise UserError(DAMAGED)
