"""The sections of a configuration; config/schema.json and docs/configuration.md are made of them.

Upper limits are far above any study; they refuse typing errors that would fill a memory or a disk.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, create_model, field_validator, model_validator

from gfce.config.checks import CHECKS
from gfce.config.grid import Grid, Network, Repair
from gfce.config.section import Section
from gfce.config.values import (
    AnyPath,
    BidsLabel,
    FactorName,
    Identifier,
    IsoDate,
    Number,
    OneLine,
    Seed,
    Whole,
    refuse_repeated,
)
from gfce.evaluation.metrics import METRICS
from gfce.repairs import METHODS

MAX_PATIENTS = 100_000
Patients = Annotated[Whole, Field(ge=1, le=MAX_PATIENTS)]
Length = Annotated[Whole, Field(ge=16, le=1024)]
"""Rows or columns; SSIM's window needs 11."""
Minutes = Annotated[Number, Field(le=525_600)]
"""At most a year."""


class Simulation(Section):
    """A simulated cohort, written to `cohort.dataset` before the study begins."""

    patients: Annotated[dict[Identifier, Patients], Field(min_length=1)]
    """Number of patients to simulate for each institution of the protocol table."""
    seed: Seed = 2022
    """Seed of the anatomy, the pathology and the noise."""
    coarsening: Annotated[Number, Field(ge=1, le=16)] = 1.0
    """In-plane voxel size as a multiple of the protocol's (1: as the scanner has it)."""
    slices: Annotated[Whole, Field(ge=1, le=500)] | None = None
    """Slices per volume, spread over the whole slab (empty: as the protocol has them)."""
    protocols: AnyPath | None = None
    """Table of scanner protocols, one row per institution (empty: the seven of the package)."""
    changes: dict[Identifier, dict[str, str | bool | Number]] = {}
    """Other values for single columns of that table, by institution; also `tumour_size` (a factor
    on radii) and `atrophy` (on the brain's sulci and ventricles), 1 where the table lacks them."""


class Bids(Section):
    """Which files of a BIDS dataset are a patient's, and where the institution stands."""

    session: BidsLabel = "only"
    """Which of several sessions that have T1w, T2w and CE: `only` takes none of them, `first` or
    `last` that with the lowest or highest number, a label such as `ses-2` that one."""
    run: Literal["only", "first", "last"] = "only"
    """Which of several runs of a modality: `only` takes none of them, `first` or `last` that with
    the lowest or highest number."""
    entities: dict[Literal["t1w", "t2w", "ce"], dict[BidsLabel, BidsLabel | None]] = {}
    """What the names of a modality's files must have, such as `{t1w: {acq: mprage, rec: null}}`;
    null is a name without it (empty: any)."""
    contrast_agents: list[BidsLabel] = []
    """Labels behind `ce-` that are agents with gadolinium, beside those that are known
    (docs/own-data.md)."""
    institution_column: OneLine | None = None
    """Column of participants.tsv that holds the institution (empty: `institution`; without such a
    column InstitutionName in the sidecars of T1w)."""
    institution_names: dict[OneLine, Identifier] = {}
    """Names of institutions in the dataset that a study cannot use as they are, such as
    `{University Hospital: North}`."""


class Cohort(Section):
    """The patients: where they are, who is trained on and who is only tested."""

    dataset: AnyPath
    """BIDS dataset with T1w, T2w and ce-gadolinium T1w of each patient."""
    development: Annotated[list[Identifier], Field(min_length=1)]
    """Institutions whose patients are split into training and internal test, in table order."""
    external: list[Identifier] = []
    """Institutions whose patients are all external test, in table order."""
    training_patients: Whole | Number = 53
    """Training patients of each development institution: a number, or a share such as 0.75."""
    pooled_patients: Patients | None = None
    """Patients of a pooled training set (empty: as many as its smallest institution trains on)."""
    two_persons: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = []
    """Pairs of patient ids that `gfce leaks` takes for one person and that are two."""
    mask_label: Annotated[Whole, Field(ge=1, le=65_535)] | None = None
    """The label to take for tumour in masks that hold several, such as 1 (empty: every voxel that
    is not 0)."""
    unusable_patient: Literal["exclude", "stop"] = "exclude"
    """What a patient with a missing, broken or misaligned volume does: `exclude` leaves the patient
    out and says so in exclusions.csv, `stop` ends the run."""

    exclude: dict[str, OneLine] = {}
    """Patients that a person has looked at and leaves out, each with the reason, such as
    `{sub-07: wrong series}`; `gfce index` lists them in exclusions.csv."""
    bids: Bids = Bids()
    """What to take from a dataset that has more than one file of a modality, or other names."""

    @field_validator("training_patients")
    @classmethod
    def _is_a_number_or_a_share(cls, value: float) -> float:
        if not 0 < value <= MAX_PATIENTS or (value >= 1 and value != int(value)):
            raise ValueError("give a whole number of patients, or a share between 0 and 1")
        return int(value) if value >= 1 else value

    @model_validator(mode="after")
    def _institutions_have_one_role(self) -> Cohort:
        refuse_repeated(self.institutions, "institution")
        return self

    @property
    def institutions(self) -> list[str]:
        """All institutions, those to train on first: the order of tables and figures."""
        return [*self.development, *self.external]


