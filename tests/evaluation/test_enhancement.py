"""The scorecard's measures on simulated patients, of whom the true uptake is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gfce.evaluation.enhancement import (
    NO_BACKGROUND,
    NO_GAIN,
    NO_MASK,
    BeforeAgent,
    background,
    compare_enhancement,
    enhancement_map,
    enhancement_ratio,
    gain,
    reference_signal,
    reference_tissue,
)
from gfce.evaluation.scoring import score
from gfce.images.arrays import Geometry, Volume
from gfce.images.foreground import foreground
from gfce.images.volumes import to_array, to_image
from gfce.phantom.patient import SimulatedPatient, simulate_patient
from gfce.phantom.protocols import Protocol, read_protocols

THRESHOLD = 0.25
SAMPLING: dict[str, Any] = {"seed": 2022, "index": 0, "coarsening": 2.5, "slices": 16}
"""Nearly that of the demo, which has 12 slices."""


def simulated(protocol: Protocol) -> tuple[BeforeAgent, Volume, Volume]:
    """A patient, the CE volume, and what it would be without agent."""
    patient = simulate_patient(protocol, **SAMPLING)
    without = simulate_patient(replace(protocol, dose_factor=0.0), **SAMPLING)
    return before_agent(patient), *(
        each.images["ce"].astype(np.float32) for each in (patient, without)
    )


def before_agent(patient: SimulatedPatient) -> BeforeAgent:
    geometry = Geometry(patient.spacing, patient.origin, patient.direction)
    t1w, t2w = (patient.images[name].astype(np.float32) for name in ("t1w", "t2w"))
    head = to_array(foreground(to_image(t1w, geometry), to_image(t2w, geometry))) > 0
    columns_mm, rows_mm, slices_mm = patient.spacing
    tumour = patient.images["tumour"] > 0
    return BeforeAgent(t1w, head, tumour, (slices_mm, rows_mm, columns_mm))


@pytest.fixture(scope="module")
def cohort() -> list[tuple[BeforeAgent, Volume, Volume]]:
    """A patient of each of four institutions: 1.5 and 3 T, three agents, three makers."""
    protocols = read_protocols()
    return [simulated(protocols[f"Institution-{number}"]) for number in (1, 2, 3, 6)]


def test_the_ratio_follows_the_true_uptake(
    cohort: list[tuple[BeforeAgent, Volume, Volume]],
) -> None:
    """Series with other gains, TR and fat suppression; muscle's uptake makes all ratios lower."""
    for before, ce, without in cohort:
        true = ce[before.tumour].mean() / without[before.tumour].mean()
        assert true > 1.4
        assert ratio(before, ce) / true == pytest.approx(0.91, abs=0.06)
        assert ratio(before, without) == pytest.approx(1, abs=0.06)
        halved = (ce + without) / 2
        assert ratio(before, without) < ratio(before, halved) < ratio(before, ce)


def ratio(before: BeforeAgent, ce: Volume) -> float:
    found = enhancement_ratio(before, ce / gain_of(before, ce))
    assert found is not None
    return found


def test_what_enhances_has_taken_up_agent(
    cohort: list[tuple[BeforeAgent, Volume, Volume]],
) -> None:
    """The map without agent is below the threshold all but everywhere, fat-suppressed or not."""
    for before, ce, without in cohort:
        volumes = [enhancing(before, each) for each in (ce, without)]
        assert volumes[1].sum() < 0.05 * volumes[0].sum()
        truly = (ce - without) / gain_of(before, without) >= THRESHOLD * before.once(
            reference_signal
        )
        assert truly[volumes[0]].mean() > 0.9
        assert volumes[0][before.tumour].mean() > 0.8


def enhancing(before: BeforeAgent, ce: Volume) -> np.ndarray:
    shown = enhancement_map(before, ce / gain_of(before, ce)) >= THRESHOLD
    return np.asarray(shown & before.head)


def gain_of(before: BeforeAgent, ce: Volume) -> np.float32:
    found = gain(before, ce)
    assert found is not None
    return np.float32(found)


def test_the_painted_tumour_ranks_above_the_missing_one_of_the_same_mae(
    cohort: list[tuple[BeforeAgent, Volume, Volume]],
) -> None:
    for before, ce, _ in cohort:
        missing = ce.copy()
        assert before.tumour is not None
        missing[before.tumour] = gain_of(before, ce) * before.t1w[before.tumour]
        painted = spread_error(before, ce, float(np.abs(ce - missing).sum()))
        maes = [mae(ce, image) for image in (painted, missing)]
        assert maes[0] == pytest.approx(maes[1], rel=1e-3)  # which says nothing
        good, bad = (compare_enhancement(before, ce, i, THRESHOLD) for i in (painted, missing))
        real = good["enhancement_ratio_real"]
        assert real - 1 > THRESHOLD
        assert good["enhancement_ratio_synthetic"] == pytest.approx(real, abs=0.02)
        assert bad["enhancement_ratio_synthetic"] == pytest.approx(1, abs=0.02)
        assert good["cnr_synthetic"] == pytest.approx(good["cnr_real"], abs=0.1)
        assert bad["cnr_synthetic"] < 0.5 * good["cnr_synthetic"]
        assert good["enhancement_error_tumour"] < 0.1 * bad["enhancement_error_tumour"]
        assert good["under_enhancement_ml"] < bad["under_enhancement_ml"]


def spread_error(before: BeforeAgent, ce: Volume, total: float) -> Volume:
    """The image with errors of this sum, of either sign, in soft tissue outside the tumour."""
    tissue = np.flatnonzero(before.once(reference_tissue))
    wrong = ce.copy().ravel()
    signs = np.where(np.arange(len(tissue)) % 2, 1, -1)
    wrong[tissue] += np.float32(total / len(tissue)) * signs
    return wrong.reshape(ce.shape)


