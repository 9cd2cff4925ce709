"""A real Slurm on this machine: `python tests/slurm/cluster.py up|down|status`, as root.

Two nodes with one made-up GPU each, accounting, and a partition that preempts the other one. All
its files lie in one temporary folder; outside it there is only the link /etc/slurm/slurm.conf,
because job steps look there and nowhere else. Packages: tests/slurm/packages.txt.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parent.parent))

from slurm.daemons import Daemon, start_time, wait_for

ROOT = Path(tempfile.gettempdir()) / "gfce-slurm"
CONFIGURATION = Path("/etc/slurm/slurm.conf")
TEMPLATES = Path(__file__).parent / "etc"
PACKAGES = Path(__file__).parent / "packages.txt"
PROGRAMS = ("munged", "mariadbd", "slurmdbd", "slurmctld", "slurmd", "sbatch", "sacct")
NODES = ("gpu1", "gpu2")
SQL = """
CREATE DATABASE IF NOT EXISTS slurm_acct_db;
CREATE USER IF NOT EXISTS slurm@'127.0.0.1' IDENTIFIED BY 'slurm';
GRANT ALL ON slurm_acct_db.* TO slurm@'127.0.0.1';
"""


class ClusterError(Exception):
    """The cluster cannot be started, or something of it does not answer."""


def daemons() -> dict[str, Daemon]:
    """Every daemon, in the order in which they are started."""
    conf = ROOT / "etc" / "slurm.conf"
    commands: dict[str, list[str | Path]] = {
        "munged": [
            *("munged", "--foreground", "--force", f"--socket={ROOT}/munge/socket"),
            *(f"--key-file={ROOT}/munge/key", f"--pid-file={ROOT}/munge/pid"),
            *(f"--log-file={ROOT}/munge/log", f"--seed-file={ROOT}/munge/seed"),
        ],
        "mariadbd": [
            *("mariadbd", "--no-defaults", "--user=root", f"--datadir={ROOT}/database"),
            *(f"--socket={ROOT}/mariadb.socket", f"--pid-file={ROOT}/mariadb.mysql-pid"),
            *("--bind-address=127.0.0.1", "--port=16806", "--innodb-buffer-pool-size=64M"),
            "--innodb-lock-wait-timeout=900",
        ],
        # slurmdbd looks for its own configuration beside slurm.conf.
        "slurmdbd": ["env", f"SLURM_CONF={conf}", "slurmdbd", "-D"],
        "slurmctld": ["slurmctld", "-D", "-f", conf],
        **{f"slurmd-{node}": ["slurmd", "-D", "-f", conf, "-N", node] for node in NODES},
    }
    return {name: Daemon(name, command, ROOT) for name, command in commands.items()}


def why_not() -> str | None:
    """Why no cluster can be started here (None: it can)."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    if missing:
        return f"{', '.join(missing)}: not installed (apt-get install {_packages()})"
    if os.geteuid() != 0:
        return "only root can start Slurm's daemons"
    if CONFIGURATION.exists() and not _is_ours():
        return f"{CONFIGURATION}: this machine has a Slurm of its own"
    return None


def up() -> None:
    """Start what does not run yet.

    Raises:
        ClusterError: a program is missing, or a daemon does not come up.
    """
    reason = why_not()
    if reason:
        raise ClusterError(reason)
    os.environ["PATH"] = _path()
    if not _is_ours():
        _write_files()
    every = daemons()
    every["munged"].start()
    _need("munged", lambda: _succeeds("munge", "-s", "x", "-S", f"{ROOT}/munge/socket"))
    every["mariadbd"].start()
    _need("mariadbd", lambda: _sql("SELECT 1"))
    _sql(SQL)
    every["slurmdbd"].start()
    _need("slurmdbd", lambda: _succeeds("sacctmgr", "-n", "list", "cluster"))
    _register()
    for name in ("slurmctld", *(f"slurmd-{node}" for node in NODES)):
        every[name].start()
    _need("slurmctld", lambda: _succeeds("scontrol", "ping"))
    _need("slurmd", nodes_ready)


def down() -> None:
    """Cancel all jobs, stop all daemons and remove all files."""
    if not _is_ours():
        return
    os.environ["PATH"] = _path()
    if daemons()["slurmctld"].pid() is not None:
        cancel_all()
    for daemon in reversed(daemons().values()):
        daemon.stop()
    for pid in step_processes():
        os.kill(pid, signal.SIGKILL)
    CONFIGURATION.unlink()
    shutil.rmtree(ROOT)


def status() -> dict[str, int | None]:
    """The pid of each daemon (None: it does not run)."""
    return {name: daemon.pid() for name, daemon in daemons().items()}


def output(*command: str) -> str:
    """What a Slurm command prints, or nothing if it fails."""
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout if answer.returncode == 0 else ""