class Images(Section):
    """Resampling of the volumes and the statistics that are taken of them."""

    matrix: tuple[Length, Length] = (256, 224)
    """Rows and columns of a resampled slice (paper: 256 x 224); some networks limit them."""
    statistics_region: Literal["volume", "foreground"] = "volume"
    """Voxels whose statistics define a normalization: the whole volume, or the head alone."""
    alignment: Literal["none", "resample", "rigid"] = "none"
    """How a patient's volumes come to T1w's grid: they must lie on it (`none`), are resampled to
    it by their headers (`resample`), or are registered to T1w rigidly before (`rigid`)."""


class Training(Section):
    """How each model is trained (defaults: the paper's and its released code's)."""

    epochs: Annotated[Whole, Field(ge=1, le=100_000)] = 200
    """Passes over the training slices."""
    constant_epochs: Annotated[Whole, Field(ge=0, le=100_000)] = 100
    """Epochs at the full learning rate, before it falls linearly to 0."""
    batch_size: Annotated[Whole, Field(ge=1, le=1024)] = 1
    """Slices per step."""
    learning_rate: Annotated[Number, Field(gt=0, le=1)] = 1e-3
    """Adam's learning rate."""
    l1_weight: Annotated[Number, Field(ge=0, le=1_000_000)] = 100.0
    """Weight of the mean absolute error against the adversarial loss."""
    recipe: Literal["corrected", "released"] = "corrected"
    """`released` repeats two quirks of the authors' code: slices are not shuffled, and the
    discriminator's loss also moves the generator."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of convolutions and attention; losses and normalization statistics are always
    float32."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train and predict (`auto`: a GPU if there is one)."""
    threads: Annotated[Whole, Field(ge=1, le=1024)] = 2
    """CPU threads of a training; fixed here, not by the machine, because results depend on it."""
    checkpoint_minutes: Annotated[Minutes, Field(ge=0)] = 10.0
    """Longest time without a checkpoint; one is also written after each epoch."""
    walltime_minutes: Annotated[Minutes, Field(gt=0)] | None = None
    """Time after which a training saves its state and stops, to be continued by the next run
    (empty: none). Leave a minute to the scheduler's limit."""

    @model_validator(mode="after")
    def _schedule_fits(self) -> Training:
        if self.constant_epochs > self.epochs:
            raise ValueError("constant_epochs is larger than epochs: lower it")
        return self


class Evaluation(Section):
    """How predictions are scored."""

    average: Literal["volume", "slice"] = "volume"
    """What eq. 3 and 4 run over: the patient's whole volume, or each slice and then their mean."""
    scaling: Literal["reference", "separate"] = "reference"
    """Which of the two scalings the tables and tests report (metrics.csv has both)."""
    enhancement_threshold: Annotated[Number, Field(gt=0, le=10)] = 0.25
    """From which enhancement on a voxel or a tumour counts as enhancing, as a part of the signal
    before contrast agent (docs/scorecard.md)."""
    tumour_volumes_ml: list[Annotated[Number, Field(gt=0, le=10_000)]] = [5.0, 15.0]
    """Limits between the groups of tumour volumes (ml) that scorecard.csv parts, in order."""

    @field_validator("tumour_volumes_ml")
    @classmethod
    def _volumes_rise(cls, value: list[float]) -> list[float]:
        if any(low >= high for low, high in pairwise(value)):
            raise ValueError("give volumes in rising order")
        return value


def _margin_key(metric: str) -> str:
    return f"equivalence_margin_{metric}"


def _with_margins(section: type[Statistics]) -> type[Statistics]:
    """The section with a key for the equivalence margin of each metric that has one."""
    margins: dict[str, Any] = {
        _margin_key(metric.name): (
            Annotated[
                Number, Field(gt=0, le=metric.margin.largest, description=metric.margin.meaning)
            ],
            metric.margin.default,
        )
        for metric in METRICS
        if metric.margin
    }
    return create_model(
        section.__name__, __base__=section, __doc__=section.__doc__, __module__=__name__, **margins
    )


