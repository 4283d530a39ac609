"""A real Slurm on this one machine: two nodes with processors, one with two pretended GPUs, all in one folder.

Its daemons need no systemd and touch nothing outside of the folder; root or an ordinary user may run them.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench import until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")
NODES = ("cpu1", "cpu2", "gpu1")
GPUS = 2
# A node whose slurmd is dead counts as lost after this time and up to two of Slurm's rounds of asking, of 5 s each: it
# took 18 s to 20 s. On two cores at a load of 25, no node that lived was lost.
NODE_TIMEOUT_SECONDS = 10

CONFIGURATION = """\
ClusterName=bigdata
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={port}
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.socket
CredType=cred/munge
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=500
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,sched_min_interval=100000,bf_interval=2,batch_sched_delay=1
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout={node_timeout}
MessageTimeout=5
KillWait=2
OverTimeLimit=0
MinJobAge=300
InactiveLimit=0
Waittime=0
JobRequeue=0
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill,UsePss
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
{nodes}
PartitionName=cpu Nodes=cpu1,cpu2 Default=YES MaxTime=INFINITE DefaultTime=60 State=UP OverSubscribe=NO
PartitionName=gpu Nodes=gpu1 Default=NO MaxTime=INFINITE DefaultTime=60 State=UP OverSubscribe=NO
"""


def missing() -> list[str]:
    """The programs of Slurm that aren't installed here."""
    return [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]


def _path() -> str:
    return os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


