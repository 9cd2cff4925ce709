"""Which series of a study becomes which modality, by which rule; and which study of a patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gfce.dicom.choices import LEAVE
from gfce.dicom.facts import Facts, described, evidence, facts_of
from gfce.dicom.rules import Rule, Rules
from gfce.dicom.stacks import Stack
from gfce.images.modalities import MODALITIES

SHOWN = {"t1w": "T1w", "t2w": "T2w", "ce": "CE"}
StudyPolicy = Literal["only", "first", "last"]
"""Of several studies that could serve: none is taken, or the first or the last."""
BY_HAND = "by hand"
ENHANCED = ("after", "given", "words")
"""What is known of the contrast agent where it is in the body."""


@dataclass
class Verdict:
    """What becomes of a stack."""

    stack: Stack
    facts: Facts
    outcome: str = "left"
    """`T1w`, `T2w`, `CE`, `left` or `ambiguous`."""
    why: str = "fits no rule"
    fits: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By modality: the number of the first rule that fits, and what to show of it."""

    @property
    def series(self) -> str:
        """The name of the series in messages."""
        return f"series {self.stack.label}"


@dataclass
class StudyChoice:
    """The verdicts on a study's stacks, and what is wrong with the study."""

    number: int
    """1 for the patient's first study."""
    days: int | None
    """Days since the patient's first study (None: dates are missing)."""
    verdicts: list[Verdict]
    chosen: dict[str, Verdict] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    """Why a modality is missing."""
    ambiguous: list[str] = field(default_factory=list)
    """What cannot be decided."""
    notes: list[str] = field(default_factory=list)

    @property
    def problem(self) -> str | None:
        """The first thing that is wrong (None: the study can be used)."""
        return next(iter([*self.ambiguous, *self.missing]), None)


def choose_series(
    number: int, days: int | None, stacks: Sequence[Stack], rules: Rules, by_hand: Mapping[str, str]
) -> StudyChoice:
    """Decide on each stack of a study; `by_hand` gives the modality of a series' hash."""
    study = StudyChoice(number, days, [_judge(stack, rules, by_hand) for stack in stacks])
    for verdict in study.verdicts:
        if len(verdict.fits) > 1:
            _refuse(study, [verdict], f"{verdict.series} fits {_listed(verdict.fits)}")
    for modality in MODALITIES:
        _choose(study, modality)
    _check_times(study)
    return study


def choose_study(
    studies: Sequence[StudyChoice], policy: StudyPolicy
) -> tuple[StudyChoice | None, str | None]:
    """The study to take, or why there is none; `studies` are in order of time."""
    able = [study for study in studies if not study.missing]
    if not able:
        # The study that lacks the least says most.
        best = min(studies, key=lambda study: len(study.missing))
        prefix = f"study {best.number}: " if len(studies) > 1 else ""
        return None, f"{prefix}{'; '.join([*best.ambiguous, *best.missing])}"
    if len(able) > 1 and policy == "only":
        numbers = ", ".join(str(study.number) for study in able)
        return None, f"studies {numbers} could all serve: give --study first or last"
    study = able[-1] if policy == "last" else able[0]
    return (study, None) if study.problem is None else (None, "; ".join(study.ambiguous))


def _judge(stack: Stack, rules: Rules, by_hand: Mapping[str, str]) -> Verdict:
    verdict = Verdict(stack, facts_of(stack, rules))
    chosen = by_hand.get(stack.code)
    if chosen == LEAVE:
        verdict.why = BY_HAND
    elif chosen is not None:
        verdict.fits = {chosen: (-1, BY_HAND)}
    elif (left := _first_fit(rules.leave, verdict.facts)) is not None:
        verdict.why = left[1]
    else:
        fits = {modality: _first_fit(rules.of(modality), verdict.facts) for modality in MODALITIES}
        verdict.fits = {modality: fit for modality, fit in fits.items() if fit is not None}
    if stack.problem and verdict.fits:
        verdict.why = f"unusable: {stack.problem}, would be {_listed(verdict.fits)}"
    return verdict


def _first_fit(rules: list[Rule], facts: Facts) -> tuple[int, str] | None:
    for number, rule in enumerate(rules):
        words = evidence(rule, facts)
        if words is not None:
            return number, "; ".join([f"rule {rule.name}", *words])
    return None


def _choose(study: StudyChoice, modality: str) -> None:
    """Take the one stack that the first rule that fits any fits, if it is one."""
    fitting = [verdict for verdict in study.verdicts if modality in verdict.fits]
    by_hand = [verdict for verdict in fitting if verdict.fits[modality][1] == BY_HAND]
    fitting = by_hand or fitting
    usable = [verdict for verdict in fitting if not verdict.stack.problem]
    if not usable:
        broken = "; ".join(
            f"{verdict.series} is unusable: {verdict.stack.problem}" for verdict in fitting
        )
        study.missing.append(f"no {SHOWN[modality]} series" + (f" ({broken})" if broken else ""))
        return
    foremost = min(verdict.fits[modality][0] for verdict in usable)
    candidates = [verdict for verdict in usable if verdict.fits[modality][0] == foremost]
    for verdict in usable:
        if verdict not in candidates and verdict.outcome == "left":
            rule = verdict.fits[modality][1]
            verdict.why = f"{rule} for {SHOWN[modality]} comes after that of {candidates[0].series}"
    if len(candidates) > 1:
        names = " and ".join(verdict.stack.label for verdict in candidates)
        rule = candidates[0].fits[modality][1].split(";")[0]
        _refuse(study, candidates, f"{SHOWN[modality]} is ambiguous: series {names} fit {rule}")
    elif candidates[0].outcome != "ambiguous":
        candidates[0].outcome, candidates[0].why = SHOWN[modality], candidates[0].fits[modality][1]
        study.chosen[modality] = candidates[0]


def _refuse(study: StudyChoice, verdicts: list[Verdict], why: str) -> None:
    study.ambiguous.append(why)
    for verdict in verdicts:
        verdict.outcome = "ambiguous"
        verdict.why = ", ".join(f"{SHOWN[m]}: {fit[1]}" for m, fit in verdict.fits.items())


def _check_times(study: StudyChoice) -> None:
    """T1w is to be without and CE with contrast, so T1w comes first, if times can be believed."""
    times = {modality: verdict.stack.acquired for modality, verdict in study.chosen.items()}
    t1w, t2w, ce = (times.get(modality) for modality in MODALITIES)
    if t1w is not None and study.chosen["t1w"].why != BY_HAND:
        for verdict in study.verdicts:
            acquired = verdict.stack.acquired
            if verdict.facts.contrast in ENHANCED and acquired is not None and acquired < t1w:
                study.ambiguous.append(
                    f"T1w was acquired after {verdict.series}, which says that contrast was given"
                )
                break
    if t2w is not None and ce is not None and t2w > ce:
        study.notes.append("T2w was acquired after CE, with the contrast agent in the body")


def _listed(fits: Mapping[str, tuple[int, str]]) -> str:
    return " and ".join(f"{SHOWN[modality]} ({fit[1]})" for modality, fit in fits.items())


def verdict_line(verdict: Verdict) -> str:
    """A verdict in the report."""
    return f"{verdict.outcome}: {verdict.series}: {verdict.why} [{described(verdict.facts)}]"
