"""`gfce audit`: do the derived numbers of printed tables follow from the others?"""

from __future__ import annotations

from pathlib import Path

from gfce.contract.later_columns import write_table
from gfce.files import write_text
from gfce.statistics.audit.next_hospital import TABLE as NEXT_HOSPITAL
from gfce.statistics.audit.next_hospital import published_next_hospital
from gfce.statistics.audit.published import read_published
from gfce.statistics.audit.recompute import audit_tables
from gfce.statistics.audit.summary import summary


def audit(folder: Path | None, output: Path) -> str:
    """Audit a folder's tables (None: the package's), write audit.csv and audit.md to `output`.

    Where the folder says how many patients were tested, audit_next_hospital.csv as well.

    Returns:
        The Markdown summary.
    """
    published = read_published(folder)
    table = audit_tables(published)
    text = summary(table)
    next_hospital = published_next_hospital(published, table)
    write_table(table, output / "audit.csv")
    if next_hospital is not None:
        write_table(next_hospital, output / f"{NEXT_HOSPITAL.name}.csv")
    write_text(text, output / "audit.md")
    return text
