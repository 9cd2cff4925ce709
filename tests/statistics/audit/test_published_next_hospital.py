"""audit_next_hospital.csv: printed tables by the functions of a study's next_hospital.csv."""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from cohorts import REPOSITORY

from gfce.contract.later_columns import with_absent
from gfce.errors import UserError
from gfce.statistics.audit.next_hospital import TABLE
from gfce.statistics.audit.step import audit

PUBLISHED = REPOSITORY / "gfce" / "published"
METAFOR = pd.read_csv(REPOSITORY / "tests" / "statistics" / "methods" / "meta_analysis.csv")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("audit")
    audit(None, folder)
    return pd.read_csv(folder / "audit_next_hospital.csv", keep_default_na=False, na_values=[""])


@pytest.mark.parametrize(
    ("model", "problem", "internal"), [("Uni-m1", "uni_m1", 25.39), ("Uni-z3", "uni_z3", 26.84)]
)
def test_a_drop_is_the_pooled_external_mean_less_the_internal_one(
    table: pd.DataFrame, model: str, problem: str, internal: float
) -> None:
    """The pooled log of the external means is metafor's, of the same printed numbers."""
    for estimator in ("REML", "DL"):
        chosen = (table["model"] == model) & (table["estimator"] == estimator)
        row = table[chosen & (table["effect"] == "drop") & (table["metric"] == "mae")].iloc[0]
        theirs = METAFOR[(METAFOR["problem"] == problem) & (METAFOR["estimator"] == estimator)]
        theirs = theirs.iloc[0]
        assert row["estimate"] == pytest.approx(theirs["mean"] - math.log(internal), rel=1e-9)
        assert row["tau"] ** 2 == pytest.approx(theirs["tau2"], rel=1e-9)
        sd = {"Uni-m1": 3.59, "Uni-z3": 6.17}[model]
        own = sd**2 / (18 * internal**2)
        assert row["se"] ** 2 == pytest.approx(theirs["hksj_se"] ** 2 + own, rel=1e-9)


def test_every_printed_model_is_there(table: pd.DataFrame) -> None:
    assert list(with_absent(table, TABLE.names).columns) == TABLE.names
    assert not table.duplicated(list(TABLE.key)).any()
    assert len(table) == 2 * 2 * (8 + 8 + 4)
    assert table["k"].eq(4).all() and table["n"].eq(43).all()
    assert set(table["source"]) == {"published"}
    pairing = table.groupby("effect")["pairing"].agg(set).to_dict()
    unpaired = {"unpaired"}
    assert pairing == {
        "drop": {"one sample"},
        "improvement": unpaired,
        "normalization": unpaired,
    }


def test_what_is_implied_is_said(table: pd.DataFrame) -> None:
    pooled = table["model"].str.startswith("Tri")
    assert table.loc[pooled, "reason"].str.contains("at Institution-7").all()
    assert table.loc[~pooled, "reason"].isna().all()


def test_an_improvement_is_unpaired(table: pd.DataFrame) -> None:
    """Tri-Z against Uni-z3 in dB: tau is 0, so the mean weighs by the sums of the variances."""
    chosen = (table["model"] == "Tri-Z") & (table["reference"] == "Uni-z3")
    row = table[chosen & (table["metric"] == "psnr_db") & (table["estimator"] == "REML")].iloc[0]
    assert row["tau"] == 0
    implied = {"mean": 4 * 31.27 - 29.72 - 31.69 - 32.78, "sd": 4 * 1.04 - 1.21 - 1.25 - 1.12}
    tri = [(29.72, 1.21), (31.69, 1.25), (32.78, 1.12), (implied["mean"], implied["sd"])]
    uni = [(29.50, 1.21), (31.06, 1.42), (32.52, 1.08), (30.95, 1.50)]
    sizes = (18, 9, 9, 7)
    gains = [a - b for (a, _), (b, _) in zip(tri, uni, strict=True)]
    weights = [n / (s**2 + u**2) for (_, s), (_, u), n in zip(tri, uni, sizes, strict=True)]
    mean = sum(w * g for w, g in zip(weights, gains, strict=True)) / sum(weights)
    assert row["estimate"] == pytest.approx(mean, rel=1e-9)


def test_the_documentation_says_what_it_finds(table: pd.DataFrame) -> None:
    text = (REPOSITORY / "docs" / "statistics.md").read_text(encoding="utf-8")
    line = re.compile(r"\| (?:drop of )?(\S+)(?: over (.+?))? \| (\S+) % (\[.+?\]) \| (\[.+?\]) \|")
    found = line.findall(
        text.partition("Of the paper's MAE (REML):")[2].partition("**Checked**")[0]
    )
    assert len(found) == 7
    chosen = table[(table["metric"] == "mae") & (table["estimator"] == "REML")]
    by_question = chosen.set_index(["model", "reference"])
    for model, reference, *printed in found:
        row = by_question.loc[(model, reference.replace(", ", ";") or "internal")]
        mean, low, high, new_low, new_high = (
            f"{row[f'reported_{name}']:.0f}".replace("-", "−")
            for name in ("estimate", "ci95_low", "ci95_high", "pi95_low", "pi95_high")
        )
        assert printed == [mean, f"[{low}, {high}]", f"[{new_low}, {new_high}]"]


def test_without_numbers_of_patients_there_is_no_table(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PUBLISHED, tmp_path / "tables"))
    (folder / "institutions.csv").unlink()
    audit(folder, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["audit.csv", "audit.md"]


@pytest.mark.parametrize("text", ["9.5", "", "-3", "nine"])
def test_a_number_of_patients_is_a_whole_one(tmp_path: Path, text: str) -> None:
    folder = Path(shutil.copytree(PUBLISHED, tmp_path / "tables"))
    path = folder / "institutions.csv"
    path.write_text(path.read_text().replace("Institution-7,7", f"Institution-7,{text}"))
    with pytest.raises(UserError, match=r"institutions\.csv: n: ") as error:
        audit(folder, tmp_path / "out")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_an_institution_without_a_number_is_left_out(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PUBLISHED, tmp_path / "tables"))
    path = folder / "institutions.csv"
    path.write_text(path.read_text().replace("Institution-4,18\n", ""))
    audit(folder, tmp_path)
    table = pd.read_csv(tmp_path / "audit_next_hospital.csv")
    assert table["k"].eq(3).all()
    reasons = table.loc[table["effect"] == "drop", "reason"]
    assert reasons.str.contains("left out: Institution-4 (fewer than two", regex=False).all()
