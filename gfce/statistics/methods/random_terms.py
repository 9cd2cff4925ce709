"""Random terms of the mixed model, nested in institutions, as far as scores can tell them apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gfce.statistics.methods.reml import Codes

PATIENT, MODEL_BY_INSTITUTION, SET_BY_INSTITUTION = (
    "patient",
    "model:institution",
    "training_set:institution",
)


@dataclass(frozen=True)
class RandomTerms:
    """What is random in which rows.

    Attributes:
        institution: of each score, as a code (scores,).
        levels: of each score for each term (scores,).
        left_out: terms that the scores cannot tell from others, each with the reason.
    """

    institution: Codes
    levels: dict[str, Codes]
    left_out: dict[str, str]


def random_terms(scores: pd.DataFrame) -> RandomTerms:
    """The terms of scores with columns institution, patient_id, normalization, training_set."""
    institution = pd.factorize(scores["institution"])[0]
    training_set = pd.factorize(scores["training_set"])[0]
    normalization = pd.factorize(scores["normalization"])[0]
    levels = {
        PATIENT: pd.factorize(scores["patient_id"])[0],
        MODEL_BY_INSTITUTION: normalization * (training_set.max() + 1) + training_set,
        SET_BY_INSTITUTION: training_set,
    }
    left_out = {
        name: reason
        for name, reason in {
            PATIENT: _patient_obstacle(institution, levels[PATIENT]),
            MODEL_BY_INSTITUTION: _model_obstacle(institution, levels[MODEL_BY_INSTITUTION]),
            SET_BY_INSTITUTION: _set_obstacle(institution, levels),
        }.items()
        if reason
    }
    kept = {name: codes for name, codes in levels.items() if name not in left_out}
    return RandomTerms(institution, kept, left_out)


def _patient_obstacle(institution: Codes, patient: Codes) -> str:
    one_each = len(_combinations(institution, patient)) == len(np.unique(institution))
    return "each institution has one patient" if one_each else ""


def _model_obstacle(institution: Codes, model: Codes) -> str:
    combinations = _combinations(institution, model)
    if len(combinations) == len(institution):
        return "one patient for each model and institution: it is the error"
    return "" if _interaction_degrees(combinations) else "no two models share two institutions"


def _set_obstacle(institution: Codes, levels: dict[str, Codes]) -> str:
    combinations = _combinations(institution, levels[SET_BY_INSTITUTION])
    if len(combinations) == len(_combinations(institution, levels[MODEL_BY_INSTITUTION])):
        return "with one normalization it is model:institution"
    if not _interaction_degrees(combinations):
        return "no two training sets share two institutions"
    return ""


def _combinations(first: Codes, second: Codes) -> Codes:
    return np.unique(np.column_stack([first, second]), axis=0)


def _interaction_degrees(combinations: Codes) -> int:
    """Combinations of two factors (combinations, 2) less the rank of their main effects."""
    indicators = [codes[:, None] == np.unique(codes) for codes in combinations.T]
    rank = np.linalg.matrix_rank(np.hstack(indicators).astype(float))
    return len(combinations) - int(rank)
