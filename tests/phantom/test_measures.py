"""The tables of the anatomy: complete, with a source each, and read with the digits they have."""

from dataclasses import dataclass
from importlib import resources

import pandas as pd
import pytest

from gfce.phantom.measures import Pair, measures, mixture
from gfce.phantom.shapes import Ellipsoid
from gfce.phantom.tables import read_table
from gfce.phantom.tissues import tissue_names

FOLDER = resources.files("gfce.phantom")
# Tables of points: their sources stand in the table of what the points belong to.
POINTS = {
    "sections.csv": ("structure", "structures.csv"),
    "courses.csv": ("tube", "tubes.csv"),
    "contours.csv": ("surface", "surfaces.csv"),
}
# Scanners; and the explanation of the sources themselves.
NO_ANATOMY = {"protocols.csv", "sources.csv"}
TABLES = sorted(entry.name for entry in FOLDER.iterdir() if entry.name.endswith(".csv"))
# Their column `source` has publications in full.
PUBLISHED = {"tissues.csv", "agents.csv"}


def table(name: str) -> pd.DataFrame:
    return read_table(name)


@pytest.mark.parametrize("name", sorted(set(TABLES) - set(POINTS) - NO_ANATOMY))
def test_every_row_has_a_source(name: str) -> None:
    sources = table(name)["source"].astype(str).str.strip()
    assert (sources != "").all()
    if name not in PUBLISHED:
        assert set(sources) <= set(table("sources.csv")["source"])


@pytest.mark.parametrize("name", POINTS)
def test_points_belong_to_what_has_a_source(name: str) -> None:
    key, owner = POINTS[name]
    assert set(table(name)[key]) == set(table(owner)[key])
    assert table(owner)[key].is_unique


def test_every_source_is_explained_and_used() -> None:
    sources = table("sources.csv")
    assert sources["source"].is_unique
    assert (sources["reference"].str.strip() != "").all()
    tables = set(TABLES) - set(POINTS) - NO_ANATOMY - PUBLISHED
    used = {source for name in tables for source in table(name)["source"]}
    assert used == set(sources["source"])


def test_each_quantity_stands_once() -> None:
    assert not table("anatomy.csv").duplicated(["structure", "quantity"]).any()
    assert not table("mixtures.csv").duplicated(["structure", "tissue"]).any()


def test_mixtures_are_of_known_tissues_and_whole() -> None:
    rows = table("mixtures.csv")
    assert set(rows["tissue"]) <= set(tissue_names())
    assert not set(rows["structure"]) & set(tissue_names())
    for name in rows["structure"].unique():
        assert sum(mixture(name).values()) == pytest.approx(1.0, abs=1e-12)
    assert mixture("fat") == {"fat": 1.0}
    parts = table("brain_parts.csv")
    assert set(parts["structure"]) <= set(table("structures.csv")["structure"])
    assert {t for name in parts["tissue"] for t in mixture(name)} <= set(tissue_names())


def test_numbers_are_those_of_the_same_digits_in_code() -> None:
    @dataclass(frozen=True)
    class Skin:
        thickness_mm: float
        ear_mm: float
        nose_mm: float

    skin = measures(Skin, "skin")
    assert (skin.thickness_mm, skin.ear_mm, skin.nose_mm) == (1.7, 1.2, 1.5)
    assert type(skin.thickness_mm) is float
    assert measures(Ellipsoid, "lens") == Ellipsoid((31.6, -56.6, 37.0), (4.6, 2.1, 4.6))


def test_a_dataclass_of_other_quantities_is_refused() -> None:
    @dataclass(frozen=True)
    class Skin:
        thickness_mm: float
        ear_mm: Pair

    for structure in ("skin", "no_such_part"):
        with pytest.raises(TypeError):
            measures(Skin, structure)
