"""The split and the pooled draws, for cohorts of any shape."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from cohorts import minimal_config
from hypothesis import given
from hypothesis import strategies as st

from gfce.cohort.split import assign_roles, draw_training_sets
from gfce.config import StudyConfig, parse_config
from gfce.errors import UserError
from gfce.study import cells, test_patients

test_patients.__test__ = False  # type: ignore[attr-defined]


def config(development: list[str], external: list[str], seed: int, **cohort: object) -> StudyConfig:
    institutions = {"development": development, "external": external, **cohort}
    return parse_config(minimal_config(seed=seed, cohort=institutions), "test.yaml")


def cohort(sizes: dict[str, int]) -> pd.Series:
    people = {f"sub-{name}{k}": name for name, size in sizes.items() for k in range(size)}
    return pd.Series(people)


def patients_table(institutions: pd.Series, study: StudyConfig) -> pd.DataFrame:
    roles = assign_roles(institutions, study)
    return roles.rename_axis("patient_id").reset_index()


def test_the_papers_design() -> None:
    study = config(["A", "B", "C"], ["D"], 1, training_patients=53)
    patients = patients_table(cohort({"A": 71, "B": 71, "C": 71, "D": 18}), study)
    counts = patients.groupby(["institution", "split"]).size()
    assert counts["A", "train"] == 53
    assert counts["A", "test"] == 18
    assert counts["D", "test"] == 18
    sets = draw_training_sets(patients, study)
    assert sets["training_set"].value_counts().to_dict() == dict.fromkeys(
        ["uni-A", "uni-B", "uni-C", "tri"], 53
    )
    institutions = patients.set_index("patient_id")["institution"]
    pooled = sets["patient_id"][sets["training_set"] == "tri"]
    assert sorted(pooled.map(institutions).value_counts()) == [17, 18, 18]


@given(
    sizes=st.lists(st.integers(2, 40), min_size=1, max_size=7),
    external=st.lists(st.integers(1, 9), max_size=4),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**32),
)
def test_any_cohort(sizes: list[int], external: list[int], share: float, seed: int) -> None:
    development = {f"dev{k}": size for k, size in enumerate(sizes)}
    outside = {f"ext{k}": size for k, size in enumerate(external)}
    study = config(list(development), list(outside), seed, training_patients=share)
    patients = patients_table(cohort(development | outside), study)
    sets = draw_training_sets(patients, study)
    trained = patients[patients["split"] == "train"].groupby("institution").size()
    _check_pooled_size(sets, patients, trained)
    _check_no_leak(study, sets, patients)


def _check_pooled_size(sets: pd.DataFrame, patients: pd.DataFrame, trained: pd.Series) -> None:
    pooled = sets[sets["training_set"].isin(["pooled", "tri"])].merge(patients, on="patient_id")
    if pooled.empty:
        return
    smallest, each = trained.min(), math.ceil(trained.min() / len(trained))
    assert len(pooled) == smallest
    assert not pooled["patient_id"].duplicated().any()
    # No institution gives more than its share, and none gives fewer than one less.
    given_by = pooled["institution"].value_counts().reindex(trained.index, fill_value=0)
    assert given_by.between(each - 1, each).all()


def _check_no_leak(study: StudyConfig, sets: pd.DataFrame, patients: pd.DataFrame) -> None:
    for cell in cells(study):
        training = set(sets["patient_id"][sets["training_set"] == cell.training_set])
        testing = test_patients(study, cell, patients)
        assert not training & set(testing["patient_id"])
        held_out = patients[patients["split"] == "test"]
        own = held_out["institution"].isin(study.training_sets()[cell.training_set])
        assert set(testing["patient_id"][testing["cohort"] == "internal"]) == set(
            held_out["patient_id"][own]
        )
        elsewhere = (held_out["role"] == "development") & ~own
        assert set(testing["patient_id"][testing["cohort"] == "cross"]) == set(
            held_out["patient_id"][elsewhere]
        )
        assert set(testing["patient_id"]) == set(held_out["patient_id"])


def test_one_draw_never_moves_another() -> None:
    small = config(["A", "B"], [], 5, training_patients=6)
    large = config(["A", "B", "C"], ["D"], 5, training_patients=6)
    sizes = {"A": 8, "B": 9, "C": 10, "D": 3}
    first = patients_table(cohort({k: sizes[k] for k in "AB"}), small)
    second = patients_table(cohort(sizes), large)
    both = first.merge(second, on="patient_id", suffixes=("_small", "_large"))
    assert (both["split_small"] == both["split_large"]).all()


def test_the_seed_decides() -> None:
    institutions = cohort({"A": 20})
    splits = [assign_roles(institutions, config(["A"], [], seed)) for seed in (1, 1, 2)]
    assert splits[0].equals(splits[1])
    assert not splits[0].equals(splits[2])


def test_too_few_patients() -> None:
    with pytest.raises(UserError, match=r"A: too few usable patients \(3\): 3 to train on"):
        assign_roles(cohort({"A": 3}), config(["A"], [], 1, training_patients=3))
    with pytest.raises(UserError, match=r"institution B: no usable patient"):
        assign_roles(cohort({"A": 3}), config(["A", "B"], [], 1))


def test_fewer_training_patients_than_the_draw_needs() -> None:
    study = config(["A", "B"], [], 1, training_patients=2, pooled_patients=6)
    patients = patients_table(cohort({"A": 5, "B": 5}), study)
    with pytest.raises(UserError, match=r"training set pooled: needs 3 training patients of A"):
        draw_training_sets(patients, study)
