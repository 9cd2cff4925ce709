# Tables and tests: seconds each, so they run where Snakemake runs.


localrules:
    tabulate,
    compare,


rule tabulate:
    input:
        due_before("tabulate"),
        config=ancient(CONFIG),
    output:
        touch(flag("tabulate")),
    log:
        log_of("tabulate"),
    benchmark:
        benchmark_of("tabulate")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    shell:
        "gfce tabulate {input.config:q} > {log:q} 2>&1"


rule compare:
    input:
        due_before("compare"),
        config=ancient(CONFIG),
    output:
        touch(flag("compare")),
    log:
        log_of("compare"),
    benchmark:
        benchmark_of("compare")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    shell:
        "gfce compare {input.config:q} > {log:q} 2>&1"
