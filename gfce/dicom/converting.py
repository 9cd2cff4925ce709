"""A stack of files becomes an image: dcm2niix converts, and what it gives is checked.

Source: Li et al., J Neurosci Methods 2016, doi 10.1016/j.jneumeth.2016.03.001; the options are
those of `dcm2niix -h`. Its output is never shown: it repeats names of files and of patients.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from gfce.dicom.checking import check_image
from gfce.dicom.headers import Header, read_all
from gfce.dicom.quiet import quietly
from gfce.dicom.stacks import Stack
from gfce.errors import UserError
from gfce.images.reading import read_image
from gfce.images.volumes import Image, orient

OPTIONS = {
    "-g": "i",  # no defaults file of the user's
    "-b": "n",  # no sidecar: ours is an allow-list
    "-ba": "y",
    "-f": "image",
    "-z": "n",
    "-i": "n",  # rules have chosen the series already
    "-m": "y",  # one volume of whatever differs: it has been checked
    "-x": "i",  # neither crop nor rotate 3D acquisitions
    "-p": "n",  # intensities by RescaleSlope, as other programs show them: not by private elements
    "-l": "o",  # integers as they are
}
TIMEOUT_S = 900
REWRITTEN = (
    *("SOPClassUID", "SOPInstanceUID", "Modality", "SeriesNumber", "InstanceNumber", "ImageType"),
    *("SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated"),
    *("BitsStored", "HighBit", "PixelRepresentation", "PixelSpacing", "ImagePositionPatient"),
    *("ImageOrientationPatient", "SliceThickness", "SpacingBetweenSlices", "RescaleSlope"),
    *("RescaleIntercept", "NumberOfFrames", "SharedFunctionalGroupsSequence"),
    *("PerFrameFunctionalGroupsSequence", "PixelData"),
)
"""All that a rewritten file holds."""


def convert(stack: Stack, folder: Path) -> Image:
    """The image of a stack, its axes turned to LPS without interpolation.

    What is written on the way lies in a temporary folder below `folder`: links to the files, and
    copies without names of those that dcm2niix does not read.

    Raises:
        UserError: dcm2niix fails, or gives another volume than the files are.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=".convert-") as temporary:
        source, target = Path(temporary, "dicom"), Path(temporary, "nifti")
        source.mkdir()
        target.mkdir()
        for number, header in enumerate(stack.headers):
            _stage(header, source / f"{number:06d}.dcm")
        _run(source, target, stack)
        images = sorted(target.glob("*.nii"))
        if len(images) != 1:
            raise UserError(f"dcm2niix makes {len(images)} volumes of it: leave it out")
        image = read_image(images[0])
    image = orient(image)
    check_image(image, stack)
    return image


def _stage(header: Header, path: Path) -> None:
    if header.preamble and not header.deflated:
        try:
            path.symlink_to(header.path.resolve())
            return
        except OSError:  # a file system without links
            pass
    _rewrite(header, path)


def _rewrite(header: Header, path: Path) -> None:
    """Write a file that dcm2niix reads, with the elements that it needs and no others."""
    with quietly():
        try:
            dataset = read_all(header)
            clean = Dataset()
            for keyword in REWRITTEN:
                if keyword in dataset:
                    clean[keyword] = dataset[keyword]
            clean.StudyInstanceUID, clean.SeriesInstanceUID = "2.25.1", "2.25.2"
            clean.file_meta = FileMetaDataset()
            encapsulated = header.compressed and not header.deflated
            syntax = UID(header.transfer_syntax) if encapsulated else ExplicitVRLittleEndian
            clean.file_meta.TransferSyntaxUID = syntax
            clean.save_as(path, enforce_file_format=True, implicit_vr=False, little_endian=True)
        except Exception:  # whatever a broken file does to the parser
            raise UserError("a file of it cannot be read: export it again") from None


def _program() -> str:
    """The program of the Python package, or one that is installed otherwise (conda)."""
    try:
        import dcm2niix  # type: ignore[import-untyped]
    except ImportError:
        program = shutil.which("dcm2niix")
    else:
        program = dcm2niix.bin
    if program is None:
        raise UserError("dcm2niix is not installed: pip install dcm2niix")
    return str(program)


def _run(source: Path, target: Path, stack: Stack) -> None:
    options = [word for option in OPTIONS.items() for word in option]
    command = [_program(), *options, "-o", str(target), str(source)]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise UserError(f"dcm2niix took more than {TIMEOUT_S} s: leave it out") from None
    if answer.returncode:
        syntax = UID(stack.first.transfer_syntax)
        name = syntax.name if not syntax.is_private and syntax.name != syntax else "unknown"
        raise UserError(
            f"dcm2niix cannot convert it (status {answer.returncode}, transfer syntax {name}): "
            "export it uncompressed"
        )
