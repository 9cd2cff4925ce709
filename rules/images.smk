# From the scanner's voxels to the study's matrix.


rule preprocess:
    input:
        config=ancient(CONFIG),
        patients=RESULTS.patients,
    output:
        images=directory(RESULTS.images("{institution}")),
    log:
        RESULTS.log("preprocess", "{institution}"),
    benchmark:
        benchmark_of("preprocess", "{institution}")
    conda:
        "../envs/gfce.yaml"
    threads: 1
    resources:
        mem_mb=needs("preprocess", "mem_mb"),
        runtime=needs("preprocess", "runtime"),
    params:
        made_by=made_by("preprocess"),
    shell:
        "gfce preprocess {input.config} {wildcards.institution} > {log} 2>&1"
