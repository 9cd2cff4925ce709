"""What the tables and tests are about: the metrics and the models of the grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gfce.config import StudyConfig
from gfce.study import Cell, cells, model_label, test_institutions


@dataclass(frozen=True)
class Metric:
    """One score of an image: its column in metrics.csv and its columns in the tables."""

    name: str
    stem: str
    title: str
    higher_is_better: bool
    unit_suffix: str = ""
    print_factor: float = 1.0
    decimals: int = 2

    @property
    def mean(self) -> str:
        """Column of the mean over patients (tables 2 and 3)."""
        return f"{self.stem}_mean{self.unit_suffix}"

    @property
    def sd(self) -> str:
        """Column of the standard deviation over patients (tables 2 and 3)."""
        return f"{self.stem}_sd{self.unit_suffix}"

    @property
    def improvement(self) -> str:
        """Column of table 4."""
        return f"{self.stem}_improvement_pct"

    @property
    def drop(self) -> str:
        """Column of table 5."""
        return f"{self.stem}_drop_pct"


MAE = Metric("mae", "mae", "MAE × 10³", higher_is_better=False, print_factor=1000.0)
PSNR = Metric("psnr_db", "psnr", "PSNR (dB)", higher_is_better=True, unit_suffix="_db")
SSIM = Metric("ssim", "ssim", "SSIM", higher_is_better=True, decimals=3)
METRICS = (MAE, PSNR, SSIM)
"""All scores. The paper has the first two; SSIM stands beside them in further columns."""
TESTED_METRICS = (MAE, PSNR)
"""The scores of the pre-specified tests (study: families A, B, C)."""


@dataclass(frozen=True)
class Model:
    """One model of the grid, its seeds together: a row or a block of rows in every table."""

    label: str
    network: str
    normalization: str
    training_set: str
    internal: tuple[str, ...]
    external: tuple[str, ...]
    seeds: tuple[int | str, ...] = ()

    @property
    def is_pooled(self) -> bool:
        """Whether it is trained on more than one institution."""
        return len(self.internal) > 1

    @property
    def group(self) -> tuple[str, str]:
        """Network and normalization: the models of one table."""
        return self.network, self.normalization

    def institutions(self) -> list[tuple[str, str]]:
        """Institutions it is tested on, in table order, each with its cohort."""
        internal = [(name, "internal") for name in self.internal]
        return internal + [(name, "external") for name in self.external]


def models(config: StudyConfig) -> list[Model]:
    """The models of the grid in its order, one for all seeds of a cell."""
    first_seed = config.grid.seeds[0]
    return [_model(config, cell) for cell in cells(config) if cell.seed == first_seed]


def _model(config: StudyConfig, cell: Cell) -> Model:
    cohorts = test_institutions(config, cell)
    return Model(
        label=model_label(config, cell),
        network=cell.network,
        normalization=cell.normalization,
        training_set=cell.training_set,
        internal=tuple(name for name, cohort in cohorts.items() if cohort == "internal"),
        external=tuple(name for name, cohort in cohorts.items() if cohort == "external"),
        seeds=tuple(config.grid.seeds),
    )


def groups(models: Iterable[Model]) -> list[tuple[str, str]]:
    """Network and normalization of each table of scores, in the grid's order."""
    return list(dict.fromkeys(model.group for model in models))


def uni_models(models: Iterable[Model], group: tuple[str, str]) -> list[Model]:
    """The single-institution models of one network and normalization."""
    return [model for model in models if model.group == group and not model.is_pooled]


def members(pooled: Model, models: Iterable[Model]) -> list[Model]:
    """The single-institution models of a pooled model's own institutions: what it is set against.

    Empty unless every one of its institutions has such a model: a mean over some of them would be
    another quantity.
    """
    unis = [uni for uni in uni_models(models, pooled.group) if uni.internal[0] in pooled.internal]
    covered = {uni.internal[0] for uni in unis}
    return unis if covered == set(pooled.internal) else []


def label_order(models: Sequence[Model]) -> dict[str, int]:
    """Rank of each model's label, for sorting rows as the grid has them."""
    return {model.label: rank for rank, model in enumerate(models)}
