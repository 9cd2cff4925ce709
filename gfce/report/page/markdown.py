"""The Markdown that gfce writes (printed tables, findings) as HTML: the numbers as printed.

No more of Markdown than `gfce.statistics.tables.render` and `findings.md` have: headings,
paragraphs, lists, tables, bold text and escaped characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

from gfce import html

_BOLD = re.compile(r"(?<!\\)\*\*(.+?)(?<!\\)\*\*")
_ESCAPED = re.compile(r"\\([|*_])")
_BARS = re.compile(r"(?<!\\)\|")
_NUMBER = re.compile(r"[−-]?\d[\d.]*( ± ([\d.]+|–))?\*?|–")


def as_html(text: str) -> str:
    """A text with its tables; a bold paragraph before a table is its caption."""
    blocks = [list(lines) for filled, lines in groupby(text.splitlines(), key=bool) if filled]
    return "".join(_blocks(blocks))


def _blocks(blocks: list[list[str]]) -> Iterator[str]:
    caption = ""
    for number, lines in enumerate(blocks):
        following = blocks[number + 1][0] if number + 1 < len(blocks) else ""
        if lines[0].startswith("|"):
            yield _table(caption, lines)
        elif lines[0].startswith("- "):
            yield (
                "<ul>\n" + "".join(f"<li>{_inline(line[2:])}</li>\n" for line in lines) + "</ul>\n"
            )
        elif lines[0].startswith("## "):
            yield f"<h3>{_inline(lines[0][3:])}</h3>\n"
        elif following.startswith("|"):
            caption = _inline(" ".join(lines))
        else:
            yield f"<p>{_inline(' '.join(lines))}</p>\n"


def _table(caption: str, lines: list[str]) -> str:
    header, _, *rows = [_cells(line) for line in lines]
    numbers = [
        i for i in range(len(header)) if rows and all(_NUMBER.fullmatch(_plain(r[i])) for r in rows)
    ]
    cells = [[_inline(cell) for cell in row] for row in rows]
    return html.table(caption, [_inline(cell) for cell in header], cells, numbers)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _BARS.split(line)[1:-1]]


def _plain(cell: str) -> str:
    return _ESCAPED.sub(r"\1", _BOLD.sub(r"\1", cell))


def _inline(text: str) -> str:
    return _ESCAPED.sub(r"\1", _BOLD.sub(r"<strong>\1</strong>", escape(text, quote=False)))
