"""Small DICOM files as the scanners of three vendors write them; docs/dicom.md has the sources."""

# A table is read by its rows.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK
from cohorts import head
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    EnhancedMRImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    MRImageStorage,
    RLELossless,
    generate_uid,
)

from gfce.cohort.reading import read_dataset
from gfce.dicom.importing import import_dicom
from gfce.dicom.institutions import parse_institutions
from gfce.images.reading import read_image
from gfce.images.volumes import Image

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
GDCM = {JPEG2000Lossless: "JPEG2000", JPEGLosslessSV1: "JPEG"}


@dataclass(frozen=True)
class Place:
    """Where the slices of an array lie; a negative distance: the next slice is lower."""

    orientation: Sequence[float] = AXIAL
    position: Sequence[float] = (-15.0, -18.0, 30.0)
    spacing: tuple[float, float] = (1.5, 2.0)
    distance: float = 4.4

    @property
    def normal(self) -> NDArray[np.float64]:
        axes = np.array(self.orientation).reshape(2, 3)
        return np.cross(axes[0], axes[1])

    def of_slice(self, number: int) -> list[float]:
        return list(np.array(self.position) + number * self.distance * self.normal)

    def of_voxel(self, number: int, row: int, column: int) -> NDArray[np.float64]:
        """Equation C.7.6.2.1-1 of PS3.3."""
        axes = np.array(self.orientation).reshape(2, 3)
        down, right = self.spacing
        return np.array(self.of_slice(number)) + axes[0] * right * column + axes[1] * down * row


@dataclass(frozen=True)
class Series:
    """A series to be written: its array (slice, row, column), place and elements."""

    array: NDArray[Any]
    elements: dict[str, Any]
    place: Place = field(default_factory=Place)
    patient: str = "HOSP-0001"
    study: str = "1.2.826.0.1.3680043.8.498.1"
    number: int = 1
    syntax: UID = ExplicitVRLittleEndian
    uid: str = ""

    @property
    def series_uid(self) -> str:
        return self.uid or generate_uid(entropy_srcs=[self.study, str(self.number)])

    def but(self, **elements: Any) -> Series:
        """The same series with other elements."""
        return replace(self, elements={**self.elements, **elements})


def voxels(seed: int, slices: int = 6, rows: int = 24, columns: int = 20) -> NDArray[np.uint16]:
    """A head without any symmetry."""
    return head(seed, slices, rows, columns).astype(np.uint16)


