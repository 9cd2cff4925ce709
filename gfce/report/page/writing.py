"""`gfce report`: the study on one page, report.html.

The page refers to nothing outside itself but by links to the files beside it. All of it but the
run times follows from the configuration, the data and the models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html import escape
from pathlib import Path

from gfce import html
from gfce.config import StudyConfig
from gfce.files import write_text
from gfce.provenance.state import Provenance
from gfce.report.page.overview import summary, what_was_run
from gfce.report.page.reproducing import reproducing
from gfce.report.page.results import figures, findings, printed_tables, statistics
from gfce.report.page.runtimes import runtimes
from gfce.report.page.study import ReportedStudy
from gfce.report.page.viewer import viewer
from gfce.report.page.warnings import warnings
from gfce.steps import Task

LIMIT = 24_000_000
"""Bytes of the page; the viewer takes what the other parts leave."""
FOLDER = Path(__file__).parent
Section = Callable[[ReportedStudy], Iterable[str]]
IMAGES = "images"
SECTIONS: dict[str, tuple[str, Section | None]] = {
    "findings": ("Findings", findings),
    "design": ("What was run", what_was_run),
    "tables": ("Tables", printed_tables),
    IMAGES: ("Images", None),
    "figures": ("Figures", figures),
    "statistics": ("Statistics", statistics),
    "warnings": ("Warnings and gaps", warnings),
    "runtimes": ("Run times", runtimes),
    "reproduce": ("How to reproduce it", reproducing),
}
"""Titles of the sections and what writes them; the viewer is written last, into the room left."""


def write_report(config: StudyConfig, known: Provenance | None = None) -> None:
    """Write report.html.

    What `known` says is not there or does not fit is left out, and the page says so (None: what is
    there is taken as it is).

    Raises:
        UserError: the cohort has not been indexed.
    """
    unusable = known.unusable(Task("report")) if known else {}
    study = ReportedStudy(config, unusable)
    write_text(page(study), study.results.report)


def page(study: ReportedStudy) -> str:
    """The page of a study."""
    written = {name: "".join(write(study)) for name, (_, write) in SECTIONS.items() if write}
    top, style, script = _top(study), _read("style.css"), _read("viewer.js")
    taken = sum(len(text.encode()) for text in (*written.values(), top, style, script))
    written[IMAGES] = viewer(study, LIMIT - taken)
    body = [top, *(_section(name, title, written[name]) for name, (title, _) in SECTIONS.items())]
    return html.document(f"{study.config.study}: report", [*body, "</main>\n"], style, script)


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _section(name: str, title: str, content: str) -> str:
    heading = f'<h2 id="{name}-title">{title}</h2>\n'
    return f'<section id="{name}" aria-labelledby="{name}-title">\n{heading}{content}</section>\n'


def _top(study: ReportedStudy) -> str:
    return "".join(
        [
            '<a class="skip" href="#findings">To the findings</a>\n<header>\n',
            f"<h1>{escape(study.config.study)}</h1>\n{summary(study)}</header>\n",
            *_contents(),
            "<main>\n",
        ]
    )


def _contents() -> Iterator[str]:
    yield '<nav aria-label="Contents">\n<ul>\n'
    for name, (title, _) in SECTIONS.items():
        yield f'<li><a href="#{name}">{title}</a></li>\n'
    yield "</ul>\n</nav>\n"
