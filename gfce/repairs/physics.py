"""Augmentation by MR physics: what the simulator's scanners do to a patient, done to slices.

In the order of an acquisition (`gfce.phantom.acquisition`):

| transform | acts on | model |
|---|---|---|
| echo time | T2w | S = K exp(-TE/T2): TE (1 + e) makes it K (S/K)^(1 + e) |
| fat | T2w | as T1w shows fat, with as much of its signal as a suppression leaves |
| repetition time | T1w and CE, alike | S = K (1 - exp(-TR/T1)): K (1 - (1 - S/K)^(1 + r)) |
| coils | all, alike | loops about the head (`gfce.phantom.reception.BiasField`) |
| matrix | all, alike | the outer part of k-space is lost, tapered as in the reconstruction |
| noise | T1w and T2w | magnitude of complex noise: Rician |
| gain | T1w and T2w | what a normalization leaves of it |

T1w and CE are one sequence before and after the agent, so that they share TR. CE is otherwise left
as it is where its own change cannot be seen in T1w and T2w; noise cannot be predicted.

The two contrast maps are exact for spin echoes of tissues of one proton density: in T2w where TR is
long, in T1w and CE where TE is short. K, the signal of fully recovered spins, is estimated from the
slice's brightest tissue. Fat is what is bright in T1w, which must not be fat-suppressed itself;
vessels with inflow are taken for it, too. What needs the tissues' own parameters is not changed:
contrast by proton density, CE's uptake (dose, delay, agent), whether CE is fat-suppressed, field
strength, slice thickness, flow ghosts, metal and how evenly fat is suppressed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gfce.repairs.draws import PROBABILITY, air, between, factor, happens, white_noise
from gfce.repairs.method import Method, Option, Options

if TYPE_CHECKING:
    from torch import Tensor

T1W, T2W, CE = 0, 1, 2
INPUTS = (T1W, T2W)
RECOVERED = 0.9
"""Signal of the brightest tissue as part of K: fat in T1w, fluid in T2w, enhancement in CE."""
BRIGHTEST = 0.99
"""The quantile of a slice that is the brightest tissue's."""
FAT = (0.6, 0.8)
"""T1w as part of the brightest tissue: no fat below, fat alone above."""
FIELD_OF_VIEW_MM = 230.0
"""Along the longer side of a slice; BiasField covers 260 mm."""
SLAB_MM = (-60.0, 60.0)
"""Where a slice may lie."""


def augment(images: Tensor, options: Options, rng: np.random.Generator) -> Tensor:
    """Change the T1w, T2w and CE slice of a patient, (image, row, column), in network units."""
    chosen = [transform for transform in TRANSFORMS if happens(rng, options["probability"])]
    if not chosen:
        return images
    level = air(images)
    signals = images - level
    for transform in chosen:
        signals = transform(signals, options, rng)
    return signals + level


def _brightest(signals: Tensor) -> Tensor:
    """The signal of the brightest tissue of each image, (image, 1, 1)."""
    flat = signals.flatten(1)
    rank = 1 + int(BRIGHTEST * (flat.shape[1] - 1))
    return flat.kthvalue(rank, dim=1).values[:, None, None].clamp(min=1e-6)


def _with(signals: Tensor, index: int, image: Tensor) -> Tensor:
    changed = signals.clone()
    changed[index] = image
    return changed


def _echo_time(signals: Tensor, options: Options, rng: np.random.Generator) -> Tensor:
    change = between(rng, -options["echo"], options["echo"])
    recovered = _brightest(signals)[T2W] / RECOVERED
    return _with(signals, T2W, recovered * (signals[T2W] / recovered) ** (1 + change))


def _fat(signals: Tensor, options: Options, rng: np.random.Generator) -> Tensor:
    low, high = FAT
    brightest = _brightest(signals)
    shown = signals[T1W] / brightest[T1W]
    fat = ((shown - low) / (high - low)).clamp(0, 1)
    left = between(rng, 0, options["fat"]) * brightest[T2W] * shown.clamp(max=1)
    return _with(signals, T2W, (1 - fat) * signals[T2W] + fat * left)


