# From the scanner's voxels to the study's matrix.


rule preprocess:
    input:
        due_before("preprocess"),
    output:
        touch(flag("preprocess", "{what}")),
    log:
        log_of("preprocess", "{what}"),
    benchmark:
        benchmark_of("preprocess", "{what}")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    resources:
        mem_mb=needs("preprocess", "mem_mb"),
        runtime=needs("preprocess", "runtime"),
    params:
        config=CONFIG,
    shell:
        "gfce preprocess {params.config:q} {wildcards.what:q} > {log:q} 2>&1"


# For people and for models' fingerprints: no model waits for it.
rule quality:
    input:
        due_before("quality"),
    output:
        touch(flag("quality")),
    log:
        log_of("quality"),
    benchmark:
        benchmark_of("quality")
    # Trainings go first where both could run.
    priority: -10
    conda:
        "../envs/gfce.yaml"
    threads: 1
    resources:
        mem_mb=needs("quality", "mem_mb"),
        runtime=needs("quality", "runtime"),
    params:
        config=CONFIG,
    shell:
        "gfce quality {params.config:q} > {log:q} 2>&1"


# For people, figures and statistics: no model waits for it.
rule distances:
    input:
        due_before("distances"),
    output:
        touch(flag("distances")),
    log:
        log_of("distances"),
    benchmark:
        benchmark_of("distances")
    priority: -10
    conda:
        "../envs/gfce.yaml"
    threads: 1
    resources:
        mem_mb=needs("distances", "mem_mb"),
        runtime=needs("distances", "runtime"),
    params:
        config=CONFIG,
    shell:
        "gfce distances {params.config:q} > {log:q} 2>&1"


# Seconds, where Snakemake runs. No other job waits for it.
localrules:
    fingerprint,


rule fingerprint:
    input:
        due_before("fingerprint"),
    output:
        touch(flag("fingerprint")),
    log:
        log_of("fingerprint"),
    benchmark:
        benchmark_of("fingerprint")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    params:
        config=CONFIG,
    shell:
        "gfce fingerprint {params.config:q} > {log:q} 2>&1"
