"""What was found: the findings, printed tables, figures and statistics."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from gfce import html
from gfce.contract.tables import declaration
from gfce.report.figure import StudyFigure, study_figures
from gfce.report.page.markdown import as_html
from gfce.report.page.rows import DIGITS, meanings, read_rows, rows_table
from gfce.report.page.study import ReportedStudy
from gfce.study import cells, model_label

SMALL = 120
"""The most rows of a table of statistics that the page repeats."""
OPEN = 20
"""The most rows of one that need not be opened first."""
FIGURE_BYTES = 10_000_000
"""What all figures may take of the page; the files of further ones are named."""
KINDS = {"png": "image/png", "svg": "image/svg+xml"}


def findings(study: ReportedStudy) -> Iterator[str]:
    """The claims of the study, as the end of a run prints them."""
    path = study.results.findings
    if not study.fits("compare") or not path.exists():
        yield study.absent("compare")
        return
    yield as_html(path.read_text(encoding="utf-8"))
    yield "<p>Effects with 95 % confidence intervals; how each analysis decides stands in "
    yield "<code>statistics/stability.csv</code>.</p>\n"


def printed_tables(study: ReportedStudy) -> Iterator[str]:
    """Every printed table, number for number."""
    paths = sorted(study.results.tables.glob("*.md"))
    if not study.fits("tabulate") or not paths:
        yield study.absent("tabulate")
        return
    for path in paths:
        yield f'<div id="tables-{path.stem}">\n{as_html(path.read_text(encoding="utf-8"))}</div>\n'


def figures(study: ReportedStudy) -> Iterator[str]:
    """Every figure with its caption, as long as there is room: the numbered ones first.

    Of a figure with a sheet of all its files, the sheet is shown and they are named.
    """
    room = FIGURE_BYTES
    declared = study_figures(study.config)
    for name in sorted(declared, key=lambda name: not name.startswith("figure")):
        figure = declared[name]
        title = figure.kind.title + (f" ({figure.network})" if figure.network else "")
        yield f'<h3 id="figures-{escape(name)}">{escape(title)}</h3>\n'
        paths = _files(study, figure) if study.fits("figures", name) else []
        if not paths:
            yield study.absent("figures", name)
            continue
        yield f"<p>{escape(figure.kind.caption)}</p>\n"
        yield '<div class="figures">\n'
        sheet, single = _sheet_and_single(figure, paths)
        for path in sheet or single:
            size = path.stat().st_size
            yield _figure(study, title, path) if size <= room else _too_large(study, path)
            room -= size if size <= room else 0
        yield "</div>\n"
        if sheet and single:
            yield f"<details><summary>{len(single)} single files</summary>\n<ul>\n"
            yield from (f"<li>{_link(study, path, _of(study, path))}</li>\n" for path in single)
            yield "</ul>\n</details>\n"


def _files(study: ReportedStudy, figure: StudyFigure) -> list[Path]:
    """The files of a figure, of PNG and SVG the smaller one."""
    folder = study.results.figures
    found = [folder / f"{figure.name}.png", *sorted((folder / figure.name).rglob("*.png"))]
    pairs = ([path, path.with_suffix(".svg")] for path in found if path.exists())
    return [
        min((p for p in pair if p.exists()), key=lambda path: path.stat().st_size) for pair in pairs
    ]


def _sheet_and_single(figure: StudyFigure, paths: list[Path]) -> tuple[list[Path], list[Path]]:
    """The file that shows all of a figure, if it has one, and those of its folder."""
    return (
        [path for path in paths if path.stem == figure.name],
        [path for path in paths if path.stem != figure.name],
    )


def _figure(study: ReportedStudy, title: str, path: Path) -> str:
    uri, what = html.data_uri(path.read_bytes(), KINDS[path.suffix[1:]]), _of(study, path)
    text = escape(f"{title}: {what}" if what else title)
    caption = f"<figcaption>{escape(what)}</figcaption>" if what else ""
    return f'<figure><img loading="lazy" src="{uri}" alt="{text}">{caption}</figure>\n'


def _too_large(study: ReportedStudy, path: Path) -> str:
    return f'<p class="absent">Too large for this page: {_link(study, path)}</p>\n'


def _link(study: ReportedStudy, path: Path, words: str = "") -> str:
    name = escape(path.relative_to(study.results.root).as_posix())
    return f'<a href="{name}">{escape(words) or name}</a>'


def _of(study: ReportedStudy, path: Path) -> str:
    """What one of several files of a figure is about: a model and its seed, or its name."""
    name = path.relative_to(study.results.figures).with_suffix("").as_posix()
    _, _, inner = name.partition("/")
    known = {str(cell): cell for cell in cells(study.config)}
    if inner in known:
        return f"{model_label(study.config, known[inner])}, seed {known[inner].seed}"
    return inner


def statistics(study: ReportedStudy) -> Iterator[str]:
    """Every table of statistics: small ones as they are, the others by name."""
    paths = sorted(study.results.statistics.glob("*.csv"))
    if not study.fits("compare") or not paths:
        yield study.absent("compare")
        return
    yield f"<p>Numbers have {DIGITS} significant digits here and all of them in the files, which "
    yield "lie beside this page; columns without a value are left out. Formulas: "
    yield "docs/statistics.md of gfce.</p>\n"
    for path in paths:
        yield from _statistic(study, path)


def _statistic(study: ReportedStudy, path: Path) -> Iterator[str]:
    name = path.relative_to(study.results.root).as_posix()
    declared, rows = declaration(name.removesuffix(".csv")), read_rows(path)
    title = declared.title if declared else path.stem
    yield f'<h3 id="statistics-{escape(path.stem)}">{escape(title)}</h3>\n'
    link = f'<a href="{escape(name)}">{escape(name)}</a>'
    if declared is None or not 0 < len(rows) <= SMALL:
        yield f"<p>{link}: {len(rows)} rows.</p>\n"
    else:
        yield f"<details{' open' if len(rows) <= OPEN else ''}>"
        yield f"<summary>{len(rows)} rows</summary>\n"
        yield rows_table(link, rows, declared) + "</details>\n"
    if declared:
        yield meanings(declared.columns)
