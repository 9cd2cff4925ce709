# Figures. Figure 1 needs no model, so it is drawn while models train.


rule heterogeneity_figure:
    input:
        config=ancient(CONFIG),
        patients=RESULTS.patients,
        images=[RESULTS.images(institution) for institution in INSTITUTIONS],
    output:
        figure=[RESULTS.figure("figure1", kind) for kind in FORMATS],
    log:
        RESULTS.log("figures", "figure1"),
    benchmark:
        benchmark_of("figures", "figure1")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    resources:
        mem_mb=needs("figures", "mem_mb"),
        runtime=needs("figures", "runtime"),
    params:
        made_by=made_by("figures"),
    shell:
        "gfce figures {input.config} figure1 > {log} 2>&1"


rule synthesis_figure:
    input:
        config=ancient(CONFIG),
        patients=RESULTS.patients,
        images=[RESULTS.images(institution) for institution in INSTITUTIONS],
        predictions=[RESULTS.predictions(cell) for cell in CELLS],
    output:
        figure=[RESULTS.figure("figure3{which}", kind) for kind in FORMATS],
    log:
        RESULTS.log("figures", "figure3{which}"),
    benchmark:
        benchmark_of("figures", "figure3{which}")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    resources:
        mem_mb=needs("figures", "mem_mb"),
        runtime=needs("figures", "runtime"),
    params:
        made_by=made_by("figures"),
    shell:
        "gfce figures {input.config} figure3{wildcards.which} > {log} 2>&1"


rule learning_curves:
    input:
        config=ancient(CONFIG),
        history=[RESULTS.model(cell) / "history.csv" for cell in CELLS],
    output:
        figures=directory(RESULTS.figures / LEARNING),
    log:
        RESULTS.log("figures", LEARNING),
    benchmark:
        benchmark_of("figures", LEARNING)
    conda:
        "../envs/gfce.yaml"
    threads: 1
    resources:
        mem_mb=needs("figures", "mem_mb"),
        runtime=needs("figures", "runtime"),
    params:
        made_by=made_by("figures"),
        name=LEARNING,
    shell:
        "gfce figures {input.config} {params.name} > {log} 2>&1"
