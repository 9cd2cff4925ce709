# One job for each figure; those of images alone are drawn while models train.


rule draw:
    input:
        due_before("figures"),
        config=ancient(CONFIG),
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
    shell:
        "gfce figures {input.config:q} {wildcards.what:q} > {log:q} 2>&1"