@dataclass(frozen=True)
class Slurm:
    """The cluster in a folder. `start` lets Slurm's commands find it, by SLURM_CONF; those given here ask no other."""

    folder: Path

    @property
    def configuration(self) -> Path:
        return self.folder / "slurm.conf"

    def start(self) -> None:
        """Write the configuration, start the daemons, and wait until all nodes are idle."""
        for name in ("run", "log", "state", "spool", "dev"):
            (self.folder / name).mkdir(parents=True)
        self._configure()
        os.environ["SLURM_CONF"] = str(self.configuration)
        key = self.folder / "munge.key"
        key.touch(0o600)
        key.write_bytes(os.urandom(1024))
        munge = [f"--key-file={key}", f"--socket={self.folder}/run/munge.socket", "--num-threads=2", "--force"]
        files = [f"--{name}-file={self.folder}/run/munged.{name}" for name in ("pid", "log", "seed")]
        self._run(["munged", *munge, *files])
        until((self.folder / "run/munge.socket").exists)
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        until(lambda: all(self.node(name).startswith("idle") for name in NODES))

    def _configure(self) -> None:
        port = free_ports(1 + len(NODES))
        nodes, gpus = [], []
        for n, name in enumerate(NODES, 1):
            has = f" Gres=gpu:fake:{GPUS}" if name.startswith("gpu") else ""
            nodes.append(
                f"NodeName={name} NodeHostname={_host()} NodeAddr=127.0.0.1 Port={port + n} CPUs=4 RealMemory=8000{has}"
            )
            for g in range(GPUS if has else 0):
                device = self.folder / f"dev/{name}-{g}"
                try:  # devices have to differ from each other; only root can make some
                    os.mknod(device, 0o600 | 0o020000, os.makedev(1, 3))
                except PermissionError:
                    device.symlink_to("/dev/null")
                gpus.append(f"NodeName={name} Name=gpu Type=fake File={device}")
        text = CONFIGURATION.format(
            host=_host(),
            user=getpass.getuser(),
            port=port,
            folder=self.folder,
            node_timeout=NODE_TIMEOUT_SECONDS,
            nodes="\n".join(nodes),
        )
        self.configuration.write_text(text)
        (self.folder / "gres.conf").write_text("\n".join(gpus) + "\n")
        # No control group is made, and a bare container has none to look at.
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")

    def start_controller(self) -> None:
        self._run(["slurmctld", "-i", "-f", str(self.configuration)])

    def stop_controller(self) -> None:
        """Nobody hears what is asked, and Slurm's commands give up after nine seconds; jobs run on."""
        self._end("slurmctld")

    def pause(self) -> None:
        """The controller hears what is asked and doesn't answer, until `go_on`."""
        os.kill(self._pid("slurmctld"), signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self._pid("slurmctld"), signal.SIGCONT)

    def start_node(self, name: str) -> None:
        self._run(["slurmd", "-N", name, "-f", str(self.configuration)])

    def kill_node(self, name: str) -> None:
        """`kill -9` of a node's slurmd."""
        os.kill(self._pid(f"slurmd.{name}"), signal.SIGKILL)
        (self.folder / f"run/slurmd.{name}.pid").unlink()

    def update_node(self, name: str, state: str) -> None:
        """Such as `drain` or `resume`."""
        self.command("scontrol", "update", f"nodename={name}", f"state={state}", "reason=test")

    def drain(self, name: str) -> None:
        """Jobs on this node run on, and no other begins there."""
        self.update_node(name, "drain")

    def resume(self, name: str) -> None:
        self.update_node(name, "resume")

    def node(self, name: str) -> str:
        """The state of a node, such as `idle` or `mixed`; "" where the controller doesn't say."""
        asked = ["sinfo", "-h", "-N", "-n", name, "-o", "%T"]
        said = subprocess.run(asked, env=self._environment(), capture_output=True, text=True, check=False).stdout
        return said.splitlines()[0] if said else ""

    def queue(self) -> dict[str, str]:
        """The jobs in the queue, and their names."""
        return dict(line.split(" ", 1) for line in self.command("squeue", "-h", "-o", "%A %j").splitlines())

    def running(self) -> list[str]:
        """The jobs that run."""
        return self.command("squeue", "-h", "-t", "R", "-o", "%A").split()

    def history(self, job: str) -> str:
        """The state of a job, such as `RUNNING` or, for five minutes after its end, `NODE_FAIL`."""
        said = self.command("scontrol", "-o", "show", "job", job)
        return said.partition(" JobState=")[2].split()[0]

    def cancel(self, jobs: Sequence[str]) -> None:
        if jobs:
            self.command("scancel", *jobs)

    def command(self, *words: str) -> str:
        return subprocess.run(words, env=self._environment(), capture_output=True, text=True, check=True).stdout

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": _path(), "SLURM_CONF": str(self.configuration)}

    def stop(self) -> None:
        """End all jobs and daemons. Jobs on a node whose daemon a test killed end when it is back."""
        with suppress(subprocess.SubprocessError, AssertionError):
            if self._lives("slurmctld"):
                self.go_on()
                for node in NODES:
                    if not self._lives(f"slurmd.{node}"):
                        self.start_node(node)
                self.cancel(list(self.queue()))
                until(lambda: not self.queue(), 20)
        for daemon in ("slurmctld", *(f"slurmd.{node}" for node in NODES), "munged"):
            self._end(daemon)

    def _run(self, command: list[str]) -> None:
        with (self.folder / "log/started").open("a") as log:
            subprocess.run(
                command,
                env=self._environment(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                check=True,
            )

    def _pid(self, daemon: str) -> int:
        return int(until(lambda: _read(self.folder / f"run/{daemon}.pid")))

    def _end(self, daemon: str) -> None:
        """End a daemon, and wait for the process itself: it takes its number's file away long before it ends."""
        if not self._lives(daemon):
            return
        pid = self._pid(daemon)
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, AssertionError):
                if self._is_ours(pid):
                    os.kill(pid, number)
                    until(lambda: not self._is_ours(pid), 10)

    def _is_ours(self, pid: int) -> bool:
        with suppress(OSError):
            return str(self.folder) in Path("/proc", str(pid), "cmdline").read_text()
        return False

    def _lives(self, daemon: str) -> bool:
        """Whether a daemon runs. By now its number may be another process's, or a zombie's, which has no command."""
        with suppress(OSError):
            command = Path("/proc", _read(self.folder / f"run/{daemon}.pid") or "0", "cmdline")
            return str(self.folder) in command.read_text()
        return False


def _read(file: Path) -> str:
    return file.read_text().strip() if file.exists() else ""


def _host() -> str:
    return socket.gethostname().split(".")[0]


def free_ports(n: int) -> int:
    """The first of `n` ports in a row that nobody listens at.

    Processes begin to look at different places, so that two don't find the same. All are below those that the system
    hands out to clients.
    """
    starts = range(10_000, 32_000, n)
    for i in range(len(starts)):
        start = starts[(os.getpid() + i) % len(starts)]
        with suppress(OSError):
            for port in range(start, start + n):
                with socket.socket() as probe:
                    probe.bind(("", port))
            return start
    raise OSError("no free ports")
