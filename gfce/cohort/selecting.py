"""Which of a patient's files a study takes: of one session, and one file of each modality.

Entities are those of BIDS 1.10. What they leave open is decided by `cohort.bids`, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gfce.config import Bids
from gfce.errors import one_line
from gfce.images.modalities import MODALITIES

RUN, SESSION = "run", "ses"
INDICES = (RUN, "echo", "flip", "inv")
"""Entities whose labels are numbers: `run-02` is `run-2`."""
_NUMBERED = re.compile(r"([A-Za-z+]*)([0-9]+)")
"""The label of a session that has a place in a row."""


@dataclass(frozen=True)
class ImageFile:
    """A file of one of the three modalities."""

    path: Path
    modality: str
    session: str | None
    labels: Mapping[str, str]
    """Of its name, by the keys that stand there (`acq`, `run`, ...)."""


@dataclass
class Selection:
    """The files that are taken, by modality; with a problem, all that could be."""

    files: dict[str, list[Path]] = field(default_factory=dict)
    session: str | None = None
    problem: str | None = None
    """Why nothing can be taken (None: it can)."""


def labels_of(path: Path) -> dict[str, str]:
    """The entities of a file's name by the keys that stand there."""
    parts = path.name.split(".")[0].split("_")[:-1]
    return {key: label for key, _, label in (part.partition("-") for part in parts)}


def select(images: Sequence[ImageFile], bids: Bids) -> Selection:
    """Take a session, and a file of each modality, as far as files and choices decide it."""
    fitting = [image for image in images if _fits(image, bids)]
    session, problem = _choose_session(fitting, bids.session)
    taken = fitting if problem else [image for image in fitting if image.session == session]
    selection = Selection(_by_modality(taken), session, problem or _missing(images, fitting, bids))
    if selection.problem is None:
        for modality in MODALITIES:
            _choose_run(selection, [i for i in taken if i.modality == modality], bids.run)
    return selection


def choose_mask(
    masks: Mapping[Path, Mapping[str, Any]], sessions: Collection[str | None], session: str | None
) -> tuple[Path | None, str | None]:
    """The tumour mask of the session that is taken, or why there is none.

    Args:
        masks: masks with the entities of their names; one without a session is of the only one.
        sessions: those that have volumes.
        session: the one that is taken.
    """
    of_masks = {entities.get("session") for entities in masks.values()}
    if sessions and (lost := of_masks - {None, *sessions}):
        return None, f"a tumour mask of session {_listed(lost)}, but no volume: correct its name"
    if None in of_masks and len(sessions) > 1 and session is not None:
        return None, "a tumour mask without a session, but volumes of several: add the session"
    taken = sorted(p for p, entities in masks.items() if entities.get("session") in (session, None))
    if len(taken) > 1:
        names = ", ".join(sorted(one_line(path.name) for path in taken))
        return None, f"{len(taken)} tumour masks ({names}): keep one"
    return next(iter(taken), None), None


def _fits(image: ImageFile, bids: Bids) -> bool:
    """Whether a file's name has what its modality's must have."""
    wanted = _wanted(image.modality, bids)
    return all(_same(key, label, image.labels.get(key)) for key, label in wanted.items())


def _wanted(modality: str, bids: Bids) -> dict[str, str | None]:
    return next((wanted for name, wanted in bids.entities.items() if name == modality), {})


def _same(key: str, wanted: str | None, label: str | None) -> bool:
    if key in INDICES and wanted and label and wanted.isdigit() and label.isdigit():
        return int(wanted) == int(label)
    return wanted == label


def _missing(images: Iterable[ImageFile], fitting: list[ImageFile], bids: Bids) -> str | None:
    """The modality of which there are files, but none with the entities that are asked for."""
    present = {image.modality for image in fitting}
    for modality in (name for name in MODALITIES if name not in present):
        if any(image.modality == modality for image in images):
            asked = ", ".join(
                f"{key}-{label}" if label else f"no {key}"
                for key, label in _wanted(modality, bids).items()
            )
            return f"no {modality} volume with {asked}: correct cohort.bids.entities"
    return None


def _choose_session(images: list[ImageFile], policy: str) -> tuple[str | None, str | None]:
    """The session to take, or why there is none."""
    sessions: dict[str | None, set[str]] = {}
    for image in images:
        sessions.setdefault(image.session, set()).add(image.modality)
    if policy not in ("only", "first", "last"):
        label = policy.removeprefix("ses-")
        problem = f"no session {label} (there are {_listed(sessions)}): see cohort.bids.session"
        return (label, None) if label in sessions or not images else (None, problem)
    if len(sessions) < 2:
        return next(iter(sessions), None), None
    complete = [session for session, held in sessions.items() if held == set(MODALITIES)]
    if len(complete) == 1:
        return complete[0], None
    if not complete:
        found = "; ".join(
            f"{_shown(session)}: {', '.join(m for m in MODALITIES if m in sessions[session])}"
            for session in sorted(sessions, key=_shown)
        )
        return None, f"no session has t1w, t2w and ce ({found}): complete one"
    return _first_or_last(complete, policy)


def _first_or_last(sessions: list[str | None], policy: str) -> tuple[str | None, str | None]:
    """Of several complete sessions the one that the policy says."""
    found = f"{len(sessions)} sessions have t1w, t2w and ce ({_listed(sessions)})"
    if policy == "only":
        return None, f"{found}: choose one by cohort.bids.session, or keep one"
    ordered = _in_order(sessions)
    if ordered is None:
        return None, f"{found} whose names have no order: name one in cohort.bids.session"
    return (ordered[0] if policy == "first" else ordered[-1]), None


def _in_order(sessions: list[str | None]) -> list[str] | None:
    """Sessions by their numbers; None: they have none, or other text beside them."""
    numbers: dict[int, str] = {}
    texts = set()
    for session in sessions:
        match = _NUMBERED.fullmatch(session or "")
        if match is None or session is None:
            return None
        texts.add(match[1])
        numbers[int(match[2])] = session
    if len(texts) > 1 or len(numbers) < len(sessions):
        return None
    return [numbers[number] for number in sorted(numbers)]


def _choose_run(selection: Selection, images: list[ImageFile], policy: str) -> None:
    """Leave one file of a modality, or say why that cannot be."""
    if len(images) < 2 or selection.problem:
        return
    others = {frozenset((k, v) for k, v in i.labels.items() if k != RUN) for i in images}
    runs = {_number(image): image.path for image in images}
    modality, names = images[0].modality, ", ".join(sorted(i.path.name for i in images))
    found = f"{len(images)} {modality} volumes ({one_line(names, 300)})"
    if len(others) > 1:
        selection.problem = f"{found}: choose one by cohort.bids.entities, or keep one"
    elif None in runs or len(runs) < len(images):
        selection.problem = f"{found}: keep one"
    elif policy == "only":
        selection.problem = f"{found}: choose one by cohort.bids.run, or keep one"
    else:
        numbers = sorted(number for number in runs if number is not None)
        selection.files[modality] = [runs[numbers[0 if policy == "first" else -1]]]


def _number(image: ImageFile) -> int | None:
    """The number of a run; a file without one comes before all runs (None: it is no number)."""
    label = image.labels.get(RUN, "0")
    return int(label) if label.isdigit() else None


def _by_modality(images: Iterable[ImageFile]) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for image in images:
        files.setdefault(image.modality, []).append(image.path)
    return files


def _shown(session: str | None) -> str:
    return one_line(session or "without a name")


def _listed(sessions: Iterable[str | None]) -> str:
    return ", ".join(sorted(_shown(session) for session in sessions))
