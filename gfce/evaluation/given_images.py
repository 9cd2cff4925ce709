"""Images that the command line names one by one, for commands that need no study.

Messages call an image by its argument, because the name of its file may be the patient's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import SimpleITK as sitk  # noqa: N813 (the library's own convention)

from gfce.errors import UserError
from gfce.images.reading import read_image
from gfce.images.volumes import Image, orient, same_geometry


@contextmanager
def called(argument: str, path: Path) -> Iterator[None]:
    """Let the messages about a file begin with its argument in place of its name."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{argument}: {str(error).removeprefix(f'{path.name}: ')}") from None


def read_given(argument: str, path: Path, *, constant: bool = False) -> Image:
    """Read an image, axes as in the file.

    Args:
        argument: what messages call it.
        path: of any format that is read.
        constant: whether all voxels may be the same.

    Raises:
        UserError: it cannot be read, or must not be constant and is.
    """
    with called(argument, path):
        image = read_image(path)
        if not constant:
            check_varies(image)
    return image


def check_varies(image: Image) -> None:
    """Refuse an image of one intensity.

    Raises:
        UserError: it is one.
    """
    array = sitk.GetArrayViewFromImage(image)
    if array.min() == array.max():
        raise UserError(f"every voxel is {array.min():g}: export it again")


def check_same_grid(arguments: tuple[str, str], images: tuple[Image, Image], advice: str) -> None:
    """Refuse two images whose voxels lie elsewhere; the order of their axes may differ.

    Raises:
        UserError: they do; `advice` says what to do about it.
    """
    first, second = (orient(image) for image in images)
    if not same_geometry(first, second):
        sizes = [" x ".join(map(str, image.GetSize())) for image in (first, second)]
        raise UserError(
            f"{', '.join(arguments)}: lie on different grids ({sizes[0]} and {sizes[1]} voxels, or "
            f"other places): {advice}"
        )
