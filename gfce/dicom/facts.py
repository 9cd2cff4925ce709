"""What rules look at: the facts of a stack, in the words of the rule table."""

from __future__ import annotations

from dataclasses import dataclass

from gfce.dicom.rules import Contrast, FatSuppression, Range, Rule, Rules
from gfce.dicom.stacks import Stack
from gfce.dicom.words import matching, words_of


@dataclass(frozen=True)
class Facts:
    """The facts of a stack; None: its files do not say."""

    words: tuple[str, ...]
    """Of the description: free text, never to be shown."""
    contrast: Contrast
    fat_suppression: bool
    scanning_sequence: frozenset[str]
    image_type: frozenset[str]
    repetition_time_ms: float | None
    echo_time_ms: float | None
    inversion_time_ms: float | None
    orientation: str
    slices: int


def facts_of(stack: Stack, rules: Rules) -> Facts:
    """Gather the facts of a stack."""
    acquisition, words = stack.acquisition, words_of(stack.first.description)
    image_type = frozenset(stack.frames[0].image_type if stack.frames else acquisition.image_type)
    return Facts(
        words=words,
        contrast=_contrast(stack, words, rules),
        fat_suppression=_is_fat_suppressed(stack, words, image_type, rules.fat_suppression),
        scanning_sequence=frozenset(acquisition.scanning_sequence),
        image_type=image_type,
        repetition_time_ms=acquisition.repetition_time_ms,
        echo_time_ms=acquisition.echo_time_ms,
        inversion_time_ms=acquisition.inversion_time_ms,
        orientation=stack.orientation,
        slices=len(stack.frames),
    )


def evidence(rule: Rule, facts: Facts) -> list[str] | None:
    """What of a stack fits a rule, fit to be shown; None: a condition does not hold."""
    words = matching(rule.words_any, facts.words)
    conditions = [
        bool(words) or not rule.words_any,
        not matching(rule.words_none, facts.words),
        not rule.contrast or facts.contrast in rule.contrast,
        _shares(rule.scanning_sequence_any, facts.scanning_sequence, empty=True),
        not _shares(rule.scanning_sequence_none, facts.scanning_sequence, empty=False),
        _shares(rule.image_type_any, facts.image_type, empty=True),
        not _shares(rule.image_type_none, facts.image_type, empty=False),
        _is_within(rule.repetition_time_ms, facts.repetition_time_ms),
        _is_within(rule.echo_time_ms, facts.echo_time_ms),
        _is_within(rule.inversion_time_ms, facts.inversion_time_ms),
        rule.fat_suppression in (None, facts.fat_suppression),
        not rule.orientation or facts.orientation in rule.orientation,
        _is_within(rule.slices, facts.slices),
    ]
    return [f"words {', '.join(words)}"] * bool(words) if all(conditions) else None


def described(facts: Facts) -> str:
    """The facts that may be shown: numbers and terms of ours."""
    times = [
        f"{name} {time:g}"
        for name, time in (
            ("TR", facts.repetition_time_ms),
            ("TE", facts.echo_time_ms),
            ("TI", facts.inversion_time_ms),
        )
        if time is not None
    ]
    return ", ".join(
        [
            facts.orientation or "no orientation",
            f"{facts.slices} slices",
            *([" ".join(times) + " ms"] if times else []),
            "fat-suppressed" if facts.fat_suppression else "fat not suppressed",
            f"contrast {facts.contrast}",
        ]
    )


def _contrast(stack: Stack, words: tuple[str, ...], rules: Rules) -> Contrast:
    """Tags and description together: where they contradict each other, it is disputed."""
    recorded = _recorded_contrast(stack, rules)
    before = bool(matching(rules.contrast.words_before, words))
    after = bool(matching(rules.contrast.words_after, words))
    if before and after:
        # `pre+post gd`, `without contrast`: only what is recorded counts.
        return "disputed" if recorded in ("none", "given") else recorded
    if after and recorded in ("none", "given"):
        return "words" if recorded == "none" else "after"
    if (after and recorded == "before") or (before and recorded in ("after", "given")):
        return "disputed"
    return recorded


def _recorded_contrast(stack: Stack, rules: Rules) -> Contrast:
    acquisition = stack.acquisition
    agents = {header.acquisition.agent.casefold() for header in stack.headers}
    agents -= {"", *(text.casefold() for text in rules.contrast.no_agent)}
    if not agents and acquisition.ingredient in ("", "NONE"):
        return "none"
    if acquisition.ingredient not in ("", "NONE", "GADOLINIUM"):
        return "other"
    return "given" if acquisition.stage == "unknown" else acquisition.stage


def _is_fat_suppressed(
    stack: Stack, words: tuple[str, ...], image_type: frozenset[str], terms: FatSuppression
) -> bool:
    acquisition = stack.acquisition
    inverted = "IR" in acquisition.scanning_sequence
    return (
        acquisition.fat_suppressed
        or not set(terms.scan_options).isdisjoint(acquisition.scan_options)
        or not image_type.isdisjoint(terms.image_type)
        or bool(matching(terms.words, words))
        or (inverted and _is_within(terms.inversion_time_ms, acquisition.inversion_time_ms))
    )


def _shares(terms: list[str], given: frozenset[str], *, empty: bool) -> bool:
    """Whether a term is given; `empty` is the answer where the rule names none."""
    return not given.isdisjoint(terms) if terms else empty


def _is_within(limits: Range | None, number: float | None) -> bool:
    if limits is None:
        return True
    return number is not None and limits[0] <= number <= limits[1]