def mae(real: Volume, synthetic: Volume) -> float:
    low, span = float(real.min()), float(real.max() - real.min())
    scaled = [np.float32(1 / span) * (each - low) for each in (real, synthetic)]
    return score(scaled[0], scaled[1], {})["volume"]["mae"]


def phantom(**changes: Any) -> BeforeAgent:
    """A head of one tissue in air, with a cube of tumour; voxels of 1 x 2 x 5 mm."""
    t1w = np.zeros((14, 20, 24), np.float32)
    t1w[:, 2:18, 2:22] = 100
    tumour = np.zeros(t1w.shape, bool)
    tumour[2:4, 8:12, 10:14] = True
    before = BeforeAgent(t1w, t1w > 0, tumour, (5.0, 2.0, 1.0))
    return replace(before, **changes)


def noisy(before: BeforeAgent, factor: float, rng: np.random.Generator) -> Volume:
    """CE of gain 3 in which the tumour is brighter by a factor; the noise's SD is 6."""
    ce = 3 * before.t1w + rng.normal(0, 6, before.t1w.shape)
    ce[before.tumour] += 300 * (factor - 1)
    return ce.astype(np.float32)


def test_numbers_that_can_be_told_beforehand() -> None:
    before, rng = phantom(), np.random.default_rng(1)
    real, synthetic = noisy(before, 2, rng), 7 * noisy(before, 1.5, rng)
    row = compare_enhancement(before, real, synthetic, THRESHOLD)
    assert "reason" not in row
    assert row["tumour_ml"] == pytest.approx(32 * 0.01)
    assert row["gain_real"] == pytest.approx(3, rel=0.01)
    assert row["gain_synthetic"] == pytest.approx(21, rel=0.01)  # a gain of its own is forgiven
    assert row["enhancement_ratio_real"] == pytest.approx(2, abs=0.02)
    assert row["enhancement_ratio_synthetic"] == pytest.approx(1.5, abs=0.02)
    assert row["cnr_real"] == pytest.approx(300 / 6, rel=0.1)
    assert row["cnr_synthetic"] == pytest.approx(150 / 6, rel=0.1)  # by the real image's SD
    assert row["enhancement_error_tumour"] == pytest.approx(0.5, abs=0.02)
    assert row["enhancement_error_tumour_t1w"] == pytest.approx(1, abs=0.02)
    assert row["enhancing_ml_real"] == row["enhancing_ml_synthetic"] == row["tumour_ml"]
    assert row["over_enhancement_ml"] == row["under_enhancement_ml"] == 0


def test_over_and_under_enhancement() -> None:
    before, rng = phantom(tumour=None), np.random.default_rng(1)
    real, synthetic = noisy(phantom(), 2, rng), noisy(phantom(), 1, rng)
    synthetic[0, 4:6, 4:6] += 300
    row = compare_enhancement(before, real, synthetic, THRESHOLD)
    assert row["reason"] == NO_MASK
    assert row["over_enhancement_ml"] == pytest.approx(4 * 0.01)
    assert row["under_enhancement_ml"] == pytest.approx(32 * 0.01)
    assert row["enhancement_error_head"] > 0
    assert row["tumour_ml"] is None
    assert "enhancement_ratio_real" not in row


def test_signal_that_is_lost_is_no_enhancement() -> None:
    """Fat that CE suppresses and T1w does not is no error, however dark the synthetic CE has it."""
    before, rng = phantom(), np.random.default_rng(1)
    before.t1w[:, 2:5] = 250  # fat
    real, synthetic = noisy(before, 2, rng), noisy(before, 2, rng)
    real[:, 2:5], synthetic[:, 2:5] = 60, 200
    row = compare_enhancement(before, real, synthetic, THRESHOLD)
    assert row["enhancement_error_head"] < 0.02
    assert row["over_enhancement_ml"] == 0


def test_the_background_is_a_shell_in_mm() -> None:
    before = phantom()
    shell = background(before)
    assert not (shell & before.tumour).any()
    row = shell[2, 9]  # columns of 1 mm; the tumour has 10 to 13
    assert list(np.flatnonzero(row)) == [*range(2, 8), *range(16, 22)]
    assert list(np.flatnonzero(shell[:, 9, 11])) == [0, 1, 4, 5]  # slices of 5 mm


@pytest.mark.parametrize("wrong", [0.0, -1.0])
def test_no_gain(wrong: float) -> None:
    before = phantom()
    real = noisy(before, 2, np.random.default_rng(1))
    row = compare_enhancement(before, real, np.full_like(real, wrong), THRESHOLD)
    assert row["reason"] == f"synthetic: {NO_GAIN}"
    assert row["gain_real"] == pytest.approx(3, rel=0.01)
    assert set(row) == {"gain_real", "gain_synthetic", "tumour_ml", "reason"}


def test_t1w_that_is_no_magnitude_image() -> None:
    before = phantom(t1w=phantom().t1w - 200)
    real = noisy(phantom(), 2, np.random.default_rng(1))
    row = compare_enhancement(before, real, real, THRESHOLD)
    assert row["reason"] == f"real and synthetic: {NO_GAIN}"


def test_a_tumour_without_soft_tissue_around_it() -> None:
    before = phantom()
    before.t1w[:6] = np.where(before.tumour, 100, 10)[:6]  # bone
    real = noisy(before, 2, np.random.default_rng(1))
    row = compare_enhancement(before, real, real, THRESHOLD)
    assert row["reason"] == NO_BACKGROUND
    assert row["enhancement_ratio_synthetic"] == row["enhancement_ratio_real"]
    assert "cnr_real" not in row
