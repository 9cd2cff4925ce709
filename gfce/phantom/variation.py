"""What differs between patients: habitus, age-like changes, opacified sinuses, fillings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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


def _pair(values: np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def draw_habitus(rng: np.random.Generator) -> Habitus:
    """Draw one patient's build; the spreads are those of adult anatomy, estimated."""
    size = rng.normal(1.0, 0.03)
    return Habitus(
        scale=_triple(np.clip(size * rng.normal(1.0, (0.03, 0.025, 0.035)), 0.88, 1.1)),
        rotation_deg=_triple(rng.normal(0.0, (3.5, 2.0, 2.5))),
        shift_mm=_triple(rng.normal(0.0, (2.5, 4.0, 5.0))),
        warp_mm=float(rng.uniform(1.6, 2.6)),
        fat=float(np.clip(rng.lognormal(-0.1, 0.35), 0.5, 2.0)),
        muscle=float(np.clip(rng.normal(1.0, 0.08), 0.8, 1.2)),
        mucosa=float(np.clip(rng.lognormal(0.0, 0.25), 0.6, 1.8)),
        atrophy=float(rng.uniform(0.6, 1.6)),
        turbinate=_pair(np.clip(rng.normal(1.0, 0.2, 2), 0.6, 1.4)),
        sinus_mucosa_mm=_pair(0.7 + rng.exponential(1.1, 2) * (rng.random(2) < 0.45)),
        sinus_fluid=_pair(rng.uniform(0.15, 0.8, 2) * (rng.random(2) < 0.18)),
        mastoid_fluid=_pair(rng.uniform(0.3, 0.9, 2) * (rng.random(2) < 0.25)),
        adenoid_mm=float(rng.uniform(0.0, 3.5)),
        jugular=_pair(np.clip(rng.lognormal((-0.1, 0.1), 0.25), 0.5, 1.7)),
        mouth_open=bool(rng.random() < 0.3),
        fillings=_fillings(rng),
    )


def _fillings(rng: np.random.Generator) -> tuple[tuple[float, float, float, float], ...]:
    """Amalgam at molars of about a third of patients: atlas x, y, z and reach, all in mm."""
    if rng.random() > 0.35:
        return ()
    return tuple(
        (
            float(rng.choice((-1, 1)) * rng.uniform(22, 27)),
            float(rng.uniform(-42, -22)),
            float(rng.choice((-19.0, -29.0))),
            float(rng.uniform(4, 10)),
        )
        for _ in range(int(rng.integers(1, 3)))
    )
