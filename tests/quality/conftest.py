"""Heads whose tissues have the signals that the simulator's physics gives them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from cohorts import COHORT, Configure, write_cohort

from gfce.cohort.index import index
from gfce.config import StudyConfig
from gfce.images.preprocess import preprocess
from gfce.quality.head import Head

Build = Callable[..., Head]
SPACING = (5.0, 2.0, 2.0)
SHAPE = (6, 100, 90)
FAT_ON_T1W = 2.7
"""Fat over muscle on a T1w spin echo (gfce/phantom/tissues.csv)."""


def head_with(ce_fat: float = 2.5, t2w_fat: float = 3.0, t1w_fat: float = FAT_ON_T1W) -> Head:
    """An ellipse of muscle under 8 mm of fat, noise in the air; fat over muscle in each series."""
    generator = np.random.default_rng(7)
    row, column = np.mgrid[-100:100:100j, -90:90:90j]  # type: ignore[misc]
    inside = (row / 85) ** 2 + (column / 70) ** 2 < 1
    muscle = (row / 75) ** 2 + (column / 60) ** 2 < 1
    mask = np.broadcast_to(inside, SHAPE).copy()
    volumes = {}
    for modality, fat in {"t1w": t1w_fat, "t2w": t2w_fat, "ce": ce_fat}.items():
        signal = 100 * np.where(muscle, 1.0, fat) * inside
        channels = generator.normal(0, 4, (2, *SHAPE))
        volumes[modality] = np.hypot(signal + channels[0], channels[1]).astype(np.float32)
    return Head(volumes, mask, SPACING)


@pytest.fixture
def build() -> Build:
    """Makes a head of given fat signals."""
    return head_with


@pytest.fixture
def study(configure: Configure) -> StudyConfig:
    """A study with its patients in the store."""
    config = configure()
    write_cohort(config.cohort.dataset, COHORT)
    index(config)
    for institution in config.cohort.institutions:
        preprocess(config, institution)
    return config
