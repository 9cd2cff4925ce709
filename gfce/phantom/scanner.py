"""Signal of each tissue in each series: spin echo, contrast uptake, flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gfce.images.modalities import MODALITIES
from gfce.phantom.fields import FloatArray
from gfce.phantom.protocols import Protocol
from gfce.phantom.tissues import Tissue, agent_at, enhanced, tissues_at

# Spread (log standard deviation) of proton density, T1, T2 and uptake inside one tissue: estimated
# from the within-region spreads of the relaxometry studies cited in tissues.csv.
TEXTURE_SD = {"pd": 0.04, "t1": 0.05, "t2": 0.07, "uptake": 0.22}


def spin_echo(tissue: Tissue, tr_ms: float, te_ms: float) -> float:
    """Return the spin-echo signal S = PD (1 - exp(-TR/T1)) exp(-TE/T2), water at full recovery = 1.

    Source: Haacke et al., Magnetic Resonance Imaging: Physical Principles and Sequence Design
    (1999), ch. 8, for TE << TR and a 90 degree excitation.
    """
    recovered = 1.0 - np.exp(-tr_ms / tissue.t1_ms)
    return float(tissue.pd * recovered * np.exp(-te_ms / tissue.t2_ms))


def flow_void(velocity_mm_per_s: float, te_ms: float, thickness_mm: float) -> float:
    """Return the part of flowing blood that both pulses of a spin echo reach, [0, 1].

    1 - v (TE/2) / d for a slice of thickness d: spins that leave between the 90 and the 180 degree
    pulse give no echo.  Source: Bradley and Waluch, Radiology 154:443-450 (1985).
    """
    moved_mm = velocity_mm_per_s * te_ms / 2000.0
    return float(np.clip(1.0 - moved_mm / thickness_mm, 0.0, 1.0))


def enhancement_percent(
    tissue: Tissue, agent: str, field_strength_t: float, tr_ms: float, te_ms: float
) -> float:
    """Return 100 (S_after - S_before) / S_before of a tissue with its tabulated uptake."""
    after = enhanced(tissue, agent_at(agent, field_strength_t), tissue.uptake_mmol_per_l)
    before = spin_echo(tissue, tr_ms, te_ms)
    return 100.0 * (spin_echo(after, tr_ms, te_ms) - before) / before if before else 0.0


@dataclass(frozen=True)
class SeriesWeights:
    """Signal per unit fraction of each tissue in one series.

    ``water`` and ``fat`` are (term, tissue): term 0 is the mean signal, the others its change for
    one standard deviation of PD, T1, T2 and uptake (``TEXTURE_SD``).
    """

    water: FloatArray
    fat: FloatArray


def series_weights(
    protocol: Protocol,
    modality: str,
    thickness_mm: float,
    uptake: Mapping[str, float],
    inflow: float = 0.0,
) -> SeriesWeights:
    """Return the tissues' signals in one series of one patient.

    ``uptake`` multiplies the tabulated uptake of the named tissues (default 1) in the CE series;
    ``inflow`` is the part of blood that enters fully relaxed (first and last slices).  Variation
    inside tissues is to first order: dS = sum of (dS/d ln p) sd n_p for p in PD, T1, T2, uptake.
    """
    if modality not in MODALITIES:
        raise ValueError(f"unknown modality {modality}")
    columns = []
    tissues = tissues_at(protocol.field_strength_t)
    for tissue in tissues:
        dose = protocol.dose_factor * uptake.get(tissue.name, 1.0) if modality == "ce" else 0.0
        columns.append(_terms(tissue, protocol, modality, thickness_mm, dose, inflow))
    terms = np.array(columns, np.float32).T
    fat = np.array([tissue.fat_fraction for tissue in tissues], np.float32)
    return SeriesWeights(water=terms * (1 - fat), fat=terms * fat)


def _terms(
    tissue: Tissue,
    protocol: Protocol,
    modality: str,
    thickness_mm: float,
    dose: float,
    inflow: float,
) -> list[float]:
    """Mean signal and its change for one standard deviation of each property."""

    def signal(varied: Tissue, factor: float = 1.0) -> float:
        agent = agent_at(protocol.agent, protocol.field_strength_t)
        bathed = enhanced(varied, agent, dose * factor * tissue.uptake_mmol_per_l)
        te = protocol.te_ms(modality)
        value = spin_echo(bathed, protocol.tr_ms(modality), te)
        if tissue.velocity_mm_per_s:
            fresh = spin_echo(bathed, 1e6, te)
            value += inflow * (fresh - value)
        return value * flow_void(tissue.velocity_mm_per_s, te, thickness_mm)

    mean, step = signal(tissue), 0.02
    changes = (
        (replace(tissue, pd=tissue.pd * (1 + step)), 1.0, "pd"),
        (replace(tissue, t1_ms=tissue.t1_ms * (1 + step)), 1.0, "t1"),
        (replace(tissue, t2_ms=tissue.t2_ms * (1 + step)), 1.0, "t2"),
        (tissue, 1 + step, "uptake"),
    )
    return [mean, *((signal(t, f) - mean) / step * TEXTURE_SD[p] for t, f, p in changes)]


def voxel_signal(
    weights: SeriesWeights, fractions: FloatArray, texture: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the water and the fat signal of voxels that mix tissues.

    ``fractions`` is (tissue, row, column), ``texture`` (4, row, column) the standard normal fields
    of PD, T1, T2 and uptake; partial volumes add linearly.
    """
    flat = fractions.reshape(len(fractions), -1)
    factors = np.concatenate([np.ones((1, flat.shape[1]), np.float32), texture.reshape(4, -1)])
    water, fat = (
        np.einsum("tv,tv->v", w @ flat, factors).reshape(fractions.shape[1:])
        for w in (weights.water, weights.fat)
    )
    return np.clip(water, 0, None), np.clip(fat, 0, None)


def muscle_signal(protocol: Protocol) -> float:
    """Return the T1w signal of muscle, the reference of ``Protocol.snr``."""
    tissues: dict[str, Tissue] = {t.name: t for t in tissues_at(protocol.field_strength_t)}
    return spin_echo(tissues["muscle"], protocol.t1w_tr_ms, protocol.t1w_te_ms)


def complex_noise(
    signal: FloatArray, sigma: float, rng: np.random.Generator
) -> npt.NDArray[np.complex64]:
    """Return the signal with independent Gaussian noise of ``sigma`` in both channels."""
    channels = rng.standard_normal((*signal.shape, 2), dtype=np.float32) * np.float32(sigma)
    return np.asarray(signal + channels.view(np.complex64)[..., 0], np.complex64)


def rician(signal: FloatArray, sigma: float, rng: np.random.Generator) -> FloatArray:
    """Return the magnitude of a signal with complex noise: Rician, Rayleigh where it is zero.

    Source: Gudbjartsson and Patz, Magn. Reson. Med. 34:910-914 (1995).
    """
    return np.asarray(np.abs(complex_noise(signal, sigma, rng)), np.float32)
