"""Datasets of other programs: sessions, runs, further entities and contrast agents."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from cohorts import REPOSITORY, Configure
from dataset_changes import anat, mask, move

from gfce.cohort.agents import has_gadolinium
from gfce.cohort.bids import PatientFiles
from gfce.cohort.index import index
from gfce.cohort.reading import read_dataset
from gfce.config import Bids, load_config, parse_config
from gfce.errors import UserError
from gfce.provenance.state import Provenance
from gfce.steps import Task
from gfce.study import Results

FILES = ("sub-A2_T1w", "sub-A2_T2w", "sub-A2_ce-gadolinium_T1w")


def read(root: Path, **bids: Any) -> PatientFiles:
    """What is read of sub-A2."""
    return next(p for p in read_dataset(root, Bids(**bids)) if p.patient_id == "sub-A2")


def taken(root: Path, **bids: Any) -> dict[str, str]:
    """The one file of each modality, below the folder of sub-A2."""
    patient = read(root, **bids)
    assert patient.problem is None
    return {
        modality: path.relative_to(root / "sub-A2").as_posix()
        for modality, [path] in patient.files.items()
    }


def sessions(root: Path, *names: str) -> None:
    """Volumes and tumour masks of sub-A2 in several sessions."""
    for name in names:
        for file in FILES:
            named = file.replace("sub-A2", f"sub-A2_ses-{name}")
            for end in (".nii.gz", ".json"):
                copy = anat(root, f"{named}{end}", f"sub-A2/ses-{name}/anat")
                shutil.copy(root / "sub-A2" / "anat" / f"{file}{end}", copy)
        mask(root, f"sub-A2_ses-{name}_label-tumour_mask.nii.gz", f"sub-A2/ses-{name}/anat")
    shutil.rmtree(root / "sub-A2" / "anat")


@pytest.mark.parametrize(
    ("names", "policy", "expected"),
    [
        (("01", "02", "10"), "first", "01"),
        (("01", "02", "10"), "last", "10"),
        (("2", "10"), "first", "2"),
        (("2", "10"), "last", "10"),
        (("M00", "M6", "M12"), "last", "M12"),
        (("pre", "post"), "pre", "pre"),
        (("pre", "post"), "ses-post", "post"),
        (("first", "last"), "ses-last", "last"),
        (("1",), "only", "1"),
        (("1",), "last", "1"),
    ],
)
def test_all_volumes_and_the_mask_are_of_the_session_that_is_chosen(
    root: Path, names: tuple[str, ...], policy: str, expected: str
) -> None:
    sessions(root, *names)
    stem = f"ses-{expected}/anat/sub-A2_ses-{expected}"
    assert taken(root, session=policy) == {
        "t1w": f"{stem}_T1w.nii.gz",
        "t2w": f"{stem}_T2w.nii.gz",
        "ce": f"{stem}_ce-gadolinium_T1w.nii.gz",
    }
    tumour = read(root, session=policy).tumour
    assert tumour is not None
    assert tumour.name == f"sub-A2_ses-{expected}_label-tumour_mask.nii.gz"


@pytest.mark.parametrize(
    ("names", "policy", "reason"),
    [
        (("1", "2"), "only", "(1, 2): choose one by cohort.bids.session, or keep one"),
        (("pre", "post"), "first", "(post, pre) whose names have no order: name one in "),
        (("1", "M2"), "last", "(1, M2) whose names have no order: name one in "),
        (("1", "01"), "last", "(01, 1) whose names have no order: name one in "),
        (("1", "2"), "3", "no session 3 (there are 1, 2): see cohort.bids.session"),
    ],
)
def test_sessions_that_nobody_has_chosen_from(
    root: Path, names: tuple[str, ...], policy: str, reason: str
) -> None:
    sessions(root, *names)
    assert reason in str(read(root, session=policy).problem)


def test_a_session_without_all_three_is_no_choice(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sessions(root, "1", "2", "3")
    for session in "13":
        (root / f"sub-A2/ses-{session}/anat/sub-A2_ses-{session}_T2w.nii.gz").unlink()
    for policy in ("only", "first", "last"):
        assert taken(root, session=policy)["ce"].startswith("ses-2/")
    assert "sub-A2/ses-1/anat/sub-A2_ses-1_T1w.nii.gz and 3 more: of another" in caplog.text
    assert read(root, session="1").problem is None  # `gfce index` finds that T2w is missing
    assert set(read(root, session="1").files) == {"t1w", "ce"}


def test_ce_is_never_of_another_session_than_t1w(root: Path) -> None:
    sessions(root, "1", "2")
    (root / "sub-A2/ses-1/anat/sub-A2_ses-1_ce-gadolinium_T1w.nii.gz").unlink()
    (root / "sub-A2/ses-2/anat/sub-A2_ses-2_T1w.nii.gz").unlink()
    assert read(root).problem == (
        "no session has t1w, t2w and ce (1: t1w, t2w; 2: t2w, ce): complete one"
    )


def test_a_mask_has_to_say_its_session_where_there_are_several(root: Path) -> None:
    sessions(root, "1", "2")
    shutil.rmtree(root / "derivatives")
    assert read(root, session="1").tumour is None
    mask(root, "sub-A2_label-tumour_mask.nii.gz")
    problem = "a tumour mask without a session, but volumes of several: add the session"
    assert read(root, session="1").problem == problem


def test_a_mask_without_a_session_is_of_the_only_one(root: Path) -> None:
    sessions(root, "1")
    shutil.rmtree(root / "derivatives")
    written = mask(root, "sub-A2_label-tumour_mask.nii.gz")
    assert (read(root).problem, read(root).tumour) == (None, written)


def test_the_name_and_the_folder_say_one_session(root: Path) -> None:
    move(root, "sub-A2_T2w.nii.gz", "sub-A2_ses-1_T2w.nii.gz", "sub-A2/ses-2/anat")
    assert read(root).problem == (
        "sub-A2_ses-1_T2w.nii.gz lies in the folder of session 2: rename or move it"
    )


def test_patients_csv_has_the_sessions_paths(configure: Configure, root: Path) -> None:
    sessions(root, "1", "2")
    config = configure(cohort={"training_patients": 1, "bids": {"session": "last"}})
    index(config)
    row = pd.read_csv(Results(config).patients, index_col="patient_id").loc["sub-A2"]
    assert row["ce"] == "sub-A2/ses-2/anat/sub-A2_ses-2_ce-gadolinium_T1w.nii.gz"
    assert row["tumour"].endswith("sub-A2/ses-2/anat/sub-A2_ses-2_label-tumour_mask.nii.gz")
    assert row["field_strength_t"] == 3


def runs(root: Path) -> None:
    shutil.copy(anat(root, "sub-A2_T2w.nii.gz"), anat(root, "sub-A2_run-02_T2w.nii.gz"))
    move(root, "sub-A2_T2w.nii.gz", "sub-A2_run-10_T2w.nii.gz")


def test_of_several_runs_one_is_chosen(root: Path) -> None:
    runs(root)
    assert "choose one by cohort.bids.run" in str(read(root).problem)
    assert taken(root, run="first")["t2w"] == "anat/sub-A2_run-02_T2w.nii.gz"
    assert taken(root, run="last")["t2w"] == "anat/sub-A2_run-10_T2w.nii.gz"
    entities = {"t2w": {"run": "2"}}
    assert taken(root, entities=entities)["t2w"] == "anat/sub-A2_run-02_T2w.nii.gz"


def test_a_file_without_a_run_comes_before_all_runs(root: Path) -> None:
    shutil.copy(anat(root, "sub-A2_T2w.nii.gz"), anat(root, "sub-A2_run-1_T2w.nii.gz"))
    assert taken(root, run="first")["t2w"] == "anat/sub-A2_T2w.nii.gz"
    assert taken(root, run="last")["t2w"] == "anat/sub-A2_run-1_T2w.nii.gz"


@pytest.mark.parametrize("name", ["run-02_T2w.nii", "run-2_T2w.nii.gz", "run-x_T2w.nii.gz"])
def test_one_run_twice_is_no_choice(root: Path, name: str) -> None:
    runs(root)
    shutil.copy(anat(root, "sub-A2_run-02_T2w.nii.gz"), anat(root, f"sub-A2_{name}"))
    assert str(read(root, run="first").problem).endswith("): keep one")


def acquisitions(root: Path) -> None:
    for entities in ("acq-mprage", "acq-mprage_rec-norm", "acq-tse"):
        shutil.copy(anat(root, "sub-A2_T1w.nii.gz"), anat(root, f"sub-A2_{entities}_T1w.nii.gz"))
    anat(root, "sub-A2_T1w.nii.gz").unlink()


def test_of_several_acquisitions_one_is_chosen_by_its_entities(root: Path) -> None:
    acquisitions(root)
    assert str(read(root, run="first").problem).endswith(
        "choose one by cohort.bids.entities, or keep one"
    )
    for wanted, name in (
        ({"acq": "tse"}, "acq-tse_T1w"),
        ({"acq": "mprage", "rec": None}, "acq-mprage_T1w"),
        ({"rec": "norm"}, "acq-mprage_rec-norm_T1w"),
    ):
        files = taken(root, entities={"t1w": wanted})
        assert files["t1w"] == f"anat/sub-A2_{name}.nii.gz"
        assert files["ce"] == "anat/sub-A2_ce-gadolinium_T1w.nii.gz"
    assert read(root, entities={"t1w": {"acq": "space", "rec": None}}).problem == (
        "no t1w volume with acq-space, no rec: correct cohort.bids.entities"
    )


def test_phase_images_are_no_t1w(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.copy(anat(root, "sub-A2_T1w.nii.gz"), anat(root, "sub-A2_part-phase_T1w.nii.gz"))
    move(root, "sub-A2_T1w.nii.gz", "sub-A2_part-mag_desc-x_T1w.nii.gz")
    assert taken(root)["t1w"] == "anat/sub-A2_part-mag_desc-x_T1w.nii.gz"
    assert "sub-A2_part-phase_T1w.nii.gz: its part- says that it is no magnitude" in caplog.text


@pytest.mark.parametrize(
    "agent",
    [
        *("gadolinium", "Gd", "gadobutrol", "gadoterate", "GadotericAcid", "dotarem", "Gadovist"),
        *("gadavist", "prohance", "magnevist", "GdDOTA", "GdDTPABMA", "clariscan", "gadoxetate"),
        *("gadopiclenol", "vueway", "multihance"),
    ],
)
def test_agents_with_gadolinium_by_their_own_names(root: Path, agent: str) -> None:
    move(root, "sub-A2_ce-gadolinium_T1w.nii.gz", f"sub-A2_ce-{agent}_T1w.nii.gz")
    assert taken(root)["ce"] == f"anat/sub-A2_ce-{agent}_T1w.nii.gz"


@pytest.mark.parametrize("agent", ["ferumoxytol", "none", "pre", "mangafodipir", "x"])
def test_what_is_not_known_to_have_gadolinium_is_no_ce(
    root: Path, agent: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert not has_gadolinium(agent)
    move(root, "sub-A2_ce-gadolinium_T1w.nii.gz", f"sub-A2_ce-{agent}_T1w.nii.gz")
    assert read(root).problem == (
        f"no ce volume, but ce-{agent}, which is not known to have gadolinium: name it in "
        "cohort.bids.contrast_agents or leave the patient out"
    )
    assert f"sub-A2_ce-{agent}_T1w.nii.gz: no agent with gadolinium" in caplog.text
    assert taken(root, contrast_agents=[agent.upper()])["ce"].endswith(f"ce-{agent}_T1w.nii.gz")


def test_a_second_agent_is_passed_over_if_it_has_no_gadolinium(root: Path) -> None:
    file = anat(root, "sub-A2_ce-gadolinium_T1w.nii.gz")
    shutil.copy(file, anat(root, "sub-A2_ce-ferumoxytol_T1w.nii.gz"))
    assert taken(root)["ce"] == "anat/sub-A2_ce-gadolinium_T1w.nii.gz"
    shutil.copy(file, anat(root, "sub-A2_ce-dotarem_T1w.nii.gz"))
    assert "choose one by cohort.bids.entities" in str(read(root).problem)
    assert taken(root, entities={"ce": {"ce": "dotarem"}})["ce"].endswith("ce-dotarem_T1w.nii.gz")


def test_choices_are_of_the_recipe_only_where_they_are_made(
    configure: Configure, root: Path
) -> None:
    """A study from before there were choices is not due."""

    def settings(**bids: Any) -> dict[str, Any]:
        recipe = Provenance(configure(cohort={"bids": bids})).recipe(Task("index"))
        return {key: v for key, v in recipe.settings.items() if key.startswith("cohort.bids")}

    assert settings() == {}
    assert settings(run="only", session="only", entities={}) == {}
    assert settings(run="first", entities={"t1w": {"acq": None}}, contrast_agents=["x"]) == {
        "cohort.bids.run": "first",
        "cohort.bids.entities.t1w.acq": None,
        "cohort.bids.contrast_agents": ["x"],
    }


@pytest.mark.parametrize(
    ("bids", "message"),
    [
        ("session: a_b", "cohort.bids.session: a label of BIDS has letters, digits and + only"),
        ("session: 1", "cohort.bids.session: give text (in quotes if it looks like a number"),
        ("run: 2", "cohort.bids.run: give 'only', 'first' or 'last' (given: 2)"),
        ("entities: {flair: {acq: x}}", "cohort.bids.entities.flair: give 't1w', 't2w' or 'ce'"),
        ("entities: {t1w: {run: 2}}", "cohort.bids.entities.t1w.run: give text (in quotes if"),
        ("institution_names: {Ost: Süd}", "cohort.bids.institution_names.Ost: a name has letters"),
    ],
)  # fmt: skip
def test_choices_that_are_none(tmp_path: Path, bids: str, message: str) -> None:
    text = f"study: x\ncohort:\n  dataset: d\n  development: [A]\n  bids: {{{bids}}}\n"
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_config(path)
    assert message in str(caught.value)


def test_the_example_of_the_documentation_is_read() -> None:
    text = (REPOSITORY / "docs" / "own-data.md").read_text()
    [example] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    config = parse_config({"study": "x", **yaml.safe_load(example)}, "own-data.md")
    assert config.cohort.bids.session == "last"
    assert config.cohort.bids.institution_names == {"Hospital of the North": "North"}
