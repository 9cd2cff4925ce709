"""What each external institution says about a drop, an improvement or a normalization.

Effects lie on a scale where sampling variances do not follow the mean: the log of the mean where
smaller is better and 0 is best (MAE), the mean itself elsewhere (dB of PSNR; SSIM).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gfce.evaluation.metric import Metric
from gfce.evaluation.metrics import METRICS
from gfce.statistics.design import Model, members
from gfce.statistics.inference.paired_tests import comparisons
from gfce.statistics.inference.scales import own_scale
from gfce.statistics.methods.patients import Patients
from gfce.statistics.methods.student import ROUNDING
from gfce.statistics.scored_study import ScoredStudy

Array = NDArray[np.float64]
DROP, IMPROVEMENT, NORMALIZATION = "drop", "improvement", "normalization"
PAIRED, UNPAIRED, ONE_SAMPLE = "paired", "unpaired", "one sample"
NO_LOG = "a mean of 0 has no logarithm"


@dataclass(frozen=True)
class Estimate:
    """An estimated mean, loss or difference of losses.

    Attributes:
        value: the estimate.
        variance: of its sampling; NaN where it cannot be estimated.
        df: degrees of freedom of the variance (infinite: it is exact).
        n: patients that it is made of.
        problem: why it, or its variance, is not known.
    """

    value: float
    variance: float
    df: float
    n: int
    problem: str = ""


EXACTLY_NOTHING = Estimate(0.0, 0.0, math.inf, 0)
"""What effects of paired models have in common: nothing is subtracted."""


@dataclass(frozen=True)
class InstitutionEffects:
    """The effects of all external institutions on one question.

    The effect of an institution is its estimate less `shared`, whose error is the same at all of
    them: the internal mean of a drop. A drop is positive where the model is worse externally, the
    other effects where the model is better than the reference.

    Attributes:
        effect: DROP, IMPROVEMENT or NORMALIZATION.
        metric: of the scores.
        model: whose effect it is.
        reference: label of what it is set against; several, whose mean it is, by semicolons.
        pairing: how variances were made: ONE_SAMPLE, PAIRED or UNPAIRED.
        by_institution: the estimate of each external institution.
        shared: what is subtracted from each.
        remark: what else must be said of it.
    """

    effect: str
    metric: Metric
    model: Model
    reference: str
    pairing: str
    by_institution: dict[str, Estimate]
    shared: Estimate = EXACTLY_NOTHING
    remark: str = ""

    @property
    def scale(self) -> str:
        """How the column `scale` calls it: errors are compared by ratios of means."""
        return own_scale(self.metric).name


def loss(metric: Metric, mean: float) -> float:
    """How bad a mean is: its log (NaN of 0), or with the sign that makes larger ones worse."""
    if metric.is_error:
        return math.log(mean) if mean > 0 else math.nan
    return metric.loss_sign * mean


def slope(metric: Metric, mean: float) -> float:
    """The derivative of `loss`: with it the delta method gives variances."""
    if metric.is_error:
        return 1 / mean if mean > 0 else math.nan
    return metric.loss_sign


def mean_of(scores: Array) -> Estimate:
    """The mean of patients' scores (patient,), with the variance sd^2 / n; NaN: missing."""
    known = scores[np.isfinite(scores)]
    value = float(known.mean()) if len(known) else math.nan
    return _with_variance(value, known, float(np.abs(known).max(initial=0)))


def as_loss(metric: Metric, mean: Estimate) -> Estimate:
    """A mean as a loss, by the delta method.

    For the log the variance is sd^2 / (n mean^2) (Hedges, Gurevitch and Curtis 1999).
    """
    value = loss(metric, mean.value)
    problem = mean.problem or (NO_LOG if math.isnan(value) else "")
    return replace(
        mean,
        value=value,
        variance=slope(metric, mean.value) ** 2 * mean.variance,
        problem=problem,
    )


def paired_gain(model: Array, reference: Array, metric: Metric) -> Estimate:
    """loss(reference) - loss(model) on the same patients; a patient without both is left out.

    The variance is that of the mean of the patients' linear terms, slope b_p - slope a_p: for the
    log ratio of means sd_a^2 / (n a^2) + sd_b^2 / (n b^2) - 2 cov / (n a b) (Lajeunesse 2011;
    metafor's ROMC).

    Args:
        model: scores of the model (patient,).
        reference: those of what it is set against, in the same order.
        metric: of the scores.
    """
    known = np.isfinite(model) & np.isfinite(reference)
    if not known.any():
        return _with_variance(math.nan, np.empty(0), 0.0)
    a, b = model[known], reference[known]
    gain = loss(metric, float(b.mean())) - loss(metric, float(a.mean()))
    of_a, of_b = (slope(metric, float(arm.mean())) * arm for arm in (a, b))
    return _with_variance(gain, of_b - of_a, float(max(np.abs(of_a).max(), np.abs(of_b).max())))


