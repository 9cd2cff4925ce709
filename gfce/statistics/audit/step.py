"""`gfce audit`: do the derived numbers of printed tables follow from the others?"""

from __future__ import annotations

from pathlib import Path

from gfce.files import write_csv, write_text
from gfce.statistics.audit.published import read_published
from gfce.statistics.audit.recompute import audit_tables
from gfce.statistics.audit.summary import summary


def audit(folder: Path | None, output: Path) -> str:
    """Audit a folder's tables (None: the package's), write audit.csv and audit.md to `output`.

    Returns:
        The Markdown summary.
    """
    table = audit_tables(read_published(folder))
    text = summary(table)
    write_csv(table, output / "audit.csv")
    write_text(text, output / "audit.md")
    return text