def _repetition_time(signals: Tensor, options: Options, rng: np.random.Generator) -> Tensor:
    change = between(rng, -options["repetition"], options["repetition"])
    recovered = _brightest(signals) / RECOVERED
    longitudinal = (signals / recovered).clamp(max=1)
    changed = recovered * (1 - (1 - longitudinal) ** (1 + change))
    # What is brighter than recovered spins, such as blood that flows in, keeps the difference.
    changed = changed + (signals - recovered).clamp(min=0)
    changed[T2W] = signals[T2W]
    return changed


def _coils(signals: Tensor, options: Options, rng: np.random.Generator) -> Tensor:
    from gfce.phantom.reception import BiasField  # SciPy is slow to import

    rows, columns = signals.shape[1:]
    pixel = FIELD_OF_VIEW_MM / max(rows, columns)
    y, x = ((np.arange(n) - (n - 1) / 2) * pixel for n in (rows, columns))
    strength = between(rng, 0, options["coils"])
    bias = BiasField.random(rng, strength, coil_edge=between(rng, 0, options["edge"]))
    field = signals.new_tensor(bias.sample([between(rng, *SLAB_MM)], y, x)[0])
    return signals * (field / field.mean())


def _matrix(signals: Tensor, options: Options, rng: np.random.Generator) -> Tensor:
    from torch.fft import fft2, ifft2

    kept = between(rng, options["matrix"], 1)
    along = [signals.new_tensor(_taper(count, kept)) for count in signals.shape[1:]]
    return ifft2(fft2(signals) * along[0][:, None] * along[1]).real.clamp(min=0)


def _taper(count: int, kept: float) -> np.ndarray:
    """The weight of each frequency where a part of k-space is acquired (as in `zero_fill`)."""
    frequency = np.abs(np.fft.fftfreq(count)) / (0.5 * kept)
    slope = np.clip((frequency - 0.6) / 0.4, 0, 1)
    weight = np.where(frequency <= 1, 0.5 * (1 + np.cos(np.pi * 0.85 * slope)), 0)
    return weight.astype(np.float32)


def _noise(signals: Tensor, options: Options, rng: np.random.Generator) -> Tensor:
    changed, brightest = signals.clone(), _brightest(signals)
    for index in INPUTS:
        sd = between(rng, 0, options["noise"]) * brightest[index]
        real, imaginary = (sd * white_noise(signals[index], rng) for _ in range(2))
        changed[index] = (signals[index] + real).hypot(imaginary)
    return changed


def _gain(signals: Tensor, options: Options, rng: np.random.Generator) -> Tensor:
    gains = [factor(rng, options["gain"]) if i in INPUTS else 1.0 for i in range(len(signals))]
    return signals * signals.new_tensor(gains)[:, None, None]


TRANSFORMS = (_echo_time, _fat, _repetition_time, _coils, _matrix, _noise, _gain)

METHOD = Method(
    title="Augmentation by MR physics",
    needs="nothing; T1w without fat suppression",
    options={
        "probability": PROBABILITY,
        "echo": Option(
            default=0.3, meaning="largest change of T2w's TE, as part of it", low=0.0, high=0.9
        ),
        "fat": Option(
            default=0.9,
            meaning="largest signal of fat in T2w, as part of the brightest tissue's",
            low=0.0,
            high=1.0,
        ),
        "repetition": Option(
            default=0.3,
            meaning="largest change of TR of T1w and CE, as part of it",
            low=0.0,
            high=0.9,
        ),
        "coils": Option(
            default=0.5,
            meaning="largest exponent of the coils' sensitivity that is left (bias_strength)",
            low=0.0,
            high=3.0,
        ),
        "edge": Option(
            default=0.4,
            meaning="largest excess of the loop at the neck (coil_edge)",
            low=0.0,
            high=3.0,
        ),
        "matrix": Option(
            default=0.6, meaning="smallest part of k-space, along each axis", low=0.1, high=1.0
        ),
        "noise": Option(
            default=0.03,
            meaning="largest SD of the noise, as part of the brightest tissue's signal",
            low=0.0,
            high=1.0,
        ),
        "gain": Option(
            default=0.1, meaning="largest change of gain, as a logarithm", low=0.0, high=2.0
        ),
    },
    augment=augment,
)
