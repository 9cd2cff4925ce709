"""`gfce merge`: the rows of another hospital become a further external institution of the study."""

from __future__ import annotations

import json
import logging
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.contract.later_columns import with_absent
from gfce.errors import UserError, one_line
from gfce.evaluation.metrics import TESTED_METRICS
from gfce.evaluation.tables import METRICS_TABLE
from gfce.exchange.bundle import bundle_record
from gfce.exchange.contents import FORMAT
from gfce.exchange.institution import check_institution
from gfce.exchange.tables import REMOTE_TABLES
from gfce.exchange.verifying import AGAIN, check_rows, check_table, read_text
from gfce.files import new_folder, sha256
from gfce.provenance.remote import misfit, parse_recipe
from gfce.statistics.selection import where
from gfce.statistics.tables.read import read_table
from gfce.study import Cell, Results, cells, find_cell, read_patients, remotes, with_remotes
from gfce.study.remote import DESCRIPTION, METRICS, PATIENTS, SIGNATURE, TABLES, signature

LOGGER = logging.getLogger(__name__)
KEYS = {"institution", "bundle_sha256", "cells", "files"}
"""Of rows.json, what is needed of it."""
MAX_BYTES = 1_000_000_000
"""The most that a file of rows may have: about five million scores."""


def merge(config: StudyConfig, folder: Path) -> str:
    """Take the rows of another hospital into a study, all of them or nothing.

    Returns:
        What was done and what to do next, in one line.

    Raises:
        UserError: the rows were changed, are of a bundle or models that the study has not, or of a
            hospital or patients that it has already; a value is none that there can be.
    """
    description = _read(folder)
    institution = str(description["institution"])
    if institution in {remote.name for remote in remotes(config)}:
        place = Results(config).remote / institution
        raise UserError(f"{institution}: is merged already: remove {place} first")
    joined = with_remotes(config)
    check_institution(institution, joined)
    scored = _check_models(config, description)
    cohort = joined.cohort.model_copy(update={"external": [institution]})
    tables = _tables(folder, joined.model_copy(update={"cohort": cohort}))
    check_rows(tables, config, scored, institution)
    _check_people(config, tables, scored)
    with new_folder(Results(config).remote / institution) as kept:
        for name in (DESCRIPTION, *TABLES):
            shutil.copyfile(folder / name, kept / name)
    if missing := len(cells(config)) - len(scored):
        LOGGER.warning(
            "warning: %d models were not in the bundle: their external Overall stays empty", missing
        )
    return (
        f"{institution}: {len(tables[PATIENTS])} patients, {len(scored)} models: run "
        "`gfce tabulate` and `gfce compare`, or snakemake"
    )


def _read(folder: Path) -> dict[str, Any]:
    """What rows.json says, once it and all files beside it are known to be as they were written."""
    if not folder.is_dir():
        raise UserError(f"{folder.name}: no such folder: name what gfce evaluate-bundle wrote")
    for name in (DESCRIPTION, *TABLES):
        path = folder / name
        if not path.exists() or not stat.S_ISREG(path.lstat().st_mode):
            raise UserError(f"{name}: is not there: name what gfce evaluate-bundle wrote")
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{name}: is larger than {MAX_BYTES} bytes: {AGAIN}")
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        description = None
    if not isinstance(description, dict) or description.get(SIGNATURE) != signature(description):
        raise UserError(f"{DESCRIPTION}: is not as it was written: ask for it again")
    if description.get("format") != FORMAT or KEYS - description.keys():
        raise UserError(f"{DESCRIPTION}: was made by another version of gfce: {AGAIN}")
    if description["files"] != {name: sha256(folder / name) for name in TABLES}:
        raise UserError(f"{folder.name}: a table is not as it was written: ask for it again")
    return description


def _check_models(config: StudyConfig, description: Mapping[str, Any]) -> list[Cell]:
    """The models of the rows, which are those of a bundle of this study and its present ones."""
    checksum = one_line(str(description["bundle_sha256"]), 64)
    record = bundle_record(config, checksum) if checksum.isalnum() else None
    if record is None or not record.is_file():
        raise UserError(f"{DESCRIPTION}: bundle {checksum[:12]} is none of this study: {AGAIN}")
    if json.loads(record.read_text(encoding="utf-8"))["cells"] != description["cells"]:
        raise UserError(f"{DESCRIPTION}: names other models than its bundle has: {AGAIN}")
    scored = {find_cell(config, name): each for name, each in description["cells"].items()}
    for cell, recipe in scored.items():
        if reason := misfit(config, cell, parse_recipe(recipe)):
            raise UserError(
                f"{cell}: the study's model is another one by now ({reason}): bundle it anew and "
                "have it evaluated again"
            )
    return list(scored)


def _tables(folder: Path, config: StudyConfig) -> dict[str, pd.DataFrame]:
    tables = {
        name: with_absent(read_text(folder / name), declared.names)
        for name, declared in zip(TABLES, REMOTE_TABLES, strict=True)
    }
    for (name, table), declared in zip(tables.items(), REMOTE_TABLES, strict=True):
        check_table(table, declared, config, name)
    return tables


def _check_people(
    config: StudyConfig, tables: Mapping[str, pd.DataFrame], scored: Sequence[Cell]
) -> None:
    """Nobody is there twice, by pseudonym or by scores: no two people's are equal to all digits."""
    others = _known_metrics(config, scored[0])
    known = {patient for table in others for patient in table["patient_id"]}
    known |= set(read_patients(Results(config))["patient_id"])
    if twice := sorted(known & set(tables[PATIENTS]["patient_id"])):
        raise UserError(f"{PATIENTS}: the study has {twice[0]} already: was it merged before?")
    seen: dict[tuple[Any, ...], str] = {}
    types = {score.name: float for score in TESTED_METRICS} | {"n_voxels": int}
    received = tables[METRICS].astype(types)
    for table in (*others, received):
        for patient, scores in _scores(table, scored[0]).items():
            if other := seen.get(scores):
                raise UserError(
                    f"{METRICS}: {patient} and {other} have the same scores: one person is there "
                    "twice"
                )
            seen[scores] = patient


def _known_metrics(config: StudyConfig, cell: Cell) -> list[pd.DataFrame]:
    """The scores that the study has of a model, its own and merged ones."""
    own = Results(config).cell_metrics(cell)
    paths = [
        path for path in (own, *(r.folder / METRICS for r in remotes(config))) if path.exists()
    ]
    return [read_table(path, METRICS_TABLE.names) for path in paths]


def _scores(table: pd.DataFrame, cell: Cell) -> dict[str, tuple[Any, ...]]:
    """What a model scored in whole volumes, by patient."""
    keys = {name: str(value) for name, value in asdict(cell).items()}
    rows = where(
        table.astype(dict.fromkeys(keys, str)), {**keys, "region": "volume", "scaling": "reference"}
    )
    numbers = rows[["n_voxels", *(score.name for score in TESTED_METRICS)]]
    return dict(zip(rows["patient_id"], numbers.itertuples(index=False, name=None), strict=True))
