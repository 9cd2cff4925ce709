# The study, from patients to figures. What is computed stands in gfce/, what depends on what in
# rules/, what is asked for in the configuration: `snakemake --configfile config/demo.yaml`.
from snakemake.utils import min_version

min_version("9.0")


include: "rules/common.smk"


# Used only with `--sdm apptainer`; built once from envs/gfce.def.
container: "envs/gfce.sif"


onstart:
    # A driver that was killed leaves its jobs behind.
    cancel_leftovers(Path(CONFIG))


onerror:
    # What is there is tabulated all the same; tables/missing.csv says what is not.
    shell("gfce tabulate {CONFIG} || true")


rule all:
    input:
        TARGETS,


include: "rules/cohort.smk"
include: "rules/images.smk"
include: "rules/models.smk"
include: "rules/evaluation.smk"
include: "rules/statistics.smk"
include: "rules/report.smk"
