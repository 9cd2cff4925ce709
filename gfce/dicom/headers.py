"""What is read of one DICOM file: no pixel, and nothing that is not needed.

Classic images (PS3.3, C.8.3) and enhanced multi-frame images (C.8.13), whose values lie in
functional groups, give the same `Header`. Identifying values are kept apart in `Identity`; they
never leave this package but as pseudonyms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    LegacyConvertedEnhancedMRImageStorage,
    MRImageStorage,
)

from gfce.dicom import tags
from gfce.dicom.acquisitions import Acquisition, classic_acquisition, enhanced_acquisition
from gfce.dicom.files import (
    BROKEN,
    NO_IDENTITY,
    OTHER_OBJECT,
    Unusable,
    has_preamble,
    is_whole,
    open_file,
)
from gfce.dicom.frames import Frame, classic_frames, enhanced_frames
from gfce.dicom.keywords import KEYWORDS
from gfce.dicom.quiet import quietly

ENHANCED = (EnhancedMRImageStorage, LegacyConvertedEnhancedMRImageStorage)


@dataclass(frozen=True)
class Identity:
    """Who is imaged, and when: for grouping and for pseudonyms, never for output."""

    patient_id: str = field(repr=False)
    issuer: str = field(repr=False)
    names: frozenset[str] = field(repr=False)
    """Parts of the patient's names and ids, in lower case."""
    birth_date: str = field(repr=False)
    sex: str = field(repr=False)
    institution: str = field(repr=False)
    """InstitutionName (0008,0080)."""
    study_day: int | None = field(repr=False)


@dataclass(frozen=True)
class Header:
    """A file with one or more images of one series."""

    path: Path = field(repr=False)
    identity: Identity
    study_uid: str
    series_uid: str
    instance_uid: str
    series_number: int | None
    description: str = field(repr=False)
    """SeriesDescription, free text: only words that a rule names may be shown."""
    rows: int
    columns: int
    samples: int
    photometric: str
    annotated: bool
    """Whether text has been burned into the pixels, which may name the patient."""
    transfer_syntax: str
    preamble: bool
    whole: bool
    """Whether the file holds all of its pixels."""
    pixels_at: int
    """Where in the file the pixel data begin."""
    frames: tuple[Frame, ...]
    acquisition: Acquisition
    images_in_acquisition: int | None

    @property
    def compressed(self) -> bool:
        """Whether the pixels, or the whole dataset, are compressed."""
        return _is_compressed(self.transfer_syntax)

    @property
    def deflated(self) -> bool:
        """Whether the whole dataset is compressed (PS3.5, A.5)."""
        return self.transfer_syntax == DeflatedExplicitVRLittleEndian


def read_header(path: Path) -> Header:
    """Read the header of a file.

    Raises:
        Unusable: it holds no MR image that can be told whose it is.
    """
    with open_file(path) as file, quietly():
        preamble = has_preamble(file)
        dataset = _read(file, preamble)
        if tags.text(dataset, "SOPClassUID") not in (MRImageStorage, *ENHANCED):
            raise Unusable(OTHER_OBJECT if "SOPClassUID" in dataset else BROKEN)
        try:
            return _header(path, file, dataset, preamble)
        except Unusable:
            raise
        except Exception:
            raise Unusable(BROKEN) from None


def read_all(header: Header) -> FileDataset:
    """Read a file with its pixels, to be used within `quietly` as long as the dataset is.

    Raises:
        Exception: whatever a broken file does to pydicom.
    """
    dataset = pydicom.dcmread(header.path, force=not header.preamble)
    if not header.transfer_syntax:
        # Only the meta information before a dataset says it, and it may be lost.
        implicit, _ = dataset.original_encoding
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        )
    return dataset


def read_elements(file: Path | BinaryIO, preamble: bool, keywords: Iterable[str]) -> FileDataset:
    """Read the elements of these keywords alone, as `read_all` reads them all.

    Raises:
        Exception: whatever a broken file does to pydicom.
    """
    return pydicom.dcmread(
        file, force=not preamble, stop_before_pixels=True, specific_tags=list(keywords)
    )


