"""The folder of a trained cell, which is all that synthesis of a new patient needs of a study."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gfce.config import StudyConfig, parse_config
from gfce.errors import UserError
from gfce.files import sha256
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.fitting import load_normalization, load_repair
from gfce.quality.fingerprint import Fingerprint, read_fingerprint
from gfce.study import Cell, find_cell, method_of, model_label
from gfce.study.results import FINGERPRINT, NORMALIZATION, RUN, WEIGHTS

OPTION = "--model"
"""What messages call the folder: its path is of the hospital's file system."""
MAX_BYTES = 10_000_000
"""The most that run.json may have: it lists the training patients."""


@dataclass(frozen=True)
class ModelFolder:
    """A trained cell as its folder describes it; the weights are not read yet.

    Attributes:
        folder: where the files lie.
        cell: which cell it is.
        config: the configuration that it was trained with, without paths.
        normalization: as fitted on the training patients.
        fitted: what the cell's repair has fitted beside it (empty: nothing).
        weights_sha256: checksum of the file of weights.
        fingerprint: what the training patients are like (None: the folder does not say).
        trained_on: how many patients the model was trained on (None: the folder does not say).
    """

    folder: Path
    cell: Cell
    config: StudyConfig
    normalization: FittedNormalization
    fitted: Mapping[str, Any]
    weights_sha256: str
    fingerprint: Fingerprint | None
    trained_on: int | None

    @classmethod
    def read(cls, folder: Path) -> ModelFolder:
        """Read and check a cell's folder, `results/<study>/models/<cell>`.

        Raises:
            UserError: the folder or a file in it is missing, damaged or of another cell; the cell
                has a model for each institution.
        """
        _check_files(folder)
        config, cell, trained_on = _read_run(folder / RUN)
        _check_one_model(config, cell)
        with _named(folder):
            normalization = load_normalization(folder / NORMALIZATION)
            fitted = load_repair(folder / NORMALIZATION)
            fingerprint = _read_fingerprint(folder / FINGERPRINT)
        if normalization.name != cell.normalization:
            raise UserError(
                f"{OPTION}: {NORMALIZATION} is of {normalization.name} and {RUN} of "
                f"{cell.normalization}: copy the files of one cell"
            )
        checksum = sha256(folder / WEIGHTS)
        return cls(folder, cell, config, normalization, fitted, checksum, fingerprint, trained_on)

    @property
    def label(self) -> str:
        """The model's name in tables, such as Tri-M."""
        return model_label(self.config, self.cell)

    def generator(self, device: Any) -> Any:
        """Read the generator (torch.nn.Module) onto a torch device, ready for synthesis.

        Raises:
            UserError: the weights are damaged, or are not those of this cell's network.
        """
        from gfce.training.weights import load_generator  # torch is slow to import

        path = self.folder / WEIGHTS
        with _named(self.folder):
            generator = load_generator(path, device)
        if _description(path) != {
            "network": self.config.network(self.cell.network).model_dump(mode="json"),
            "bounded": self.normalization.bounded,
        }:
            raise UserError(
                f"{OPTION}: {WEIGHTS} is of another network than {RUN} says: copy the files of "
                "one cell"
            )
        return generator


def _check_files(folder: Path) -> None:
    if not folder.is_dir():
        raise UserError(
            f"{OPTION}: no such folder: name the folder of a trained cell, "
            "results/<study>/models/<cell>"
        )
    for name in (RUN, NORMALIZATION, WEIGHTS):
        if not (folder / name).is_file():
            raise UserError(
                f"{OPTION}: has no {name}: name the folder of a trained cell, or copy all of it"
            )


def _check_one_model(config: StudyConfig, cell: Cell) -> None:
    """Refuse a cell of several models: of which hospital a new patient is, no folder says."""
    method = method_of(config, cell)
    if method and method.target_patients:
        raise UserError(
            f"{OPTION}: {cell.repair} has a model for each of {', '.join(config.cohort.external)}, "
            f"and none for other patients: name {cell.unrepaired}"
        )


def _read_fingerprint(path: Path) -> Fingerprint | None:
    """A study has it from a step of its own, so it may be missing."""
    try:
        return read_fingerprint(path)
    except FileNotFoundError:
        return None


def _read_run(path: Path) -> tuple[StudyConfig, Cell, int | None]:
    """The configuration and the cell of a run.json, which holds no paths."""
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(MAX_BYTES))
        described, cell = content["config"], Cell(**content["cell"])
        # A bundle says how many there were, and not who.
        patients = content.get("patients")
        trained_on = content.get("n_patients") if patients is None else len(patients)
        # The dataset is not there and not needed; a configuration must name one.
        described["cohort"]["dataset"] = "data"
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"{OPTION}: {RUN} is damaged: copy it again") from None
    try:
        config = parse_config(described, RUN)
        return config, find_cell(config, str(cell)), trained_on
    except UserError as error:
        raise UserError(f"{OPTION}: {RUN} is damaged or of another version: {error}") from None


def _description(path: Path) -> Any:
    """The network's options and `bounded` of a file of weights that has been read before."""
    from safetensors import safe_open

    from gfce.training.weights import KEY

    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()[KEY])


@contextmanager
def _named(folder: Path) -> Iterator[None]:
    """Name the folder by its option in messages, not by its path."""
    try:
        yield
    except UserError as error:
        text = str(error).replace(f"{folder}/", "").replace(str(folder), "the folder")
        raise UserError(f"{OPTION}: {text}") from None
