"""Reading Slurm's queue, with programs that play Slurm (tests/slurm has the real one)."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfce.watching.slurm import QueuedJob, cancel_leftovers, queued_jobs


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory; programs are looked for in its folder bin and in no other."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def play(checkout: Path, **programs: str) -> None:
    for name, script in programs.items():
        path = checkout / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


def test_without_slurm_there_are_no_jobs(checkout: Path) -> None:
    assert queued_jobs() == []
    assert cancel_leftovers(Path("study.yaml")) == []


def test_a_slurm_that_does_not_answer_is_as_none(checkout: Path) -> None:
    play(checkout, squeue="echo 1; exit 1")
    assert queued_jobs() == []


def test_jobs_are_read(checkout: Path) -> None:
    lines = [
        "7|RUNNING|/here|gpu1|rule_train_wildcards_net_min_max_tri_1",
        "8|PENDING|/here|(Resources)|rule_baselines",
        "9|RUNNING|/there|gpu1|rule_train_wildcards_a",
        "10|RUNNING|/here|gpu1|a job of another program",
    ]
    play(checkout, squeue="\n".join(f"echo '{line}'" for line in lines))
    assert queued_jobs(Path("/here")) == [
        QueuedJob("7", "RUNNING", Path("/here"), "train", "net_min_max_tri_1", "gpu1"),
        QueuedJob("8", "PENDING", Path("/here"), "baselines", "", "Resources"),
    ]
    assert len(queued_jobs()) == 3


@pytest.mark.parametrize(
    ("script", "config", "cancelled"),
    [
        ("snakemake --configfiles {here}/study.yaml --x", "study.yaml", True),
        ("snakemake --configfiles '{here}/my study.yaml' --x", "my study.yaml", True),
        ("snakemake --configfiles {here}/other.yaml --x", "study.yaml", False),
        ("snakemake --x", "study.yaml", False),
        ("snakemake --x", "config/config.yaml", True),
        ("sleep", "config/config.yaml", False),
    ],
)
def test_only_this_studys_jobs_are_cancelled(
    checkout: Path, script: str, config: str, cancelled: bool
) -> None:
    (checkout / "script").write_text(script.format(here=checkout))
    # The job is gone as soon as it has been cancelled.
    play(
        checkout,
        squeue=f"[ -e cancelled ] || echo '7|RUNNING|{checkout}|gpu1|rule_train_wildcards_x'",
        scontrol='while read -r line || [ "$line" ]; do echo "$line"; done < script',
        scancel='echo "$@" > cancelled',
    )
    assert cancel_leftovers(Path(config)) == (["7"] if cancelled else [])
    assert (checkout / "cancelled").exists() == cancelled
