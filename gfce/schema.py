"""The configuration's keys for editors (JSON schema) and for readers (Markdown)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gfce.config import StudyConfig
from gfce.config.checks import MAX_CELLS
from gfce.networks.architecture import Architecture
from gfce.networks.discovery import architectures

INTRODUCTION = """# Every key of a configuration

Written by `make schema` from `gfce/config`. A key that is not listed here is refused. Start from
`config/config.yaml`, the paper's study at full size. In an editor that knows YAML schemas,
`config/schema.json` completes and checks keys while you type.

- The file is YAML in UTF-8, each key once. Anchors, aliases, merge keys and tags are not read.
- Numbers are decimal and finite: `8`, `0.5`, `1e-3`; not `"8"`, `010`, `1_000`, `true` or `.inf`.
- Names of the study, of institutions, networks and training sets become names of files: letters (a
  to z), digits, `-` and `_`, at most 64, beginning with a letter or digit. Two may not differ in
  case alone. Name a hospital with a space or an umlaut otherwise, here and in `participants.tsv`
  (or give its name there in `cohort.bids.institution_names`).
- Paths may be relative, to the folder that the study is run in. They have no braces, line breaks or
  leading `~`; that of `results` has no spaces and none of the shell's characters either. Neither
  `results` nor `cohort.dataset` lies inside the other, links followed.
- A grid has at most {cells} cells. `pooled_patients` is at least the number of institutions of each
  pooled training set.
- What networks need of `matrix` and `width`:
{networks}"""


def schema_text() -> str:
    """The JSON schema of a configuration."""
    return json.dumps(StudyConfig.model_json_schema(), indent=2) + "\n"


def schema_markdown() -> str:
    """A table of keys for each section of a configuration."""
    schema = StudyConfig.model_json_schema()
    parts = [_introduction(), "## The study\n", _table(schema)]
    for name, section in schema["$defs"].items():
        parts += [f"## {name}\n", section["description"] + "\n", _table(section)]
    return "\n".join(parts)


def _introduction() -> str:
    limits = ((name, _limits(declared)) for name, declared in architectures().items())
    lines = (f"  - `{name}`: {', '.join(needs)}.\n" for name, needs in limits if needs)
    return INTRODUCTION.format(cells=MAX_CELLS, networks="".join(lines))


def _limits(declared: Architecture) -> list[str]:
    """What a network needs of `images.matrix` and `width`, in words."""
    matrix, smallest = declared.matrix_multiple, declared.smallest_matrix
    limits = {
        f"`matrix` at least {smallest} x {smallest}": smallest > 1,
        f"`matrix` divisible by {matrix}": matrix > 1,
        f"`width` divisible by {declared.width_multiple}": declared.width_multiple > 1,
    }
    return [words for words, limited in limits.items() if limited]


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
    kind = "path" if value.get("format") == "path" else names.get(value["type"], value["type"])
    return kind + _range(value)


def _range(value: dict[str, Any]) -> str:
    """The smallest and largest number, where both are given."""
    if "maximum" not in value:
        return ""
    lowest = f"above {value['exclusiveMinimum']}" if "exclusiveMinimum" in value else "{minimum}"
    return f", {lowest} to {{maximum}}".format(**value)


def _name(value: dict[str, Any]) -> str:
    return str(value["$ref"]).rsplit("/", 1)[-1]
