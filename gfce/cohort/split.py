"""The split into training and test, pooled draws (study points 2 and 4), who is set aside."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pandas as pd

from gfce.cohort.tables import ADAPTATION, TRAINING_SETS
from gfce.config import StudyConfig
from gfce.errors import UserError
from gfce.study import set_aside
from gfce.study.patients import ADAPT


def assign_roles(institutions: pd.Series, config: StudyConfig) -> pd.DataFrame:
    """Give each patient (index: patient id, value: institution) a role and a split.

    Development institutions are split at random, `cohort.training_patients` for training and the
    rest held out; patients of external institutions are all test, apart from those that are set
    aside for repairs.

    Raises:
        UserError: an institution of the configuration has too few patients.
    """
    table = pd.DataFrame({"institution": institutions, "role": "external", "split": "test"})
    for institution in config.cohort.institutions:
        if institution not in set(institutions):
            raise UserError(
                f"institution {institution}: no usable patient in the dataset: "
                "correct cohort.development and cohort.external, or the data"
            )
    for institution in config.cohort.development:
        candidates = institutions.index[institutions == institution]
        count = _training_count(institution, len(candidates), config.cohort.training_patients)
        generator = random_stream(config.seed, "split", institution)
        drawn = generator.choice(candidates, count, replace=False)
        table.loc[candidates, "role"] = "development"
        table.loc[drawn, "split"] = "train"
    table.loc[draw_adaptation(institutions, config)["patient_id"], "split"] = ADAPT
    return table


def draw_adaptation(institutions: pd.Series, config: StudyConfig) -> pd.DataFrame:
    """The patients of external institutions that are set aside for repairs, in a random order.

    Of each institution they are the first of one order of all its patients, so that more of them
    are further ones. `institutions` as in `assign_roles`; the columns are those of adaptation.csv.

    Raises:
        UserError: an institution has too few patients.
    """
    count = set_aside(config)
    rows = []
    for institution in config.cohort.external if count else []:
        candidates = sorted(institutions.index[institutions == institution])
        if count >= len(candidates):
            raise UserError(
                f"institution {institution}: too few usable patients ({len(candidates)}): {count} "
                "to adapt to and at least 1 to test are needed: lower `patients` in grid.repairs "
                "or add some"
            )
        generator = random_stream(config.seed, "adaptation", institution)
        order = generator.permutation(candidates)[:count]
        rows += [
            {"institution": institution, "order": number, "patient_id": str(patient)}
            for number, patient in enumerate(order, start=1)
        ]
    return ADAPTATION.frame(rows)


def _training_count(institution: str, available: int, number: int | float) -> int:
    share = min(max(1, round(number * available)), available - 1)
    count = number if isinstance(number, int) else share
    if not 0 < count < available:
        raise UserError(
            f"institution {institution}: too few usable patients ({available}): {max(count, 1)} to "
            "train on and at least 1 to test are needed: lower cohort.training_patients or add some"
        )
    return count


def draw_training_sets(patients: pd.DataFrame, config: StudyConfig) -> pd.DataFrame:
    """The patients of each training set: columns training_set and patient_id.

    `patients` has patient_id, institution and split. A set of one institution is all its training
    patients. A pooled set is as large as its smallest institution's (or
    `cohort.pooled_patients`): from each of its k institutions the same number is drawn, n/k
    rounded up, and the few too many are discarded, each from another institution. For three
    institutions with 53 training patients that is the study's 18 x 3 - 1 = 53.

    Raises:
        UserError: an institution has fewer training patients than the draw needs.
    """
    training = patients[patients["split"] == "train"]
    by_institution = training.groupby("institution")["patient_id"].apply(sorted).to_dict()
    rows = [
        {"training_set": name, "patient_id": patient}
        for name, institutions in config.training_sets().items()
        for patient in _draw(name, {i: by_institution[i] for i in institutions}, config)
    ]
    return TRAINING_SETS.frame(rows)


def _draw(name: str, available: dict[str, list[str]], config: StudyConfig) -> list[str]:
    if len(available) == 1:
        return next(iter(available.values()))
    size = config.cohort.pooled_patients or min(len(patients) for patients in available.values())
    each = math.ceil(size / len(available))
    generator = random_stream(config.seed, "pool", name)
    discarding = generator.choice(list(available), each * len(available) - size, replace=False)
    drawn: list[str] = []
    for institution, patients in available.items():
        if len(patients) < each:
            raise UserError(
                f"training set {name}: needs {each} training patients of {institution}, which has "
                f"{len(patients)}: lower cohort.pooled_patients or raise cohort.training_patients"
            )
        # Discarding a patient of a random draw is the same as drawing one fewer.
        count = each - (institution in discarding)
        drawn += list(generator.choice(patients, count, replace=False))
    return sorted(drawn)


def random_stream(seed: int, *purpose: str) -> np.random.Generator:
    """A separate random stream for each purpose, so that no draw changes another."""
    digest = hashlib.sha256("/".join(purpose).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
