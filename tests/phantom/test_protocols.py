"""The packaged protocols and what the reader refuses."""

from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from gfce.errors import UserError
from gfce.phantom import Protocol, read_protocols
from gfce.phantom.protocols import Changes

TABLE = resources.files("gfce.phantom").joinpath("protocols.csv").read_text(encoding="utf-8")


@pytest.fixture
def protocols() -> dict[str, Protocol]:
    return read_protocols()


def test_seven_institutions_within_published_ranges(protocols: dict[str, Protocol]) -> None:
    assert list(protocols) == [f"Institution-{n}" for n in range(1, 8)]
    for p in protocols.values():
        for modality in ("t1w", "ce"):
            assert 450 <= p.tr_ms(modality) <= 750
            assert 8 <= p.te_ms(modality) <= 17
        assert 2500 <= p.t2w_tr_ms <= 7600
        assert 70 <= p.t2w_te_ms <= 100
        assert 3 <= p.slice_thickness_mm <= 5
        assert 256 <= p.rows <= 512
        assert 225 <= p.rows * p.voxel_mm <= 255
        assert not p.t1w_fat_suppression
    assert {p.field_strength_t for p in protocols.values()} == {1.5, 3.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"t1w_te_ms": 700.0}, "t1w_te_ms is 700"),
        ({"t1w_te_ms": 250.0, "t1w_tr_ms": 240.0}, "echo time exceeds"),
        ({"snr": 0.0}, "snr is 0"),
        ({"voxel_mm": float("nan")}, "voxel_mm is nan"),
        ({"phase_axis": "slices"}, "phase_axis"),
        ({"agent": "water"}, "'water'"),
        ({"field_strength_t": 7.0}, "7 T"),
    ],
)
def test_impossible_values(
    protocols: dict[str, Protocol], change: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        replace(protocols["Institution-1"], **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("gain_spread", "gain_sprad", "unknown column"),
        ("gain_spread,", "", "missing column"),
        ("Avanto,1.5", "Avanto,strong", "'strong' is not a number"),
        ("320,280", "320.5,280", "'320.5' is not a whole number"),
        (",no,yes,yes,0.12", ",no,maybe,yes,0.12", "'maybe' is not yes or no"),
        ("Institution-2", "Institution-1", "named once"),
    ],
)
def test_faulty_tables(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "table.csv"
    text = TABLE.replace(old, new, 1)
    if message == "missing column":
        rows = [line.split(",") for line in TABLE.splitlines()]
        drop = rows[0].index("gain_spread")
        text = "\n".join(",".join(r[:drop] + r[drop + 1 :]) for r in rows)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_protocols(path)


def test_own_table_equals_packaged(tmp_path: Path, protocols: dict[str, Protocol]) -> None:
    path = tmp_path / "own.csv"
    path.write_text(TABLE, encoding="utf-8")
    assert read_protocols(path) == protocols


def test_absent_or_empty_table(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_protocols(tmp_path / "none.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(UserError, match="cannot be read"):
        read_protocols(tmp_path / "empty.csv")


def test_all_hospitals_of_the_default_cohort_suppress_fat_in_ce(
    protocols: dict[str, Protocol],
) -> None:
    assert all(p.ce_fat_suppression for p in protocols.values())


def test_single_values_can_be_changed() -> None:
    changed = read_protocols(
        changes={"Institution-1": {"ce_fat_suppression": False, "snr": 9, "rows": 192.0}}
    )
    assert changed["Institution-1"].rows == 192
    assert not changed["Institution-1"].ce_fat_suppression
    assert changed["Institution-1"].snr == 9
    others = {name: p for name, p in changed.items() if name != "Institution-1"}
    assert others == {n: p for n, p in read_protocols().items() if n != "Institution-1"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Institution-8": {"snr": 9}}, "simulation.changes: Institution-8 has no protocol"),
        ({"Institution-1": {"snrr": 9}}, "simulation.changes.Institution-1: there is no column"),
        ({"Institution-1": {"snr": 0}}, "snr is 0"),
        ({"Institution-1": {"snr": "high"}}, "'high' is not a number"),
        ({"Institution-1": {"rows": 320.5}}, "'320.5' is not a whole number"),
    ],
)
def test_impossible_changes(changes: Changes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_protocols(changes=changes)
