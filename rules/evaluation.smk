# Scores of the predictions, of two predictors that learn nothing, and what causes a simulated drop.


rule evaluate:
    input:
        due_before("evaluate"),
    output:
        touch(flag("evaluate", "{what}")),
    log:
        log_of("evaluate", "{what}"),
    benchmark:
        benchmark_of("evaluate", "{what}")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    resources:
        mem_mb=needs("evaluate", "mem_mb"),
        runtime=needs("evaluate", "runtime"),
    params:
        config=CONFIG,
    shell:
        "gfce evaluate {params.config:q} {wildcards.what:q} > {log:q} 2>&1"


rule baselines:
    input:
        due_before("baselines"),
    output:
        touch(flag("baselines")),
    log:
        log_of("baselines"),
    benchmark:
        benchmark_of("baselines")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    resources:
        mem_mb=needs("baselines", "mem_mb"),
        runtime=needs("baselines", "runtime"),
    params:
        config=CONFIG,
    shell:
        "gfce baselines {params.config:q} > {log:q} 2>&1"


if STUDY.dissection:

    rule dissect:
        input:
            due_before("dissect"),
        output:
            touch(flag("dissect")),
        log:
            log_of("dissect"),
        benchmark:
            benchmark_of("dissect")
        conda:
            "../envs/gfce.yaml"
        threads: 16
        resources:
            gpu=1,
            mem_mb=needs("dissect", "mem_mb"),
            runtime=needs("dissect", "runtime"),
        params:
            config=CONFIG,
        shell:
            "gfce dissect {params.config:q} --workers {threads} > {log:q} 2>&1"
