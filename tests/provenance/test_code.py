"""What an edit of the code reruns."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pandas as pd
import pytest
from cohorts import minimal_config

from gfce import study
from gfce.config import StudyConfig, parse_config
from gfce.provenance import code, ingredients
from gfce.provenance.code import all_hashes, parse, read_lock, to_lock, versions
from gfce.steps import CELL_STEPS, STEPS, evaluate, selections
from gfce.study import Cell, cells, patients
from provenance.conftest import Edit
from provenance.pretending import due, pretend, steps

TABLES = {"tabulate", "compare", "figures", "report", "pack"}
AFTER_TRAINING = {"predict", "evaluate", "tabulate", "compare", "figures", "report", "pack"}


def test_the_lock_is_of_this_code() -> None:
    locked = read_lock()["files"]
    edited = {name for name, value in all_hashes().items() if locked.get(name) != value}
    assert edited | (locked.keys() - all_hashes().keys()) == set(), "edited: run `make lock`"


def test_what_the_lock_says_of_a_source_is_what_parsing_it_finds() -> None:
    known, now = read_lock()["sources"], to_lock()["sources"]
    same = {n for n in now.keys() & known.keys() if known[n]["source"] == now[n]["source"]}
    assert len(same) > len(now) / 2, "parsed by every command: run `make lock`"
    assert {name: known[name] for name in same} == {name: now[name] for name in same}


def test_only_what_was_edited_is_parsed(edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    now = to_lock()
    monkeypatch.setattr(code, "read_lock", cache(lambda: {"versions": {}, **now}))
    edit("gfce.training.loop", "\n# a comment\n")
    assert all_hashes() == now["files"]
    assert code._parsed.cache_info().currsize == 1


def test_all_steps_have_a_version() -> None:
    config = parse_config(minimal_config(), "test.yaml")
    for name in STEPS:
        assert min(versions(name, config, cells(config)[0]).values()) >= 1


SOURCE = '''
"""A module."""
import os  # a comment


class Some:
    """A class."""

    value: int = 3
    """An attribute."""

    def method(self, a, b=(1, 2)):
        """A method."""
        return f"{a:>{b}}" if a else None
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # a comment", ""),
        ('"""A module."""', '"""Another."""'),
        ('"""A class."""', '"""Another\n    of two lines."""'),
        ('"""A method."""', '"""Another."""'),
        ('"""An attribute."""', ""),
        ("(self, a, b=(1, 2))", "(\n        self,\n        a,\n        b=(1, 2),\n    )"),
        ('f"{a:>{b}}"', "f'{a:>{b}}'"),
    ],
)
def test_what_says_nothing_to_python_changes_no_hash(old: str, new: str) -> None:
    assert old in SOURCE
    assert parse(SOURCE.replace(old, new)).tree == parse(SOURCE).tree


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int = 3", "int = 4"),
        ("int = 3", "int = 3.0"),
        ("int = 3", "int = True"),
        ("int = 3", 'int = "3"'),
        ("else None", "else 0"),
        ("if a ", "if not a "),
        ("import os", "import os as a"),
        ("b=(1, 2)", "b=[1, 2]"),
        ("b=(1, 2)", "*, b=(1, 2)"),
        ("{a:>{b}}", "{a!r:>{b}}"),
    ],
)
def test_what_python_does_otherwise_changes_it(old: str, new: str) -> None:
    assert old in SOURCE
    assert parse(SOURCE.replace(old, new)).tree != parse(SOURCE).tree


def test_a_finished_study_has_nothing_due(finished: StudyConfig) -> None:
    assert due(finished) == {}


@pytest.mark.parametrize(
    ("module", "rerun"),
    [
        ("gfce.training.losses", {"train", *AFTER_TRAINING}),
        ("gfce.training.synthesis", AFTER_TRAINING),
        ("gfce.networks.layers", {"train", *AFTER_TRAINING}),
        ("gfce.networks.unet", set()),
        ("gfce.evaluation.metrics", {"evaluate", "baselines", *TABLES}),
        ("gfce.statistics.inference.paired_tests", TABLES),
        ("gfce.report.tiles", {"figures", "report", "pack"}),
        ("gfce.phantom.tissues", set()),
        ("gfce.cohort.split", set(STEPS) - {"simulate", "dissect"}),
        ("gfce.images.preprocess", set(STEPS) - {"simulate", "dissect", "index", "leaks"}),
        ("gfce.config", set()),
        ("gfce.cli", set()),
        ("gfce.progress", set()),
        ("gfce.planning.plan", {"report", "pack"}),
    ],
)
def test_an_edit_reruns_what_runs_it(
    finished: StudyConfig, edit: Edit, module: str, rerun: set[str]
) -> None:
    edit(module, "\nEDITED = 1\n")
    assert steps(due(finished)) == rerun


@pytest.mark.parametrize("module", ["gfce.training.losses", "gfce.cohort.split", "gfce.files"])
def test_comments_and_docstrings_rerun_nothing(
    finished: StudyConfig, edit: Edit, module: str
) -> None:
    edit(module, '\n# a comment\n"""Words."""\n')
    assert due(finished) == {}


def test_the_reason_names_the_step_its_version_and_the_file(
    finished: StudyConfig, edit: Edit
) -> None:
    edit("gfce.training.losses", "\nEDITED = 1\n")
    version = read_lock()["versions"]["train"]
    reasons = {task.step: reason for task, reason in due(finished).items()}
    assert reasons["train"] == f"code of train edited since version {version} (training/losses.py)"


def test_released_code_of_another_version_reruns_what_it_says(
    finished: StudyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = read_lock()
    newer = {**locked["versions"], "normalization/z_score": 9}
    monkeypatch.setattr(code, "read_lock", lambda: {**locked, "versions": newer})
    found = due(finished)
    trained = {task.cell for task in found if task.step == "train"}
    assert trained == {cell for cell in cells(finished) if cell.normalization == "z_score"}
    assert {r for t, r in found.items() if t.step == "train"} == {
        "version of normalization/z_score 1 -> 9"
    }


def test_released_code_of_the_same_versions_reruns_nothing(
    finished: StudyConfig, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refactoring, with the lock that came with it."""
    edit("gfce.training.losses", "\nREFACTORED = 1\n")
    locked = read_lock() | to_lock()
    monkeypatch.setattr(code, "read_lock", lambda: locked)
    assert due(finished) == {}


