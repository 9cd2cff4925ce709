# Figures. Figure 1 needs no model, so it is drawn while models train.


rule heterogeneity_figure:
    input:
        due_before("figures", "figure1"),
        config=ancient(CONFIG),
    output:
        touch(flag("figures", "figure1")),
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
    shell:
        "gfce figures {input.config:q} figure1 > {log:q} 2>&1"


rule synthesis_figure:
    input:
        due_before("figures"),
        config=ancient(CONFIG),
    output:
        touch(flag("figures", "figure3{which}")),
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
    shell:
        "gfce figures {input.config:q} figure3{wildcards.which:q} > {log:q} 2>&1"


rule learning_curves:
    input:
        due_before("figures", LEARNING),
        config=ancient(CONFIG),
    output:
        touch(flag("figures", LEARNING)),
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
        name=LEARNING,
    shell:
        "gfce figures {input.config:q} {params.name:q} > {log:q} 2>&1"
