"""Restricted maximum likelihood of a linear mixed model whose random effects are nested in blocks.

The model is y = X b + sum over k of Z_k u_k + e, with independent u_k ~ N(0, s2 g_k I) and
e ~ N(0, s2 I). No level of a random effect occurs in two blocks, so that V = s2 (I + sum g_k Z_k
Z_k') falls into blocks, and within one only as many columns count as there are levels: everything
follows from cross-products that are made once (Bates et al. 2015, J Stat Softw 67(1), section 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular

from gfce.statistics.methods.variances_search import Floats, smallest

Codes = NDArray[np.intp]

ZERO = 1e-8
"""A variance ratio below this is 0: the fit is singular."""
LARGEST_RATIO = 1e8
"""Variance ratios are sought below this."""
NO_ERROR = 1e-7
"""Part of the scores' mean square, above the fixed effects and all levels, that is no error."""
DECREMENT = 1e-3
"""A fit has converged if a Newton step would change no variance by more than this part of its
standard error (lme4 asks for 2e-3)."""


@dataclass(frozen=True)
class Block:
    """Cross-products of the scores of one block.

    Attributes:
        zz: Z'Z (levels, levels).
        zx: Z'[X y] (levels, columns + 1).
        component: which component a level belongs to (levels,).
    """

    zz: Floats
    zx: Floats
    component: Codes


@dataclass(frozen=True)
class MixedData:
    """All that the likelihood needs of the scores.

    Attributes:
        blocks: of the random effects.
        xx: [X y]'[X y] (columns + 1, columns + 1).
        n: number of scores.
        components: number of random components.
    """

    blocks: tuple[Block, ...]
    xx: Floats
    n: int
    components: int


def mixed_data(
    design: Floats, score: Floats, blocks: Codes, levels: Mapping[str, Codes]
) -> MixedData:
    """The cross-products of a model.

    Args:
        design: X (scores, columns), of full rank.
        score: y (scores,).
        blocks: of each score (scores,).
        levels: of each score for each random component (scores,); levels of the same code in two
            blocks are two levels.
    """
    joined = np.column_stack([design, score])
    parts = []
    for block in np.unique(blocks):
        own = blocks == block
        columns = [_indicators(codes[own]) for codes in levels.values()]
        z = np.hstack(columns)
        component = np.repeat(np.arange(len(columns)), [part.shape[1] for part in columns])
        parts.append(Block(z.T @ z, z.T @ joined[own], component))
    return MixedData(tuple(parts), joined.T @ joined, len(score), len(levels))


def _indicators(codes: Codes) -> Floats:
    return (codes[:, None] == np.unique(codes)).astype(float)


