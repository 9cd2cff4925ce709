"""JSON sidecars of images, of which a study takes the field strength and, if need be, who imaged.

Tables report the field strength and no result depends on it, so a broken sidecar is a warning and
by itself excludes nobody.
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

from gfce.cohort.names import FileNames
from gfce.cohort.participants import MISSING
from gfce.errors import UserError, one_line

LOGGER = logging.getLogger(__name__)
FIELD_STRENGTH = "MagneticFieldStrength"
INSTITUTION = "InstitutionName"
STRONGEST_T = 30
"""No magnet for people or animals is stronger; 30000 is in gauss."""


def plausible_field_t(value: Any) -> float | None:
    """A field strength in tesla as a header says it (None: it is no number that one can be)."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 < value <= STRONGEST_T else None


class Sidecars:
    """The sidecars of a dataset, each read once."""

    def __init__(self, root: Path, names: FileNames) -> None:
        self._root, self._names = root, names
        self._read = lru_cache(maxsize=None)(self._read_one)
        self._list = lru_cache(maxsize=None)(self._list_folder)

    def field_strength(self, image: Path) -> float | None:
        """The field strength of an image in tesla (None: unknown, or a warning says why).

        A sidecar holds for the images whose names have all of its entities, in its folder and
        below; the deepest and then the most specific counts (BIDS 1.10, inheritance principle).
        """
        strength = None
        for sidecar in self._of(image):
            content = self._read(sidecar)
            if content is None:
                return None
            if content.get(FIELD_STRENGTH) is not None:
                strength = self._checked(sidecar, content[FIELD_STRENGTH])
        return strength

    def institution(self, image: Path) -> str:
        """The institution that an image is of, inherited as the field strength is.

        It is empty where no sidecar says it, or one cannot be read or says something else.
        """
        name = ""
        for content in map(self._read, self._of(image)):
            value = "" if content is None else content.get(INSTITUTION)
            if value is not None:
                name = value.strip() if isinstance(value, str) and value.isprintable() else ""
        return "" if name == MISSING else name

    def _of(self, image: Path) -> list[Path]:
        entities = self._entities(image)
        applicable = []
        for folder in reversed(image.relative_to(self._root).parents):
            sidecars = self._list(self._root / folder)
            fitting = [path for path in sidecars if self._fits(path, entities)]
            applicable += sorted(fitting, key=lambda path: (len(self._entities(path)), path))
        return applicable

    def _fits(self, path: Path, of_image: dict[str, Any]) -> bool:
        entities = self._entities(path)
        is_json = entities.pop("extension", "") == ".json"
        same_suffix = entities.get("suffix") == of_image["suffix"]
        return is_json and same_suffix and entities.items() <= of_image.items()

    def _entities(self, path: Path) -> dict[str, Any]:
        return self._names.entities(path.relative_to(self._root).as_posix())

    def _list_folder(self, folder: Path) -> list[Path]:
        return sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))

    def _read_one(self, path: Path) -> dict[str, Any] | None:
        try:
            return read_object(path)
        except UserError as error:
            self._warn(path, str(error))
            return None

    def _checked(self, path: Path, value: Any) -> float | None:
        strength = plausible_field_t(value)
        if strength is not None:
            return strength
        given = one_line(str(value)) if isinstance(value, str | int | float) else "something else"
        self._warn(path, f"{FIELD_STRENGTH} is {given}, not a number of tesla up to {STRONGEST_T}")
        return None

    def _warn(self, path: Path, problem: str) -> None:
        name = one_line(path.relative_to(self._root).as_posix(), 200)
        LOGGER.warning("warning: %s: %s: the field strength stays empty", name, problem)


def read_object(path: Path) -> dict[str, Any]:
    """The content of a JSON file that holds one object.

    Raises:
        UserError: it cannot be read, or holds something else; the message does not name the file.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise UserError("not JSON in UTF-8") from None
    if not isinstance(content, dict):
        raise UserError("not a JSON object")
    return content