@_with_margins
class Statistics(Section):
    """How certain the conclusions are."""

    bootstrap_resamples: Annotated[Whole, Field(ge=99, le=1_000_000)] = 9999
    """Resamples of the patients behind each interval of a drop or an improvement."""

    def equivalence_margin(self, metric: str) -> float:
        """Up to which difference in a metric two models count as equally accurate."""
        return float(getattr(self, _margin_key(metric)))


class Publication(Section):
    """What only the authors can say of results that they hand on (docs/reviewer.md)."""

    date: IsoDate | None = None
    """Day on which the results are published, such as `2026-11-28`; nothing else puts a date into
    results (empty: they are not)."""
    license: OneLine | None = None
    """Under which others may use the results: an address such as
    `https://creativecommons.org/licenses/by/4.0/`, or text (empty: not given)."""
    code: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    """Address at which the code of the study is found, such as
    `https://doi.org/10.5281/zenodo.123` (empty: not given)."""


class Report(Section):
    """What figures show of the results."""

    figure3_models: Annotated[list[OneLine], Field(max_length=16)] = []
    """Models of figure 3 by their labels in the tables, such as `[Tri-M, Tri-M unet]`, in this
    order; eight fill a page (empty: up to eight by a rule, docs/report.md)."""


class Dissection(Section):
    """What causes the drop of a simulated study (docs/dissection.md)."""

    factors: list[FactorName] = []
    """What of an external institution's protocol is replaced by the training institution's (empty:
    every factor); what is left out stays as it is."""
    patients: Patients | None = None
    """Patients of each external institution, the first ones (empty: all)."""
    orders: Annotated[Whole, Field(ge=2, le=10_000)] = 2
    """Random orders in which factors are replaced, for each patient; each is walked both ways. With
    so many that all sets of factors take no longer, all are measured, and nothing is random."""

    @field_validator("factors")
    @classmethod
    def _each_factor_once(cls, value: list[str]) -> list[str]:
        refuse_repeated(value, "factor")
        return value


class StudyConfig(Section):
    """A whole study. Every key has a description; config/schema.json is generated from them."""

    study: Identifier
    """Name of the study: its results lie in `<results>/<study>`."""
    seed: Seed = 2022
    """Seed of the split and of the pooled draws."""
    results: AnyPath = Path("results")
    """Folder of all studies' results."""
    readable_by: Literal["everyone", "group", "owner"] = "everyone"
    """Who else on the machine may read what is written: with patients' images `group` (a umask of
    027) or `owner` (077); `everyone` leaves the umask as it is."""
    cohort: Cohort
    """The patients."""
    simulation: Simulation | None = None
    """A simulated cohort in place of hospital data (empty: the dataset exists already)."""
    images: Images = Images()
    """How volumes are prepared."""
    grid: Grid = Grid()
    """What is trained."""
    training: Training = Training()
    """How it is trained."""
    evaluation: Evaluation = Evaluation()
    """How it is scored."""
    statistics: Statistics = Statistics()
    """How conclusions are drawn from the scores."""
    publication: Publication = Publication()
    """How results are handed on."""
    report: Report = Report()
    """What figures show."""
    dissection: Dissection | None = None
    """Which factor of the protocol causes how much of the drop: of simulated cohorts (empty: not
    asked)."""

    @model_validator(mode="after")
    def _sections_fit(self) -> StudyConfig:
        for check in CHECKS:
            check(self)
        return self

    def network(self, name: str) -> Network:
        """The network of a grid entry, with its architecture resolved."""
        network = self.grid.networks[name]
        return network.model_copy(update={"architecture": network.architecture or name})

    def repair(self, name: str) -> Repair:
        """The repair of a grid entry, with its method and all its options resolved."""
        repair = self.grid.repairs[name]
        method = repair.method or name
        defaults = {key: option.default for key, option in METHODS[method].options.items()}
        return Repair(method=method, options=defaults | repair.options)

    def training_sets(self) -> dict[str, list[str]]:
        """Institutions of each training set; by default each alone and all of them pooled."""
        if self.grid.training_sets:
            return self.grid.training_sets
        development = self.cohort.development
        sets = {f"uni-{institution}": [institution] for institution in development}
        if len(development) > 1:
            sets["tri" if len(development) == 3 else "pooled"] = list(development)
        return sets
