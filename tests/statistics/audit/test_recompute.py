"""The audit of the paper's tables, against values worked by hand."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest

from gfce.errors import UserError
from gfce.statistics.audit.published import read_published
from gfce.statistics.audit.recompute import TABLE, audit_tables
from gfce.statistics.audit.step import audit

PUBLISHED = Path(str(resources.files("gfce"))) / "published"


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return audit_tables(read_published())


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PUBLISHED, tmp_path / "printed"))


def edit(folder: Path, table: str, old: str, new: str) -> None:
    path = folder / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def disagreeing(table: pd.DataFrame) -> set[tuple[str, str, str]]:
    wrong = table[table["agrees"].eq(False)]
    return set(wrong[["table", "row", "column"]].itertuples(index=False, name=None))


def test_cells_of_the_paper_that_do_not_follow(found: pd.DataFrame) -> None:
    assert disagreeing(found) == {
        ("table5", "min_max Uni-m1", "psnr_drop_pct"),  # 100 (33.45 - 29.78) / 33.45 = 10.97
        ("table5", "min_max Uni-m3", "mae_drop_pct"),  # 100 (39.72 - 25.56) / 25.56 = 55.40
        ("table5", "min_max Overall", "mae_drop_pct"),
        ("table5", "min_max Overall", "psnr_drop_pct"),
        ("table5", "z_score Overall", "mae_drop_pct"),  # (58.62 + 51.15 + 25.30) / 3 = 45.02
    }


def test_an_error_is_told_from_its_consequence(found: pd.DataFrame) -> None:
    cells = found.set_index(["row", "column"])
    # (60.42 + 110.67 + 34.37) / 3 = 68.49: right given the printed 34.37, which is not.
    overall = cells.loc[("min_max Overall", "mae_drop_pct")]
    assert overall["from_printed"] == pytest.approx(68.4867, abs=1e-4)
    assert overall["agrees_with_printed"] == True  # noqa: E712 - an object column
    own = cells.loc[("z_score Overall", "mae_drop_pct")]
    assert own["agrees_with_printed"] == False  # noqa: E712


def test_recomputed_by_hand(found: pd.DataFrame) -> None:
    cell = found.set_index(["row", "column"]).loc[("min_max Uni-m3", "mae_drop_pct")]
    # Rows 44.53, 35.67, 45.36, 33.30: mean 39.715; 100 (39.715 / 25.56 - 1)
    assert cell["recomputed"] == pytest.approx(55.37950)
    assert cell["recomputed_low"] == pytest.approx(100 * (39.710 / 25.565 - 1))
    assert cell["recomputed_high"] == pytest.approx(100 * (39.720 / 25.555 - 1))


def test_absent_rows_are_solved_for_and_marked(found: pd.DataFrame) -> None:
    implied = found[found["implied"]].set_index(["row", "column"])
    assert set(implied.index.get_level_values("row")) == {
        "Tri-M Institution-7 external",
        "Tri-Z Institution-7 external",
    }
    # 4 x 40.76 - (41.82 + 41.55 + 46.12) = 33.55, each printed number within 0.005
    cell = implied.loc[("Tri-M Institution-7 external", "mae_mean_x1000")]
    assert cell["recomputed"] == pytest.approx(33.55)
    assert cell["recomputed_high"] - cell["recomputed_low"] == pytest.approx(2 * 7 * 0.005)
    assert pd.isna(cell["printed"])
    sd = implied.loc[("Tri-Z Institution-7 external", "psnr_sd_db")]
    assert sd["recomputed"] == pytest.approx(0.58)
    assert "other models there: 1.42 to 1.57" in sd["note"]


def test_cells_that_cannot_be_checked_say_so(found: pd.DataFrame) -> None:
    unknown = found[found["agrees"].isna() & ~found["implied"]]
    assert set(unknown["row"]) == {"Tri-M Overall external", "Tri-Z Overall external"}
    assert set(unknown["note"]) == {"cannot be checked: no row of Institution-7"}


def test_every_derived_cell_is_listed(found: pd.DataFrame) -> None:
    assert list(found.columns) == TABLE.names
    derived = 2 * 5 * 4 + 2 * 2 + 8 * 2
    assert len(found) == derived + found["implied"].sum() == derived + 8


def test_corrected_cells_agree(copy: Path) -> None:
    edit(copy, "table5", "60.42,12.32", "60.42,10.97")
    edit(copy, "table5", "34.37,5.18", "55.40,5.18")
    edit(copy, "table5", "68.49,10.46", "75.50,10.01")
    edit(copy, "table5", "44.42,6.82", "45.02,6.82")
    assert disagreeing(audit_tables(read_published(copy))) == set()


def test_one_digit_beyond_rounding_is_found(copy: Path) -> None:
    before = disagreeing(audit_tables(read_published(copy)))
    edit(copy, "table2", "Overall,external,51.51,", "Overall,external,51.53,")
    after = disagreeing(audit_tables(read_published(copy)))
    assert after - before == {("table2", "Uni-m2 Overall external", "mae_mean_x1000")}


def test_coarser_printing_is_less_strict(copy: Path) -> None:
    edit(copy, "table5", "34.37,5.18", "55,5.18")
    rows = {row for _, row, _ in disagreeing(audit_tables(read_published(copy)))}
    assert "min_max Uni-m3" not in rows


def test_two_absent_rows_are_not_implied(copy: Path) -> None:
    edit(copy, "table2", "Tri-M,Institution-6,external,46.12,13.55,29.29,1.84\n", "")
    table = audit_tables(read_published(copy))
    absent = table[table["row"] == "Tri-M Institution-6 external"]
    assert set(absent["note"]) == {"absent, and not implied by an Overall"}
    assert absent["recomputed"].isna().all()


def test_files_and_summary(tmp_path: Path) -> None:
    text = audit(None, tmp_path / "out")
    written = pd.read_csv(tmp_path / "out" / "audit.csv")
    columns = ["table", "row", "column", "printed", "recomputed", "agrees"]
    assert list(written.columns[:6]) == columns
    assert "52 derived cells" in text
    assert "47 agree and 5 do not" in text
    assert r"| 5 | min\_max Uni-m3 | mae\_drop\_pct | 34.37 | 55.38 | 55.33 to 55.43 |" in text
    assert (tmp_path / "out" / "audit.md").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("table4", "7.34", "7.3O", r"table4\.csv: mae_improvement_pct: '7.3O' is not a number"),
        ("table4", "7.34", "NaN", r"'NaN' is not a number"),
        ("table5", "mae_drop_pct", "drop", r"table5\.csv: has no column mae_drop_pct"),
        ("table3", "Uni-z2,Institution-2", "Uni-z1,Institution-1", r"internal stands there twice"),
    ],
)
def test_tables_that_cannot_be_read_are_one_line(
    copy: Path, table: str, old: str, new: str, message: str
) -> None:
    edit(copy, table, old, new)
    with pytest.raises(UserError, match=message):
        read_published(copy)


def test_a_folder_without_tables_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"table2\.csv: is not there"):
        audit(tmp_path, tmp_path)