@dataclass(frozen=True)
class Likelihood:
    """The restricted likelihood at given variance ratios, the error variance profiled out.

    Attributes:
        data: the scores' cross-products.
        ratios: variance of each component / error variance (components,).
    """

    data: MixedData
    ratios: Floats

    @cached_property
    def _solved(self) -> tuple[list[tuple[Floats, Floats]], Floats, float]:
        """Of each block Z'V^-1 Z and Z'V^-1 [X y]; [X y]'V^-1 [X y]; log |V|; all with s2 = 1."""
        inner, xx, log_determinant = [], self.data.xx.copy(), 0.0
        for block in self.data.blocks:
            root = np.sqrt(self.ratios)[block.component]
            factor = cholesky(
                np.eye(len(root)) + root[:, None] * block.zz * root, lower=True, check_finite=False
            )
            both = np.hstack([block.zz, block.zx])
            half = solve_triangular(factor, root[:, None] * both, lower=True, check_finite=False)
            half_z, half_x = half[:, : len(root)], half[:, len(root) :]
            inner.append((block.zz - half_z.T @ half_z, block.zx - half_z.T @ half_x))
            xx -= half_x.T @ half_x
            log_determinant += 2 * float(np.log(np.diag(factor)).sum())
        return inner, xx, log_determinant

    @cached_property
    def _factor(self) -> tuple[Floats, bool]:
        return cho_factor(self._solved[1][:-1, :-1], lower=True)

    @cached_property
    def fixed(self) -> Floats:
        """Generalized least-squares estimate of b (columns,)."""
        return np.asarray(cho_solve(self._factor, self._solved[1][:-1, -1]))

    @cached_property
    def unscaled(self) -> Floats:
        """(X'V^-1 X)^-1 with s2 = 1 (columns, columns)."""
        return np.asarray(cho_solve(self._factor, np.eye(len(self.fixed))))

    @property
    def degrees(self) -> int:
        """Scores less fixed effects."""
        return self.data.n - len(self.fixed)

    @cached_property
    def error_variance(self) -> float:
        """The s2 that makes the likelihood largest at these ratios."""
        xx = self._solved[1]
        return float(xx[-1, -1] - xx[-1, :-1] @ self.fixed) / self.degrees

    @property
    def deviance(self) -> float:
        """-2 log restricted likelihood, as lme4 profiles it."""
        fixed = 2 * float(np.log(np.diag(self._factor[0])).sum())
        error = self.degrees * (1 + np.log(2 * np.pi * self.error_variance))
        return float(self._solved[2] + fixed + error)

    @cached_property
    def _by_component(self) -> tuple[Floats, Floats, list[list[tuple[Floats, Floats]]]]:
        """Of each component U'U and |u|^2, U = Z'V^-1 X and u = Z'V^-1 (y - X b); U, u by block."""
        products = np.zeros((self.data.components, *self.unscaled.shape))
        squares = np.zeros(self.data.components)
        parts: list[list[tuple[Floats, Floats]]] = []
        for block, (_, zx) in zip(self.data.blocks, self._solved[0], strict=True):
            residual = zx[:, -1] - zx[:, :-1] @ self.fixed
            own = [block.component == k for k in range(self.data.components)]
            parts.append([(zx[rows, :-1], residual[rows]) for rows in own])
            for k, (ux, ur) in enumerate(parts[-1]):
                products[k] += ux.T @ ux
                squares[k] += ur @ ur
        return products, squares, parts

    @cached_property
    def gradient(self) -> Floats:
        """Of the deviance in the ratios: tr(P V_k) - y'P V_k P y / s2 (components,)."""
        products, squares, _ = self._by_component
        traces = np.zeros(self.data.components)
        for block, (zz, _) in zip(self.data.blocks, self._solved[0], strict=True):
            traces += np.bincount(block.component, np.diag(zz), self.data.components)
        traces -= np.einsum("kij,ji->k", products, self.unscaled)
        return np.asarray(traces - squares / self.error_variance)

    def hessian(self) -> Floats:
        """Of the deviance in (s2, ratios), s2 not profiled (components + 1, components + 1).

        The second derivatives are -tr(P V_k P V_l) + 2 y'P V_k P V_l P y / s2, of s2 alone
        (n - p) / s2^2, of both |u_k|^2 / s2^2.
        """
        size, s2 = self.data.components, self.error_variance
        found = np.empty((size + 1, size + 1))
        found[0, 0] = self.degrees / s2**2
        found[0, 1:] = found[1:, 0] = self._by_component[1] / s2**2
        for k in range(size):
            for m in range(k, size):
                trace, square = self._second(k, m)
                found[k + 1, m + 1] = found[m + 1, k + 1] = 2 * square / s2 - trace
        return found

    def _second(self, k: int, m: int) -> tuple[float, float]:
        """tr(P V_k P V_m) and y'P V_k P V_m P y: P is Z'V^-1 Z of the blocks less U C U'."""
        products, _, parts = self._by_component
        trace = float(np.sum((self.unscaled @ products[k]) * (self.unscaled @ products[m]).T))
        square, ends = 0.0, np.zeros((2, len(self.fixed)))
        for block, (zz, _), part in zip(self.data.blocks, self._solved[0], parts, strict=True):
            inner = zz[np.ix_(block.component == k, block.component == m)]
            (ux, ur), (wx, wr) = part[k], part[m]
            trace += float(np.sum(inner * (inner - 2 * ux @ self.unscaled @ wx.T)))
            square += float(ur @ inner @ wr)
            ends += ur @ ux, wr @ wx
        return trace, square - float(ends[0] @ self.unscaled @ ends[1])

    def degrees_of_freedom(self, free: NDArray[np.bool_], hessian: Floats) -> Floats:
        """Satterthwaite's, of each fixed effect (columns,).

        2 v^2 / (g'A g): v the variance of the estimate, g its gradient in the variance parameters
        and A = 2 H^-1 their covariance (Kuznetsova, Brockhoff and Christensen 2017, J Stat Softw
        82(13); Fai and Cornelius 1996). A variance that is estimated as 0 is taken
        as known, as lmerTest does.
        """
        products, _, _ = self._by_component
        changes = self.unscaled @ products[free] @ self.unscaled
        slopes = [np.diag(self.unscaled)]
        slopes += [self.error_variance * np.diag(change) for change in changes]
        kept = np.concatenate([[True], free])
        covariance = 2 * np.linalg.inv(hessian[np.ix_(kept, kept)])
        gradient = np.asarray(slopes)
        variance = self.error_variance * np.diag(self.unscaled)
        return np.asarray(
            2 * variance**2 / np.einsum("ij,ik,kj->j", gradient, covariance, gradient)
        )


