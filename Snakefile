# The study, from patients to figures. What is computed stands in gfce/, what depends on what in
# rules/, what is asked for in the configuration: `snakemake --configfile config/demo.yaml`.
from snakemake.utils import min_version

min_version("9.0")


include: "rules/common.smk"


# What `snakemake --report study.html` begins with.
report: "rules/report/workflow.rst"


# Used only with `--sdm apptainer`; built once from envs/gfce.def.
container: "envs/gfce.sif"


onstart:
    begin()


onsuccess:
    say_warnings()


onerror:
    say_warnings()
    # What is there is tabulated and shown all the same; tables/missing.csv says what is not.
    shell("gfce tabulate {CONFIG:q} || true")
    shell("gfce report {CONFIG:q} || true")
    shell("gfce pack {CONFIG:q} || true")


rule all:
    input:
        everything_due,
        # Results are never outputs (docs/developing.md), but inputs can be shown as well.
        marked_for_report,
        # Without it there would be nothing to look at, and Snakemake would `make` it each time.
        config=ancient(CONFIG),
    params:
        gallery=GALLERY,


# Parts of it, by name: `snakemake models`.
rule cohort:
    input:
        due("simulate", "index", "leaks"),
        config=ancient(CONFIG),


rule images:
    input:
        due("preprocess", "quality", "distances", "fingerprint"),
        config=ancient(CONFIG),


rule models:
    input:
        due("train"),
        config=ancient(CONFIG),


rule predictions:
    input:
        due("predict"),
        config=ancient(CONFIG),


rule scores:
    input:
        due("evaluate", "baselines"),
        config=ancient(CONFIG),


rule tables:
    input:
        due("tabulate", "compare"),
        config=ancient(CONFIG),


rule figures:
    input:
        due("figures"),
        config=ancient(CONFIG),


include: "rules/cohort.smk"
include: "rules/images.smk"
include: "rules/models.smk"
include: "rules/evaluation.smk"
include: "rules/statistics.smk"
include: "rules/report.smk"
