"""Colours are seaborn's without its import."""

from __future__ import annotations

import seaborn as sns

from gfce.report.colours import COLORBLIND, SAFE_COLOURS, palette


def test_the_palette_is_seaborn_s() -> None:
    assert list(COLORBLIND) == sns.color_palette("colorblind").as_hex()


def test_many_colours_are_all_different() -> None:
    for count in (1, SAFE_COLOURS, SAFE_COLOURS + 1, 30):
        assert len(set(palette(count))) == count
    assert palette(len(COLORBLIND), most=len(COLORBLIND)) == list(COLORBLIND)
