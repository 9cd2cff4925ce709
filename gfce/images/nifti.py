"""Headers of NIfTI-1, the rules of which decide where a volume lies in the patient.

Sources: nifti1.h (https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h), whose methods 1, 2
and 3 are: no form, qform, sform; and https://nipy.org/nibabel/nifti_images.html.
"""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gfce.errors import UserError
from gfce.images.layout import (
    MAX_HEADER,
    Affine,
    Layout,
    beside,
    decompressing,
    extension,
    three,
)

# nibabel is imported when a file is read: it imports pydicom and SciPy, and takes longer than all
# else that a prediction imports besides torch.
if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Header

LENGTH = 348
"""Bytes of a header; in a single file, four that announce extensions follow."""
NIFTI2 = (b"\x1c\x02\0\0", b"\0\0\x02\x1c")
"""What NIfTI-2 begins with: the length of its header, 540."""
TYPES = {
    **{2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8"},
    **{256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"},
}
"""NumPy's names of the real types, by NIfTI's codes."""
MILLIMETRES = (0, 2)
"""Codes of the units of length that are read: unknown, which all programs take for mm, and mm."""


def nifti_layout(path: Path) -> Layout:
    """Read the header of .nii, .nii.gz or a pair .hdr and .img, of which `path` is either.

    Raises:
        UserError: it is not that of one 3D volume with an orientation, or has impossible values.
    """
    kind = extension(path)
    pair = kind in (".hdr", ".img")
    header_file = beside(path, f"{path.stem}.hdr") if kind == ".img" else path
    header = _header(_beginning(header_file, compressed=kind == ".nii.gz"), pair)
    slope, inter = _scale(header)
    return Layout(
        shape=_shape(header),
        dtype=_type(header),
        data=beside(path, f"{path.stem}.img") if kind == ".hdr" else path,
        skip=_offset(header, least=0 if pair else LENGTH + 4),
        compression="gzip" if kind == ".nii.gz" else "none",
        slope=slope,
        inter=inter,
        forms=_forms(header),
    )


def _beginning(path: Path, *, compressed: bool) -> bytes:
    with path.open("rb") as file:
        if not compressed:
            return file.read(LENGTH)
        if file.read(2) != b"\x1f\x8b":
            raise UserError("is not gzip data though its name says so: export it again")
        file.seek(0)
        with decompressing(), gzip.GzipFile(fileobj=file) as stream:
            return stream.read(LENGTH)


def _header(block: bytes, pair: bool) -> Nifti1Header:
    from nibabel.nifti1 import Nifti1Header

    if block[:4] in NIFTI2:
        raise UserError("is NIfTI-2: convert it to NIfTI-1")
    if len(block) < LENGTH:
        raise UserError("is cut short: copy or export it again")
    header = Nifti1Header(block, check=False)
    magic = block[LENGTH - 4 :]
    if header["sizeof_hdr"] != LENGTH or magic != (b"ni1\0" if pair else b"n+1\0"):
        raise UserError("is not NIfTI-1 (Analyze has no orientation): export it as NIfTI-1")
    return header


def _shape(header: Nifti1Header) -> tuple[int, ...]:
    number, *lengths = (int(length) for length in header["dim"])
    if not 1 <= number <= 7:
        raise UserError(f"its header has {number} dimensions: export it again")
    return three(lengths[:number])


def _type(header: Nifti1Header) -> np.dtype[np.generic]:
    from nibabel.nifti1 import data_type_codes

    code = int(header["datatype"])
    if code not in TYPES:
        name = data_type_codes.label[code] if code in data_type_codes else f"of type {code}"
        raise UserError(f"its voxels are {name}: export one real number per voxel")
    dtype = np.dtype(TYPES[code]).newbyteorder(header.endianness)
    if header["bitpix"] != 8 * dtype.itemsize:
        raise UserError(f"its header has {header['bitpix']} bits for {dtype.name}: export it again")
    return dtype


def _offset(header: Nifti1Header, least: int) -> int:
    offset = float(header["vox_offset"])
    if not least <= offset <= MAX_HEADER or offset % 1:
        raise UserError(f"its header has vox_offset {offset:g}: export it again")
    return int(offset)


def _scale(header: Nifti1Header) -> tuple[float, float]:
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    finite = math.isfinite(slope) and math.isfinite(inter)
    # A slope of 0 means that nothing is scaled, but SimpleITK adds the intercept all the same.
    if not finite or (slope == 0 and inter != 0):
        raise UserError(
            f"its header has scl_slope {slope:g} and scl_inter {inter:g}: export it again"
        )
    return slope or 1.0, inter


def _forms(header: Nifti1Header) -> dict[str, Affine]:
    _check_units(header)
    codes = {"qform": int(header["qform_code"]), "sform": int(header["sform_code"])}
    for name, code in codes.items():
        if not 0 <= code <= 5:
            raise UserError(f"its header has {name}_code {code}: export it again")
    if not any(codes.values()):
        raise UserError(
            "has neither qform nor sform, so left and right are not known: "
            "export it with its orientation"
        )
    return {name: _form(header, name) for name, code in codes.items() if code}


def _check_units(header: Nifti1Header) -> None:
    qfac, *lengths = (float(length) for length in header["pixdim"][:4])
    # Spacings of all sizes are checked with those of the other formats, but SimpleITK hides these.
    if not all(math.isfinite(length) and length > 0 for length in lengths):
        size = " x ".join(f"{length:g}" for length in lengths)
        raise UserError(f"its header has voxels of {size} mm: export it again")
    if qfac not in (-1, 0, 1):
        raise UserError(f"its header has qfac {qfac:g}, not 1 or -1: export it again")
    if int(header["xyzt_units"]) & 7 not in MILLIMETRES:
        raise UserError("its lengths are not in mm: export it again")


def _form(header: Nifti1Header, name: str) -> Affine:
    try:
        form = header.get_qform() if name == "qform" else header.get_sform()
    except ValueError:  # quaternions longer than 1
        form = np.full((4, 4), np.nan)
    if not np.isfinite(form).all():
        raise UserError(f"its {name} is no place in space: export it again")
    # NIfTI's axes point to the right and to the front, SimpleITK's to the left and to the back.
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.asarray(form, dtype=np.float64)
