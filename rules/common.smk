# The grid as wildcards and targets, nothing else.
import os

from gfce.config import load_config
from gfce.errors import UserError
from gfce.planning.resources import Limits, resources
from gfce.planning.slurm import cancel_leftovers
from gfce.provenance import fingerprint
from gfce.study import FIGURE_FORMATS as FORMATS
from gfce.study import LEARNING
from gfce.study import Cell, Results, cells, figure_paths, test_institutions

# Not the `configfile:` directive, which would merge a user's file into the default one.
if workflow.config_settings.config:
    raise WorkflowError(
        "--config is not read: write the value into the configuration file"
    )
if len(workflow.configfiles) > 1:
    raise WorkflowError("give one --configfile: configurations are not merged")
CONFIG = os.path.relpath([*workflow.configfiles, "config/config.yaml"][0])
try:
    STUDY = load_config(Path(CONFIG))
except UserError as error:
    raise WorkflowError(str(error)) from None

# Steps run side by side: each is single-threaded but for what its configuration says.
os.environ.setdefault("OMP_NUM_THREADS", "1")

RESULTS = Results(STUDY)
# What a site allows a job: `resources: {max_mem_mb: ..., max_runtime: ...}` in its profile.
LIMITS = Limits(
    **{
        name: workflow.global_resources[f"max_{name}"].value
        for name in ("mem_mb", "runtime")
        if f"max_{name}" in workflow.global_resources
    }
)
CELL = Cell("{network}", "{normalization}", "{training_set}", "{seed}")
CELLS = cells(STUDY)
CELL_BY_NAME = {str(cell): cell for cell in CELLS}
INSTITUTIONS = [*STUDY.cohort.development, *STUDY.cohort.external]
TARGETS = [
    RESULTS.metrics,
    RESULTS.tables,
    RESULTS.statistics,
    *figure_paths(STUDY),
]


wildcard_constraints:
    network="|".join(STUDY.grid.networks),
    normalization="|".join(STUDY.grid.normalizations),
    training_set="|".join(STUDY.training_sets()),
    seed=r"\d+",
    institution="|".join(INSTITUTIONS),
    which="(_.+)?",


def cell_of(wildcards):
    return CELL_BY_NAME[str(CELL).format(**wildcards)]


def made_by(step):
    """Parameter that reruns a rule when the code or the settings of its step change."""
    return fingerprint(step, STUDY)


def cell_made_by(step):
    """The same for a step that is done cell by cell."""
    return lambda wildcards: fingerprint(step, STUDY, cell_of(wildcards))


def needs(step, what):
    """Memory (mem_mb) or walltime (runtime) of a step's job: more with each attempt."""

    def of(wildcards, threads, attempt):
        cell = Cell(**wildcards) if "network" in wildcards.keys() else None
        estimate = resources(
            step,
            STUDY,
            cell,
            institution=wildcards.get("institution"),
            threads=threads,
            attempt=attempt,
            limits=LIMITS,
        )
        return getattr(estimate, what)

    return of


def benchmark_of(step, what="all"):
    return RESULTS.root / "benchmarks" / step / f"{what}.tsv"


def participants(wildcards):
    """The list of patients, unless it is missing: then `gfce index` says what to do."""
    path = STUDY.cohort.dataset / "participants.tsv"
    return [path] if STUDY.simulation or path.exists() else []
