"""Reading the tables of this package."""

from __future__ import annotations

from functools import cache
from importlib import resources

import pandas as pd


@cache
def read_table(name: str, index: str | None = None) -> pd.DataFrame:
    """Return a packaged CSV table, with the column ``index`` as its index if one is named.

    Empty cells of text columns are empty text. The table is shared: do not change it.
    """
    with resources.files("gfce.phantom").joinpath(name).open(encoding="utf-8") as stream:
        return pd.read_csv(stream, keep_default_na=False, index_col=index)
