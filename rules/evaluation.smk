# Scores of the predictions, and of two predictors that learn nothing.


rule evaluate:
    input:
        config=ancient(CONFIG),
        patients=RESULTS.patients,
        images=rules.predict.input.images,
        normalization=rules.train.output.normalization,
        predictions=rules.predict.output.predictions,
    output:
        metrics=RESULTS.cell_metrics(CELL),
    log:
        RESULTS.log("evaluate", CELL),
    benchmark:
        benchmark_of("evaluate", CELL)
    conda:
        "../envs/gfce.yaml"
    threads: 1
    resources:
        mem_mb=needs("evaluate", "mem_mb"),
        runtime=needs("evaluate", "runtime"),
    params:
        cell=str(CELL),
        made_by=cell_made_by("evaluate"),
    shell:
        "gfce evaluate {input.config} {params.cell} > {log} 2>&1"


rule baselines:
    input:
        config=ancient(CONFIG),
        patients=RESULTS.patients,
        training_sets=RESULTS.training_sets,
        images=[RESULTS.images(institution) for institution in INSTITUTIONS],
    output:
        baselines=RESULTS.baselines,
    log:
        RESULTS.log("baselines"),
    benchmark:
        benchmark_of("baselines")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    resources:
        mem_mb=needs("baselines", "mem_mb"),
        runtime=needs("baselines", "runtime"),
    params:
        made_by=made_by("baselines"),
    shell:
        "gfce baselines {input.config} > {log} 2>&1"
