"""What is measured of a volume, on volumes with one thing wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cohorts import REPOSITORY
from quality.conftest import SHAPE, Build

from gfce.quality.columns import COLUMNS
from gfce.quality.enhancement import COPY_SPREAD, enhancement
from gfce.quality.field_of_view import cut_slices, wrap_around
from gfce.quality.intensities import quantiles, shares, snr, spike_slices
from gfce.quality.measuring import measure

INDEXED = {"patient_id": "sub-1", "institution": "A", "voxel_mm": "1x0.5x5", "slices": 6}


def test_every_column_is_measured(build: Build) -> None:
    rows = measure(build(), INDEXED)
    names = {column.name for column in COLUMNS} - {"outlier"}
    assert set().union(*rows) == names
    assert [row["modality"] for row in rows] == ["t1w", "t2w", "ce"]


def test_every_column_is_explained() -> None:
    text = (REPOSITORY / "docs" / "quality.md").read_text()
    for column in COLUMNS:
        assert f"| `{column.name}` | {column.unit} | {column.meaning} |" in text


def test_the_geometry_is_that_of_the_file(build: Build) -> None:
    row = measure(build(), INDEXED)[0]
    expected = {"rows": 400, "columns": 180, "slices": 6, "slice_mm": 5.0}
    expected |= {"fov_rows_mm": 200.0, "fov_columns_mm": 180.0, "fov_slices_mm": 30.0}
    assert {name: row[name] for name in expected} == expected
    sagittal = measure(build(), {**INDEXED, "voxel_mm": "5x1x0.5", "slices": 400})[0]
    assert sagittal["slices"] == 6
    assert "rows" not in sagittal


def test_quantiles_and_shares() -> None:
    volume = np.arange(1000, dtype=np.float32).reshape(10, 10, 10) - 100
    head = volume >= -20
    values = quantiles(volume, head)
    assert (values["volume_min"], values["volume_max"]) == (-100, 899)
    assert values["volume_p50"] == pytest.approx(399.5)
    assert values["head_p50"] == pytest.approx(439.5)
    found = shares(np.minimum(volume, 800), head)
    assert found["negative_share"] == pytest.approx(20 / 920)
    assert found["clipped_share"] == pytest.approx(100 / 920)


def test_a_spike_is_one_slice_and_anatomy_is_none(build: Build) -> None:
    head = build()
    volume = head.volumes["t1w"].copy()
    assert spike_slices(volume, head.mask) == 0
    volume[3] *= 2
    assert spike_slices(volume, head.mask) == 1
    slope = head.volumes["t1w"] * np.linspace(0.7, 1.3, SHAPE[0], dtype=np.float32)[:, None, None]
    assert spike_slices(slope, head.mask) == 0


def test_snr_is_the_signal_over_the_noise_of_a_channel(build: Build) -> None:
    head = build()
    # Muscle of 100 and fat above it, with noise of SD 4 in both channels.
    expected = np.median(head.volumes["t1w"][head.mask]) / 4
    assert snr(head.volumes["t1w"], head.mask) == pytest.approx(expected, rel=0.05)


def test_air_without_noise_gives_no_snr(build: Build) -> None:
    head = build()
    assert snr(np.where(head.mask, head.volumes["t1w"], 0), head.mask) is None


def test_a_cut_head_and_what_wraps_around(build: Build) -> None:
    head = build()
    assert cut_slices(head.mask) == 0
    assert wrap_around(head.volumes["t1w"], head.mask) is None
    mask, volume = head.mask[:, :, 20:], head.volumes["t1w"][:, :, 20:].copy()
    assert cut_slices(mask) == 1
    assert wrap_around(volume, mask) == pytest.approx(0, abs=0.02)
    volume[:, 30:70, -4:] += 100  # folded in at the other side
    assert wrap_around(volume, mask) > 0.2  # type: ignore[operator]


def test_a_copy_of_t1w_shows_no_enhancement(build: Build) -> None:
    head = build()
    t1w, ce = head.volumes["t1w"], head.volumes["ce"].copy()
    copy = enhancement(t1w, 3 * t1w + 20, head.mask)
    assert copy["enhancement_spread"] < COPY_SPREAD  # type: ignore[operator]
    assert copy["enhancement_p99"] == pytest.approx(0, abs=1e-4)
    ce[:, 40:55, 40:50] += 80
    found = enhancement(t1w, ce, head.mask)
    assert found["enhancement_p99"] == pytest.approx(0.8, abs=0.1)
    assert found["enhancement_spread"] > COPY_SPREAD  # type: ignore[operator]


def test_a_flat_ce_has_no_enhancement(build: Build) -> None:
    head = build()
    flat = np.ones_like(head.volumes["ce"])
    assert set(enhancement(head.volumes["t1w"], flat, head.mask).values()) == {None}


def test_the_border_of_the_field_is_no_outside(build: Build) -> None:
    head = build()
    cropped = replace(head, mask=head.mask[:, :, 30:60])
    assert cropped.depth_mm[0, 50, 0] > 60
    assert replace(head, mask=np.ones(SHAPE, bool)).depth_mm.min() == np.inf
