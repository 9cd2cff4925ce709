"""Whose a folder of results is: one study, one configuration, one dataset, one driver at a time."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.files import write_json
from gfce.provenance.code import digest
from gfce.provenance.dataset import dataset_state
from gfce.provenance.records import load_record
from gfce.study import Results

NOT_THE_STUDY: Any = {"results": True, "cohort": {"dataset"}, "publication": True}
"""What a configuration says of places, which may be moved, and of handing the results on."""


def check_owner(config: StudyConfig, path: Path) -> dict[str, Any]:
    """Refuse a results folder of another study; give what study.json would say.

    A configuration that was renamed or copied is the same one while its content is, and a dataset
    that was moved while names, sizes and times of its files are; of places outside the working
    folder only hashes are kept.

    Raises:
        UserError: the folder holds the results of another dataset or configuration.
    """
    root = Results(config).root
    current = {
        "study": config.study,
        "dataset": _location(config.cohort.dataset),
        "configuration": _location(path),
        "content": digest(config.model_dump(mode="json", exclude=NOT_THE_STUDY)),
    }
    recorded = _read(Results(config).owner) if _has_results(config) else {}
    if not recorded or all(recorded.get(k) == current[k] for k in ("dataset", "configuration")):
        return current
    remedy = (
        "change `study` or `results`, or delete "
        f"{Results(config).owner} if these results are to be replaced"
    )
    if recorded.get("dataset") != current["dataset"] and not _was_moved(config):
        name = _shown(recorded.get("dataset"))
        raise UserError(f"{root}: holds the results of another dataset{name}: {remedy}")
    if recorded.get("content") != current["content"]:
        name = _shown(recorded.get("configuration"))
        raise UserError(f"{root}: holds the results of another configuration{name}: {remedy}")
    return current


def _has_results(config: StudyConfig) -> bool:
    """Whether anything was made: a mistyped dataset must not stand in the way of the right one."""
    return next(Results(config).records.rglob("*.json"), None) is not None


def _was_moved(config: StudyConfig) -> bool:
    """Whether the dataset is file by file the one that was indexed, at another place."""
    record = load_record(Results(config).record("index"))
    return record is not None and record.recipe.inputs == dataset_state(config.cohort.dataset)


def claim(config: StudyConfig, path: Path) -> None:
    """Say in study.json whose the results are.

    Raises:
        UserError: they are another study's.
    """
    current, file = check_owner(config, path), Results(config).owner
    if _read(file) != current:
        write_json(current, file)


def lock(config: StudyConfig) -> int | None:
    """Keep other drivers out of a study's results until this process ends.

    Returns:
        The open lock file (None: the file system has no locks).

    Raises:
        UserError: another driver is at work.
    """
    root = Results(config).root
    root.mkdir(parents=True, exist_ok=True)
    file = os.open(Results(config).driver_lock, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise UserError(
            f"{root}: another snakemake is at work on this study: wait for it"
        ) from None
    except OSError:
        os.close(file)
        return None
    return file


def _location(path: Path) -> str:
    """A path within the working folder; a hash of any other.

    The working folder is part of both: another checkout's data/demo is another dataset.
    """
    location = path.resolve()
    here = Path.cwd().resolve()
    name = location.relative_to(here).as_posix() if location.is_relative_to(here) else ""
    return f"{name}#{digest(str(location))}"


def _shown(location: Any) -> str:
    name = str(location or "").partition("#")[0]
    return f" ({name})" if name else ""


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
