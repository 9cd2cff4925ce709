# One training, and its application, for each cell of the grid.


rule train:
    input:
        config=ancient(CONFIG),
        patients=RESULTS.patients,
        training_sets=RESULTS.training_sets,
        images=lambda wildcards: [
            RESULTS.images(institution)
            for institution in STUDY.training_sets()[wildcards.training_set]
        ],
    output:
        weights=RESULTS.model(CELL) / "weights.safetensors",
        normalization=RESULTS.model(CELL) / "normalization.json",
        history=RESULTS.model(CELL) / "history.csv",
        run=RESULTS.model(CELL) / "run.json",
    log:
        RESULTS.log("train", CELL),
    benchmark:
        benchmark_of("train", CELL)
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
        cell=str(CELL),
        made_by=cell_made_by("train"),
    shell:
        # The shell must not die of a signal before the training has saved its state.
        "exec gfce train {input.config} {params.cell} > {log} 2>&1"


rule predict:
    input:
        config=ancient(CONFIG),
        patients=RESULTS.patients,
        images=lambda wildcards: [
            RESULTS.images(institution)
            for institution in test_institutions(STUDY, cell_of(wildcards))
        ],
        weights=rules.train.output.weights,
        normalization=rules.train.output.normalization,
    output:
        predictions=directory(RESULTS.predictions(CELL)),
    log:
        RESULTS.log("predict", CELL),
    benchmark:
        benchmark_of("predict", CELL)
    conda:
        "../envs/gfce.yaml"
    threads: STUDY.training.threads
    resources:
        gpu=1,
        mem_mb=needs("predict", "mem_mb"),
        runtime=needs("predict", "runtime"),
    params:
        cell=str(CELL),
        made_by=cell_made_by("predict"),
    shell:
        "gfce predict {input.config} {params.cell} > {log} 2>&1"
