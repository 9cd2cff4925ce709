# Tables and tests: seconds each, so they run where Snakemake runs.


localrules:
    tabulate,
    compare,


rule tabulate:
    input:
        due_before("tabulate"),
    output:
        touch(flag("tabulate")),
    log:
        log_of("tabulate"),
    benchmark:
        benchmark_of("tabulate")
    # Figures, report and pack wait for it: what nothing waits for goes later.
    priority: 5
    conda:
        "../envs/gfce.yaml"
    threads: 1
    params:
        config=CONFIG,
    shell:
        "gfce tabulate {params.config:q} > {log:q} 2>&1"


rule compare:
    input:
        due_before("compare"),
    output:
        touch(flag("compare")),
    log:
        log_of("compare"),
    benchmark:
        benchmark_of("compare")
    priority: 5
    conda:
        "../envs/gfce.yaml"
    threads: 1
    params:
        config=CONFIG,
    shell:
        "gfce compare {params.config:q} > {log:q} 2>&1"
