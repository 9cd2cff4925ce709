# One job for each figure; those of images alone are drawn while models train.


rule draw:
    input:
        due_before("figures"),
    output:
        touch(flag("figures", "{what}")),
    log:
        log_of("figures", "{what}"),
    benchmark:
        benchmark_of("figures", "{what}")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    resources:
        mem_mb=needs("figures", "mem_mb"),
        runtime=needs("figures", "runtime"),
    params:
        config=CONFIG,
    shell:
        "gfce figures {params.config:q} {wildcards.what:q} > {log:q} 2>&1"


# The study on one page, and what reviewers ask for: seconds, of what is there, so they run where
# Snakemake runs.
localrules:
    report,
    pack,


rule report:
    input:
        due_before("report"),
    output:
        touch(flag("report")),
    log:
        log_of("report"),
    benchmark:
        benchmark_of("report")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    params:
        config=CONFIG,
    shell:
        "gfce report {params.config:q} > {log:q} 2>&1"


rule pack:
    input:
        due_before("pack"),
    output:
        touch(flag("pack")),
    log:
        log_of("pack"),
    benchmark:
        benchmark_of("pack")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    params:
        config=CONFIG,
    shell:
        "gfce pack {params.config:q} > {log:q} 2>&1"
