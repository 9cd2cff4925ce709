"""External institutions whose patients stayed at home: `gfce merge` took their scores alone.

One folder each, `remote/<institution>`, as `gfce evaluate-bundle` wrote it; whoever removes the
folder takes the institution out of the study again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.study.results import Results

DESCRIPTION = "rows.json"
METRICS, BASELINES = "metrics.csv", "baselines.csv"
PATIENTS, EXCLUSIONS = "patients.csv", "exclusions.csv"
SIGNATURE = "sha256"
"""The key of the description that holds `signature` of all others."""
TABLES = (METRICS, BASELINES, PATIENTS, EXCLUSIONS)
"""The files beside the description."""


@dataclass(frozen=True, eq=False)
class Remote:
    """An institution that was evaluated elsewhere.

    Attributes:
        name: as the study's tables call it.
        folder: where its rows lie.
        description: what rows.json says of them.
    """

    name: str
    folder: Path
    description: Mapping[str, Any]


def remotes(config: StudyConfig) -> list[Remote]:
    """The institutions that were merged into a study, by name (none: the study has its own alone).

    Raises:
        UserError: a folder holds no description of its rows, or it was changed.
    """
    folders = sorted(path for path in Results(config).remote.glob("[!.]*") if path.is_dir())
    return [Remote(path.name, path, _description(path)) for path in folders]


def _description(folder: Path) -> Mapping[str, Any]:
    try:
        content = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        content = None
    whole = isinstance(content, dict) and content.get(SIGNATURE) == signature(content)
    if not whole or content["institution"] != folder.name:
        raise UserError(f"{folder}: {DESCRIPTION} is damaged: remove the folder and merge again")
    return content


def signature(description: Mapping[str, Any]) -> str:
    """SHA-256 of all that a description says, which holds the hashes of the tables beside it.

    It shows what was changed by accident or in passing. It is no proof of who wrote the rows.
    """
    content = {key: value for key, value in description.items() if key != SIGNATURE}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def with_remotes(config: StudyConfig) -> StudyConfig:
    """A study with what was merged into it among its external institutions, behind its own.

    For what is made of scores alone: nobody has images of these institutions.

    Raises:
        UserError: a merged institution is one of the study's own by now, or as `remotes`.
    """
    names = [remote.name for remote in remotes(config)]
    own = {name.casefold() for name in config.cohort.institutions}
    for name in names:
        if name.casefold() in own:
            raise UserError(
                f"{Results(config).remote / name}: {name} is an institution of the study's own: "
                "remove the folder, or take it out of the configuration"
            )
    cohort = config.cohort.model_copy(update={"external": [*config.cohort.external, *names]})
    return config.model_copy(update={"cohort": cohort}) if names else config
