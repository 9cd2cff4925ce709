"""The test cluster, and studies to run on it."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from slurm import cluster
from slurm.daemons import start_time, wait_for
from slurm.study import Checkout, Weights, environment, long_study, tiny_study

EPOCHS = 200
"""A training of nearly half a minute: long enough to be disturbed."""

USERS = cluster.ROOT.with_name(cluster.ROOT.name + "-users")


@pytest.fixture(scope="session")
def running_cluster() -> Iterator[None]:
    """A Slurm that is started by the first and stopped by the last of the test processes."""
    reason = cluster.why_not()
    if reason and os.environ.get("GFCE_TEST_SLURM") == "required":
        pytest.fail(f"no Slurm to test on: {reason}")
    if reason:
        pytest.skip(f"no Slurm to test on: {reason}")
    with _locked():
        kept = not USERS.exists() and cluster.status()["slurmctld"] is not None
        USERS.mkdir(exist_ok=True)
        me = USERS / ("make slurm-up" if kept else f"{os.getpid()} {start_time(os.getpid())}")
        me.touch()
        cluster.up()
    yield
    with _locked():
        if not kept:
            me.unlink()
        if not any(_runs(user) for user in USERS.iterdir()):
            shutil.rmtree(USERS)
            if not kept:
                cluster.down()


def _runs(user: Path) -> bool:
    pid, _, started = user.name.partition(" ")
    return pid.isdigit() and start_time(int(pid)) == started


@pytest.fixture
def slurm(running_cluster: None) -> Iterator[str]:
    """The cluster, for one test alone: what it was given when the test began (a date)."""
    with _locked():
        wait_for(cluster.nodes_ready, 60)
        began = f"{datetime.now():%Y-%m-%dT%H:%M:%S}"
        time.sleep(1)
        yield began
        cluster.cancel_all()


@pytest.fixture
def drivers() -> Iterator[list[subprocess.Popen[str]]]:
    """Snakemakes that must not outlive the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The tiny study with its cohort and images made on this machine."""
    study = Checkout.make(tmp_path_factory.mktemp("local") / "study", tiny_study())
    study.finish(study.here("images"))
    return study


@pytest.fixture(scope="session")
def local_study(prepared: Checkout) -> Checkout:
    """The tiny study, finished on this machine."""
    prepared.finish(prepared.here())
    return prepared


@pytest.fixture(scope="session")
def undisturbed(prepared: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """The weights of the long study's cell, trained on this machine without a break."""
    study = Checkout.make(tmp_path_factory.mktemp("undisturbed") / "study", long_study(EPOCHS))
    study.reuse(prepared)
    study.train()
    return study.weights()


@pytest.fixture
def long(prepared: Checkout, tmp_path: Path) -> Checkout:
    """The long study with its cohort and images made, and its cell to be trained."""
    study = Checkout.make(tmp_path / "study", long_study(EPOCHS))
    study.reuse(prepared)
    return study


@pytest.fixture
def start(slurm: str, drivers: list[subprocess.Popen[str]]) -> Callable[..., subprocess.Popen[str]]:
    """Starts a study on the cluster."""

    def run(study: Checkout, *options: str) -> subprocess.Popen[str]:
        process = study.on_slurm(*options)
        drivers.append(process)
        return process

    return run


class _locked:  # noqa: N801 - used as a function
    """One test at a time, in all processes of this machine."""

    def __enter__(self) -> None:
        self.file = cluster.ROOT.with_name(cluster.ROOT.name + ".lock").open("w")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *error: object) -> None:
        self.file.close()


Start = Callable[..., subprocess.Popen[str]]
"""Starts a study on the cluster: `start(study, *options)`."""


def submit(*options: str) -> str:
    """Number of a job that only takes room."""
    command = ["sbatch", "--parsable", "--output=/dev/null", *options]
    return subprocess.check_output(command, text=True, env=environment()).strip()