def nodes_ready() -> bool:
    """Whether every node takes jobs."""
    states = output("sinfo", "--noheader", "--Node", "--partition=batch", "--format=%T").split()
    return len(states) == len(NODES) and all(s in ("idle", "mixed", "allocated") for s in states)


def cancel_all() -> None:
    """End every job."""
    _succeeds("scancel", "--user=root")
    wait_for(lambda: not output("squeue", "--noheader"), 30)


def lose_node(node: str) -> None:
    """Kill a node's slurmd and all that runs on it, as if its power failed."""
    jobs = output("squeue", "--noheader", f"--nodelist={node}", "--format=%A").split()
    daemons()[f"slurmd-{node}"].stop(signal.SIGKILL)
    for pid in [pid for job in jobs for pid in (*step_processes(job), *job_processes(job))]:
        if start_time(pid):
            os.kill(pid, signal.SIGKILL)


def restore_node(node: str) -> None:
    """Bring a lost node back."""
    daemons()[f"slurmd-{node}"].start()
    _need(f"slurmd-{node}", nodes_ready)


def step_processes(job: str = "") -> list[int]:
    """Pids of the slurmstepd of a job (or of all jobs): this machine has no other Slurm."""
    return [pid for pid, command in _processes() if command.startswith(f"slurmstepd: [{job}")]


def job_processes(job: str, command: str = "") -> list[int]:
    """Pids of all that a job runs (or of what has these words in its command)."""
    found = [pid for pid, words in _processes() if command in words]
    return [pid for pid in found if f"SLURM_JOB_ID={job}" in _environment(pid)]


def _processes() -> list[tuple[int, str]]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has just ended
        found.append((int(folder.name), command))
    return found


def _environment(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _path() -> str:
    # Debian keeps daemons where only root's login looks.
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def _packages() -> str:
    return " ".join(PACKAGES.read_text().split())


def _is_ours() -> bool:
    return CONFIGURATION.is_symlink() and CONFIGURATION.readlink() == ROOT / "etc" / "slurm.conf"


def _write_files() -> None:
    shutil.rmtree(ROOT, ignore_errors=True)
    for name in ("etc", "munge", "state", *(f"spool/{node}" for node in NODES)):
        (ROOT / name).mkdir(parents=True)
    key = ROOT / "munge" / "key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(1024))
    version = "v1" if Path("/sys/fs/cgroup/memory").exists() else "v2"
    for template in TEMPLATES.glob("*.conf"):
        text = template.read_text().format(root=ROOT, host=_host(), cgroup=version)
        path = ROOT / "etc" / template.name
        path.touch(mode=0o600 if template.name == "slurmdbd.conf" else 0o644)
        path.write_text(text)
    for node in NODES:
        _make_gpu(ROOT / "devices" / node / "nvidia0")
    _make_database()
    CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    CONFIGURATION.unlink(missing_ok=True)
    CONFIGURATION.symlink_to(ROOT / "etc" / "slurm.conf")


def _host() -> str:
    return socket.gethostname().split(".")[0]


def _make_gpu(path: Path) -> None:
    """A device file of NVIDIA's major number with no device behind it."""
    path.parent.mkdir(parents=True)
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(195, 0))
    except PermissionError:
        raise ClusterError("this container may not make device files (CAP_MKNOD)") from None


def _make_database() -> None:
    command = ["mariadb-install-db", "--no-defaults", "--user=root", "--skip-test-db"]
    folder = f"--datadir={ROOT}/database"
    answer = subprocess.run([*command, folder], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise ClusterError(f"mariadb-install-db: {answer.stdout}{answer.stderr}")


def _sql(text: str) -> bool:
    return _succeeds("mariadb", "--no-defaults", f"--socket={ROOT}/mariadb.socket", "-e", text)


def _register() -> None:
    for thing in ("cluster gfce", "account gfce", "user root account=gfce"):
        _succeeds("sacctmgr", "-i", "add", *thing.split())


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _need(name: str, works: object, seconds: float = 60) -> None:
    assert callable(works)
    if not wait_for(works, seconds):
        logs = sorted(ROOT.glob(f"{name}*.log")) + sorted(ROOT.glob(f"{name}*.out"))
        tail = "\n".join(line for log in logs for line in log.read_text().splitlines()[-10:])
        raise ClusterError(f"{name} does not answer after {seconds:.0f} s:\n{tail}")


def main() -> int:
    """Start, stop or show the cluster."""
    actions = {"up": up, "down": down, "status": lambda: None}
    if len(sys.argv) != 2 or sys.argv[1] not in actions:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        actions[sys.argv[1]]()
    except ClusterError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1
    for name, pid in status().items():
        print(f"{name:<12} {pid or '-'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
