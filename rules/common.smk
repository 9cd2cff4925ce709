# The grid as wildcards and targets, nothing else.
import os
from functools import cache
from inspect import signature

from gfce.config import load_config
from gfce.errors import UserError
from gfce.planning.resources import Limits, resources
from gfce.provenance.run import Run
from gfce.report.gallery import Gallery
from gfce.steps import STEPS, WHOLE, Task, tasks
from gfce.study import Results
from gfce.watching.logs import warnings
from gfce.watching.slurm import cancel_leftovers

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

RESULTS = Results(STUDY)
# What a site allows a job: `resources: {max_mem_mb: ..., max_runtime: ...}` in its profile.
LIMITS = Limits(
    **{
        name: workflow.global_resources[f"max_{name}"].value
        for name in ("mem_mb", "runtime")
        if f"max_{name}" in workflow.global_resources
    }
)
# What a task is done for, by the wildcard that stands for it: `what` is a cell, an institution or a
# figure, and each step has a folder of flags of its own.
TASKS = {(task.step, str(task.what)): task for task in tasks(STUDY)}


wildcard_constraints:
    what=".+",


def asked_often(function):
    """A function that says its arguments at once: Snakemake asks for them ten times a job."""
    function.__signature__ = signature(function)
    return function


def flag(step, what=WHOLE):
    """The output of a rule: says that the step has been done in this run."""
    return RUN.flag(Task(step, what))


def log_of(step, what=WHOLE):
    return RESULTS.log(step, what)


def benchmark_of(step, what=WHOLE):
    return RESULTS.benchmark(step, what)


def task_of(step, wildcards):
    """The task that a job with these wildcards does."""
    return TASKS[step, wildcards.get("what", WHOLE)]


def due_before(step):
    """Input of a rule: flags of the tasks that it reads from and that are due as well."""

    def of(wildcards):
        if STEPS[step].follows_index:
            decide()
        return RUN.waits_for(task_of(step, wildcards))

    return asked_often(of)


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


# What `snakemake --report` shows, and in which words (docs/reviewer.md).
GALLERY = Gallery(STUDY)
CAPTION = workflow.current_basedir.join("report/caption.rst")


def marked_for_report(wildcards):
    """Input of a target: the results' folder, marked for Snakemake's report with what fits."""
    patterns = GALLERY.patterns(RUN.fitting())
    if not patterns:
        return []
    return report(
        ancient(RESULTS.root),
        caption=CAPTION,
        patterns=patterns,
        category=GALLERY.category,
        labels=GALLERY.labels,
    )


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


def say_warnings():
    """Repeat what the steps that looked at the cohort have warned of in this run."""
    for step in ("index", "leaks", "quality"):
        if flag(step).exists():
            for line in warnings(RESULTS.log(step)):
                logger.warning(line)


@cache
def asked_for(step, what, threads, attempt):
    """What a job asks a scheduler for."""
    return resources(step, STUDY, what, workers=threads, attempt=attempt, limits=LIMITS)


def needs(step, resource):
    """Memory (mem_mb) or walltime (runtime) of a step's job: more with each attempt."""

    def of(wildcards, threads, attempt):
        what = task_of(step, wildcards).what
        return getattr(asked_for(step, what, threads, attempt), resource)

    return asked_often(of)
