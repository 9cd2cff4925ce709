"""A volume on a series' grid becomes a DICOM series of the same study: classic MR images.

What the patient and the study are called is copied from the series, so that viewers show both side
by side; nothing else of the hospital is. How the source was acquired is not copied: the images were
not acquired. Sources: DICOM PS3.3, A.4.3 (MR Image IOD), C.7.6.1.1.2 to C.7.6.1.1.4 (ImageType,
derivation, source images), C.8.3.1 (MR Image Module), C.11.1 (rescaling), C.11.2 (window); PS3.5,
B.2 (UIDs of UUIDs).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pydicom.valuerep import format_number_as_ds

from gfce.dicom import tags
from gfce.dicom.checking import plane_of
from gfce.dicom.headers import Header, read_elements
from gfce.dicom.quiet import quietly
from gfce.dicom.stacks import Slice, Stack
from gfce.errors import UserError
from gfce.images.volumes import Image, to_array

PATIENT_AND_STUDY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyInstanceUID", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID"),
    "AccessionNumber",
)
"""Elements that must be there, empty where the source lacks them (types 1 and 2)."""
AS_THEY_ARE = (
    *("SpecificCharacterSet", "TimezoneOffsetFromUTC", "IssuerOfPatientID"),
    *("PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence"),
    *("StudyDescription", "BodyPartExamined", "PatientPosition", "FrameOfReferenceUID"),
    *("AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime"),
    *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"),
)
"""Elements that are copied where the source has them."""
COPIED = ("SOPClassUID", "SOPInstanceUID", *PATIENT_AND_STUDY, *AS_THEY_ARE)
"""Elements that are read of a source."""
NOT_ACQUIRED: dict[str, Any] = {
    "ScanningSequence": "RM",
    "SequenceVariant": "NONE",
    "ScanOptions": None,
    "MRAcquisitionType": None,
    "RepetitionTime": None,
    "EchoTime": None,
    "EchoTrainLength": None,
}
"""The MR Image Module of what no scanner made: RM is `research mode`."""
STORED = (-32768, 32767)
"""What 16 bits with sign hold."""
FINE = 1000.0
"""Range of intensities from which rounding them to whole numbers loses nothing that is seen."""
WINDOW_PERCENTILES = (1.0, 99.5)
"""Of the volume: what is black and what is white in a viewer."""
SERIES_OFFSET = 1000
"""How much larger the number of the series is than its source's."""
SAME_PLACE_MM = 0.1
"""Images whose centres are closer than this show the same slice."""
UID_ROOT = "2.25."
"""UIDs below it are UUIDs as decimal numbers (PS3.5, B.2)."""


@dataclass(frozen=True)
class Derivation:
    """What is said of a derived series.

    Attributes:
        series: SeriesDescription, up to 64 characters.
        description: DerivationDescription, up to 1024 characters.
        comments: ImageComments.
        maker: the program (Manufacturer) and its version.
    """

    series: str
    description: str
    comments: str
    maker: tuple[str, str]


@dataclass(frozen=True)
class _Scale:
    """Intensity = stored value * slope + intercept, both as DICOM's decimal strings hold them."""

    slope: float
    intercept: float

    @classmethod
    def of(cls, low: float, high: float) -> _Scale:
        """The map for intensities from `low` to `high`.

        Stored values are intensities wherever they can be: the MR Image IOD has no rescaling, and
        some viewers pass over it.
        """
        if STORED[0] <= low and high <= STORED[1] and high - low >= FINE:
            return cls(1.0, 0.0)
        slope = (high - low) / STORED[1] or 1.0
        return cls(_as_written(slope), _as_written(low))

    @property
    def elements(self) -> dict[str, str]:
        """The Modality LUT Module (none: stored values are intensities)."""
        if (self.slope, self.intercept) == (1.0, 0.0):
            return {}
        slope, intercept = _decimal(self.slope), _decimal(self.intercept)
        return {"RescaleSlope": slope, "RescaleIntercept": intercept, "RescaleType": "US"}

    def stored(self, plane: NDArray[np.float32]) -> NDArray[np.int16]:
        values = np.rint((plane.astype(np.float64) - self.intercept) / self.slope)
        return np.clip(values, *STORED).astype("<i2")


def write_derived_series(
    volume: Image, sources: tuple[Stack, ...], derivation: Derivation, folder: Path
) -> None:
    """Write a volume as DICOM files, one a slice, into a folder that exists.

    UIDs follow from what is written: the same series twice has the same, and another has others.

    Args:
        volume: finite intensities on the grid of the first source.
        sources: the series that it was made from; the first gives slices, patient and study.
        derivation: what is said of it.
        folder: where files are written, named by their order along the slices' normal.

    Raises:
        UserError: a file of a source cannot be read any more.
        OSError: a file cannot be written.
    """
    array = to_array(volume)
    scale = _Scale.of(float(array.min()), float(array.max()))
    planes = [
        scale.stored(plane_of(volume, array, one.frame, one.header)) for one in sources[0].slices
    ]
    datasets = _Headers()
    common = _common(datasets.of(sources[0].first), sources[0], derivation)
    common.update(_intensities(array, scale))
    common.SeriesInstanceUID = _series_uid(sources, derivation, scale, planes)
    if not common.get("FrameOfReferenceUID"):
        common.FrameOfReferenceUID = _uid(common.SeriesInstanceUID, "frame of reference")
    centres = [(one, one.corners.mean(axis=0)) for stack in sources for one in stack.slices]
    for number, (one, plane) in enumerate(zip(sources[0].slices, planes, strict=True), start=1):
        dataset = _image(common, one, plane, number)
        dataset.SourceImageSequence = [
            _reference(source, datasets.of(source.header))
            for source, centre in centres
            if np.linalg.norm(centre - one.corners.mean(axis=0)) < SAME_PLACE_MM
        ]
        with quietly():
            dataset.save_as(folder / f"{number:05d}.dcm", enforce_file_format=True)


