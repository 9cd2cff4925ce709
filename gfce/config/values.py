"""What a single value of a configuration may be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BeforeValidator,
    Field,
    GetPydanticSchema,
    Strict,
)
from pydantic_core import core_schema

from gfce.dissection.factors import FACTORS
from gfce.images.normalizations import NORMALIZATIONS
from gfce.networks.discovery import architectures
from gfce.repairs import METHODS

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
"""A name that may stand in a path: letters, digits, `-` and `_`."""

# Strict: `epochs: true` is not one epoch, and "3" is text.
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), AllowInfNan(False)]

Seed = Annotated[Whole, Field(ge=0, le=2**63 - 1)]
"""A seed that torch, NumPy and a column of a table can hold."""

NormalizationName = Annotated[
    str, GetPydanticSchema(lambda *_: core_schema.literal_schema(list(NORMALIZATIONS)))
]
"""A normalization of `gfce/images/normalizations`."""


def _known_architecture(name: str) -> str:
    known = architectures()
    if name not in known:
        raise ValueError(f"there is no network {name}" + suggest(name, known))
    return name


ArchitectureName = Annotated[str, AfterValidator(_known_architecture)]
"""A network of `gfce/networks`."""


def _known_method(name: str) -> str:
    if name not in METHODS:
        raise ValueError(f"there is no repair {name}" + suggest(name, METHODS))
    return name


MethodName = Annotated[str, AfterValidator(_known_method)]
"""A method of `gfce/repairs`."""

FactorName = Annotated[str, GetPydanticSchema(lambda *_: core_schema.literal_schema(list(FACTORS)))]
"""A factor of `gfce/dissection/factors.py`."""


def _plain_path(value: Any) -> Any:
    if not isinstance(value, str | Path):
        return value  # refused by its type
    text = str(value)
    if not text or text != text.strip():
        raise ValueError("a path that is empty or begins or ends with a space: write it out")
    # A brace is a wildcard of the workflow; a surrogate or a line break is no file's name.
    if not text.isprintable() or set("{}") & set(text):
        raise ValueError("a path with a brace, a line break or a control character: rename it")
    if text[0] in "~-":
        raise ValueError(f"a path that begins with {text[0]}: write the whole path")
    return value


AnyPath = Annotated[Path, BeforeValidator(_plain_path)]
"""A path without braces, line breaks and control characters."""


MAX_LINE = 200


def _one_line(text: str) -> str:
    if not text.strip() or len(text) > MAX_LINE or not text.isprintable():
        raise ValueError(f"give one line of at most {MAX_LINE} characters")
    return text.strip()


OneLine = Annotated[str, AfterValidator(_one_line)]
"""Text for a cell of a table."""


def _iso_date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("not a day as ISO 8601 has it: write 2026-11-28") from None
    return text


IsoDate = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_iso_date)]
"""A day (ISO 8601)."""

_BIDS_LABEL = re.compile(r"[A-Za-z0-9+]+")


def _bids_label(text: str) -> str:
    if not _BIDS_LABEL.fullmatch(text.removeprefix("ses-")):
        raise ValueError("a label of BIDS has letters, digits and + only: correct it")
    return text


BidsLabel = Annotated[str, AfterValidator(_bids_label)]
"""A label of BIDS 1.10; that of a session may have its key before it (`ses-2`)."""


def refuse_repeated(names: Iterable[str], what: str) -> None:
    """Refuse names of which two are the same file on some file system.

    Raises:
        ValueError: two names are equal, or differ only in case.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.get(name.casefold())
        if other == name:
            raise ValueError(f"{what} {name} is named more than once: name it once")
        if other is not None:
            raise ValueError(
                f"{what} {other} and {name} differ only in case, which not every file system "
                "keeps apart: rename one"
            )
        seen[name.casefold()] = name


def suggest(word: str, known: Collection[str]) -> str:
    """The known word that was probably meant, else all of them, to stand behind a message."""
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f" (did you mean {close[0]}?)"
    return f" (known: {', '.join(known)})" if known else ""
