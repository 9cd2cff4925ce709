"""A study with repairs on Slurm: a few-shot cell begins when the cell that it needs is finished."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from long import takes_minutes

from slurm.accounting import jobs_since
from slurm.conftest import Start
from slurm.study import INSTITUTIONS, Checkout, contents, tiny_study

WAITS = {"few1", "histogram_matching"}
"""Repairs that begin with the cell without one."""


def study_with_repairs() -> dict[str, Any]:
    """Of each kind one: it trains, trains further, trains in rounds, trains nothing."""
    content = tiny_study()
    content["simulation"]["patients"] = dict.fromkeys(INSTITUTIONS, 4)
    content["grid"]["normalizations"] = ["z_score"]
    content["grid"]["repairs"] = {
        "intensity": {},
        "few1": {"method": "few_shot", "options": {"patients": 1, "epochs": 1}},
        "fedavg": {},
        "histogram_matching": {},
    }
    return content


def weights(study: Checkout) -> dict[str, bytes]:
    """Every file of weights, those of single institutions too."""
    models = study.results.root / "models"
    return {
        path.relative_to(models).as_posix(): path.read_bytes()
        for path in sorted(models.rglob("*.safetensors"))
    }


@takes_minutes
def test_repairs_begin_with_what_they_need_and_give_the_bytes_of_the_local_run(
    slurm: str, start: Start, tmp_path: Path
) -> None:
    here, there = (Checkout.make(tmp_path / name, study_with_repairs()) for name in ("a", "b"))
    there.finish(start(there))
    jobs = jobs_since(slurm, "train")
    here.finish(here.here())
    assert contents(there) == contents(here)
    assert weights(there) == weights(here)
    assert len(jobs) == len(there.cells)
    assert any("weights_Institution-3" in name for name in weights(there))
    begun_with_another = [cell for cell in there.cells if cell.repair in WAITS]
    assert {cell.repair for cell in begun_with_another} == WAITS
    for cell in begun_with_another:
        needed, begun = (
            next(job for job in jobs if job.is_of(each)) for each in (cell.unrepaired, cell)
        )
        assert needed.end <= begun.start
