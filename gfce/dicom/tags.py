"""Values of DICOM elements, read so that a broken element is an absent one.

Nothing here raises because of what a file holds, and nothing that a file holds is printed:
pydicom's warnings and exceptions repeat values, which may name the patient.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

SECONDS_PER_DAY = 86_400.0


def value(dataset: Dataset, keyword: str) -> Any:
    """The value of an element; None where it is absent, empty or cannot be decoded."""
    try:
        content = dataset.get(keyword)
    except Exception:
        return None
    return None if content in ("", b"") else content


def number(dataset: Dataset, keyword: str) -> float | None:
    """A finite number; of several the first."""
    values = numbers(dataset, keyword)
    return values[0] if values else None


def numbers(dataset: Dataset, keyword: str, count: int | None = None) -> tuple[float, ...] | None:
    """All numbers of an element, if they are `count` and finite."""
    content = value(dataset, keyword)
    if content is None:
        return None
    try:
        values = tuple(float(part) for part in _parts(content))
    except (TypeError, ValueError):
        return None
    finite = bool(values) and all(math.isfinite(part) for part in values)
    return values if finite and count in (None, len(values)) else None


def text(dataset: Dataset, keyword: str) -> str:
    """Text without the spaces around it; empty where there is none."""
    content = value(dataset, keyword)
    return "" if content is None else str(content).strip(" \0")


def codes(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """The coded strings of an element, in capitals."""
    content = value(dataset, keyword)
    if content is None:
        return ()
    parts = (str(part).strip().upper() for part in _parts(content))
    return tuple(part for part in parts if part)


def item(dataset: Dataset, keyword: str) -> Dataset:
    """The first item of a sequence; without one a dataset that holds nothing."""
    return next(items(dataset, keyword), Dataset())


def items(dataset: Dataset, keyword: str) -> Iterator[Dataset]:
    """The items of a sequence."""
    content = value(dataset, keyword)
    yield from content if isinstance(content, Sequence) else ()


def day(digits: str) -> int | None:
    """A date (VR DA, `YYYYMMDD`) as a number of days."""
    plain = digits.replace(".", "").replace("-", "")[:8]
    try:
        return date(int(plain[:4]), int(plain[4:6]), int(plain[6:8])).toordinal()
    except ValueError:
        return None


def seconds(digits: str) -> float | None:
    """A time of the day (VR TM, `HHMMSS.FFFFFF`) in seconds."""
    plain = digits.replace(":", "")
    whole, _, fraction = plain.partition(".")
    padded = whole.ljust(6, "0")
    if not padded.isdigit() or len(padded) != 6 or not whole:
        return None
    hours, minutes, rest = int(padded[:2]), int(padded[2:4]), int(padded[4:6])
    share = float(f"0.{fraction}") if fraction.isdigit() else 0.0
    return hours * 3600 + minutes * 60 + rest + share


def moment(dates: str, times: str) -> float | None:
    """A date and a time of the day in seconds on one axis."""
    days, since_midnight = day(dates), seconds(times)
    if days is None or since_midnight is None:
        return None
    return days * SECONDS_PER_DAY + since_midnight


def _parts(content: Any) -> Any:
    return content if isinstance(content, MultiValue | list | tuple) else [content]
