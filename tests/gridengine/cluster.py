"""A real Grid Engine on this one machine: a master, one node of four slots and the queue `all.q`, all in one folder.

Its daemons need no systemd and touch nothing outside of the folder. Root starts it for all users, anybody else for
themselves.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.bench import until
from tests.slurm.cluster import free_ports

PROGRAMS = ("sge_qmaster", "sge_execd", "qsub", "qstat", "qdel", "qconf", "qmod")
# Of Debian's packages: what the commands in the path start, and what a cell is made of.
PLACE, SHARED = Path("/usr/lib/gridengine"), Path("/usr/share/gridengine")
SLOTS = 4

BOOTSTRAP = """\
admin_user              none
default_domain          none
ignore_fqdn             true
spooling_method         classic
spooling_lib            libspoolc
spooling_params         {cell}/common;{folder}/qmaster
binary_path             {root}/bin
qmaster_spool_dir       {folder}/qmaster
security_mode           none
listener_threads        2
worker_threads          2
scheduler_threads       1
"""
# Users of any number may hand jobs in. A job's family is found by a group's number that is its alone.
CONFIGURED = {
    "execd_spool_dir": "{folder}/execd",
    "mailer": "/bin/true",
    "min_uid": "0",
    "min_gid": "0",
    "gid_range": "50700-50800",
    "load_report_time": "00:00:02",
}
PARALLEL = """\
pe_name            smp
slots              999
user_lists         NONE
xuser_lists        NONE
start_proc_args    NONE
stop_proc_args     NONE
allocation_rule    $pe_slots
control_slaves     FALSE
job_is_first_task  TRUE
urgency_slots      min
accounting_summary FALSE
qsort_args         NONE
"""
# A job is told to end some seconds before it is killed, as is usual.
QUEUE = {
    "qname": "all.q",
    "hostlist": "@allhosts",
    "slots": str(SLOTS),
    "pe_list": "smp",
    "shell": "/bin/bash",
    "load_thresholds": "NONE",
    "notify": "00:00:02",
    "rerun": "FALSE",
}


def missing() -> list[str]:
    """The programs of Grid Engine that aren't installed here."""
    absent = [name for name in PROGRAMS if not (PLACE / name).exists()]
    return absent or ([] if shutil.which("qsub") else ["qsub"])


