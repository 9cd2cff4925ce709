"""`gfce dissect` on a tiny simulated study of one trained model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cohorts import Configure
from matplotlib.patches import Rectangle
from studies import simulated_study

from gfce.cohort.index import index
from gfce.cohort.simulating import simulate
from gfce.config import Dissection, StudyConfig, parse_config
from gfce.dissection.factors import FACTORS, replaced
from gfce.dissection.step import dissect, plan_examinations
from gfce.dissection.table import TABLE
from gfce.errors import UserError
from gfce.evaluation.evaluate import evaluate
from gfce.evaluation.predict import predict
from gfce.images.preprocess import preprocess
from gfce.phantom import read_protocols, simulate_patient
from gfce.phantom.patient import Volunteer
from gfce.report.figure import study_figures
from gfce.report.figures.dissection import draw
from gfce.steps import Task, reads, tasks
from gfce.study import Results, cells, read_patients
from gfce.training.cell import train_cell

DISSECTED = {"factors": ["fat_suppression", "gain", "population"]}


def content(folder: Path) -> dict[str, Any]:
    return {
        **simulated_study(folder),
        "cohort": {
            "dataset": str(folder / "data"),
            "development": ["Institution-1"],
            "external": ["Institution-5"],
            "training_patients": 1,
        },
        "simulation": {
            "patients": {"Institution-1": 2, "Institution-5": 2},
            "coarsening": 6,
            "slices": 2,
        },
        "grid": {"networks": {"unet": {"width": 2}}, "normalizations": ["min_max"]},
        "dissection": DISSECTED,
    }


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    """The study, dissected."""
    study = parse_config(content(tmp_path_factory.mktemp("dissect")), "test.yaml")
    simulate(study)
    index(study)
    for institution in study.cohort.institutions:
        preprocess(study, institution)
    (cell,) = cells(study)
    train_cell(study, cell)
    predict(study, cell)
    evaluate(study, cell)
    dissect(study)
    return study


@pytest.fixture(scope="module")
def rows(config: StudyConfig) -> pd.DataFrame:
    table = pd.read_csv(Results(config).root / f"{TABLE.name}.csv")
    assert list(table.columns) == TABLE.names
    return table.set_index("factor")


def test_with_nothing_replaced_the_error_is_that_of_metrics(
    config: StudyConfig, rows: pd.DataFrame
) -> None:
    (cell,) = cells(config)
    scores = pd.read_csv(Results(config).cell_metrics(cell))
    chosen = (scores["region"] == "volume") & (scores["scaling"] == "reference")
    means = scores[chosen].groupby("cohort")["mae"].mean()
    assert (rows["none"] == means["external"]).all()
    assert (rows["internal"] == means["internal"]).all()


def test_shapley_values_add_up_to_the_gap(rows: pd.DataFrame) -> None:
    assert list(rows.index) == DISSECTED["factors"]
    gap = (rows["none"] - rows["all"]).iloc[0]
    assert gap != 0
    assert rows["gap"].to_numpy() == pytest.approx(gap)
    assert rows["shapley"].sum() == pytest.approx(gap)
    assert (rows["shapley_se"] == 0).all()  # three factors: all coalitions
    assert rows["n_evaluations"].iloc[0] == 2 * 4
    # The population of both hospitals is drawn alike.
    assert rows.loc["population", "shapley"] == 0
    assert rows.loc["population", "reason"] == "both protocols have the same"


def test_of_two_factors_shapley_is_between_first_and_last(rows: pd.DataFrame) -> None:
    assert rows["shapley"].to_numpy() == pytest.approx(
        (rows["one_at_a_time"] + rows["last_one"]).to_numpy() / 2
    )


def test_a_min_max_model_does_not_see_a_gain(rows: pd.DataFrame) -> None:
    fat, gain, _ = rows["shapley"].abs().tolist()
    assert gain < 0.05 * fat


def test_another_dataset_is_refused(config: StudyConfig) -> None:
    path = Results(config).cell_metrics(cells(config)[0])
    former = path.read_bytes()
    scores = pd.read_csv(path)
    no_factor = config.model_copy(update={"dissection": Dissection(factors=["population"])})
    try:
        scores.assign(mae=scores["mae"] + 0.001).to_csv(path, index=False)
        with pytest.raises(UserError, match="simulate it again"):
            dissect(no_factor)
    finally:
        path.write_bytes(former)


def test_the_figure_stacks_what_the_table_has(config: StudyConfig, rows: pd.DataFrame) -> None:
    ((_, figure),) = draw(config, "unet")
    bars = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert sum(bar.get_width() for bar in bars) == pytest.approx(1000 * rows["gap"].iloc[0])
    diamond = figure.axes[0].lines[0].get_xdata()
    assert diamond == pytest.approx([1000 * rows["gap"].iloc[0]])


def test_it_is_part_of_studies_that_ask_for_it(tmp_path: Path) -> None:
    asked = parse_config(content(tmp_path), "test.yaml")
    assert Task("dissect") in reads(asked, Task("compare"))
    assert reads(asked, Task("figures", "dissection")) == [Task("dissect")]
    usual = parse_config({**content(tmp_path), "dissection": None}, "test.yaml")
    assert Task("dissect") not in tasks(usual)
    assert "dissection" not in study_figures(usual)
    with pytest.raises(UserError, match="add the line `dissection:"):
        dissect(usual)


def test_who_is_set_aside_for_a_repair_is_not_dissected(tmp_path: Path) -> None:
    changed = content(tmp_path)
    changed["simulation"]["patients"]["Institution-5"] = 3
    changed["grid"]["repairs"] = {"few1": {"method": "few_shot", "options": {"patients": 1}}}
    study = parse_config(changed, "test.yaml")
    simulate(study)
    index(study)
    planned = {each.patient["patient_id"] for each in plan_examinations(study).values()}
    patients = read_patients(Results(study)).query("institution == 'Institution-5'")
    assert planned == set(patients["patient_id"][patients["split"] == "test"])
    assert len(planned) == len(patients) - 1


def test_hospitals_cannot_be_dissected(configure: Configure) -> None:
    with pytest.raises(UserError, match="gfce dissect needs a simulated cohort"):
        dissect(configure())
    with pytest.raises(UserError, match="gfce dissect needs a simulated cohort"):
        configure(dissection={})
    with pytest.raises(UserError, match="there is no drop without"):
        configure(dissection={}, simulation={"patients": {"A": 3}}, cohort={"external": []})


def test_a_volunteer_remembers_nothing_of_another_protocol() -> None:
    protocols = read_protocols()
    own, other = protocols["Institution-7"], protocols["Institution-6"]
    volunteer = Volunteer(own.name, seed=1, index=0, remembers=True)
    volunteer.imaged(own, coarsening=8, slices=1)
    scanned = [name for name in FACTORS if name != "voxel_size"]
    for protocol in (
        replaced(own, other, ["voxel_size"]),
        replace(replaced(own, other, scanned), atrophy=2.5),
        replaced(own, other, scanned),
    ):
        remembered = volunteer.imaged(protocol, coarsening=8, slices=1)
        alone = simulate_patient(protocol, seed=1, index=0, coarsening=8, slices=1)
        for name, image in alone.images.items():
            assert np.array_equal(remembered.images[name], image)
