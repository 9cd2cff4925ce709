"""Fat suppression from the images alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cohorts import REPOSITORY
from quality.conftest import Build

from gfce.images.arrays import Geometry
from gfce.images.foreground import foreground
from gfce.images.modalities import MODALITIES
from gfce.images.reading import read_image
from gfce.images.volumes import orient, resample_in_plane, to_array, to_image
from gfce.phantom import read_protocols, simulate_patient
from gfce.phantom.protocols import Protocol
from gfce.phantom.scanner import spin_echo
from gfce.phantom.tissues import agent_at, enhanced, tissues_at
from gfce.quality.fat import (
    BRIGHT,
    LIMITS,
    fat_ratio,
    find_fat,
    judge,
    judge_t1w,
    majority,
)
from gfce.quality.head import Head

PROTOCOLS = read_protocols(None)
REAL_COHORT = REPOSITORY.parent / "shared" / "real-cohort"


def answers(head: Head) -> dict[str, str]:
    fat, t1w = find_fat(head), head.volumes["t1w"]
    return {m: judge(m, fat_ratio(fat, t1w, head.volumes[m])) for m in ("t2w", "ce")}


def test_the_answer_follows_the_signal_of_fat(build: Build) -> None:
    assert answers(build(ce_fat=2.5, t2w_fat=0.3)) == {"t2w": "yes", "ce": "no"}
    assert answers(build(ce_fat=0.3, t2w_fat=3.0)) == {"t2w": "no", "ce": "yes"}
    assert answers(build(ce_fat=0.62 * 2.7))["ce"] == "cannot say"


def test_without_bright_fat_nothing_is_said(build: Build) -> None:
    head = build(t1w_fat=1.1, ce_fat=2.5)
    assert set(answers(head).values()) == {"cannot say"}
    assert judge_t1w(find_fat(head)) == "cannot say"
    assert judge_t1w(find_fat(build())) == "no"


def test_bright_tissue_in_the_middle_is_not_fat(build: Build) -> None:
    """White matter of a brain-extracted image, under grey matter."""
    head = build(t1w_fat=1.0)
    t1w = head.volumes["t1w"].copy()
    t1w[:, 30:70, 30:60] *= 1.9
    assert set(answers(replace(head, volumes={**head.volumes, "t1w": t1w})).values()) == {
        "cannot say"
    }


def test_gain_and_coil_sensitivity_change_nothing(build: Build) -> None:
    head = build(ce_fat=0.3)
    ramp = np.linspace(0.6, 1.6, head.mask.shape[1], dtype=np.float32)[:, None]
    volumes = {
        m: v * ramp * g for (m, v), g in zip(head.volumes.items(), (3, 50, 0.1), strict=True)
    }
    assert answers(replace(head, volumes=volumes)) == answers(head)


def test_values_that_are_no_magnitudes_are_not_judged(build: Build) -> None:
    head = build()
    volumes = {m: v - 200 for m, v in head.volumes.items()}
    assert set(answers(replace(head, volumes=volumes)).values()) == {"cannot say"}


def test_the_majority_of_those_who_can_be_judged() -> None:
    assert majority(["yes", "no", "yes", "cannot say"]) == "yes"
    assert majority(["no", "cannot say", "cannot say"]) == "no"
    assert majority(["yes", "no"]) == majority(["cannot say"]) == majority([]) == "cannot say"


def fat_over(tissue: str, protocol: Protocol, modality: str) -> float:
    """Fat over another tissue by the spin-echo equation, without suppression."""
    signals = {}
    for entry in tissues_at(protocol.field_strength_t):
        agent = agent_at(protocol.agent, protocol.field_strength_t)
        dose = protocol.dose_factor * entry.uptake_mmol_per_l if modality == "ce" else 0.0
        bathed = enhanced(entry, agent, dose)
        signals[entry.name] = spin_echo(bathed, protocol.tr_ms(modality), protocol.te_ms(modality))
    return signals["fat"] / signals[tissue]


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("tissue", ["muscle", "white_matter"])
def test_the_thresholds_lie_between_what_physics_allows(name: str, tissue: str) -> None:
    protocol = PROTOCOLS[name]
    on_t1w = fat_over(tissue, protocol, "t1w")
    assert on_t1w > BRIGHT
    for modality in ("t2w", "ce"):
        ratio = fat_over(tissue, protocol, modality) / on_t1w
        suppressed, not_suppressed = LIMITS[modality]
        assert ratio > not_suppressed
        assert protocol.residual_fat * ratio < suppressed / 2  # more is left near air


@pytest.mark.parametrize("name", PROTOCOLS)
def test_simulated_patients_are_judged_right(name: str) -> None:
    protocol = PROTOCOLS[name]
    simulated = simulate_patient(protocol, seed=11, index=0, coarsening=2.5, slices=8)
    geometry = Geometry(simulated.spacing, simulated.origin, simulated.direction)
    images = {m: to_image(simulated.images[m], geometry) for m in MODALITIES}
    head = as_head({m: resample_in_plane(image, (96, 84)) for m, image in images.items()})
    truth = {m: "yes" if protocol.fat_suppression(m) else "no" for m in ("t2w", "ce")}
    assert answers(head) == truth


def as_head(images: dict[str, object]) -> Head:
    mask = to_array(foreground(images["t1w"], images["t2w"])) > 0
    x, y, z = Geometry.of(images["t1w"]).spacing
    return Head({m: to_array(image) for m, image in images.items()}, mask, (z, y, x))


def real_patients() -> list[Path]:
    return sorted(path for path in REAL_COHORT.glob("*") if path.is_dir())


@pytest.mark.skipif(not REAL_COHORT.exists(), reason=f"no {REAL_COHORT}")
def test_brain_extracted_images_cannot_be_judged() -> None:
    names = dict(zip(MODALITIES, ("t1.nii.gz", "t2.nii.gz", "t1ce.nii.gz"), strict=True))
    for folder in real_patients():
        images = {m: orient(read_image(folder / file)) for m, file in names.items()}
        head = as_head({m: resample_in_plane(image, (96, 84)) for m, image in images.items()})
        assert answers(head) == {"t2w": "cannot say", "ce": "cannot say"}, folder.name
