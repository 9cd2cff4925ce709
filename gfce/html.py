"""Pages of HTML that are one file each: what they have in common.

A page refers to nothing outside itself: its policy (Content Security Policy, level 3) lets a
browser load pictures from data URIs and run the one script that the page was written with.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise

STYLE = """
body { margin: 0 auto; max-width: 70rem; padding: 0 1rem 3rem; background: #fff; color: #1a1a1a;
  font: 1rem/1.5 system-ui, sans-serif; }
a { color: #0b4a8f; }
a:focus-visible, summary:focus-visible { outline: 3px solid #0b4a8f; outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { position: static; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { border: 1px solid #8a8a8a; padding: .15rem .5rem; text-align: left; vertical-align: top; }
caption { text-align: left; }
"""
"""What every page looks like; a page's own style stands behind it."""
LONG = 40
"""Characters of a table's cell that is broken into lines."""
POLICY = "default-src 'none'; base-uri 'none'; img-src data:; style-src 'unsafe-inline'"
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="{policy}">
<title>{title}</title>
<style>{style}</style>
</head>
"""


def document(title: str, body: Iterable[str], style: str = "", script: str = "") -> str:
    """A whole page.

    Args:
        title: of the window; it is escaped, and `body` is not.
        body: what the page shows.
        style: CSS beside `STYLE`.
        script: the page's only script (empty: none), which the policy knows by its hash.
    """
    head = _HEAD.format(policy=_policy(script), title=escape(title), style=STYLE + style)
    end = f"<script>{script}</script>\n" if script else ""
    return "".join([head, "<body>\n", *body, end, "</body>\n</html>\n"])


def _policy(script: str) -> str:
    if not script:
        return POLICY
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return f"{POLICY}; script-src 'sha256-{digest}'"


def data_uri(content: bytes, kind: str) -> str:
    """A file as part of a page, by its media type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def table(
    caption: str, header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Iterable[int] = ()
) -> str:
    """A table that is scrolled by itself, its caption apart, where it is wider than the page.

    Args:
        caption: what it shows, as HTML like the cells.
        header: titles of the columns.
        rows: cells; the first of a row is its header.
        numbers: columns that are set flush right.
    """
    right = set(numbers)
    titles = "".join(_cell("th", title, i in right, "col") for i, title in enumerate(header))
    firsts = [row[0] for row in rows]
    grouped = len(set(firsts)) < len(firsts)
    starts = [grouped and first != before for before, first in pairwise(["", *firsts])]
    return "".join(
        [
            f'<figure class="table">\n<figcaption>{caption}</figcaption>\n',
            f'<div class="scroll" tabindex="0"><table>\n<thead><tr>{titles}</tr></thead>\n',
            "<tbody>\n",
            *(_row(cells, right, start) for cells, start in zip(rows, starts, strict=True)),
            "</tbody></table></div>\n</figure>\n",
        ]
    )


def _row(cells: Sequence[str], right: set[int], starts: bool) -> str:
    """A row; one that begins a group of rows with the same header is marked."""
    first, *others = cells
    content = _cell("th", first, 0 in right, "row")
    content += "".join(_cell("td", cell, i in right) for i, cell in enumerate(others, 1))
    mark = ' class="start"' if starts else ""
    return f"<tr{mark}>{content}</tr>\n"


def _cell(tag: str, content: str, is_number: bool, scope: str = "") -> str:
    kind = "n" if is_number else "long" if len(content) > LONG else ""
    attributes = f' scope="{scope}"' * bool(scope) + f' class="{kind}"' * bool(kind)
    return f"<{tag}{attributes}>{content}</{tag}>"
