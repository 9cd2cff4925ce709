# One training, and its application, for each cell of the grid.


rule train:
    input:
        due_before("train"),
    output:
        touch(flag("train", "{what}")),
    log:
        log_of("train", "{what}"),
    benchmark:
        benchmark_of("train", "{what}")
    # The longest jobs start first, so that short ones fill the gaps at the end.
    priority: 10
    conda:
        "../envs/gfce.yaml"
    threads: STUDY.training.threads
    resources:
        gpu=1,
        mem_mb=needs("train", "mem_mb"),
        runtime=needs("train", "runtime"),
    params:
        config=CONFIG,
    shell:
        # The shell must not die of a signal before the training has saved its state.
        "exec gfce train {params.config:q} {wildcards.what:q} > {log:q} 2>&1"


rule predict:
    input:
        due_before("predict"),
    output:
        touch(flag("predict", "{what}")),
    log:
        log_of("predict", "{what}"),
    benchmark:
        benchmark_of("predict", "{what}")
    conda:
        "../envs/gfce.yaml"
    threads: STUDY.training.threads
    resources:
        gpu=1,
        mem_mb=needs("predict", "mem_mb"),
        runtime=needs("predict", "runtime"),
    params:
        config=CONFIG,
    shell:
        "gfce predict {params.config:q} {wildcards.what:q} > {log:q} 2>&1"