class _Headers:
    """The elements that are copied, of each file of the sources."""

    def __init__(self) -> None:
        self._read: dict[Path, Dataset] = {}

    def of(self, header: Header) -> Dataset:
        if header.path not in self._read:
            with quietly():
                try:
                    elements = read_elements(header.path, header.preamble, COPIED)
                except Exception:  # whatever a broken file does to the parser
                    raise UserError(
                        "a DICOM file cannot be read any more: do not change them meanwhile"
                    ) from None
            self._read[header.path] = elements
        return self._read[header.path]


def _common(source: Dataset, stack: Stack, derivation: Derivation) -> Dataset:
    """What all images of the series share, but for their intensities and UIDs."""
    dataset = Dataset()
    with quietly():
        for keyword in (*PATIENT_AND_STUDY, *AS_THEY_ARE):
            if keyword in source:
                dataset[keyword] = source[keyword]
            elif keyword in PATIENT_AND_STUDY:
                setattr(dataset, keyword, None)
    if "BodyPartExamined" not in dataset:
        dataset.Laterality = None  # type 2C: nobody knows whether the part is a paired one
    dataset.SOPClassUID = MRImageStorage
    dataset.Modality = "MR"
    dataset.SeriesNumber = SERIES_OFFSET + max(stack.first.series_number or 0, 0)
    dataset.SeriesDescription = derivation.series
    dataset.PositionReferenceIndicator = None
    dataset.Manufacturer, dataset.SoftwareVersions = derivation.maker
    dataset.ImageType = ["DERIVED", "SECONDARY", "OTHER", "SYNTHETIC"]
    dataset.DerivationDescription = derivation.description
    if derivation.comments:
        dataset.ImageComments = derivation.comments
    dataset.ContentQualification = "RESEARCH"
    dataset.BurnedInAnnotation = "NO"
    for keyword, value in NOT_ACQUIRED.items():
        setattr(dataset, keyword, value)
    thickness = stack.acquisition.thickness_mm
    dataset.SliceThickness = None if thickness is None else _decimal(thickness)
    dataset.SpacingBetweenSlices = _decimal(round(stack.slice_distance_mm, 6))
    return dataset


def _intensities(array: NDArray[np.float32], scale: _Scale) -> Dataset:
    """How pixels are stored, and the window to begin with."""
    low, high = (float(value) for value in np.percentile(array, WINDOW_PERCENTILES))
    dataset = Dataset()
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 1
    for keyword, value in scale.elements.items():
        setattr(dataset, keyword, value)
    dataset.WindowCenter = _decimal((low + high) / 2)
    dataset.WindowWidth = _decimal(high - low or scale.slope)
    # LINEAR, the default, needs a width of at least 1.
    dataset.VOILUTFunction = "LINEAR_EXACT"
    return dataset


def _image(common: Dataset, one: Slice, plane: NDArray[np.int16], number: int) -> Dataset:
    """One image of the series, without its sources."""
    dataset = Dataset()
    dataset.update(common)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.InstanceNumber = number
    dataset.SOPInstanceUID = _uid(common.SeriesInstanceUID, str(number))
    dataset.ImagePositionPatient = _decimals(one.frame.position)
    dataset.ImageOrientationPatient = _decimals(one.frame.orientation)
    dataset.PixelSpacing = _decimals(one.frame.spacing)
    dataset.Rows, dataset.Columns = plane.shape
    dataset.PixelData = plane.tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


def _reference(source: Slice, header: Dataset) -> Dataset:
    purpose = Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator = "121322", "DCM"
    purpose.CodeMeaning = "Source image for image processing operation"
    reference = Dataset()
    reference.ReferencedSOPClassUID = tags.text(header, "SOPClassUID")
    reference.ReferencedSOPInstanceUID = source.header.instance_uid
    if len(source.header.frames) > 1:
        reference.ReferencedFrameNumber = source.number
    reference.PurposeOfReferenceCodeSequence = [purpose]
    return reference


def _series_uid(
    sources: Iterable[Stack],
    derivation: Derivation,
    scale: _Scale,
    planes: Iterable[NDArray[np.int16]],
) -> str:
    content = hashlib.sha256()
    for plane in planes:
        content.update(plane.tobytes())
    uids = [stack.first.series_uid for stack in sources]
    return _uid(*uids, repr(derivation), repr(scale), content.hexdigest())


def _uid(*parts: str) -> str:
    """A UID by a name-based UUID (RFC 9562, version 5)."""
    return UID_ROOT + str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(parts)).int)


def _decimal(number: float) -> str:
    """A number as a decimal string of at most 16 characters (PS3.5, 6.2)."""
    return format_number_as_ds(float(number))


def _decimals(numbers: Iterable[float] | None) -> list[str]:
    return [_decimal(number) for number in numbers or ()]


def _as_written(number: float) -> float:
    return float(_decimal(number))
