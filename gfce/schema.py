"""The configuration's keys for editors (JSON schema) and for readers (Markdown)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gfce.config import StudyConfig

INTRODUCTION = """# Every key of a configuration

Written by `make schema` from `gfce/config.py`. A key that is not listed here is refused. Start from
`config/config.yaml`, the paper's study at full size. In an editor that knows YAML schemas,
`config/schema.json` completes and checks keys while you type.
"""


def schema_text() -> str:
    """The JSON schema of a configuration."""
    return json.dumps(StudyConfig.model_json_schema(), indent=2) + "\n"


def schema_markdown() -> str:
    """A table of keys for each section of a configuration."""
    schema = StudyConfig.model_json_schema()
    parts = [INTRODUCTION, "## The study\n", _table(schema)]
    for name, section in schema["$defs"].items():
        parts += [f"## {name}\n", section["description"] + "\n", _table(section)]
    return "\n".join(parts)


def _table(section: dict[str, Any]) -> str:
    return (
        "\n".join(["| key | value | default | what it is |", "|---|---|---|---|", *_rows(section)])
        + "\n"
    )


def _rows(section: dict[str, Any]) -> Iterator[str]:
    required = section.get("required", [])
    for key, value in section["properties"].items():
        default = "must be given" if key in required else _default(value)
        description = " ".join(value["description"].split())
        yield f"| `{key}` | {_kind(value)} | {default} | {description} |"


def _default(value: dict[str, Any]) -> str:
    content = value.get("default")
    if content is None:
        return "empty"
    # A whole section by default: its own table has the values.
    return "" if isinstance(content, dict) else f"`{json.dumps(content)}`"


def _kind(value: dict[str, Any]) -> str:
    if "enum" in value:
        return " or ".join(f"`{choice}`" for choice in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if "$ref" in value:
        return f"[{_name(value)}](#{_name(value).lower()})"
    if "anyOf" in value:
        kinds = [_kind(choice) for choice in value["anyOf"] if choice.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    return _container(value)


def _container(value: dict[str, Any]) -> str:
    if value["type"] == "array":
        inner = value.get("items") or value["prefixItems"][0]
        return f"list of {_kind(inner)}"
    if value["type"] == "object":
        # Names with a pattern stand under another key than names without one.
        [inner] = value.get("patternProperties", {"": value.get("additionalProperties")}).values()
        return f"name: {_kind(inner)}"
    names = {"integer": "whole number", "string": "text", "boolean": "true or false"}
    return "path" if value.get("format") == "path" else names.get(value["type"], value["type"])


def _name(value: dict[str, Any]) -> str:
    return str(value["$ref"]).rsplit("/", 1)[-1]
