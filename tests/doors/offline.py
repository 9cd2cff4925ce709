"""Commands without a network: what a process of Python tries is noted and refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cohorts import REPOSITORY

GUARD = """
import os, sys

def _refuse(event, given):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"):
        place = given[1]
        if not isinstance(place, tuple):  # a socket of this machine's file system
            return
        if event == "socket.bind" and place == ("::1", 0):  # urllib3 tries whether there is IPv6
            return
    elif event not in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        return
    with open(os.environ["GFCE_TEST_ATTEMPTS"], "a") as file:
        file.write(f"{event} {given[1:]} by {sys.argv[:2]}\\n")
    raise OSError(101, "no network in this test")

sys.addaudithook(_refuse)
"""

COMMANDS = """
import json, sys
from gfce.cli import main
sys.exit(any(main(command) for command in json.loads(sys.argv[1])))
"""


class Offline:
    """Runs programs; of those in Python all attempts to reach a network are kept."""

    def __init__(self, folder: Path) -> None:
        self._attempts = folder / "attempts"
        (folder / "guard").mkdir(parents=True)
        (folder / "guard" / "sitecustomize.py").write_text(GUARD)
        programs = Path(sys.executable).parent
        path = os.pathsep.join([str(folder / "guard"), *_path("PYTHONPATH")])
        self._environment = {
            **os.environ,
            "GFCE_TEST_ATTEMPTS": str(self._attempts),
            "PYTHONPATH": path,
            "PATH": os.pathsep.join([str(programs), *_path("PATH")]),
        }
        self.said = ""
        """Standard output and standard error of all that was run."""

    def run(self, *command: object) -> str:
        """Run a program, which has to succeed; what it printed."""
        words = [*_without_network(), *(str(word) for word in command)]
        answer = subprocess.run(
            words,
            cwd=REPOSITORY,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        said = answer.stdout + answer.stderr
        assert answer.returncode == 0, said
        self.said += said
        return said

    def gfce(self, *commands: Sequence[object]) -> str:
        """Run commands of gfce, one after the other in one process, because starts take long."""
        words = json.dumps([[str(word) for word in command] for command in commands])
        return self.run(sys.executable, "-c", COMMANDS, words)

    def snakemake(self, config: Path) -> str:
        """Run a study."""
        return self.run("snakemake", "--configfile", config, "--cores", "2", "--nolock")

    @property
    def attempts(self) -> str:
        """What was tried, a line each."""
        return self._attempts.read_text() if self._attempts.exists() else ""


def _path(name: str) -> list[str]:
    return os.environ[name].split(os.pathsep) if os.environ.get(name) else []


def _without_network() -> list[str]:
    """A prefix by which the system itself gives a program no network, where it can."""
    prefix = ["unshare", "--map-root-user", "--net"]
    possible = (
        shutil.which("unshare")
        and not subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode
    )
    return prefix if possible else []
