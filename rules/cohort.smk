# Who takes part.

if STUDY.simulation:

    rule simulate:
        input:
            config=ancient(CONFIG),
        output:
            participants=STUDY.cohort.dataset / "participants.tsv",
        log:
            RESULTS.log("simulate"),
        benchmark:
            benchmark_of("simulate")
        conda:
            "../envs/gfce.yaml"
        threads: 16
        resources:
            mem_mb=needs("simulate", "mem_mb"),
            runtime=needs("simulate", "runtime"),
        params:
            made_by=made_by("simulate"),
        shell:
            "gfce simulate {input.config} --workers {threads} > {log} 2>&1"


rule index:
    input:
        participants,
        config=ancient(CONFIG),
    output:
        patients=RESULTS.patients,
        training_sets=RESULTS.training_sets,
        exclusions=RESULTS.exclusions,
    log:
        RESULTS.log("index"),
    benchmark:
        benchmark_of("index")
    conda:
        "../envs/gfce.yaml"
    threads: 16
    resources:
        mem_mb=needs("index", "mem_mb"),
        runtime=needs("index", "runtime"),
    params:
        made_by=made_by("index"),
    shell:
        "gfce index {input.config} --workers {threads} > {log} 2>&1"
