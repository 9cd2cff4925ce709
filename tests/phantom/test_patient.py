"""Whole simulated patients: determinism, contrast, sampling, metadata."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK

from gfce.errors import UserError
from gfce.images.modalities import MODALITIES
from gfce.phantom import Protocol, SimulatedPatient, read_protocols, simulate_patient
from gfce.phantom.tissues import tissue_names

PROTOCOLS = read_protocols()


def clean(name: str, **change: object) -> Protocol:
    """A protocol with one gain for all series, no bias, no ghosts, next to no noise."""
    plain: dict[str, object] = {
        "gain": 2000.0,
        "gain_spread": 0.0,
        "bias_strength": 0.0,
        "flow_ghost": 0.0,
        "snr": 900.0,
        "acquired_voxel_mm": 0.2,
    }
    return replace(PROTOCOLS[name], **{**plain, **change})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def plain() -> SimulatedPatient:
    protocol = clean(
        "Institution-3", ce_tr_ms=520, t2w_fat_suppression=False, ce_fat_suppression=False
    )
    return simulate_patient(
        protocol, seed=5, index=0, coarsening=3.2, slices=14, keep_fractions=True
    )


def mean(patient: SimulatedPatient, modality: str, tissue: str) -> float:
    """Mean intensity of the voxels that are nearly all one tissue."""
    assert patient.fractions is not None
    part = patient.fractions[tissue_names().index(tissue)]
    mask = part > min(0.9, float(part.max()) - 1e-3)
    assert mask.sum() >= 3, tissue
    return float(patient.images[modality][mask].mean())


def test_same_arguments_give_the_same_bytes() -> None:
    first, second = (
        simulate_patient(PROTOCOLS["Institution-2"], seed=3, index=4, coarsening=6, slices=4)
        for _ in range(2)
    )
    for name, image in first.images.items():
        assert image.tobytes() == second.images[name].tobytes()


def test_patients_differ_by_seed_index_and_institution() -> None:
    base = {"seed": 3, "index": 4}
    images = [
        simulate_patient(
            replace(PROTOCOLS["Institution-2"], name=name),
            coarsening=8,
            slices=3,
            **{**base, **change},
        ).images["t1w"]
        for name, change in (
            ("Institution-2", {}),
            ("Institution-2", {"seed": 4}),
            ("Institution-2", {"index": 5}),
            ("Institution-9", {}),
        )
    ]
    assert len({image.tobytes() for image in images}) == 4


def test_a_patient_is_the_same_whatever_was_simulated_before() -> None:
    protocol = PROTOCOLS["Institution-1"]
    alone = simulate_patient(protocol, seed=1, index=2, coarsening=8, slices=3)
    for index in (0, 1):
        simulate_patient(protocol, seed=1, index=index, coarsening=8, slices=3)
    after = simulate_patient(protocol, seed=1, index=2, coarsening=8, slices=3)
    assert alone.images["ce"].tobytes() == after.images["ce"].tobytes()


def test_fractions_are_a_partition(plain: SimulatedPatient) -> None:
    assert plain.fractions is not None
    assert plain.fractions.sum(axis=0) == pytest.approx(1.0, abs=1e-4)
    assert plain.fractions.min() > -1e-4


def test_t1w_contrast(plain: SimulatedPatient) -> None:
    assert (
        mean(plain, "t1w", "fat") > mean(plain, "t1w", "muscle") > 1.3 * mean(plain, "t1w", "csf")
    )
    assert mean(plain, "t1w", "white_matter") > mean(plain, "t1w", "grey_matter") * 0.95
    assert mean(plain, "t1w", "air") < 0.02 * mean(plain, "t1w", "fat")


def test_t2w_contrast(plain: SimulatedPatient) -> None:
    others = ("fat", "muscle", "grey_matter", "white_matter", "parotid", "mucosa", "marrow")
    csf = mean(plain, "t2w", "csf")
    assert all(csf > mean(plain, "t2w", tissue) for tissue in others)
    assert mean(plain, "t2w", "grey_matter") > mean(plain, "t2w", "white_matter")
    assert mean(plain, "t2w", "mucosa") > 1.5 * mean(plain, "t2w", "muscle")


def test_enhancement(plain: SimulatedPatient) -> None:
    gain = {
        t: mean(plain, "ce", t) / mean(plain, "t1w", t) - 1
        for t in ("mucosa", "tumour_npc", "venous_blood", "parotid", "muscle", "csf", "fat")
    }
    assert abs(gain["csf"]) < 0.05
    assert abs(gain["fat"]) < 0.05
    assert 0.1 < gain["muscle"] < 0.4
    assert min(gain["mucosa"], gain["tumour_npc"], gain["venous_blood"]) > gain["muscle"]
    assert gain["tumour_npc"] > 0.3


def test_fat_suppression_darkens_fat_alone() -> None:
    on, off = (
        simulate_patient(
            clean("Institution-3", t2w_fat_suppression=state),
            seed=5,
            index=0,
            coarsening=6,
            slices=6,
            keep_fractions=True,
        )
        for state in (True, False)
    )
    assert mean(on, "t2w", "fat") < 0.6 * mean(off, "t2w", "fat")
    assert mean(on, "t2w", "csf") == pytest.approx(mean(off, "t2w", "csf"), rel=0.03)


def test_air_outside_the_head_is_rayleigh_noise() -> None:
    protocol = replace(
        PROTOCOLS["Institution-7"], gain=20000.0, snr=20.0, flow_ghost=0.0, gain_spread=0.0
    )
    patient = simulate_patient(protocol, seed=0, index=0, coarsening=3, slices=4)
    corner = patient.images["t2w"][:, :8, :8].astype(float)
    assert corner.mean() / corner.std() == pytest.approx(np.sqrt(np.pi / (4 - np.pi)), rel=0.08)


def test_coarse_and_fine_sampling_show_the_same_anatomy() -> None:
    fine, coarse = (
        simulate_patient(clean("Institution-7"), seed=2, index=1, coarsening=c, slices=5)
        for c in (1.0, 4.0)
    )
    rows, columns = (n // 4 for n in fine.images["t1w"].shape[1:])
    for modality in MODALITIES:
        blocks = fine.images[modality].astype(float).reshape(5, rows, 4, columns, 4)
        averaged = blocks.mean(axis=(2, 4))
        image = coarse.images[modality].astype(float)
        assert np.corrcoef(averaged.ravel(), image.ravel())[0, 1] > 0.97
        assert image.mean() == pytest.approx(averaged.mean(), rel=0.03)
    size = [p.images["tumour"].sum() * np.prod(p.spacing) for p in (fine, coarse)]
    assert size[1] == pytest.approx(size[0], rel=0.25)


def test_geometry_is_what_simpleitk_takes(plain: SimulatedPatient) -> None:
    image = SimpleITK.GetImageFromArray(plain.images["t1w"])
    image.SetSpacing(plain.spacing)
    image.SetOrigin(plain.origin)
    image.SetDirection(plain.direction)
    slices, rows, columns = plain.images["t1w"].shape
    assert slices == 14
    far = image.TransformIndexToPhysicalPoint((columns - 1, rows - 1, slices - 1))
    # Centred on the isocentre: patient left, posterior and superior are positive (LPS).
    assert far == pytest.approx([-o for o in plain.origin], abs=0.01)
    assert plain.spacing[2] * slices == pytest.approx(124.0)


def test_anterior_is_first_and_the_nose_points_forward(plain: SimulatedPatient) -> None:
    assert plain.fractions is not None
    names = tissue_names()
    eyes = plain.fractions[names.index("vitreous")]
    cerebellum = plain.fractions[names.index("csf")]
    assert np.argwhere(eyes > 0.5)[:, 1].mean() < np.argwhere(cerebellum > 0.5)[:, 1].mean()
    # Eyes lie in the upper, the cord's grey matter's canal in the lower slices.
    assert np.argwhere(eyes > 0.5)[:, 0].mean() > 7


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_stored_values_and_metadata(name: str) -> None:
    protocol = PROTOCOLS[name]
    patient = simulate_patient(protocol, seed=1, index=0, coarsening=4, slices=8)
    assert {k: v.dtype for k, v in patient.images.items()} == {
        "t1w": np.uint16,
        "t2w": np.uint16,
        "ce": np.uint16,
        "tumour": np.uint8,
    }
    assert len({v.shape for v in patient.images.values()}) == 1
    assert patient.images["tumour"].max() == 1
    for modality in MODALITIES:
        image, sidecar = patient.images[modality], patient.sidecars[modality]
        assert 200 < image.max() <= 4095
        assert (image == 4095).mean() < 0.002
        assert sidecar["MagneticFieldStrength"] == protocol.field_strength_t
        assert sidecar["RepetitionTime"] == protocol.tr_ms(modality) / 1000
        assert sidecar["InstitutionName"] == name
        assert ("ContrastBolusIngredient" in sidecar) == (modality == "ce")
    assert (patient.sidecars["ce"]["ScanOptions"] == "FS") == protocol.ce_fat_suppression


def test_native_slices_follow_the_protocol() -> None:
    patient = simulate_patient(PROTOCOLS["Institution-6"], seed=0, index=0, coarsening=12)
    assert patient.images["t1w"].shape[0] == 25
    assert patient.spacing[2] == 5.0


@pytest.mark.parametrize(
    "arguments",
    [
        {"seed": -1, "index": 0},
        {"seed": 0, "index": -1},
        {"seed": 0, "index": 0, "coarsening": 0.0},
        {"seed": 0, "index": 0, "slices": 0},
    ],
)
def test_impossible_requests(arguments: dict[str, float]) -> None:
    with pytest.raises(UserError):
        simulate_patient(PROTOCOLS["Institution-1"], **arguments)  # type: ignore[arg-type]


def test_an_institution_may_have_larger_tumours_and_older_patients() -> None:
    def patient(**change: float) -> SimulatedPatient:
        protocol = clean("Institution-3", **change)
        return simulate_patient(
            protocol, seed=5, index=0, coarsening=3.2, slices=14, keep_fractions=True
        )

    def amount(patient: SimulatedPatient, tissue: str) -> float:
        assert patient.fractions is not None
        return float(patient.fractions[tissue_names().index(tissue)].sum())

    usual, larger, older = patient(), patient(tumour_size=1.5), patient(atrophy=2.0)
    # A volume goes with the cube of its radius; air, brain and vessels spare some of it.
    assert 2 < amount(larger, "tumour_npc") / amount(usual, "tumour_npc") < 1.5**3 + 0.5
    assert amount(older, "csf") > 1.1 * amount(usual, "csf")
    assert amount(older, "grey_matter") < amount(usual, "grey_matter")
    assert amount(older, "tumour_npc") == pytest.approx(amount(usual, "tumour_npc"), rel=0.05)
