# The grid as wildcards and targets, nothing else.
import os

from gfce.config import load_config
from gfce.errors import UserError
from gfce.planning.resources import Limits, resources
from gfce.planning.slurm import cancel_leftovers
from gfce.provenance.run import Run
from gfce.provenance.tasks import Task, all_institutions, tasks
from gfce.study import LEARNING, Cell, Results, cells

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
    # What is due, and the flags that say what has been done in this run (docs/developing.md).
    RUN = Run(STUDY, Path(CONFIG), is_driver=workflow.is_main_process)
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
INSTITUTIONS = all_institutions(STUDY)


wildcard_constraints:
    network="|".join(STUDY.grid.networks),
    normalization="|".join(STUDY.grid.normalizations),
    training_set="|".join(STUDY.training_sets()),
    seed=r"\d+",
    institution="|".join(INSTITUTIONS),
    which="(_.+)?",


def cell_of(wildcards):
    return CELL_BY_NAME[str(CELL).format(**wildcards)]


def flag(step, what="all"):
    """The output of a rule: says that the step has been done in this run."""
    return RUN.flag(Task(step, what))


def task_of(step, wildcards):
    """The task that a job with these wildcards does."""
    if "network" in wildcards.keys():
        return Task(step, cell_of(wildcards))
    if "institution" in wildcards.keys():
        return Task(step, wildcards.institution)
    return Task(
        step, f"figure3{wildcards.which}" if "which" in wildcards.keys() else "all"
    )


def due_before(step, what=None):
    """Input of a rule: flags of the tasks that it reads from and that are due as well."""

    def of(wildcards):
        if step not in ("simulate", "index"):
            decide()
        return RUN.waits_for(Task(step, what) if what else task_of(step, wildcards))

    return of


def due(*steps):
    """Input of a target: flags of these steps' tasks that are due."""

    def of(wildcards):
        decide()
        return RUN.flags([task for task in tasks(STUDY) if task.step in steps])

    return of


def everything_due(wildcards):
    """Flags of everything that is due."""
    RUN.explain()
    decide()
    return RUN.flags(tasks(STUDY))


def decide():
    """Put off what depends on a changed dataset until its index says what that is."""
    if RUN.is_undecided:
        checkpoints.index.get()


def begin():
    """Take the results for this run."""
    try:
        RUN.begin()
    except UserError as error:
        raise WorkflowError(str(error)) from None
    # A driver that was killed leaves its jobs behind.
    cancel_leftovers(Path(CONFIG))


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