def write(series: Series, folder: Path, name: str = "IM{:04d}") -> list[Path]:
    """Write a series as one file a slice."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, image in enumerate(series.array):
        dataset = _common(series, f"{number + 1}")
        dataset.InstanceNumber = number + 1
        dataset.SOPClassUID = MRImageStorage
        dataset.ImagePositionPatient = [round(x, 6) for x in series.place.of_slice(number)]
        dataset.ImageOrientationPatient = list(series.place.orientation)
        dataset.PixelSpacing = list(series.place.spacing)
        dataset.SpacingBetweenSlices = abs(series.place.distance)
        _set_pixels(dataset, image, series.syntax)
        _set_elements(dataset, series.elements)
        paths.append(save(dataset, folder / name.format(number + 1)))
    return paths


def write_enhanced(series: Series, path: Path, frames: dict[str, Any] | None = None) -> Path:
    """Write a series as one multi-frame file with functional groups.

    `frames` are elements by sequence that all frames share, such as the MR modifier's.
    """
    dataset = _common(series, "1")
    dataset.SOPClassUID = EnhancedMRImageStorage
    dataset.InstanceNumber = 1
    dataset.NumberOfFrames = len(series.array)
    _set_pixels(dataset, series.array, series.syntax)
    _set_elements(dataset, series.elements)
    shared = Dataset()
    for sequence, elements in (frames or {}).items():
        setattr(shared, sequence, [_dataset(elements)])
    shared.PixelMeasuresSequence = [
        _dataset(
            {
                "PixelSpacing": list(series.place.spacing),
                "SliceThickness": 4.0,
                "SpacingBetweenSlices": abs(series.place.distance),
            }
        )
    ]
    shared.PlaneOrientationSequence = [
        _dataset({"ImageOrientationPatient": list(series.place.orientation)})
    ]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [
        _frame(series, number) for number in range(len(series.array))
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    return save(dataset, path)


def save(dataset: Dataset, path: Path) -> Path:
    dataset.save_as(path, enforce_file_format=True)
    return path


def change(path: Path, **elements: Any) -> None:
    """Set elements of a file that has been written."""
    dataset = pydicom.dcmread(path)
    _set_elements(dataset, elements)
    dataset.save_as(path)


def siemens(description: str, **elements: Any) -> dict[str, Any]:
    """A Siemens TSE: one file a slice, ImageType with reconstruction steps, coded options."""
    return {
        "Manufacturer": "SIEMENS",
        "ManufacturerModelName": "Skyra",
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"],
        "SequenceVariant": ["SK", "SP"],
        "SequenceName": "*tse2d1_3",
        "ScanOptions": "PFP",
        **_spin_echo(description, **elements),
    }


def ge(description: str, **elements: Any) -> dict[str, Any]:
    """A GE FSE: options as private terms, the number of images in each file."""
    return {
        "Manufacturer": "GE MEDICAL SYSTEMS",
        "ManufacturerModelName": "DISCOVERY MR750w",
        "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
        "SequenceVariant": ["SK", "OSP"],
        "ScanOptions": ["FAST_GEMS", "SAT_GEMS", "TRF_GEMS"],
        "ImagesInAcquisition": 6,
        **_spin_echo(description, **elements),
    }


def philips(description: str) -> dict[str, Any]:
    """The top level of an enhanced Philips TSE: most parameters lie in functional groups."""
    return {
        "Manufacturer": "Philips Medical Systems",
        "ManufacturerModelName": "Ingenia",
        "ImageType": ["ORIGINAL", "PRIMARY", "T1", "NONE"],
        "EchoPulseSequence": "SPIN",
        "EchoPlanarPulseSequence": "NO",
        "MRAcquisitionType": "2D",
        "MagneticFieldStrength": 3.0,
        "SeriesDescription": description,
    }


def philips_frames(tr: float, te: float, suppression: str = "NONE") -> dict[str, Any]:
    """Functional groups that the frames of such a file share."""
    return {
        "MRTimingAndRelatedParametersSequence": {
            "RepetitionTime": tr,
            "FlipAngle": 90.0,
            "EchoTrainLength": 5,
        },
        "MREchoSequence": {"EffectiveEchoTime": te},
        "MRModifierSequence": {
            "InversionRecovery": "NO",
            "SpectrallySelectedSuppression": suppression,
        },
        "MRImageFrameTypeSequence": {"FrameType": ["ORIGINAL", "PRIMARY", "M_SE", "M"]},
    }


def usage(administered: str, phase: str) -> dict[str, Any]:
    """The Contrast/Bolus Usage macro (C.7.6.16.2.12)."""
    return {
        "ContrastBolusUsageSequence": {
            "ContrastBolusAgentNumber": 1,
            "ContrastBolusAgentAdministered": administered,
            "ContrastBolusAgentDetected": "",
            "ContrastBolusAgentPhase": phase,
        }
    }


def agent_sequence() -> list[Dataset]:
    """The Enhanced Contrast/Bolus Module (C.7.6.4b): one agent, with gadolinium."""
    agent = _dataset({"CodeValue": "C-B03CC", "CodingSchemeDesignator": "SRT"})
    agent.CodeMeaning = "Gadobutrol"
    agent.ContrastBolusAgentNumber = 1
    agent.ContrastBolusIngredientCodeSequence = [_dataset({"CodeMeaning": "Gadolinium"})]
    return [agent]


T1 = {"RepetitionTime": 600.0, "EchoTime": 11.0}
T2 = {"RepetitionTime": 4200.0, "EchoTime": 90.0}
AGENT = {"ContrastBolusAgent": "Gadovist", "ContrastBolusIngredient": "GADOLINIUM"}


def _spin_echo(description: str, **elements: Any) -> dict[str, Any]:
    return {
        "MRAcquisitionType": "2D",
        "ScanningSequence": "SE",
        "MagneticFieldStrength": 1.5,
        "FlipAngle": 150,
        "SliceThickness": 4.0,
        "SeriesDescription": description,
        **elements,
    }


def import_all(folder: Path, **options: Any) -> str:
    """Import `folder`/dicom into `folder`/data, everyone of institution North."""
    options = {"institution": parse_institutions("name=North"), **options}
    return import_dicom(
        folder / "dicom", folder / "data", key=folder / "private" / "key", **options
    )


def images_of(folder: Path) -> dict[str, Image]:
    """The images of an imported dataset of one patient."""
    [patient] = read_dataset(folder / "data")
    return {modality: read_image(paths[0]) for modality, paths in patient.files.items()}


def _common(series: Series, instance: str) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = series.syntax
    dataset.PatientID = series.patient
    dataset.PatientName = f"Doe^{series.patient}"
    dataset.PatientBirthDate = "19500101"
    dataset.PatientPosition = "HFS"
    dataset.Modality = "MR"
    dataset.StudyInstanceUID = series.study
    dataset.SeriesInstanceUID = series.series_uid
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[series.series_uid, instance])
    dataset.StudyDate = dataset.AcquisitionDate = "20200602"
    dataset.StudyTime = "080000"
    dataset.SeriesNumber = series.number
    return dataset


def _dataset(elements: dict[str, Any]) -> Dataset:
    dataset = Dataset()
    _set_elements(dataset, elements)
    return dataset


def _set_elements(dataset: Dataset, elements: dict[str, Any]) -> None:
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)


def _frame(series: Series, number: int) -> Dataset:
    frame = Dataset()
    position = [round(x, 6) for x in series.place.of_slice(number)]
    frame.PlanePositionSequence = [_dataset({"ImagePositionPatient": position})]
    content = {"StackID": "1", "InStackPositionNumber": number + 1, "TemporalPositionIndex": 1}
    frame.FrameContentSequence = [_dataset({**content, "DimensionIndexValues": [1, number + 1]})]
    return frame


def _set_pixels(dataset: Dataset, image: NDArray[Any], syntax: UID) -> None:
    dataset.Rows, dataset.Columns = image.shape[-2:]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    stored = image.astype(">u2" if syntax == ExplicitVRBigEndian else "<u2")
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW"
    if syntax == RLELossless:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.compress(RLELossless)
    elif syntax in GDCM:
        dataset["PixelData"] = _compressed(image, GDCM[syntax])["PixelData"]


def _compressed(image: NDArray[Any], compressor: str) -> Dataset:
    """The pixels as GDCM compresses them: pydicom alone writes no JPEG."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "image.dcm")
        writer = SimpleITK.ImageFileWriter()
        writer.SetImageIO("GDCMImageIO")
        writer.SetFileName(str(path))
        writer.UseCompressionOn()
        writer.SetCompressor(compressor)
        writer.Execute(SimpleITK.GetImageFromArray(image[None].astype(np.uint16)))
        return pydicom.dcmread(path)