def _read(file: BinaryIO, preamble: bool) -> FileDataset:
    try:
        return read_elements(file, preamble, KEYWORDS)
    except Exception:  # whatever a broken file does to the parser
        raise Unusable(BROKEN) from None


def _header(path: Path, file: BinaryIO, dataset: FileDataset, preamble: bool) -> Header:
    uids = [tags.text(dataset, f"{level}InstanceUID") for level in ("Study", "Series", "SOP")]
    identity = _identity(dataset)
    if not all(uids) or not identity.patient_id:
        raise Unusable(NO_IDENTITY)
    enhanced = tags.text(dataset, "SOPClassUID") in ENHANCED
    frames = enhanced_frames(dataset) if enhanced else classic_frames(dataset)
    acquisition = enhanced_acquisition(dataset) if enhanced else classic_acquisition(dataset)
    syntax = tags.text(getattr(dataset, "file_meta", Dataset()), "TransferSyntaxUID")
    pixels_at = 0 if syntax == DeflatedExplicitVRLittleEndian else file.tell()
    return Header(
        path=path,
        identity=identity,
        study_uid=uids[0],
        series_uid=uids[1],
        instance_uid=uids[2],
        series_number=_whole(dataset, "SeriesNumber"),
        description=tags.text(dataset, "SeriesDescription"),
        rows=_whole(dataset, "Rows") or 0,
        columns=_whole(dataset, "Columns") or 0,
        samples=_whole(dataset, "SamplesPerPixel") or 1,
        photometric=tags.text(dataset, "PhotometricInterpretation"),
        annotated=tags.text(dataset, "BurnedInAnnotation").upper() == "YES",
        transfer_syntax=syntax,
        preamble=preamble,
        whole=_has_pixels(path, file, dataset, syntax, len(frames)),
        pixels_at=pixels_at,
        frames=frames,
        acquisition=acquisition,
        images_in_acquisition=_whole(dataset, "ImagesInAcquisition"),
    )


def _identity(dataset: Dataset) -> Identity:
    fields = ("PatientName", "PatientID", "OtherPatientNames", "OtherPatientIDs")
    words = (re.split(r"[^\w]+", tags.text(dataset, name).casefold()) for name in fields)
    return Identity(
        patient_id=tags.text(dataset, "PatientID"),
        issuer=tags.text(dataset, "IssuerOfPatientID"),
        names=frozenset(part for parts in words for part in parts if len(part) > 1),
        birth_date=tags.text(dataset, "PatientBirthDate"),
        sex=tags.text(dataset, "PatientSex"),
        institution=tags.text(dataset, "InstitutionName"),
        study_day=tags.day(tags.text(dataset, "StudyDate")),
    )


def _has_pixels(path: Path, file: BinaryIO, dataset: FileDataset, syntax: str, frames: int) -> bool:
    if syntax == DeflatedExplicitVRLittleEndian:
        # Inflating has read it to its end; how many pixels there are is seen when it is converted.
        return True
    bits = _whole(dataset, "BitsAllocated") or 0
    pixels = (_whole(dataset, "Rows") or 0) * (_whole(dataset, "Columns") or 0) * frames
    samples = _whole(dataset, "SamplesPerPixel") or 1
    implicit, little = dataset.original_encoding
    return is_whole(
        file,
        implicit=bool(implicit) or syntax == ImplicitVRLittleEndian,
        little=bool(little),
        expected=None if _is_compressed(syntax) else pixels * samples * bits // 8,
    )


def _is_compressed(syntax: str) -> bool:
    """Whether pixels are compressed; in a syntax that pydicom does not know they may be."""
    try:
        return bool(syntax) and UID(syntax).is_compressed
    except ValueError:
        return True


def _whole(dataset: Dataset, keyword: str) -> int | None:
    number = tags.number(dataset, keyword)
    return None if number is None else int(number)
