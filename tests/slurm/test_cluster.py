"""The test cluster itself: what the other tests rely on."""

from __future__ import annotations

import subprocess

from slurm import cluster


def test_every_daemon_runs(slurm: str) -> None:
    assert None not in cluster.status().values()
    assert cluster.nodes_ready()


def test_starting_it_twice_starts_nothing(slurm: str) -> None:
    before = cluster.status()
    cluster.up()
    assert cluster.status() == before


def test_a_job_sees_the_gpu_it_asked_for_and_no_other_does(slurm: str) -> None:
    assert _devices("--gpus=1") == "0"
    assert _devices() == "none"


def _devices(*options: str) -> str:
    command = ["srun", "--quiet", "--mem=50", *options, "sh", "-c"]
    return subprocess.check_output(
        [*command, "echo ${CUDA_VISIBLE_DEVICES:-none}"], text=True
    ).strip()
