"""Headers of MetaImage and NRRD: lines of text before the voxels or in a separate file.

Sources: https://itk.org/Wiki/ITK/MetaIO/Documentation and
https://teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gfce.errors import UserError
from gfce.images.layout import MAX_HEADER, Affine, Compression, Layout, beside, brief, three

META_TYPES = {
    **{"MET_CHAR": "i1", "MET_SHORT": "i2", "MET_INT": "i4", "MET_LONG": "i4"},
    **{"MET_UCHAR": "u1", "MET_USHORT": "u2", "MET_UINT": "u4", "MET_ULONG": "u4"},
    **{"MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4", "MET_DOUBLE": "f8"},
}
"""NumPy's names of MetaImage's real types."""
META_AXES = ("TransformMatrix", "Orientation", "Rotation")
META_ORIGIN = ("Offset", "Position", "Origin")
"""Names of the fields with the axes (one a row) and with the position of the first voxel."""
NRRD_TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "long long int", "int64", "int64_t"), "i8"),
    **dict.fromkeys(
        ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"), "u8"
    ),
    **{"float": "f4", "double": "f8"},
}
"""NumPy's names of NRRD's real types."""
NRRD_ENCODINGS: dict[str, Compression] = {"raw": "none", "gzip": "gzip", "gz": "gzip"}
NRRD_SKIPS = {"line skip", "lineskip", "byte skip", "byteskip"}
NRRD_SPACES = {
    **dict.fromkeys(("left-posterior-superior", "lps"), (1.0, 1.0, 1.0)),
    **dict.fromkeys(("right-anterior-superior", "ras"), (-1.0, -1.0, 1.0)),
    **dict.fromkeys(("left-anterior-superior", "las"), (1.0, -1.0, 1.0)),
}
"""The signs that turn the axes of a space into those of LPS."""


def metaimage_layout(path: Path) -> Layout:
    """Read the header of .mha or .mhd.

    Raises:
        UserError: it is not that of one 3D volume with an orientation, or has impossible values.
    """
    text, end = _text(path, b"ElementDataFile")
    header = _fields(text, "=")
    if not _true(header.get("BinaryData", "True")) or header.get("HeaderSize", "0") != "0":
        raise UserError("its voxels are text, or behind a header of theirs: convert it to .nii.gz")
    channels = header.get("ElementNumberOfChannels", "1")
    if channels != "1":
        raise UserError(
            f"has {brief(channels)} numbers per voxel: export one real number per voxel"
        )
    name = header.get("ElementDataFile", "")
    data, start = (path, end) if name.lower() == "local" else (beside(path, name), 0)
    big_endian = header.get("BinaryDataByteOrderMSB", header.get("ElementByteOrderMSB", "False"))
    return Layout(
        _shape(header.get("DimSize", "")),
        _type(META_TYPES, header.get("ElementType", ""), big=_true(big_endian)),
        data,
        start,
        compression=_meta_compression(header, data.stat().st_size - start),
        forms={"header": _meta_form(header)},
    )


def _meta_form(header: dict[str, str]) -> Affine:
    axes = next((header[name] for name in META_AXES if name in header), None)
    if axes is None:
        raise UserError(
            "has no TransformMatrix, so left and right are not known: export it with one"
        )
    spacing = _numbers(header.get("ElementSpacing", "1 1 1"), 3)
    origin = next((header[name] for name in META_ORIGIN if name in header), "0 0 0")
    return _affine(_numbers(axes, 9).reshape(3, 3) * spacing[:, None], _numbers(origin, 3))


def _meta_compression(header: dict[str, str], size: int) -> Compression:
    if not _true(header.get("CompressedData", "False")):
        return "none"
    # SimpleITK reserves as much memory as this field says.
    if header.get("CompressedDataSize", str(size)) != str(size):
        raise UserError("its compressed data are damaged: copy or export it again")
    return "zlib"


def nrrd_layout(path: Path) -> Layout:
    """Read the header of .nrrd or .nhdr.

    Raises:
        UserError: it is not that of one 3D volume with an orientation, or has impossible values.
    """
    text, end = _text(path, None)
    if not text.startswith("NRRD000"):
        raise UserError("is not NRRD: export it again")
    header = {key.lower(): value for key, value in _fields(text, ":").items()}
    encoding = header.get("encoding", "(none)").lower()
    if encoding not in NRRD_ENCODINGS or header.keys() & NRRD_SKIPS:
        raise UserError(
            f"its encoding is {brief(encoding)}, or bytes are skipped: convert it to .nii.gz"
        )
    name = header.get("data file", header.get("datafile"))
    return Layout(
        _shape(header.get("sizes", "")),
        _type(NRRD_TYPES, header.get("type", "").lower(), big=header.get("endian") == "big"),
        path if name is None else beside(path, name),
        end if name is None else 0,
        compression=NRRD_ENCODINGS[encoding],
        forms={"header": _nrrd_form(header)},
    )


def _nrrd_form(header: dict[str, str]) -> Affine:
    if not {"space", "space directions"} <= header.keys():
        raise UserError(
            "has no space directions, so left and right are not known: export it with them"
        )
    units = header.get("space units", "").replace('"', " ").split()
    if any(unit != "mm" for unit in units):
        raise UserError("its lengths are not in mm: export it again")
    space = header["space"].lower()
    if space not in NRRD_SPACES:
        raise UserError(f"has the space {brief(space)}, which is no patient's: export it again")
    axes = _numbers(header["space directions"], 9).reshape(3, 3)
    origin = _numbers(header.get("space origin", "(0,0,0)"), 3)
    return _affine(axes * NRRD_SPACES[space], origin * NRRD_SPACES[space])


def _numbers(text: str, count: int) -> NDArray[np.float64]:
    """The numbers of a field; NRRD has vectors such as (1,0,0) (0,1,0)."""
    bare = text.translate(str.maketrans("(),", "   "))
    try:
        numbers = np.array([float(part) for part in bare.split()])
    except ValueError:
        numbers = np.array([])
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise UserError(
            f"its header has {brief(text)} where {count} numbers belong: export it again"
        )
    return numbers


def _affine(axes: NDArray[np.float64], origin: NDArray[np.float64]) -> Affine:
    """The form whose axes are the rows, in mm per voxel."""
    form = np.eye(4)
    form[:3, :3], form[:3, 3] = axes.T, origin
    return form


def _text(path: Path, last: bytes | None) -> tuple[str, int]:
    """A header and its length in bytes: to the line that begins with `last`, or a blank one."""
    lines = []
    with path.open("rb") as file:
        while file.tell() < MAX_HEADER and (line := file.readline(MAX_HEADER)):
            lines.append(line)
            if line.startswith(last) if last else not line.strip():
                break
        return b"".join(lines).decode("latin-1"), file.tell()


def _fields(text: str, separator: str) -> dict[str, str]:
    """The fields of a header without its comments and NRRD's free text (`key:=value`)."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = (part.strip() for part in line.partition(separator))
        if line.startswith("#") or (separator == ":" and value.startswith("=")):
            continue
        # Of two values some programs take the first, others the last.
        if fields.setdefault(key, value) != value:
            raise UserError("its header has a field twice: export it again")
    return fields


def _type(types: dict[str, str], name: str, *, big: bool) -> np.dtype[np.generic]:
    if name not in types:
        raise UserError(
            f"its voxels are {brief(name) or 'of no type'}: export one real number per voxel"
        )
    return np.dtype(types[name]).newbyteorder(">" if big else "<")


def _shape(text: str) -> tuple[int, ...]:
    try:
        lengths = [int(part) for part in text.split()]
    except ValueError:
        lengths = []
    return three(lengths)


def _true(text: str) -> bool:
    return text[:1] in ("T", "t", "1")
