"""The page of all patients."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
from matplotlib.image import imread
from quality.test_remarks import row

from gfce.images.modalities import MODALITIES
from gfce.quality.page import Picture, page
from gfce.quality.remarks import Remark
from gfce.quality.step import as_table
from gfce.quality.thumbnails import LONGEST, png, thumbnail

VOID = {"meta", "img"}


class Checked(HTMLParser):
    """Open and close tags in order, and what a page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, tag: str, name: str) -> list[str]:
        return [str(found[name]) for kind, found in self.tags if kind == tag and name in found]


def decoded(uri: str) -> np.ndarray:
    return imread(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,"))))


def example(patients: int = 2) -> str:
    rows = [row(f"sub-{n}", "A & B", modality) for n in range(patients) for modality in MODALITIES]
    volume = np.random.default_rng(0).random((3, 256, 224), np.float32)
    image = thumbnail(volume, volume > 0.2)
    pictures = {
        f"sub-{n}": Picture(dict.fromkeys(MODALITIES, image), 2, 0.9) for n in range(patients)
    }
    remarks = [Remark("CE of <A> is not"), Remark("sub-1: wrong", ("sub-1",))]
    return page(as_table(rows), pictures, remarks)


def test_the_page_refers_to_nothing_outside() -> None:
    text = example()
    found = Checked(text)
    assert all(uri.startswith("data:image/png;") for uri in found.values("img", "src"))
    ids = {attributes["id"] for _, attributes in found.tags if "id" in attributes}
    assert {link.removeprefix("#") for link in found.values("a", "href")} <= ids
    assert not re.search(r"https?:|url\(|@import|<script|<link", text)


def test_it_can_be_read_without_seeing_it() -> None:
    found = Checked(example())
    alts = found.values("img", "alt")
    assert alts[0] == "T1w of sub-0, slice 2"
    assert len(set(alts)) == len(found.values("img", "src")) == 6
    headings = [int(tag[1]) for tag, _ in found.tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(headings))
    assert found.values("html", "lang") == ["en"]


def test_names_are_text() -> None:
    text = example()
    assert "A &amp; B" in text
    assert "CE of &lt;A&gt; is not" in text
    assert '<a href="#patient-sub-1">Show sub-1</a>' in text


def test_hundreds_of_patients_stay_small() -> None:
    # Noise is what compresses least.
    each = (len(example(12)) - len(example(2))) / 10
    assert 250 * each < 25e6


def test_a_thumbnail_is_the_middle_slice_in_one_window() -> None:
    volume = np.zeros((5, 300, 200), np.float32)
    volume[2, 100:200] = 50
    volume[2, 0, 0] = -9
    shown = decoded(thumbnail(volume, volume > 0))
    assert shown.shape == (100, 66)
    assert max(shown.shape) <= LONGEST
    assert shown[50].min() == shown.max() == 1
    assert shown[0].max() == 0


def test_png_keeps_every_gray() -> None:
    grays = np.random.default_rng(1).integers(0, 256, (7, 5), dtype=np.uint8)
    uri = base64.b64encode(png(grays)).decode()
    assert np.array_equal(np.rint(decoded(uri) * 255), grays)
