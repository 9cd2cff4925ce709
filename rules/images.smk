# From the scanner's voxels to the study's matrix.


rule preprocess:
    input:
        due_before("preprocess"),
        config=ancient(CONFIG),
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
    shell:
        "gfce preprocess {input.config:q} {wildcards.what:q} > {log:q} 2>&1"


# For people: no other job waits for it.
rule quality:
    input:
        due_before("quality"),
        config=ancient(CONFIG),
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
    shell:
        "gfce quality {input.config:q} > {log:q} 2>&1"
