"""A patient as a row of a manifest: what can be checked without voxels, and reading the images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from gfce.cohort.bids import Patient
from gfce.cohort.conversions import Pending, states
from gfce.cohort.manifest import MASK, shown
from gfce.errors import UserError
from gfce.images.formats import read_layout
from gfce.images.layout import check_regular, extension
from gfce.images.masks import check_mask
from gfce.images.modalities import MODALITIES
from gfce.images.reading import read_image
from gfce.images.volumes import Image, orient

Row = Mapping[str, str]
"""A patient's institution and paths of images, by the columns of a manifest."""
PAIR = (".hdr", ".img")
"""Extensions of NIfTI in two files."""


def pending_row(patient_id: str, row: Row, folder: Path, label: int | None) -> Pending:
    """A patient to be imported from files below `folder`; masks have the tumour's `label`."""
    columns = [column for column in (*MODALITIES, MASK) if row[column]]
    files = {column: states(_files(folder / row[column])) for column in columns}
    made_of = [files, label if row[MASK] else None]
    read = partial(_read_row, patient_id, row, folder, label)
    return Pending(patient_id, row["institution"], made_of, read)


def check_files(row: Row, folder: Path, *, series: bool = False) -> str:
    """Check all files of a patient before any is read, because reading takes long.

    Paths are relative to `folder`, or absolute. With `series` a modality may be a folder with the
    DICOM files of one series.

    Returns:
        Who is imaged, as DICOM files say (empty: none do): to compare with others, never to be
        shown.

    Raises:
        UserError: one is no regular file of a known format with the header of a volume, or no such
            folder, or the series are of several patients.
    """
    people = set()
    for column in (name for name in (*MODALITIES, MASK) if row[name]):
        path = folder / row[column]
        try:
            if series and column != MASK and path.is_dir():
                people.add(_check_series(path))
            else:
                check_regular(path)
                read_layout(path)
        except UserError as error:
            raise UserError(f"{column}: {shown(row[column])}: {error}") from None
    if len(people) > 1:
        raise UserError(f"its DICOM folders are of {len(people)} patients: correct the paths")
    return people.pop() if people else ""


def _check_series(folder: Path) -> str:
    """Check a DICOM folder; give the patient of its files."""
    try:
        if not any(folder.iterdir()):
            raise UserError("is an empty folder: name an image, or a folder with a DICOM series")
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror}): correct that") from None
    from gfce.dicom.series_folder import only_series  # only DICOM pays for its library

    identity = only_series(folder).first.identity
    return f"{identity.issuer}\0{identity.patient_id}"


def _files(path: Path) -> Iterator[Path]:
    """All files of an image or of a folder."""
    if path.is_dir():
        from gfce.dicom.files import walk

        yield from walk(path)
        return
    yield path
    if extension(path) in PAIR:
        yield from (path.with_suffix(end) for end in PAIR)
    with suppress(UserError):
        yield read_layout(path).data


def _read_row(patient_id: str, row: Row, folder: Path, label: int | None, scratch: Path) -> Patient:
    """Read a patient's images; where one is a DICOM series, all have its order of axes (LPS)."""
    images: dict[str, Image] = {}
    sidecars: dict[str, Mapping[str, object]] = {}
    for modality in (name for name in MODALITIES if row[name]):
        path = folder / row[modality]
        if path.is_dir():
            try:
                images[modality], sidecars[modality] = _read_series(path, modality, row, scratch)
            except UserError as error:
                raise UserError(f"{modality}: {shown(row[modality])}: {error}") from None
        else:
            images[modality] = read_image(path)
            sidecars[modality] = {"InstitutionName": row["institution"]}
    tumour = _read_mask(folder / row[MASK], label) if row[MASK] else None
    if any((folder / row[modality]).is_dir() for modality in images):
        images = {modality: orient(image) for modality, image in images.items()}
        tumour = tumour and orient(tumour)
    return Patient(patient_id, row["institution"], images, sidecars, tumour)


def _read_series(
    path: Path, modality: str, row: Row, scratch: Path
) -> tuple[Image, Mapping[str, object]]:
    from gfce.dicom.choosing import Verdict
    from gfce.dicom.facts import facts_of
    from gfce.dicom.rules import read_rules
    from gfce.dicom.series_folder import read_series_folder
    from gfce.dicom.sidecars import sidecar

    series = read_series_folder(path, scratch)
    facts = facts_of(series.stack, read_rules(None))
    if modality == "ce" and facts.contrast == "other":
        raise UserError("its files name a contrast agent without gadolinium: correct the path")
    verdict = Verdict(series.stack, facts, MODALITIES[modality].title)
    return series.image, sidecar(verdict, row["institution"], None)


def _read_mask(path: Path, label: int | None) -> Image:
    """A tumour mask: of a label as voxels of 0 and 1, without one as the file has it."""
    image = read_image(path)
    mask = check_mask(image, path, label)
    return image if label is None else mask
