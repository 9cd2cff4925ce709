"""Studies and scores that the tests of statistics share."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gfce.config import StudyConfig
from gfce.evaluation.enhancement_table import ENHANCEMENT_TABLE
from gfce.evaluation.tables import METRICS_TABLE
from gfce.files import write_csv
from gfce.study import CELL_KEYS, Cell, Results, cells, model_label, test_institutions

NAMES = [f"Institution-{i}" for i in range(1, 8)]
PAPER_SIZES = dict(zip(NAMES, (18, 18, 18, 18, 9, 9, 7), strict=True))
SMALL_SIZES = dict(zip(NAMES, (5, 4, 6, 4, 3, 5, 4), strict=True))


def study(results: Path = Path("results"), **changes: Any) -> StudyConfig:
    """The paper's design: three development institutions, four external ones."""
    content = {
        "study": "test",
        "results": results,
        "statistics": {"bootstrap_resamples": 99},
        "cohort": {"dataset": "bids", "development": NAMES[:3], "external": NAMES[3:]},
    }
    return StudyConfig.model_validate(content | changes)


def cell_scores(
    config: StudyConfig, cell: Cell, sizes: dict[str, int], scalings: tuple[str, ...]
) -> pd.DataFrame:
    """Scores that no two cells or patients share, the same in every run."""
    rows = []
    for institution, cohort in test_institutions(config, cell).items():
        for patient in range(sizes[institution]):
            seed = [ord(c) for c in f"{cell}{institution}{patient}"]
            draw = np.random.default_rng(seed).normal(size=3)
            patient_draw = np.random.default_rng([patient, len(institution)]).normal()
            mae = 0.03 + 0.01 * (cohort == "external") + 0.003 * patient_draw + 0.002 * draw[0]
            for scaling in scalings:
                rows.append(
                    {
                        **asdict(cell),
                        "model": model_label(config, cell),
                        "institution": institution,
                        "cohort": cohort,
                        "patient_id": f"{institution[-1]}{patient:02d}",
                        "region": "volume",
                        "scaling": scaling,
                        "n_voxels": 1000,
                        "mae": mae,
                        "psnr_db": 30 - 2 * patient_draw + 0.5 * draw[1],
                        "ssim": 0.9 + 0.01 * draw[2],
                        "nmse": mae**1.5,
                        "ms_ssim": 0.95 + 0.005 * draw[2],
                        "nmi": 1.3 - 2 * mae + 0.002 * draw[1],
                        "hfen": 0.5 + 5 * mae + 0.01 * draw[2],
                    }
                )
    return METRICS_TABLE.frame(rows)


def simulated_metrics(
    config: StudyConfig,
    sizes: dict[str, int] | None = None,
    scalings: tuple[str, ...] = ("reference", "separate"),
) -> pd.DataFrame:
    frames = [cell_scores(config, cell, sizes or SMALL_SIZES, scalings) for cell in cells(config)]
    return pd.concat(frames, ignore_index=True)


def write_cells(config: StudyConfig, metrics: pd.DataFrame) -> None:
    """Write metrics as `gfce evaluate` does: a file for each cell."""
    for key, frame in metrics.groupby(list(CELL_KEYS), sort=False):
        path = Results(config).cell_metrics(Cell(*key))
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(path, index=False)


def simulated_enhancement(config: StudyConfig) -> pd.DataFrame:
    """Rows that no two cells or patients share: models show less of the tumour than there is."""
    rows: list[dict[str, Any]] = []
    for cell in cells(config):
        for institution, cohort in test_institutions(config, cell).items():
            for patient in range(SMALL_SIZES[institution]):
                rng = np.random.default_rng([ord(c) for c in f"{cell}{institution}{patient}"])
                real = 1.3 + 0.1 * patient
                shown = real - 0.15 + 0.1 * rng.normal()
                rows.append(
                    {
                        **asdict(cell),
                        "model": model_label(config, cell),
                        "institution": institution,
                        "cohort": cohort,
                        "patient_id": f"{institution[-1]}{patient:02d}",
                        "tumour_ml": (1.0, 5.0, 8.0, 20.0)[patient % 4],
                        **_pair("gain", 1.0, 1.1),
                        "enhancement_error_head": 0.03 + 0.002 * rng.normal(),
                        "enhancement_error_head_t1w": 0.05,
                        "enhancement_error_tumour": 0.2 + 0.02 * rng.normal(),
                        "enhancement_error_tumour_t1w": real - 1,
                        **_pair("enhancement_ratio", real, shown),
                        **_pair("cnr", 2 * real, 2 * shown),
                        **_pair("enhancing_ml", 100 + patient, 90 + patient),
                        "over_enhancement_ml": 10.0 + rng.random(),
                        "under_enhancement_ml": 20.0 + rng.random(),
                        "reason": "",
                    }
                )
    return ENHANCEMENT_TABLE.frame(rows)


def _pair(name: str, real: float, synthetic: float) -> dict[str, float]:
    return {f"{name}_real": float(real), f"{name}_synthetic": float(synthetic)}


def write_enhancement(config: StudyConfig, rows: pd.DataFrame) -> None:
    """Write what images show as `gfce evaluate` does: a file for each cell."""
    for key, frame in rows.groupby(list(CELL_KEYS), sort=False):
        write_csv(frame, Results(config).cell_enhancement(Cell(*key)))


def table(config: StudyConfig, name: str) -> pd.DataFrame:
    """Read a table that was written."""
    return pd.read_csv(Results(config).tables / f"{name}.csv")
