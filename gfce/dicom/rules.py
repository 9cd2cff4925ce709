"""The rule table: which series becomes T1w, T2w or CE, read from a YAML."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from gfce.config.reading import checked, parse_yaml, read_yaml
from gfce.config.section import Section
from gfce.config.values import Identifier, Number, refuse_repeated
from gfce.dicom.words import pattern_words

Contrast = Literal["none", "before", "during", "after", "given", "words", "disputed", "other"]
"""What is known of the contrast agent: docs/dicom.md explains each."""
Range = Annotated[list[Number], Field(min_length=2, max_length=2)]
"""The least and the largest value, both included."""
Terms = Annotated[list[str], Field(default_factory=list)]
Orientation = Literal["axial", "coronal", "sagittal"]


def _check_words(entries: list[str]) -> list[str]:
    for entry in entries:
        if not pattern_words(entry):
            raise ValueError("a word has letters, digits, + and * only: correct it")
    return entries


class ContrastWords(Section):
    """What texts say of the contrast agent."""

    no_agent: list[str]
    """Texts of ContrastBolusAgent that mean that none was given."""
    words_before: list[str]
    """Words of a description that mean: before the injection."""
    words_after: list[str]
    """Words of a description that mean: after the injection."""

    _words = field_validator("words_before", "words_after")(_check_words)


class FatSuppression(Section):
    """What makes a series fat-suppressed: one of these."""

    scan_options: list[str]
    image_type: list[str]
    words: list[str]
    inversion_time_ms: Range
    """Of inversion recovery (STIR)."""

    _words = field_validator("words")(_check_words)


class Rule(Section):
    """Conditions, all of which must hold; one that is not given holds for every series."""

    name: Identifier
    words_any: Terms
    words_none: Terms
    contrast: Annotated[list[Contrast], Field(default_factory=list)]
    scanning_sequence_any: Terms
    scanning_sequence_none: Terms
    image_type_any: Terms
    image_type_none: Terms
    repetition_time_ms: Range | None = None
    echo_time_ms: Range | None = None
    inversion_time_ms: Range | None = None
    fat_suppression: bool | None = None
    orientation: Annotated[list[Orientation], Field(default_factory=list)]
    slices: Range | None = None

    _words = field_validator("words_any", "words_none")(_check_words)

    @model_validator(mode="after")
    def _has_a_condition(self) -> Rule:
        if self.model_fields_set == {"name"}:
            raise ValueError("a rule without a condition would fit every series: give one")
        return self


Modality = Annotated[list[Rule], Field(min_length=1)]


class Rules(Section):
    """The whole table."""

    contrast: ContrastWords
    fat_suppression: FatSuppression
    leave: list[Rule]
    t1w: Modality
    t2w: Modality
    ce: Modality

    @field_validator("leave", "t1w", "t2w", "ce")
    @classmethod
    def _have_names_of_their_own(cls, rules: list[Rule]) -> list[Rule]:
        refuse_repeated((rule.name for rule in rules), "rule")
        return rules

    def of(self, modality: str) -> list[Rule]:
        """The rules of a modality, in order."""
        rules: list[Rule] = getattr(self, modality)
        return rules


def default_rules() -> str:
    """The text of the table that comes with gfce."""
    return files("gfce.dicom").joinpath("rules.yaml").read_text(encoding="utf-8")


def read_rules(path: Path | None) -> Rules:
    """Read a rule table (None: that of the package).

    Raises:
        UserError: the file cannot be read, is not YAML as configurations are, or has an unknown
            key or an impossible value.
    """
    if path is None:
        return _packaged_rules()
    return _checked(read_yaml(path, path.name, "a rule table"), path.name)


@cache
def _packaged_rules() -> Rules:
    return _checked(parse_yaml(default_rules().encode(), "rules.yaml"), "rules.yaml")


def _checked(content: Any, source: str) -> Rules:
    return checked(Rules, content, source, "the rules that come with gfce")
