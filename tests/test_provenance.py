"""Editing training code reruns training; editing statistics reruns only statistics."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cohorts import minimal_config

from gfce import provenance
from gfce.config import StudyConfig, parse_config
from gfce.provenance import STEPS, fingerprint
from gfce.study import find_cell

OF_THE_WHOLE_STUDY = {"baselines", "tabulate", "compare", "figures"}
CELL_STEPS = ("train", "predict", "evaluate")


def config(**changes: object) -> StudyConfig:
    return parse_config(minimal_config(**changes), "test.yaml")


def all_fingerprints(study: StudyConfig) -> dict[str, str]:
    cell = find_cell(study, "mmgsn_net/min_max/tri/seed-1")
    return {step: fingerprint(step, study, cell if step in CELL_STEPS else None) for step in STEPS}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {step for step in before if before[step] != after[step]}


@pytest.mark.parametrize(
    ("module", "steps"),
    [
        ("gfce.training.losses", {"train", "predict"}),
        ("gfce.networks.layers", {"train", "predict"}),
        ("gfce.statistics.paired", {"tabulate", "compare"}),
        ("gfce.cohort.split", {"index"}),
        ("gfce.phantom.tissues", {"simulate"}),
        ("gfce.report.tiles", {"figures"}),
        ("gfce.config", set()),
    ],
)
def test_an_edit_reruns_what_depends_on_it(
    monkeypatch: pytest.MonkeyPatch, module: str, steps: set[str]
) -> None:
    before = all_fingerprints(config())
    real = provenance._source
    monkeypatch.setattr(
        provenance, "_source", lambda name: real(name) + ("\n# edited" if name == module else "")
    )
    provenance.code_fingerprint.cache_clear()
    try:
        assert changed(before, all_fingerprints(config())) == steps
    finally:
        provenance.code_fingerprint.cache_clear()


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"training": {"epochs": 2}}, {"train"} | OF_THE_WHOLE_STUDY),
        ({"training": {"checkpoint_minutes": 3}}, OF_THE_WHOLE_STUDY),
        (
            {"images": {"matrix": [48, 40]}},
            {"preprocess"} | OF_THE_WHOLE_STUDY,
        ),
        (
            {"evaluation": {"average": "slice"}},
            {"evaluate"} | OF_THE_WHOLE_STUDY,
        ),
        ({"results": "elsewhere"}, set()),
    ],
)
def test_a_setting_reruns_what_uses_it(changes: dict[str, object], steps: set[str]) -> None:
    assert changed(all_fingerprints(config()), all_fingerprints(config(**changes))) == steps


def test_another_cell_of_the_grid_reruns_no_training() -> None:
    before, after = config(), config(grid={"seeds": [1, 2], "normalizations": ["min_max"]})
    assert not {"train", "predict", "evaluate"} & changed(
        all_fingerprints(before), all_fingerprints(after)
    )


def test_only_training_and_prediction_import_torch() -> None:
    """Neither parsing the workflow nor the steps on the CPU pay for it."""
    modules = ["gfce.cli", "gfce.provenance", *STEPS.values()]
    modules.remove(STEPS["train"])
    code = f"import sys\nfor name in {modules}: __import__(name)\nprint('torch' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"


def test_every_step_begins_in_a_module_that_exists() -> None:
    package = Path(provenance.__file__).parent.parent
    for module in STEPS.values():
        assert package.joinpath(*module.split(".")).with_suffix(".py").exists()
