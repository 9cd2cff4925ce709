"""`gfce synthesize`: the synthetic CE volume of one patient from a trained cell's folder alone."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gfce import __version__
from gfce.errors import UserError
from gfce.evaluation.applying import apply_model
from gfce.evaluation.cautions import cautions
from gfce.evaluation.model_folder import ModelFolder
from gfce.evaluation.new_patient import NewPatient
from gfce.evaluation.unlike import compare_with_training
from gfce.files import new_folder, write_json
from gfce.images.alignment_table import facts
from gfce.images.arrays import Volume
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.modalities import INPUTS
from gfce.images.writing import SINGLE_FILES, write_image
from gfce.repairs.method import Application
from gfce.study import method_of

LOGGER = logging.getLogger(__name__)

Units = Literal["normalized", "t1w"]
MEANINGS: dict[Units, str] = {
    "normalized": "normalized units of the model",
    "t1w": "arbitrary, like those of the T1w: absolute intensities of CE are not known",
}
"""What the units of a synthetic volume mean, for its sidecar."""
DESCRIPTION = (
    "Synthetic, not for diagnosis: contrast-enhanced T1w that a network made of T1w and T2w"
)

SERIES_DESCRIPTION = "synthetic CE, not for diagnosis"
"""What viewers show of a DICOM series."""


def synthesize_patient(
    model: Path,
    t1w: Path,
    t2w: Path,
    output: Path,
    device: str | None = None,
    units: Units | None = None,
    *,
    dicom: bool = False,
) -> None:
    """Write the synthetic CE of one patient on the T1w's own grid, and a sidecar JSON beside it.

    Args:
        model: folder of a trained cell.
        t1w: an image of any format that is read, or a folder with one DICOM series.
        t2w: an image or such a folder, on the same grid, or beside it as the model's
            `images.alignment` allows.
        output: image to write, or with `dicom` a new folder.
        device: where to compute (None: as run.json says).
        units: those of the intensities (None: t1w, where its normalization can be inverted).
        dicom: write a DICOM series of the T1w's study, which T1w has to be read from.

    Raises:
        UserError: the output cannot have that name, or exists; the model or an image cannot be
            used; there is no such device. Nothing is written then.
    """
    sidecar = _sidecar_path(output, dicom)
    if dicom and not t1w.is_dir():
        raise UserError(
            "--dicom-out: the series takes patient and study from T1w: give its DICOM folder as "
            "--t1w, or leave out --dicom-out"
        )
    folder = ModelFolder.read(model)
    patient = NewPatient.read(t1w, t2w, folder.config.images)
    compared = compare_with_training(patient, folder.fingerprint, folder.trained_on)
    found = [*cautions(patient, folder.normalization), *compared.unlike]
    normalized = synthetic_volume(folder, patient, device)
    volume, units = _in_units(normalized, patient, folder.normalization, units)
    for caution in found:
        LOGGER.warning("warning: %s: unlike the training, do not trust the result", caution)
    for note in compared.notes:
        LOGGER.warning("warning: %s", note)
    # The sidecar first: a volume never lies there without what says that it is synthetic.
    description = _describe(folder, units, [*found, *compared.notes], compared.not_compared)
    description |= _alignment(folder, patient)
    write_json(description, sidecar)
    try:
        if dicom:
            _write_dicom(patient, volume, description, output)
        else:
            write_image(patient.on_own_grid(volume), output)
    except BaseException:
        sidecar.unlink(missing_ok=True)
        raise


def synthetic_volume(folder: ModelFolder, patient: NewPatient, device: str | None = None) -> Volume:
    """The synthetic CE on the model's matrix: the array that `gfce predict` writes.

    Returns:
        Normalized units, float32 (slice, row, column).

    Raises:
        UserError: there is no such device, the weights are damaged, or the result is not finite.
    """
    from gfce.training.arithmetic import reproducible  # torch is slow to import

    settings, normalization = folder.config.training, folder.normalization
    torch_device = _device(device, settings.device)
    generator = folder.generator(torch_device)
    inputs = {
        modality: normalization.to_network(patient.normalized(modality, normalization))
        for modality in INPUTS
    }
    application = Application(generator, inputs, patient.head, folder.fitted, settings)
    with reproducible(settings, int(folder.cell.seed), torch_device):
        output = apply_model(method_of(folder.config, folder.cell), application)
    if not np.isfinite(output).all():
        raise UserError("--model: gives voxels that are not finite: copy its weights again")
    return normalization.from_network(output)


def _device(asked: str | None, trained_on: str) -> Any:
    from gfce.training.arithmetic import find_device

    try:
        return find_device(asked or trained_on)
    except UserError:
        raise UserError("--device: this machine has no usable GPU: give --device cpu") from None


def _in_units(
    normalized: Volume,
    patient: NewPatient,
    normalization: FittedNormalization,
    units: Units | None,
) -> tuple[Volume, Units]:
    """A volume in the units that are asked for, and their name."""
    if units == "normalized":
        return normalized, units
    restored = _restored(normalized, patient, normalization)
    if restored is not None:
        return restored, "t1w"
    if units == "t1w":
        raise UserError(
            f"--units t1w: {normalization.name} cannot be inverted for this T1w: "
            "give --units normalized"
        )
    LOGGER.warning("warning: %s cannot be inverted: units are normalized", normalization.name)
    return normalized, "normalized"


def _restored(
    normalized: Volume, patient: NewPatient, normalization: FittedNormalization
) -> Volume | None:
    """A normalized volume by the inverted map of the patient's T1w (None: it has no inverse)."""
    try:
        with np.errstate(all="ignore"):
            volume = normalization.restore("t1w", normalized, patient.statistics["t1w"])
    except NotImplementedError:  # of a normalization of the user's own
        return None
    return volume if np.isfinite(volume).all() else None


