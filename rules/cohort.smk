# Who takes part.

if STUDY.simulation:

    rule simulate:
        input:
            due_before("simulate"),
            config=ancient(CONFIG),
        output:
            touch(flag("simulate")),
        log:
            log_of("simulate"),
        benchmark:
            benchmark_of("simulate")
        conda:
            "../envs/gfce.yaml"
        threads: 16
        resources:
            mem_mb=needs("simulate", "mem_mb"),
            runtime=needs("simulate", "runtime"),
        shell:
            "gfce simulate {input.config:q} --workers {threads} > {log:q} 2>&1"


checkpoint index:
    input:
        due_before("index"),
    output:
        touch(flag("index")),
    log:
        log_of("index"),
    benchmark:
        benchmark_of("index")
    conda:
        "../envs/gfce.yaml"
    threads: 16
    resources:
        mem_mb=needs("index", "mem_mb"),
        runtime=needs("index", "runtime"),
    params:
        config=CONFIG,
    shell:
        "gfce index {params.config:q} --workers {threads} > {log:q} 2>&1"


rule leaks:
    input:
        due_before("leaks"),
    output:
        touch(flag("leaks")),
    log:
        log_of("leaks"),
    benchmark:
        benchmark_of("leaks")
    conda:
        "../envs/gfce.yaml"
    threads: 16
    resources:
        mem_mb=needs("leaks", "mem_mb"),
        runtime=needs("leaks", "runtime"),
    params:
        config=CONFIG,
    shell:
        "gfce leaks {params.config:q} --workers {threads} > {log:q} 2>&1"
