from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from samples_of_scores import simulated_metrics, study

from gfce.config import StudyConfig


@pytest.fixture
def config(tmp_path: Path) -> StudyConfig:
    return study(tmp_path)


@pytest.fixture
def metrics(config: StudyConfig) -> pd.DataFrame:
    return simulated_metrics(config)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2022)