def _sidecar_path(output: Path, dicom: bool) -> Path:
    """The sidecar of an image or a folder to write, of which neither may exist."""
    suffix = next((each for each in SINGLE_FILES if output.name.endswith(each)), None)
    if dicom and suffix is not None:
        raise UserError(f"--output: ends in {suffix}: with --dicom-out name a folder")
    if not dicom and (suffix is None or output.name == suffix):
        known = ", ".join(SINGLE_FILES)
        raise UserError(
            f"--output: name a file that ends in one of {known}, or a folder with --dicom-out"
        )
    sidecar = output.with_name(output.name.removesuffix(suffix or "") + ".json")
    if output.exists():
        raise UserError("--output: exists already: name a new one")
    if sidecar.exists():
        raise UserError("--output: a .json of that name exists already: name a new one")
    return sidecar


def _write_dicom(
    patient: NewPatient, volume: Volume, description: dict[str, Any], output: Path
) -> None:
    """Write a volume of the model's matrix as a DICOM series of the T1w's study."""
    from gfce.dicom.derived_series import Derivation, write_derived_series

    warnings = "\n".join(description["Warnings"])
    model = "; ".join(f"{name} {description[name]}" for name in ("Model", "Cell", "WeightsSHA256"))
    derivation = Derivation(
        SERIES_DESCRIPTION,
        f"{DESCRIPTION}. {model}; units {description['UnitsMeaning']}",
        f"Warnings:\n{warnings}" if warnings else "",
        ("gfce", __version__),
    )
    sources = tuple(patient.series[modality] for modality in INPUTS if modality in patient.series)
    with new_folder(output) as folder:
        write_derived_series(patient.on_own_grid(volume), sources, derivation, folder)


def _describe(
    folder: ModelFolder, units: Units, found: list[str], not_compared: list[str]
) -> dict[str, Any]:
    return {
        "Description": DESCRIPTION,
        "Model": folder.label,
        "Cell": str(folder.cell),
        "GeneratedBy": [{"Name": "gfce", "Version": __version__}],
        "WeightsSHA256": folder.weights_sha256,
        "Units": units,
        "UnitsMeaning": MEANINGS[units],
        "Warnings": found,
        "NotCompared": not_compared,
    }


def _alignment(folder: ModelFolder, patient: NewPatient) -> dict[str, Any]:
    """How T2w came to the T1w's grid, where the model's patients were aligned."""
    how = folder.config.images.alignment
    return {} if how == "none" else {"Alignment": {"how": how, **facts(patient.placement)}}