@dataclass(frozen=True)
class RemlFit:
    """A fitted model.

    Attributes:
        fixed: estimates of the fixed effects (columns,).
        se: their standard errors (columns,).
        df: their degrees of freedom, Satterthwaite (columns,); NaN if there is no minimum.
        variances: of the random components (components,).
        error_variance: of the error.
        deviance: -2 log restricted likelihood, as lme4 has it.
        converged: whether the deviance is at a minimum.
    """

    fixed: Floats
    se: Floats
    df: Floats
    variances: Floats
    error_variance: float
    deviance: float
    converged: bool


def leaves_no_error(data: MixedData) -> bool:
    """Whether the fixed effects and the levels describe every score, as those of equal models."""
    described = Likelihood(data, np.full(data.components, LARGEST_RATIO))
    return described.error_variance < NO_ERROR * data.xx[-1, -1] / data.n


def fit_reml(data: MixedData) -> RemlFit:
    """The most likely variances, and the fixed effects at these.

    Raises:
        numpy.linalg.LinAlgError: the fixed effects cannot be told apart.
    """
    size = data.components
    found = smallest(
        lambda ratios: _value(data, ratios),
        np.ones(size),
        np.zeros(size),
        np.full(size, LARGEST_RATIO),
    )
    ratios = np.where(found < ZERO, 0.0, found)
    fit = Likelihood(data, ratios)
    free, hessian = ratios > 0, fit.hessian()
    converged = _is_minimum(fit.gradient, free, hessian)
    undefined = np.full(len(fit.fixed), np.nan)
    return RemlFit(
        fixed=fit.fixed,
        se=np.sqrt(fit.error_variance * np.diag(fit.unscaled)),
        df=fit.degrees_of_freedom(free, hessian) if converged else undefined,
        variances=fit.error_variance * ratios,
        error_variance=fit.error_variance,
        deviance=fit.deviance,
        converged=converged,
    )


def _value(data: MixedData, ratios: Floats) -> tuple[float, Floats]:
    likelihood = Likelihood(data, ratios)
    return likelihood.deviance, likelihood.gradient


def _is_minimum(gradient: Floats, free: NDArray[np.bool_], hessian: Floats) -> bool:
    """Whether a Newton step of the free ratios is negligible, and no ratio of 0 wants to grow."""
    kept = np.concatenate([[True], free])
    own = hessian[np.ix_(kept, kept)]
    slope = np.concatenate([[0.0], gradient[free]])  # of s2 it is 0: profiled
    if np.linalg.eigvalsh(own)[0] <= 0:
        return False
    decrement = float(np.sqrt(slope @ np.linalg.solve(own, slope) / 2))
    scaled = gradient[~free] / np.sqrt(np.abs(np.diag(hessian)[1:][~free]))
    return decrement < DECREMENT and bool((scaled > -DECREMENT).all())
