"""Files to read: how each is made, and the message with which it is refused."""

# A table is read by its rows.
# ruff: noqa: E501

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import SimpleITK as sitk  # noqa: N813
from broken_files import GEOMETRY, VOXELS, nifti, replaced, whole, with_end, without_end

from gfce.images.volumes import to_image

Make = Callable[[Path], Path]
NAN, INF = float("nan"), float("inf")
FLOATS = VOXELS.astype(np.float32)
CUT = "is cut short: copy or export it again"
LONG = "is longer than its header says: copy or export it again"
DAMAGED = "its compressed data are damaged: copy or export it again"
FINITE = "has voxels that are not finite: export it again"
AGAIN = "export it again"


def some(value: float, dtype: type = np.float32) -> np.ndarray:
    """Voxels of which one is this."""
    array = VOXELS.astype(dtype)
    array[1, 2, 1] = value
    return array


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def holding(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def link(path: Path, target: str) -> Path:
    path.symlink_to(target)
    return path


def without(path: Path, other: str) -> Path:
    path.with_name(other).unlink()
    return path


def kinds_of_pipe(path: Path) -> Path:
    """A header whose voxels are a pipe: SimpleITK would wait for it."""
    whole(path, compressed=False)
    path.with_suffix(".raw").unlink()
    os.mkfifo(path.with_suffix(".raw"))
    return path


def bomb(path: Path) -> Path:
    """A header of 12 GiB of voxels, and the first MiB of them in one KiB."""
    header = nifti(path.with_name("b.nii"), dim=[3, 32000, 32000, 6, 1, 1, 1, 1]).read_bytes()
    return holding(path, gzip.compress(header + bytes(2**20)))


def endless(path: Path) -> Path:
    """A header of a few voxels, and 64 MiB behind it in 64 KiB."""
    return holding(path, gzip.compress(nifti(path.with_name("b.nii")).read_bytes() + bytes(2**26)))


def lying_zlib(path: Path) -> Path:
    """A compressed size for which SimpleITK would reserve a terabyte."""
    size = f"CompressedDataSize = {zlib_size(path)}".encode()
    return replaced(whole(path), size, b"CompressedDataSize = 1000000000000")


def zlib_size(path: Path) -> int:
    return len(whole(path).read_bytes().split(b"LOCAL\n")[1])


def zlib_with_end(path: Path) -> Path:
    size = zlib_size(path)
    replaced(path, f"DataSize = {size}".encode(), f"DataSize = {size + 1}".encode())
    return with_end(path)


def zlib_cut(path: Path, count: int) -> Path:
    size = zlib_size(path)
    replaced(path, f"DataSize = {size}".encode(), f"DataSize = {size - count}".encode())
    return without_end(path, count)


def flipped(path: Path, where: int) -> Path:
    data = bytearray(whole(path).read_bytes())
    data[where] ^= 4
    return holding(path, bytes(data))


def of_type(path: Path, pixel: int, size: tuple[int, ...] = (3, 4, 2)) -> Path:
    sitk.WriteImage(sitk.Image(list(size), pixel), str(path))
    return path


def written(path: Path, grid: dict[str, tuple[float, ...]]) -> Path:
    """An image that SimpleITK writes with another spacing, origin or direction."""
    image = to_image(VOXELS, GEOMETRY)
    for name, value in grid.items():
        getattr(image, f"Set{name}")(value)
    sitk.WriteImage(image, str(path))
    return path


def srow(x: float = 10, sign: float = -1, shear: float = 0) -> dict[str, object]:
    return {"srow_x": [sign * 2, shear, 0, x]}


TURN = (
    "has neither qform nor sform, so left and right are not known: export it with its orientation"
)
SHEARED = "its axes are not at right angles: resample it to a grid with such axes"
KNOWN = ".nii .nii.gz .hdr .img .mha .mhd .nrrd .nhdr"
UNKNOWN = f"not an image of a format that is read ({KNOWN}): convert it"
ONE = "export one real number per voxel"

CASES: list[tuple[str, str, Make, str]] = [
    # The file itself
    ("missing", "a.nii", lambda p: p, "no such file: correct the path"),
    ("null-byte", "a\0.nii", lambda p: p, "no such file: correct the path"),
    ("below-a-file", "a/a.nii", lambda p: holding(p.parent, b"x") and p, "no such file: correct the path"),
    ("empty", "a.nii.gz", lambda p: holding(p, b""), "is empty: export it again"),
    ("folder", "a.nii.gz", folder, "is a folder: name an image file"),
    ("pipe", "a.nii.gz", pipe, "is no regular file: name an image file"),
    ("device", "a.nii", lambda p: link(p, "/dev/zero"), "is no regular file: name an image file"),
    ("dangling-link", "a.nii", lambda p: link(p, "b"), "no such file: correct the path"),
    ("endless-link", "a.nii", lambda p: link(p, "a.nii"), "cannot be read (Too many levels of symbolic links): correct that"),
    ("voxels-in-a-pipe", "a.mhd", kinds_of_pipe, "a.raw, which has its voxels: is no regular file: name an image file"),
    ("unknown", "a.csv", lambda p: holding(p, b"x"), UNKNOWN),
    ("dicom", "a.dcm", lambda p: holding(p, b"x"), UNKNOWN),
    ("no-extension", "a", lambda p: holding(p, b"x"), UNKNOWN),
    # Cut short or too long
    ("gz-half", "a.nii.gz", lambda p: without_end(whole(p), 60), CUT),
    ("gz-without-length", "a.nii.gz", lambda p: without_end(whole(p), 4), CUT),
    ("gz-without-trailer", "a.nii.gz", lambda p: without_end(whole(p), 8), CUT),
    ("gz-one-byte", "a.nii.gz", lambda p: holding(p, b"\x1f"), "is not gzip data though its name says so: export it again"),
    ("gz-voxels-missing", "a.nii.gz", lambda p: nifti(p, dim=[3, 3, 4, 3, 1, 1, 1, 1]), CUT),
    ("nii-voxel-missing", "a.nii", lambda p: without_end(nifti(p), 2), CUT),
    ("nii-byte-missing", "a.nii", lambda p: without_end(nifti(p), 1), CUT),
    ("nii-header-alone", "a.nii", lambda p: without_end(nifti(p), VOXELS.nbytes), CUT),
    ("nii-half-header", "a.nii", lambda p: holding(p, nifti(p).read_bytes()[:200]), CUT),
    ("img-short", "a.img", lambda p: without_end(whole(p), 2), CUT),
    ("hdr-of-short-img", "a.hdr", lambda p: without_end(whole(p.with_suffix(".img")), 2) and p, CUT),
    ("hdr-without-img", "a.hdr", lambda p: whole(p) and without(p, "a.img"), "a.img, which has its voxels: no such file: correct the path"),
    ("img-without-hdr", "a.img", lambda p: whole(p) and without(p, "a.hdr"), "a.hdr, which has its voxels: no such file: correct the path"),
    ("mha-short", "a.mha", lambda p: without_end(whole(p, compressed=False), 2), CUT),
    ("mha-zlib-short", "a.mha", lambda p: without_end(whole(p), 2), DAMAGED),
    ("mha-zlib-without-checksum", "a.mha", lambda p: zlib_cut(p, 4), CUT),
    ("mha-zlib-half", "a.mha", lambda p: zlib_cut(p, 12), CUT),
    ("mhd-short", "a.mhd", lambda p: whole(p, compressed=False) and without_end(p.with_suffix(".raw"), 2) and p, CUT),
    ("nrrd-short", "a.nrrd", lambda p: without_end(whole(p, compressed=False), 2), CUT),
    ("nrrd-gzip-short", "a.nrrd", lambda p: without_end(whole(p), 2), CUT),
    ("nhdr-short", "a.nhdr", lambda p: whole(p, compressed=False) and without_end(p.with_suffix(".raw"), 2) and p, CUT),
    ("nrrd-header-alone", "a.nrrd", lambda p: holding(p, whole(p).read_bytes().split(b"\n\n")[0]), CUT),
    ("nii-long", "a.nii", lambda p: with_end(nifti(p)), LONG),
    ("gz-long", "a.nii.gz", lambda p: nifti(p, dim=[3, 3, 4, 1, 1, 1, 1, 1]), LONG),
    ("gz-garbage-behind", "a.nii.gz", lambda p: with_end(nifti(p), b"garbage"), DAMAGED),
    ("gz-second-member", "a.nii.gz", lambda p: with_end(nifti(p), gzip.compress(b"more")), LONG),
    ("img-long", "a.img", lambda p: with_end(whole(p)), LONG),
    ("mha-long", "a.mha", lambda p: with_end(whole(p, compressed=False)), LONG),
    ("mha-zlib-long", "a.mha", zlib_with_end, LONG),
    ("nrrd-long", "a.nrrd", lambda p: with_end(whole(p, compressed=False)), LONG),
    ("nrrd-gzip-long", "a.nrrd", lambda p: with_end(whole(p), b"garbage"), DAMAGED),
    # Damaged
    ("gz-is-none", "a.nii.gz", lambda p: holding(p, nifti(p.with_name("b.nii")).read_bytes()), "is not gzip data though its name says so: export it again"),
    ("gz-of-text", "a.nii.gz", lambda p: holding(p, gzip.compress(b"x" * 400)), "is not NIfTI-1 (Analyze has no orientation): export it as NIfTI-1"),
    ("gz-crc", "a.nii.gz", lambda p: flipped(p, -6), DAMAGED),
    ("gz-length", "a.nii.gz", lambda p: flipped(p, -3), DAMAGED),
    ("gz-data", "a.nii.gz", lambda p: flipped(p, -12), DAMAGED),
    ("mha-zlib-checksum", "a.mha", lambda p: flipped(p, -2), DAMAGED),
    ("nrrd-gzip-crc", "a.nrrd", lambda p: flipped(p, -6), DAMAGED),
    ("nii-is-gz", "a.nii", lambda p: holding(p, nifti(p.with_name("b.nii.gz")).read_bytes() * 9), "is not NIfTI-1 (Analyze has no orientation): export it as NIfTI-1"),
    ("nii-is-mha", "a.nii", lambda p: holding(p, whole(p.with_name("b.mha")).read_bytes()), "is not NIfTI-1 (Analyze has no orientation): export it as NIfTI-1"),
    ("mha-is-text", "a.mha", lambda p: holding(p, b"nothing\n"), "its voxels are not in one file beside it: convert it to .nii.gz"),
    ("axes-mha", "a.mha", lambda p: replaced(whole(p), b"Matrix = 1", b"Matrix = inf"), f"its header has inf 0 0 0 1 0 0 0 1 where 9 numbers belong: {AGAIN}"),
    ("spacing-text-nrrd", "a.nrrd", lambda p: replaced(whole(p), b"(2,0,0)", b"(x,0,0)"), f"its header has (x,0,0) (0,1.5,0) (0,0,4) where 9 numbers belong: {AGAIN}"),
    ("none-nrrd", "a.nrrd", lambda p: replaced(whole(p), b"(2,0,0)", b"none"), f"its header has none (0,1.5,0) (0,0,4) where 9 numbers belong: {AGAIN}"),
    ("space-nrrd", "a.nrrd", lambda p: replaced(whole(p), b"left-posterior-superior", b"scanner-xyz"), f"has the space scanner-xyz, which is no patient's: {AGAIN}"),
    ("nrrd-is-text", "a.nrrd", lambda p: holding(p, b"nothing\n\n"), "is not NRRD: export it again"),
    # Too much
    ("bomb", "a.nii.gz", bomb, "has 32000 x 32000 x 6 voxels, more than 2 GiB: crop it"),
    ("endless", "a.nii.gz", endless, LONG),
    ("mha-too-large", "a.mha", lambda p: replaced(whole(p), b"DimSize = 3 4 2", b"DimSize = 99999 99999 9"), "has 99999 x 99999 x 9 voxels, more than 2 GiB: crop it"),
    ("nrrd-too-large", "a.nrrd", lambda p: replaced(whole(p), b"sizes: 3 4 2", b"sizes: 3000000000 3000000000 3"), "has 3000000000 x 3000000000 x 3 voxels, more than 2 GiB: crop it"),
    ("mha-lying-size", "a.mha", lying_zlib, DAMAGED),
    # Voxels
    ("complex", "a.nii", lambda p: nifti(p, VOXELS.astype(np.complex64)), f"its voxels are complex64: {ONE}"),
    ("rgb", "a.nii", lambda p: nifti(p, datatype=128, bitpix=24), f"its voxels are RGB: {ONE}"),
    ("vector", "a.nii", lambda p: of_type(p, sitk.sitkVectorFloat32), "is 3 x 4 x 2 x 1 x 3, not one 3D volume: export one volume"),
    ("vector-mha", "a.mha", lambda p: of_type(p, sitk.sitkVectorFloat32), f"has 3 numbers per voxel: {ONE}"),
    ("vector-nrrd", "a.nrrd", lambda p: of_type(p, sitk.sitkVectorFloat32), "is 3 x 3 x 4 x 2, not one 3D volume: export one volume"),
    ("bits", "a.nii", lambda p: nifti(p, datatype=1, bitpix=1), f"its voxels are binary: {ONE}"),
    ("type-of-nobody", "a.nii", lambda p: nifti(p, datatype=77), f"its voxels are of type 77: {ONE}"),
    ("bitpix", "a.nii", lambda p: nifti(p, bitpix=8), "its header has 8 bits for int16: export it again"),
    ("meta-type", "a.mha", lambda p: replaced(whole(p), b"MET_SHORT", b"MET_SHIRT"), f"its voxels are MET_SHIRT: {ONE}"),
    ("nrrd-type", "a.nrrd", lambda p: replaced(whole(p), b"type: short", b"type: block"), f"its voxels are block: {ONE}"),
    ("nrrd-kinds", "a.nrrd", lambda p: replaced(whole(p), b"kinds: domain", b"kinds: vector"), "not an image that SimpleITK can read: export it again"),
    ("nan", "a.nii.gz", lambda p: nifti(p, some(NAN)), FINITE),
    ("infinite", "a.nii", lambda p: nifti(p, some(INF)), FINITE),
    ("minus-infinite", "a.nii", lambda p: nifti(p, some(-INF, np.float64)), FINITE),
    ("all-nan", "a.nii.gz", lambda p: nifti(p, FLOATS * NAN), FINITE),
    ("nan-mha", "a.mha", lambda p: whole(p, some(NAN)), FINITE),
    ("nan-nrrd", "a.nrrd", lambda p: whole(p, some(NAN)), FINITE),
    ("nan-img", "a.img", lambda p: whole(p, some(NAN)), FINITE),
    ("1e30", "a.nii", lambda p: nifti(p, some(1e30)), "has a voxel of 1e+30, beyond 1e+10: rescale it"),
    ("-1e300", "a.nii", lambda p: nifti(p, some(-1e300, np.float64)), "has a voxel of -1e+300, beyond 1e+10: rescale it"),
    ("1e300-mha", "a.mha", lambda p: whole(p, some(1e300, np.float64)), "has a voxel of 1e+300, beyond 1e+10: rescale it"),
    ("large-int64", "a.nii", lambda p: nifti(p, some(2**60, np.int64)), "has a voxel of 1.15292e+18, beyond 1e+10: rescale it"),
    ("text-mha", "a.mha", lambda p: replaced(whole(p), b"BinaryData = True", b"BinaryData = False"), "its voxels are text, or behind a header of theirs: convert it to .nii.gz"),
    ("text-nrrd", "a.nrrd", lambda p: replaced(whole(p), b"encoding: gzip", b"encoding: ascii"), "its encoding is ascii, or bytes are skipped: convert it to .nii.gz"),
    ("skip-nrrd", "a.nrrd", lambda p: replaced(whole(p), b"encoding: gzip", b"encoding: gzip\nbyte skip: 2"), "its encoding is gzip, or bytes are skipped: convert it to .nii.gz"),
    # Fields of the header
    ("slope-nan", "a.nii", lambda p: nifti(p, scl_slope=NAN), f"its header has scl_slope nan and scl_inter 0: {AGAIN}"),
    ("slope-infinite", "a.nii", lambda p: nifti(p, scl_slope=INF), f"its header has scl_slope inf and scl_inter 0: {AGAIN}"),
    ("inter-nan", "a.nii", lambda p: nifti(p, scl_inter=NAN), f"its header has scl_slope 1 and scl_inter nan: {AGAIN}"),
    ("inter-without-slope", "a.nii", lambda p: nifti(p, scl_slope=0, scl_inter=5), f"its header has scl_slope 0 and scl_inter 5: {AGAIN}"),
    ("slope-overflows", "a.nii", lambda p: nifti(p, scl_slope=1e38), "has a voxel of 2.3e+39, beyond 1e+10: rescale it"),
    ("inter-overflows", "a.nii", lambda p: nifti(p, scl_inter=-1e38), "has a voxel of -1e+38, beyond 1e+10: rescale it"),
    ("pixdim-zero", "a.nii", lambda p: nifti(p, pixdim=[1, 0, 1.5, 4, 0, 0, 0, 0]), f"its header has voxels of 0 x 1.5 x 4 mm: {AGAIN}"),
    ("pixdim-nan", "a.nii", lambda p: nifti(p, pixdim=[1, 2, NAN, 4, 0, 0, 0, 0]), f"its header has voxels of 2 x nan x 4 mm: {AGAIN}"),
    ("pixdim-negative", "a.nii", lambda p: nifti(p, pixdim=[1, 2, 1.5, -4, 0, 0, 0, 0]), f"its header has voxels of 2 x 1.5 x -4 mm: {AGAIN}"),
    ("qfac", "a.nii", lambda p: nifti(p, pixdim=[7, 2, 1.5, 4, 0, 0, 0, 0]), f"its header has qfac 7, not 1 or -1: {AGAIN}"),
    ("dim-zero", "a.nii", lambda p: nifti(p, dim=[3, 3, 0, 2, 1, 1, 1, 1]), f"its header has the size 3 x 0 x 2: {AGAIN}"),
    ("dim-negative", "a.nii", lambda p: nifti(p, dim=[3, 3, -4, 2, 1, 1, 1, 1]), f"its header has the size 3 x -4 x 2: {AGAIN}"),
    ("dims-none", "a.nii", lambda p: nifti(p, dim=[0, 3, 4, 2, 1, 1, 1, 1]), f"its header has 0 dimensions: {AGAIN}"),
    ("2d", "a.nii", lambda p: nifti(p, dim=[2, 3, 8, 1, 1, 1, 1, 1]), "is 3 x 8, not one 3D volume: export one volume"),
    ("4d", "a.nii", lambda p: nifti(p, dim=[4, 3, 4, 1, 2, 1, 1, 1]), "is 3 x 4 x 1 x 2, not one 3D volume: export one volume"),
    ("4d-mha", "a.mha", lambda p: of_type(p, sitk.sitkInt16, (3, 4, 2, 2)), "is 3 x 4 x 2 x 2, not one 3D volume: export one volume"),
    ("2d-nrrd", "a.nrrd", lambda p: of_type(p, sitk.sitkInt16, (3, 4)), "is 3 x 4, not one 3D volume: export one volume"),
    ("dim-text", "a.mha", lambda p: replaced(whole(p), b"DimSize = 3 4 2", b"DimSize = 3 4 x"), f"its header has the size (none): {AGAIN}"),
    ("offset-small", "a.nii", lambda p: nifti(p, vox_offset=0), f"its header has vox_offset 0: {AGAIN}"),
    ("offset-broken", "a.nii", lambda p: nifti(p, vox_offset=352.5), f"its header has vox_offset 352.5: {AGAIN}"),
    ("offset-nan", "a.nii", lambda p: nifti(p, vox_offset=NAN), f"its header has vox_offset nan: {AGAIN}"),
    ("offset-infinite", "a.nii", lambda p: nifti(p, vox_offset=INF), f"its header has vox_offset inf: {AGAIN}"),
    ("offset-huge", "a.nii", lambda p: nifti(p, vox_offset=3e9), f"its header has vox_offset 3e+09: {AGAIN}"),
    ("offset-shifted", "a.nii", lambda p: nifti(p, vox_offset=354), CUT),
    ("nifti-2", "a.nii", lambda p: holding(p, (540).to_bytes(4, "little") + bytes(600)), "is NIfTI-2: convert it to NIfTI-1"),
    ("analyze", "a.hdr", lambda p: replaced(whole(p), b"ni1\0", b"\0\0\0\0"), "is not NIfTI-1 (Analyze has no orientation): export it as NIfTI-1"),
    ("pair-as-single", "a.nii", lambda p: nifti(p, magic=b"ni1"), "is not NIfTI-1 (Analyze has no orientation): export it as NIfTI-1"),
    ("header-twice", "a.mha", lambda p: replaced(whole(p), b"NDims", b"DimSize = 1 2 3\nNDims"), f"its header has a field twice: {AGAIN}"),
    ("voxels-elsewhere", "a.mhd", lambda p: replaced(whole(p, compressed=False), b"= a.raw", b"= ../a.raw"), "its voxels are not in one file beside it: convert it to .nii.gz"),
    ("voxels-anywhere", "a.nhdr", lambda p: replaced(whole(p, compressed=False), b": a.raw", b": /etc/passwd"), "its voxels are not in one file beside it: convert it to .nii.gz"),
    ("voxels-in-a-list", "a.mhd", lambda p: replaced(whole(p, compressed=False), b"= a.raw", b"= LIST"), "LIST, which has its voxels: no such file: correct the path"),
    # Place in the patient
    ("no-form", "a.nii", lambda p: nifti(p, qform_code=0, sform_code=0), TURN),
    ("no-form-img", "a.hdr", lambda p: holding(whole(p), whole(p).read_bytes()[:252] + bytes(4) + whole(p).read_bytes()[256:]), TURN),
    ("no-axes-mha", "a.mha", lambda p: replaced(whole(p), b"TransformMatrix", b"TransformMatri_"), "has no TransformMatrix, so left and right are not known: export it with one"),
    ("no-space-nrrd", "a.nrrd", lambda p: replaced(whole(p), b"space: left", b"#pace: left"), "has no space directions, so left and right are not known: export it with them"),
    ("shift", "a.nii", lambda p: nifti(p, **srow(x=35)), "its qform and sform disagree by 25 mm: export it with one"),
    ("small-shift", "a.nii", lambda p: nifti(p, qoffset_z=30.2), "its qform and sform disagree by 0.2 mm: export it with one"),
    ("mirror", "a.nii", lambda p: nifti(p, **srow(sign=1)), "its qform and sform disagree by 8 mm: export it with one"),
    ("mirror-talairach", "a.nii", lambda p: nifti(p, sform_code=3, **srow(sign=1)), "its qform and sform disagree by 8 mm: export it with one"),
    ("spacings", "a.nii", lambda p: nifti(p, qform_code=0, pixdim=[1, 1, 1.5, 4, 0, 0, 0, 0]), "its sform and SimpleITK's reading disagree by 2 mm: export it with one"),
    ("quaternion", "a.nii", lambda p: nifti(p, sform_code=0, quatern_b=2), f"its qform is no place in space: {AGAIN}"),
    ("quaternion-nan", "a.nii", lambda p: nifti(p, sform_code=0, quatern_c=NAN), f"its qform is no place in space: {AGAIN}"),
    ("offset-of-qform", "a.nii", lambda p: nifti(p, qoffset_x=INF), f"its qform is no place in space: {AGAIN}"),
    ("sform-nan", "a.nii", lambda p: nifti(p, **srow(x=NAN)), f"its sform is no place in space: {AGAIN}"),
    ("sheared", "a.nii", lambda p: nifti(p, qform_code=0, **srow(shear=0.5)), "not an image that SimpleITK can read: export it again"),
    ("flat", "a.nii", lambda p: nifti(p, qform_code=0, **srow(sign=0)), "not an image that SimpleITK can read: export it again"),
    ("form-code", "a.nii", lambda p: nifti(p, qform_code=77), f"its header has qform_code 77: {AGAIN}"),
    ("metres", "a.nii", lambda p: nifti(p, xyzt_units=1), f"its lengths are not in mm: {AGAIN}"),
    ("metres-nrrd", "a.nrrd", lambda p: replaced(whole(p), b"kinds:", b'space units: "m" "m" "m"\nkinds:'), f"its lengths are not in mm: {AGAIN}"),
    ("sheared-mha", "a.mha", lambda p: replaced(whole(p), b"Matrix = 1 0 0", b"Matrix = 1 0.5 0"), SHEARED),
    ("tiny-voxels", "a.mha", lambda p: written(p, {"Spacing": (2.0, 0.002, 4.0)}), "has voxels of 2 x 0.002 x 4 mm, not 0.01 to 100 mm: export it again"),
    ("huge-voxels", "a.nii", lambda p: written(p, {"Spacing": (2.0, 1.5, 4000.0)}), "has voxels of 2 x 1.5 x 4000 mm, not 0.01 to 100 mm: export it again"),
    ("spacing-zero-mha", "a.mha", lambda p: replaced(whole(p), b"Spacing = 2 1.5 4", b"Spacing = 2 0 4"), "not an image that SimpleITK can read: export it again"),
    ("origin-nan-mha", "a.mha", lambda p: replaced(whole(p), b"Offset = -10", b"Offset = nan"), f"its header has nan -20 30 where 3 numbers belong: {AGAIN}"),
]  # fmt: skip


def gz_in_two(path: Path) -> Path:
    """Two members of gzip, which are one stream."""
    data = nifti(path.with_name("b.nii")).read_bytes()
    return holding(path, gzip.compress(data[:200]) + gzip.compress(data[200:]))


def with_extension(path: Path) -> Path:
    """A comment of 16 bytes between header and voxels."""
    data = nifti(path, vox_offset=368).read_bytes()
    extension = bytes([1, 0, 0, 0]) + np.array([16, 6], "<i4").tobytes() + b"comment\0"
    return holding(path, data[:348] + extension + data[352:])


def big_endian(path: Path) -> Path:
    image = nibabel.Nifti1Image(
        VOXELS.T.astype(">i2"), np.diag([-2, -1.5, 4, 1]), nibabel.Nifti1Header(endianness=">")
    )
    nibabel.save(image, path)
    return path


def by_nibabel(path: Path) -> Path:
    nibabel.save(nibabel.Nifti1Image(VOXELS.T, np.diag([-2, -1.5, 4, 1])), path)
    return path


READ: list[tuple[str, str, Make]] = [
    *((f"packed-{kind}", f"a.{kind}", whole) for kind in ("nii", "nii.gz", "mha", "mhd", "nrrd", "nhdr", "hdr", "img")),
    *((f"plain-{kind}", f"a.{kind}", lambda p: whole(p, compressed=False)) for kind in ("mha", "mhd", "nrrd", "nhdr")),
    ("capitals", "A.NII.GZ", nifti),
    ("link", "a.nii", lambda p: link(p, nifti(p.with_name("b.nii")).name)),
    ("two-members", "a.nii.gz", gz_in_two),
    ("zeros-behind-gzip", "a.nii.gz", lambda p: with_end(nifti(p), bytes(100))),
    ("extension", "a.nii", with_extension),
    ("big-endian", "a.nii.gz", big_endian),
    ("nibabel", "a.nii.gz", by_nibabel),
    ("qform-alone", "a.nii", lambda p: nifti(p, sform_code=0, srow_x=[0, 0, 0, 0])),
    ("sform-alone", "a.nii", lambda p: nifti(p, qform_code=0, quatern_d=0, qoffset_x=0)),
    ("qfac-of-0", "a.nii", lambda p: nifti(p, qform_code=0, pixdim=[0, 2, 1.5, 4, 0, 0, 0, 0])),
    ("forms-rounded", "a.nii", lambda p: nifti(p, qoffset_x=10.01)),
    ("units-unknown", "a.nii", lambda p: nifti(p, xyzt_units=0)),
    ("no-scaling", "a.nii", lambda p: nifti(p, scl_slope=0)),
    ("one-volume-in-4d", "a.nii", lambda p: nifti(p, dim=[4, 3, 4, 2, 1, 1, 1, 1])),
]  # fmt: skip
