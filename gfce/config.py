"""The study's configuration: typed, described key by key, and the only reader of config files."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from gfce.errors import UserError
from gfce.networks.discovery import architectures

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
"""A name that may stand in a path: letters, digits, `-` and `_`."""

PositiveInt = Annotated[int, Field(gt=0)]
NormalizationName = Literal[
    "min_max", "z_score", "percentile_min_max", "dataset_z_score", "slice_z_score", "nyul"
]


def _known_architecture(name: str) -> str:
    known = architectures()
    if name not in known:
        raise ValueError(f"there is no network {name}" + _suggest(name, known))
    return name


Architecture = Annotated[str, AfterValidator(_known_architecture)]
"""A network of `gfce/networks`."""


class Section(BaseModel):
    """A block of the configuration: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Simulation(Section):
    """A simulated cohort, written to `cohort.dataset` before the study begins."""

    patients: dict[Identifier, PositiveInt]
    """Number of patients to simulate for each institution of the protocol table."""
    seed: int = 2022
    """Seed of the anatomy, the pathology and the noise."""
    coarsening: Annotated[float, Field(ge=1)] = 1.0
    """In-plane voxel size as a multiple of the protocol's (1: as the scanner has it)."""
    slices: PositiveInt | None = None
    """Slices per volume, spread over the whole slab (empty: as the protocol has them)."""
    protocols: Path | None = None
    """Table of scanner protocols, one row per institution (empty: the seven of the package)."""


class Cohort(Section):
    """The patients: where they are, who is trained on and who is only tested."""

    dataset: Path
    """BIDS dataset with T1w, T2w and ce-gadolinium T1w of each patient."""
    development: Annotated[list[Identifier], Field(min_length=1)]
    """Institutions whose patients are split into training and internal test, in table order."""
    external: list[Identifier] = []
    """Institutions whose patients are all external test, in table order."""
    training_patients: int | float = 53
    """Training patients of each development institution: a number, or a share such as 0.75."""
    pooled_patients: PositiveInt | None = None
    """Patients of a pooled training set (empty: as many as its smallest institution trains on)."""
    unusable_patient: Literal["exclude", "stop"] = "exclude"
    """What a patient with a missing, broken or misaligned volume does: `exclude` leaves the patient
    out and says so in exclusions.csv, `stop` ends the run."""

    @field_validator("training_patients")
    @classmethod
    def _is_a_number_or_a_share(cls, value: float) -> float:
        if value <= 0 or (value >= 1 and value != int(value)):
            raise ValueError("give a whole number of patients, or a share between 0 and 1")
        return int(value) if value >= 1 else value

    @model_validator(mode="after")
    def _institutions_have_one_role(self) -> Cohort:
        named = [*self.development, *self.external]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValueError(f"institution {twice[0]} is named more than once: give it one role")
        return self


class Images(Section):
    """Resampling of the volumes and the statistics that are taken of them."""

    matrix: tuple[PositiveInt, PositiveInt] = (256, 224)
    """Rows and columns of a resampled slice, each divisible by 4 (paper: 256 x 224)."""
    statistics_region: Literal["volume", "foreground"] = "volume"
    """Voxels whose statistics define a normalization: the whole volume, or the head alone."""

    @model_validator(mode="after")
    def _matrix_fits_the_network(self) -> Images:
        if any(length % 4 for length in self.matrix):
            raise ValueError("matrix: both numbers must be divisible by 4 (two poolings)")
        return self


class Network(Section):
    """One network of the grid."""

    architecture: Architecture | None = None
    """Which network: `mmgsn_net`, `unet`, `pix2pix` or one of your own (empty: the one that the
    entry's name says)."""
    width: PositiveInt = 64
    """Feature maps of the first level (paper: 64)."""
    norm_layer: Literal["instance", "batch"] = "instance"
    """Normalization layers: `instance` (each slice by itself, the same in training and inference)
    or `batch` (running statistics of the training slices are used in inference)."""


class Grid(Section):
    """The axes whose every combination is a cell: one model to train."""

    networks: Annotated[dict[Identifier, Network], Field(min_length=1)] = {"mmgsn_net": Network()}
    """Networks by name."""
    normalizations: Annotated[list[NormalizationName], Field(min_length=1)] = ["min_max", "z_score"]
    """Intensity normalizations."""
    training_sets: dict[Identifier, Annotated[list[Identifier], Field(min_length=1)]] = {}
    """Named groups of development institutions to train on (empty: `uni-<institution>` for each
    and one of all of them, named `tri` for three and `pooled` for any other number)."""
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = [1]
    """Seeds of training: initial weights and the order of the slices."""

    @model_validator(mode="after")
    def _no_axis_repeats_itself(self) -> Grid:
        for axis, values in (("normalizations", self.normalizations), ("seeds", self.seeds)):
            if len(set(values)) < len(values):
                raise ValueError(f"{axis}: the same value stands there twice")
        groups = [frozenset(institutions) for institutions in self.training_sets.values()]
        if len(set(groups)) < len(groups):
            raise ValueError("training_sets: two of them have the same institutions")
        for name, network in self.networks.items():
            known = architectures()
            if network.architecture is None and name not in known:
                raise ValueError(
                    f"networks.{name}: say which `architecture` it is" + _suggest(name, known)
                )
        return self


