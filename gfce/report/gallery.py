"""What Snakemake's own report (`snakemake --report`) shows of a study: figures, tables, texts.

Snakemake takes for its report what is marked, of outputs and of inputs. Results are no rule's
outputs, so the folder of results is marked as an input of the target `all`, with a pattern of the
files that fit the study. Titles and captions are those of `gfce.report.describing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from gfce.config import StudyConfig
from gfce.report.describing import described

CATEGORIES = {
    "figures": "Figures",
    "tables": "Tables",
    "statistics": "Tests and intervals",
    "reviewer": "For reviewers",
}
"""Folders that are shown, and what they are called."""
SHOWN = {".csv", ".html", ".md", ".png", ".tex"}
"""Of a figure the PNG: a browser needs no other."""
_MARKUP = re.compile(r"([\\*`|_<>\[\]])")


class Matched(Protocol):
    """What a pattern of Snakemake's has found: a file, by its path below the results."""

    file: str


@dataclass(frozen=True)
class Gallery:
    """The words of Snakemake's report on a study.

    Attributes:
        config: the study.
    """

    config: StudyConfig

    def __str__(self) -> str:
        """Snakemake prints the parameters of a rule beside each file."""
        return f"study {self.config.study}"

    def patterns(self, files: Iterable[str]) -> list[str]:
        """Snakemake's pattern of what is shown (none: there is nothing to show).

        Args:
            files: paths below the results of what fits the study.
        """
        paths = sorted(map(PurePosixPath, files))
        shown = [p for p in paths if p.parts[0] in CATEGORIES and p.suffix in SHOWN]
        names = "|".join(re.escape(path.as_posix()) for path in shown)
        return [f"{{file,{names}}}"] if names else []

    def category(self, matched: Matched) -> str:
        """The part of the report that a file belongs to."""
        return CATEGORIES[PurePosixPath(matched.file).parts[0]]

    def labels(self, matched: Matched) -> dict[str, str]:
        """How a file is listed there."""
        title, _ = described(self.config, matched.file)
        return {"result": title, "file": matched.file.partition("/")[2]}

    def caption(self, file: str) -> str:
        """What is said of a file, in reStructuredText."""
        return _MARKUP.sub(r"\\\1", described(self.config, file)[1])
