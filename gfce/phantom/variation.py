"""What differs between patients: build, age-like changes, fluid in air spaces, fillings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gfce.phantom.measures import Pair, Triple, measures


@dataclass(frozen=True)
class Habitus:
    """One patient's build; pairs are (patient's left, patient's right).

    Lengths are factors on the atlas unless they end in _mm; angles are degrees.
    """

    scale: tuple[float, float, float]
    rotation_deg: tuple[float, float, float]
    shift_mm: tuple[float, float, float]
    warp_mm: float
    fat: float
    muscle: float
    mucosa: float
    atrophy: float
    turbinate: tuple[float, float]
    sinus_mucosa_mm: tuple[float, float]
    sinus_fluid: tuple[float, float]
    mastoid_fluid: tuple[float, float]
    adenoid_mm: float
    jugular: tuple[float, float]
    mouth_open: bool
    fillings: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True)
class _Spread:
    """How the build differs between patients: see ``Habitus`` for each quantity.

    A name that ends in ``sd`` is a standard deviation about 1 (angles and shifts: about 0), in
    ``log_sd`` one of the logarithm about 0; ``fat_log`` is mean and standard deviation of the
    logarithm, ``jugular_log_mean`` its mean left and right. A ``range`` holds the limits of such a
    quantity, a ``share`` is the part of patients (or of their sides) that have something; other
    pairs are the limits of uniform distributions. ``sinus_thickening_mm`` is the mean of an
    exponential distribution. Triples are x, y, z.
    """

    size_sd: float
    scale_sd: Triple
    scale_range: Pair
    rotation_sd_deg: Triple
    shift_sd_mm: Triple
    warp_mm: Pair
    fat_log: Pair
    fat_range: Pair
    muscle_sd: float
    muscle_range: Pair
    mucosa_log_sd: float
    mucosa_range: Pair
    atrophy: Pair
    turbinate_sd: float
    turbinate_range: Pair
    sinus_mucosa_mm: float
    sinus_thickening_mm: float
    sinus_thickening_share: float
    sinus_fluid: Pair
    sinus_fluid_share: float
    mastoid_fluid: Pair
    mastoid_fluid_share: float
    adenoid_mm: Pair
    jugular_log_mean: Pair
    jugular_log_sd: float
    jugular_range: Pair
    mouth_open_share: float


@dataclass(frozen=True)
class _Fillings:
    """Share of patients with amalgam fillings, and where these lie.

    ``x_mm`` (of either side), ``y_mm`` and ``reach_mm`` (of the artefact) are limits of uniform
    distributions; ``jaws_z_mm`` are the levels of the upper and the lower crowns.
    """

    share: float
    x_mm: Pair
    y_mm: Pair
    jaws_z_mm: Pair
    reach_mm: Pair


def _pair(values: np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def draw_habitus(rng: np.random.Generator, atrophy: float = 1.0) -> Habitus:
    """Draw one patient's build; ``atrophy`` multiplies that of the brain."""
    spread = measures(_Spread, "habitus")
    size = rng.normal(1.0, spread.size_sd)
    return Habitus(
        scale=_triple(np.clip(size * rng.normal(1.0, spread.scale_sd), *spread.scale_range)),
        rotation_deg=_triple(rng.normal(0.0, spread.rotation_sd_deg)),
        shift_mm=_triple(rng.normal(0.0, spread.shift_sd_mm)),
        warp_mm=float(rng.uniform(*spread.warp_mm)),
        fat=float(np.clip(rng.lognormal(*spread.fat_log), *spread.fat_range)),
        muscle=float(np.clip(rng.normal(1.0, spread.muscle_sd), *spread.muscle_range)),
        mucosa=float(np.clip(rng.lognormal(0.0, spread.mucosa_log_sd), *spread.mucosa_range)),
        atrophy=float(rng.uniform(*spread.atrophy)) * atrophy,
        turbinate=_pair(np.clip(rng.normal(1.0, spread.turbinate_sd, 2), *spread.turbinate_range)),
        sinus_mucosa_mm=_sinus_mucosa(rng, spread),
        sinus_fluid=_fluid(rng, spread.sinus_fluid, spread.sinus_fluid_share),
        mastoid_fluid=_fluid(rng, spread.mastoid_fluid, spread.mastoid_fluid_share),
        adenoid_mm=float(rng.uniform(*spread.adenoid_mm)),
        jugular=_pair(
            np.clip(
                rng.lognormal(spread.jugular_log_mean, spread.jugular_log_sd),
                *spread.jugular_range,
            )
        ),
        mouth_open=bool(rng.random() < spread.mouth_open_share),
        fillings=_fillings(rng),
    )


def _sinus_mucosa(rng: np.random.Generator, spread: _Spread) -> tuple[float, float]:
    """Lining of the maxillary sinuses (mm): thin, or thickened by an exponential amount."""
    thickening = rng.exponential(spread.sinus_thickening_mm, 2)
    return _pair(
        spread.sinus_mucosa_mm + thickening * (rng.random(2) < spread.sinus_thickening_share)
    )


def _fluid(rng: np.random.Generator, limits: Pair, share: float) -> tuple[float, float]:
    """How much of the air space of each side is fluid: none in most patients."""
    low, high = limits
    return _pair(rng.uniform(low, high, 2) * (rng.random(2) < share))


def _fillings(rng: np.random.Generator) -> tuple[tuple[float, float, float, float], ...]:
    """Amalgam at one or two molars: atlas x, y, z and reach of the artefact, all in mm."""
    fillings = measures(_Fillings, "fillings")
    if rng.random() > fillings.share:
        return ()
    return tuple(
        (
            float(rng.choice((-1, 1)) * rng.uniform(*fillings.x_mm)),
            float(rng.uniform(*fillings.y_mm)),
            float(rng.choice(fillings.jaws_z_mm)),
            float(rng.uniform(*fillings.reach_mm)),
        )
        for _ in range(int(rng.integers(1, 3)))
    )
