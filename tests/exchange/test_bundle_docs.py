"""What docs/bundle.md tells people to type and what it lists is what there is."""

from __future__ import annotations

import re
import shlex
import zipfile
from pathlib import Path

from cohorts import REPOSITORY

from gfce.cli import parser
from gfce.exchange.reasons import REASONS
from gfce.study.remote import DESCRIPTION, TABLES

TEXT = (REPOSITORY / "docs" / "bundle.md").read_text(encoding="utf-8")
COMMANDS = ("bundle", "evaluate-bundle", "merge")


def typed() -> list[list[str]]:
    blocks = re.findall(r"```\n(.*?)```", TEXT, flags=re.DOTALL)
    lines = (line for block in blocks for line in block.splitlines())
    return [shlex.split(line)[1:] for line in lines if line.startswith("gfce ")]


def test_what_is_typed_is_understood() -> None:
    commands = typed()
    for command in commands:
        parser().parse_args(command)
    assert {command[0] for command in commands} == set(COMMANDS)


def test_the_files_are_named(bundle: Path) -> None:
    for name in (DESCRIPTION, *TABLES):
        assert f"`{name}`" in TEXT
    with zipfile.ZipFile(bundle) as archive:
        for name in archive.namelist():
            assert f"`{Path(name).name}`" in TEXT
    assert f"{len(REASONS) + 1} reasons".replace("8", "eight") in TEXT
