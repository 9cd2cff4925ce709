# Tables and tests: seconds each, so they run where Snakemake runs.


localrules:
    tabulate,
    compare,


rule tabulate:
    input:
        config=ancient(CONFIG),
        training_sets=RESULTS.training_sets,
        metrics=[RESULTS.cell_metrics(cell) for cell in CELLS],
        baselines=RESULTS.baselines,
    output:
        metrics=RESULTS.metrics,
        tables=directory(RESULTS.tables),
    log:
        RESULTS.log("tabulate"),
    benchmark:
        benchmark_of("tabulate")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    params:
        made_by=made_by("tabulate"),
    shell:
        "gfce tabulate {input.config} > {log} 2>&1"


rule compare:
    input:
        config=ancient(CONFIG),
        metrics=RESULTS.metrics,
    output:
        statistics=directory(RESULTS.statistics),
        datapackage=RESULTS.datapackage,
    log:
        RESULTS.log("compare"),
    benchmark:
        benchmark_of("compare")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    params:
        made_by=made_by("compare"),
    shell:
        "gfce compare {input.config} > {log} 2>&1"
