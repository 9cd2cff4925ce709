"""What is wrong with a configuration, in one line."""

from __future__ import annotations

import json
from typing import Any, get_args

from pydantic import ValidationError

from gfce.config.section import Section
from gfce.config.sections import StudyConfig
from gfce.config.values import suggest
from gfce.errors import one_line

_PLAIN = {
    "missing": "this key must be given",
    "invalid_key": "a key must be text: put it in quotes",
    "int_type": "give a whole number",
    "float_type": "give a number",
    "finite_number": "give a finite number",
    "string_type": "give text (in quotes if it looks like a number or like yes or no)",
    "path_type": "give a path (in quotes if it looks like a number)",
    "list_type": "give a list, such as [a, b]",
    "tuple_type": "give a list of two numbers, such as [256, 224]",
    "dict_type": "give keys with values",
    "model_type": "give keys with values",
    "less_than_equal": "give at most {le}",
    "greater_than_equal": "give at least {ge}",
    "greater_than": "give more than {gt}",
    "literal_error": "give {expected}",
    "too_short": "give at least one",
    "too_long": "give two numbers, such as [256, 224]",
    "string_too_long": "a name has at most {max_length} characters: shorten it",
    "string_pattern_mismatch": "a name has letters (a to z), digits, - and _ only, and begins with "
    "a letter or digit: rename it",
}
"""Pydantic's messages speak of Python; these of the file."""

_SHOWN = (str, int, float, bool, type(None))


def explain(error: ValidationError, model: type[Section] = StudyConfig) -> str:
    """The first mistake's place, what it is and what to do, and how many others there are.

    `model` is what was to be read.
    """
    found = error.errors(include_url=False)
    others = len({_place(other["loc"]) for other in found} - {_place(found[0]["loc"])})
    more = f" (and {others} more)" if others else ""
    return one_line(_explain(found[0], model), 1000) + more


def _explain(error: Any, model: type[Section]) -> str:
    place = _place(error["loc"])
    if error["type"] == "extra_forbidden":
        parent = _section_at(error["loc"][:-1], model)
        known = list(parent.model_fields) if parent else []
        return f"{place}: unknown key" + suggest(one_line(str(error["loc"][-1])), known)
    kind, last = error["type"], error["loc"][-1] if error["loc"] else ""
    if kind == "missing" and isinstance(last, int):
        kind = "tuple_type"
    if last == "int":  # a whole number or any
        kind = "float_type"
    message = error["msg"].removeprefix("Value error, ")
    if kind in _PLAIN:
        message = _PLAIN[kind].format(**error.get("ctx", {}))
    return (f"{place}: " if place else "") + message + _given(error["input"], message)


def _given(value: Any, message: str) -> str:
    """What was given, where it is a single value that the message does not name already."""
    if not isinstance(value, _SHOWN) or (isinstance(value, str) and value and value in message):
        return ""
    try:
        return f" (given: {one_line(json.dumps(value, ensure_ascii=False))})"
    except ValueError:  # thousands of digits
        return ""


def _place(location: tuple[int | str, ...]) -> str:
    # Pydantic adds which type of several it tried, and that a key is meant.
    added = location and location[-1] in ("int", "float", "[key]")
    return ".".join(one_line(str(part)) for part in (location[:-1] if added else location))


def _section_at(location: tuple[Any, ...], model: type[Section]) -> type[Section] | None:
    """The section that a validation error's location lies in (None: inside a free mapping)."""
    section: type[Section] | None = model
    for part in location:
        field = section.model_fields.get(str(part)) if section else None
        section = next(iter(_sections_in(field.annotation)), None) if field else section
    return section


def _sections_in(annotation: Any) -> list[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _sections_in(inner)]