def _with_variance(value: float, terms: Array, size: float) -> Estimate:
    """An estimate whose linear terms are known, patient by patient; `size` is that of the data."""
    n = len(terms)
    spread = float(terms.std(ddof=1)) if n > 1 else math.nan
    if n == 0:
        problem = "no patient is scored"
    elif math.isnan(value):
        problem = NO_LOG
    elif n == 1:
        problem = "a single patient"
    else:
        problem = "no spread between patients" if spread <= ROUNDING * size else ""
    return Estimate(value, math.nan if problem else spread**2 / n, n - 1, n, problem)


def unpaired(parts: Sequence[tuple[float, Estimate]]) -> Estimate:
    """A weighted sum of independent estimates.

    The degrees of freedom are those of Welch (1947) and Satterthwaite (1946).

    Args:
        parts: the factor and the estimate of each.
    """
    problem = "; ".join(dict.fromkeys(part.problem for _, part in parts if part.problem))
    terms = [(factor**2 * part.variance, part.df) for factor, part in parts]
    variance = sum(term for term, _ in terms)
    value = sum(factor * part.value for factor, part in parts)
    n = min((part.n for _, part in parts), default=0)
    return Estimate(value, variance, satterthwaite(terms), n, problem)


def satterthwaite(terms: Sequence[tuple[float, float]]) -> float:
    """Degrees of freedom of a sum of independent variances, each given with its own."""
    total = sum(variance for variance, _ in terms)
    if math.isnan(total):
        return math.nan
    share = sum(variance**2 / df for variance, df in terms)
    return total**2 / share if share else math.inf


def effects_of_study(study: ScoredStudy) -> list[InstitutionEffects]:
    """Drops of all models, improvements of pooled models, effects of normalizations.

    An improvement is set against the mean of the pooled model's uni models (table 4), and against
    each of them (family A of the paired tests); normalizations are family B.
    """
    grid, patients = study.models, Patients.of(study.scores, study.models)
    asked = {IMPROVEMENT: list(improvements(grid)), NORMALIZATION: list(_normalizations(grid))}
    drops = [_drop(patients, model, metric) for metric in METRICS for model in grid]
    return drops + [
        _paired(patients, effect, metric, model, references)
        for effect, questions in asked.items()
        for metric in METRICS
        for model, references in questions
    ]


def _drop(patients: Patients, model: Model, metric: Metric) -> InstitutionEffects:
    at = {
        name: mean_of(patients.scores_of(name, model, metric))
        for name in (*model.internal, *model.external)
    }
    return drop(model, metric, at)


def drop(
    model: Model, metric: Metric, means: dict[str, Estimate], remark: str = ""
) -> InstitutionEffects:
    """A model's drop, of its means at its internal and external institutions.

    The internal mean of a model of several institutions is their Overall, as in table 5.
    """
    share = 1 / max(len(model.internal), 1)
    internal = as_loss(metric, unpaired([(share, means[name]) for name in model.internal]))
    external = {name: as_loss(metric, means[name]) for name in model.external}
    return InstitutionEffects(
        DROP, metric, model, "internal", ONE_SAMPLE, external, internal, remark
    )


Question = tuple[Model, Sequence[Model]]
"""A model, and those whose mean it is set against."""


def improvements(grid: Sequence[Model]) -> Iterator[Question]:
    """Each pooled model against its uni models together, and then against each of them."""
    for model in grid:
        if model.is_pooled and (unis := members(model, grid)):
            yield model, unis
    yield from ((pair.a, [pair.b]) for pair in comparisons(grid) if pair.family == "A")


def _normalizations(grid: Sequence[Model]) -> Iterator[Question]:
    return ((pair.a, [pair.b]) for pair in comparisons(grid) if pair.family == "B")


def _paired(
    patients: Patients, effect: str, metric: Metric, model: Model, references: Sequence[Model]
) -> InstitutionEffects:
    """A model against the mean of others, institution by institution."""
    by_institution = {}
    for name in model.external:
        others = [patients.scores_of(name, other, metric) for other in references]
        own = patients.scores_of(name, model, metric)
        by_institution[name] = paired_gain(own, np.mean(others, axis=0), metric)
    return InstitutionEffects(effect, metric, model, names_of(references), PAIRED, by_institution)


def names_of(references: Sequence[Model]) -> str:
    """The labels of models of which the mean is taken."""
    return ";".join(model.label for model in references)
