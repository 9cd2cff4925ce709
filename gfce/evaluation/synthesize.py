"""`gfce synthesize`: the synthetic CE volume of one patient from a trained cell's folder alone."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gfce import __version__
from gfce.errors import UserError
from gfce.evaluation.cautions import cautions
from gfce.evaluation.model_folder import ModelFolder
from gfce.evaluation.new_patient import NewPatient
from gfce.files import write_json
from gfce.images.alignment_table import facts
from gfce.images.arrays import Volume
from gfce.images.fitted_normalization import FittedNormalization
from gfce.images.modalities import INPUTS
from gfce.images.writing import SINGLE_FILES, write_image

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


def synthesize_patient(
    model: Path,
    t1w: Path,
    t2w: Path,
    output: Path,
    device: str | None = None,
    units: Units | None = None,
) -> None:
    """Write the synthetic CE of one patient on the T1w's own grid, and a sidecar JSON beside it.

    Args:
        model: folder of a trained cell.
        t1w: an image of any format that is read.
        t2w: an image on the same grid, or beside it as the model's `images.alignment` allows.
        output: image to write.
        device: where to compute (None: as run.json says).
        units: those of the intensities (None: t1w, where its normalization can be inverted).

    Raises:
        UserError: the output cannot have that name, or exists; the model or an image cannot be
            used; there is no such device. Nothing is written then.
    """
    sidecar = _sidecar_path(output)
    folder = ModelFolder.read(model)
    patient = NewPatient.read(t1w, t2w, folder.config.images)
    found = cautions(patient, folder.normalization)
    normalized = synthetic_volume(folder, patient, device)
    volume, units = _in_units(normalized, patient, folder.normalization, units)
    for caution in found:
        LOGGER.warning("warning: %s: unlike the training, do not trust the result", caution)
    # The sidecar first: a volume never lies there without what says that it is synthetic.
    write_json(_describe(folder, units, found) | _alignment(folder, patient), sidecar)
    try:
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
    from gfce.training.synthesis import synthesize

    settings, normalization = folder.config.training, folder.normalization
    torch_device = _device(device, settings.device)
    generator = folder.generator(torch_device)
    t1w, t2w = (
        normalization.to_network(patient.normalized(modality, normalization)) for modality in INPUTS
    )
    with reproducible(settings, int(folder.cell.seed), torch_device):
        output = synthesize(generator, t1w, t2w, settings.batch_size, settings.precision)
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


def _sidecar_path(output: Path) -> Path:
    """The sidecar of an image to write, of which neither may exist."""
    suffix = next((each for each in SINGLE_FILES if output.name.endswith(each)), None)
    if suffix is None or output.name == suffix:
        known = ", ".join(SINGLE_FILES)
        raise UserError(f"--output: name a file that ends in one of {known}")
    sidecar = output.with_name(output.name.removesuffix(suffix) + ".json")
    if output.exists():
        raise UserError("--output: exists already: name a new file")
    if sidecar.exists():
        raise UserError("--output: a .json of that name exists already: name a new file")
    return sidecar


def _describe(folder: ModelFolder, units: Units, found: list[str]) -> dict[str, Any]:
    return {
        "Description": DESCRIPTION,
        "Model": folder.label,
        "Cell": str(folder.cell),
        "GeneratedBy": [{"Name": "gfce", "Version": __version__}],
        "WeightsSHA256": folder.weights_sha256,
        "Units": units,
        "UnitsMeaning": MEANINGS[units],
        "Warnings": found,
    }


def _alignment(folder: ModelFolder, patient: NewPatient) -> dict[str, Any]:
    """How T2w came to the T1w's grid, where the model's patients were aligned."""
    how = folder.config.images.alignment
    return {} if how == "none" else {"Alignment": {"how": how, **facts(patient.placement)}}