@dataclass(frozen=True)
class GridEngine:
    """The cluster in a folder. `start` lets Grid Engine's commands find it, by variables; those given here ask no
    other.
    """

    folder: Path
    _own: dict[str, str] = field(default_factory=dict)
    _daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def cell(self) -> Path:
        return self.root / "default"

    def start(self) -> None:
        """Write the cell, start the daemons, and wait until the node takes jobs."""
        port = free_ports(2)
        self._own.update(
            SGE_ROOT=str(self.root),
            SGE_CELL="default",
            SGE_QMASTER_PORT=str(port),
            SGE_EXECD_PORT=str(port + 1),
        )
        os.environ.update(self._own)
        self._write_cell()
        self._spool()
        self.start_controller()
        host = socket.gethostname()
        for option in ("-ah", "-as"):
            subprocess.run(["qconf", option, host], env=self._environment(), capture_output=True, check=False)
        self.start_node()
        self._add_queue(host)
        until(lambda: "all.q" in self.command("qstat", "-f") and not self._has_trouble())

    def _write_cell(self) -> None:
        for folder in (self.cell / "common", self.folder / "qmaster/job_scripts", self.folder / "execd"):
            folder.mkdir(parents=True)
        architecture = subprocess.run([SHARED / "util/arch"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("bin", "lib", "utilbin"):
            (self.root / name).mkdir()
            (self.root / name / architecture).symlink_to(PLACE)
        (self.root / "util").symlink_to(SHARED / "util")
        common, host = self.cell / "common", socket.gethostname()
        (common / "act_qmaster").write_text(f"{host}\n")
        (common / "host_aliases").write_text(f"{host} localhost\n")
        (common / "bootstrap").write_text(BOOTSTRAP.format(cell=self.cell, folder=self.folder, root=self.root))

    def _spool(self) -> None:
        """The files that the master reads first: its configuration, resources, and who manages it."""
        resources = SHARED / "util/resources"
        given = (SHARED / "default-configuration").read_text()
        configuration = self._write("configuration", _changed(given, CONFIGURED, folder=str(self.folder)))
        self._run([PLACE / "spoolinit", "classic", "libspoolc", f"{self.cell}/common;{self.folder}/qmaster", "init"])
        defaults = PLACE / "spooldefaults"
        self._run([defaults, "configuration", configuration])
        for what in ("complexes", "usersets"):
            self._run([defaults, what, resources / {"complexes": "centry"}.get(what, what)])
        self._run([defaults, "managers", subprocess.check_output(["id", "-un"], text=True).strip()])

    def _add_queue(self, host: str) -> None:
        self.command("qconf", "-Ahgrp", self._write("hosts", f"group_name @allhosts\nhostlist {host}\n"))
        self.command("qconf", "-Ap", self._write("parallel", PARALLEL))
        self.command("qconf", "-Aq", self._write("queue", _changed(self.command("qconf", "-sq"), QUEUE)))
        rules = _changed(
            self.command("qconf", "-ssconf"),
            {"schedule_interval": "0:0:1", "flush_submit_sec": "1", "flush_finish_sec": "1"},
        )
        self.command("qconf", "-Msconf", self._write("rules", rules))

    def start_controller(self) -> None:
        self._start("sge_qmaster")
        until(lambda: subprocess.run(["qconf", "-sh"], env=self._environment(), capture_output=True).returncode == 0)

    def start_node(self) -> None:
        self._start("sge_execd")

    def stop_controller(self) -> None:
        """Nobody hears what is asked; jobs run on."""
        self._end("sge_qmaster")

    def pause(self) -> None:
        """The master hears what is asked and doesn't answer, until `go_on`."""
        self._daemons["sge_qmaster"].send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._daemons["sge_qmaster"].send_signal(signal.SIGCONT)

    def queue(self) -> dict[str, str]:
        """The jobs in the queue, and their states, such as `r` or `qw`."""
        listed = ElementTree.fromstring(self.command("qstat", "-xml", "-u", "*")).iter("job_list")
        return {job.findtext("JB_job_number", ""): job.findtext("state", "") for job in listed}

    def running(self) -> list[str]:
        """The jobs that run."""
        return [job for job, state in self.queue().items() if state == "r"]

    def cancel(self, jobs: Sequence[str]) -> None:
        """Jobs that end at this very moment are no complaint."""
        if jobs:
            subprocess.run(["qdel", "-f", *jobs], env=self._environment(), capture_output=True, check=False)

    def command(self, *words: str) -> str:
        return subprocess.run(words, env=self._environment(), capture_output=True, text=True, check=True).stdout

    def stop(self) -> None:
        """End all jobs and daemons."""
        with suppress(subprocess.SubprocessError, AssertionError, KeyError):
            self.go_on()
            self.cancel(list(self.queue()))
            until(lambda: not self.queue(), 20)
        for daemon in ("sge_execd", "sge_qmaster"):
            self._end(daemon)

    def _has_trouble(self) -> bool:
        """Whether the queue on the node is unknown (`u`), in error (`E`) or in alarm (`a`)."""
        lines = [line.split() for line in self.command("qstat", "-f").splitlines() if line.startswith("all.q")]
        return not lines or len(lines[0]) > 5

    def _start(self, daemon: str) -> None:
        # Otherwise it would go to the background, and be found by its name only.
        with (self.folder / f"{daemon}.out").open("ab") as log:
            self._daemons[daemon] = subprocess.Popen(
                [PLACE / daemon],
                env={**self._environment(), "SGE_ND": "1", "LD_LIBRARY_PATH": str(PLACE)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _end(self, daemon: str) -> None:
        process = self._daemons.pop(daemon, None)
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def _run(self, command: list[str | Path]) -> None:
        with (self.folder / "started").open("a") as log:
            subprocess.run(command, env=self._environment(), stdout=log, stderr=log, check=True)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self._own}


def _changed(text: str, fields: dict[str, str], **words: str) -> str:
    """A configuration, which has a field and its value on each line, with some values of ours."""
    lines = [line for line in text.splitlines() if line.partition(" ")[0] not in fields]
    own = [f"{name} {value.format(**words)}" for name, value in fields.items()]
    return "\n".join([*lines, *own, ""])