class Training(Section):
    """How each model is trained (defaults: the paper's and its released code's)."""

    epochs: PositiveInt = 200
    """Passes over the training slices."""
    constant_epochs: Annotated[int, Field(ge=0)] = 100
    """Epochs at the full learning rate, before it falls linearly to 0."""
    batch_size: PositiveInt = 1
    """Slices per step."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Adam's learning rate."""
    l1_weight: Annotated[float, Field(ge=0)] = 100.0
    """Weight of the mean absolute error against the adversarial loss."""
    recipe: Literal["corrected", "released"] = "corrected"
    """`released` repeats two quirks of the authors' code: slices are not shuffled, and the
    discriminator's loss also moves the generator."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of convolutions and attention; losses and normalization statistics are always
    float32."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train and predict (`auto`: a GPU if there is one)."""
    threads: PositiveInt = 2
    """CPU threads of a training; fixed here, not by the machine, because results depend on it."""
    checkpoint_minutes: Annotated[float, Field(ge=0)] = 10.0
    """Longest time without a checkpoint; one is also written after each epoch."""
    walltime_minutes: Annotated[float, Field(gt=0)] | None = None
    """Time after which a training saves its state and stops, to be continued by the next run
    (empty: none). Leave a minute to the scheduler's limit."""

    @model_validator(mode="after")
    def _schedule_fits(self) -> Training:
        if self.constant_epochs > self.epochs:
            raise ValueError("constant_epochs is larger than epochs")
        return self


class Evaluation(Section):
    """How predictions are scored."""

    average: Literal["volume", "slice"] = "volume"
    """What eq. 3 and 4 run over: the patient's whole volume, or each slice and then their mean."""
    scaling: Literal["reference", "separate"] = "reference"
    """Which of the two scalings the tables and tests report (metrics.csv has both)."""


class Statistics(Section):
    """How certain the conclusions are."""

    bootstrap_resamples: Annotated[int, Field(ge=99)] = 9999
    """Resamples of the patients behind each interval of a drop or an improvement."""
    equivalence_margin_mae: Annotated[float, Field(gt=0)] = 0.0025
    """Largest difference in internal MAE (scale [0, 1]) between a pooled and a single-institution
    model that still counts as the same accuracy (a tenth of the paper's internal MAE)."""
    equivalence_margin_psnr_db: Annotated[float, Field(gt=0)] = 0.5
    """The same for PSNR, in dB."""


class StudyConfig(Section):
    """A whole study. Every key has a description; config/schema.json is generated from them."""

    study: Identifier
    """Name of the study: its results lie in `<results>/<study>`."""
    seed: int = 2022
    """Seed of the split and of the pooled draws."""
    results: Path = Path("results")
    """Folder of all studies' results."""
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

    @model_validator(mode="after")
    def _training_sets_are_of_development_institutions(self) -> StudyConfig:
        for name, institutions in self.grid.training_sets.items():
            for institution in institutions:
                if institution not in self.cohort.development:
                    raise ValueError(
                        f"grid.training_sets.{name}: {institution} is not one of "
                        "cohort.development" + _suggest(institution, self.cohort.development)
                    )
        return self

    def network(self, name: str) -> Network:
        """The network of a grid entry, with its architecture resolved."""
        network = self.grid.networks[name]
        return network.model_copy(update={"architecture": network.architecture or name})

    def training_sets(self) -> dict[str, list[str]]:
        """Institutions of each training set; by default each alone and all of them pooled."""
        if self.grid.training_sets:
            return self.grid.training_sets
        development = self.cohort.development
        sets = {f"uni-{institution}": [institution] for institution in development}
        if len(development) > 1:
            sets["tri" if len(development) == 3 else "pooled"] = list(development)
        return sets


def load_config(path: Path) -> StudyConfig:
    """Read and check a configuration file.

    Raises:
        UserError: the file is missing, is not YAML, has an unknown key or an impossible value.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}: name a config file that exists") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise UserError(f"{path}: not valid YAML{line}: correct the file") from None
    return parse_config(content, str(path))


def parse_config(content: Any, source: str) -> StudyConfig:
    """Check a configuration that has been read from `source`.

    Raises:
        UserError: an unknown key or an impossible value, with its place and the mend.
    """
    if not isinstance(content, dict):
        raise UserError(f"{source}: has no keys: start from config/config.yaml")
    try:
        return StudyConfig.model_validate(content)
    except ValidationError as error:
        first, *others = error.errors()
        more = f" (and {len(others)} more)" if others else ""
        raise UserError(f"{source}: {_explain(first)}{more}") from None


def _explain(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        parent = _section_at(error["loc"][:-1])
        known = list(parent.model_fields) if parent else []
        return f"{place}: unknown key" + _suggest(str(error["loc"][-1]), known)
    if error["type"] == "missing":
        return f"{place}: this key must be given"
    message = error["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _suggest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f" (did you mean {close[0]}?)"
    return f" (known: {', '.join(known)})" if known else ""


def _section_at(location: tuple[Any, ...]) -> type[Section] | None:
    """The section that a validation error's location lies in (None: inside a free mapping)."""
    section: type[Section] | None = StudyConfig
    for part in location:
        field = section.model_fields.get(str(part)) if section else None
        section = next(iter(_sections_in(field.annotation)), None) if field else section
    return section


def _sections_in(annotation: Any) -> list[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _sections_in(inner)]
