"""Every file that is one bit or one end away from a whole one.

What must be refused, and what cannot be noticed: an uncompressed file has no checksum, so a bit of
a voxel, or of a number of the header that stays a possible one, gives another image. `ALL` counts
the mutants; docs/inputs.md quotes it. Of the header's 315 that are different, 229 move corners by
less than 0.1 mm, 55 do so by the voxel size, and 31 scale the intensities.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import SimpleITK as sitk  # noqa: N813
from broken_files import HEADER, nifti, whole
from long import LONG

from gfce.errors import UserError
from gfce.images.arrays import Geometry
from gfce.images.reading import read_image

STEP = 1 if LONG else 11
"""Of so many bits one is flipped; 11 meets every bit of a byte in turn."""
GZIP_HEADER = 10
KINDS = ("nii", "nii.gz", "mha", "nrrd", "img")

Image = tuple[Geometry, bytes]


def seen(path: Path) -> Image | None:
    """The grid and the voxels that are read, or nothing where the file is refused in one line."""
    try:
        image = read_image(path)
    except UserError as error:
        assert str(error).startswith(f"{path.name}: ")
        assert str(error).isprintable()
        return None
    return Geometry.of(image), sitk.GetArrayFromImage(image).tobytes()


def classify(path: Path, original: Image) -> str:
    found = seen(path)
    if found is None:
        return "refused"
    return "same" if found == original else "different"


def flips(path: Path, first: int, last: int) -> Counter[str]:
    """What becomes of a file when one bit of bytes `first` to `last` is another."""
    data, original = path.read_bytes(), seen(path)
    assert original is not None
    counts: Counter[str] = Counter()
    for bit in range(8 * first, 8 * last, STEP):
        mutant = bytearray(data)
        mutant[bit // 8] ^= 1 << bit % 8
        path.write_bytes(mutant)
        counts[classify(path, original)] += 1
    path.write_bytes(data)
    return counts


ALL = {
    "header of .nii": {"refused": 467, "same": 2034, "different": 315},
    "voxels of .nii": {"different": 384},
    # As many as zlib makes of these bytes: here 31 and 49, then 1056 and 8 (padding).
    "gzip header of .nii.gz": {"refused": None, "same": None},
    "gzip data of .nii.gz": {"refused": None, "same": None},
}
"""What becomes of all mutants (with GFCE_TEST_LONG=1 all are tried)."""


def count(part: str, folder: Path) -> Counter[str]:
    kind = part.split()[-1]
    path = nifti(folder / f"a{kind}")
    size, middle = path.stat().st_size, HEADER if kind == ".nii" else GZIP_HEADER
    return flips(path, 0, middle) if "header" in part else flips(path, middle, size)


@pytest.mark.parametrize("part", ALL)
def test_one_bit_flipped(part: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    counts = count(part, tmp_path)
    assert counts.keys() <= ALL[part].keys()
    if LONG and "gz" not in part:
        assert counts == ALL[part]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", KINDS)
def test_every_end_missing(kind: str, tmp_path: Path) -> None:
    path = whole(tmp_path / f"a.{kind}")
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert seen(path) is None, f"{length} of {len(data)} bytes"


@pytest.mark.parametrize("kind", KINDS)
def test_more_at_the_end(kind: str, tmp_path: Path) -> None:
    path = whole(tmp_path / f"a.{kind}")
    path.write_bytes(path.read_bytes() + b"x")
    assert seen(path) is None