def test_a_new_normalization_metric_or_figure_of_a_release_reruns_nothing(
    finished: StudyConfig, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit("gfce.images.normalizations", "\nclass Seventh: ...\n")
    locked = read_lock() | to_lock()
    newer = {**locked["versions"], "normalization/seventh": 1, "network/new": 1, "seventh": 1}
    monkeypatch.setattr(code, "read_lock", lambda: {**locked, "versions": newer})
    assert due(finished) == {}


def test_another_test_selection_reruns_what_it_decides(
    finished: StudyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_external(*arguments: object) -> pd.DataFrame:
        tested = study.test_patients(*arguments)
        return tested[tested["cohort"] == "internal"]

    monkeypatch.setattr(ingredients, "test_patients", without_external)
    assert steps(due(finished)) == {"leaks", "baselines", *AFTER_TRAINING}


def test_a_study_without_cross_scores_is_trained_no_more(
    finished: StudyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a release that scored no model elsewhere: predictions and scores are made, no training."""

    def formerly(config: StudyConfig, cell: Cell) -> dict[str, str]:
        cohorts = study.test_institutions(config, cell)
        return {name: cohort for name, cohort in cohorts.items() if cohort != "cross"}

    places = (patients, ingredients, selections, evaluate)
    with monkeypatch.context() as release:
        for module in places:
            release.setattr(module, "test_institutions", formerly)
        pretend(finished)
        assert due(finished) == {}
    found = due(finished)
    assert {task.step for task in found if task.step in CELL_STEPS} == {"predict", "evaluate"}
    assert {task.cell for task in found if task.step == "predict"} == set(cells(finished))
    assert steps(found) == {"leaks", "baselines", *AFTER_TRAINING}


def test_another_reading_of_training_sets_reruns_training(
    finished: StudyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ingredients.read_training_set
    monkeypatch.setattr(ingredients, "read_training_set", lambda *where: real(*where)[1:])
    assert "train" in steps(due(finished))


def test_only_training_and_prediction_import_torch() -> None:
    """Neither parsing the workflow nor the steps on the CPU pay for it."""
    modules = ["gfce.cli", "gfce.provenance.run", "gfce.provenance.locking", "gfce.steps"]
    modules += [step.module for name, step in STEPS.items() if name != "train"]
    script = f"import sys\nfor name in {modules}: __import__(name)\nprint('torch' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"
