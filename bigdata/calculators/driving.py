"""Take a calculation through its steps with any code: begin, continue, judge by the outputs, and save on the way.

Each attempt at a step runs in a fresh folder. One that didn't end well is continued from the last whole restart files
and the last geometry; where those lead nowhere, from the ones before, and then from the beginning.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bigdata.calculators import memory
from bigdata.calculators.calculation import Outcome, Setting, Step, StepRecord
from bigdata.calculators.checks import doubts
from bigdata.calculators.code import SAID, Code, Judgement, Machine, Ran
from bigdata.calculators.progress import Progress, Tally
from bigdata.calculators.restarts import Restarts
from bigdata.calculators.texts import read
from bigdata.data.materials.structures import Structure
from bigdata.display import duration, size
from bigdata.errors import DiskFull, Paused, ProgramKilled, ProgramTimedOut

GROUND_STATE: Step = "ground-state"


@dataclass(frozen=True)
class Limits:
    """`timeout` (s) of each attempt, and how often a step is continued after one that didn't end well, at most.

    Progress within a step is saved every `save_seconds`. No attempt begins with less than `free_bytes` free on the
    disk: codes end with exit code 0 and cut files where it is full.
    """

    timeout: float | None = None
    restarts: int = 3
    save_seconds: float = 300.0
    free_bytes: int = 256 * 2**20


def calculate(
    code: Code,
    structure: Structure,
    setting: Setting,
    workflow: Sequence[Step],
    machine: Machine,
    limits: Limits,
) -> Outcome:
    """Take one crystal with one setting through a workflow, or on from where an earlier job saved it.

    The last attempt at each step is left in the folder of the machine that has the step's name. What fails is an
    Outcome with the reasons; what is doubtful has results too. Raises Paused when the task should stop, with its
    progress saved; ProgramKilled where it lacked memory and may have more elsewhere; DiskFull where the disk is;
    ProgramFailed where the program isn't found.
    """
    progress = Progress.found(structure, machine)
    for step in code.steps(workflow):
        if step in progress.done:
            continue
        if reasons := _Stepping(code, step, setting, machine, limits, progress).run():
            return Outcome("failed", reasons, None, tuple(progress.records))
        progress.save(code, machine)
    results = code.results({step: machine.folder / step for step in progress.done}, progress.structure)
    reasons = (*progress.doubts, *doubts(structure, results, setting, progress.done))
    return Outcome("doubtful" if reasons else "done", reasons, results, tuple(progress.records))


class _Stepping:
    """One step, tried until its outputs say that it is complete."""

    def __init__(
        self, code: Code, step: Step, setting: Setting, machine: Machine, limits: Limits, progress: Progress
    ) -> None:
        self.code, self.step, self.setting = code, step, setting
        self.machine, self.limits, self.progress = machine, limits, progress
        self.folder = machine.folder / step
        self.restarts = Restarts(code, step, machine.folder)
        self.saved = self.clock = time.monotonic()

    def run(self) -> tuple[str, ...]:
        """Nothing where the step is done, with its record and doubts in the progress; else why it failed."""
        while True:
            restart = self.restarts.latest
            self._prepare(restart)
            ran = self._attempt()
            judgement = self.code.judge(self.step, self.folder)
            self._tally.loops += judgement.loops
            if judgement.complete:
                return self._finish(judgement)
            reasons = (*self._cut_short(ran), *judgement.reasons)
            self.machine.log(f"{self.step}: attempt {self._tally.attempts}: {' '.join(reasons)}")
            goes_on = self._goes_on(judgement, restart, ran)
            if self.machine.may_have_more_memory and self._lacked_memory(ran):
                self.progress.save(self.code, self.machine, self.restarts)
                raise ProgramKilled(f"{self.step}: {' '.join(reasons)}")
            if not goes_on:
                self._record()
                return tuple(f"{self.step}: {reason}" for reason in reasons)

    @property
    def _tally(self) -> Tally:
        return self.progress.tally

    def _prepare(self, restart: Path | None) -> None:
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        _look_for_space(self.folder, self.limits.free_bytes)
        done = self.progress.done
        before = GROUND_STATE if GROUND_STATE in done else done[-1] if done else None
        self.code.prepare(
            self.step,
            self._geometry(restart),
            self.setting,
            self.folder,
            before=self.machine.folder / before if before else None,
            restart=restart,
        )

    def _geometry(self, folder: Path | None) -> Structure:
        """The last that a relaxation reached, else the one that the step began with."""
        start = self.progress.structure
        if self.step != "relax" or folder is None:
            return start
        return self.code.geometry(folder, start) or start

    def _attempt(self) -> Ran | None:
        """Run the program; None where that took too long."""
        self._tally.attempts += 1
        self.clock = time.monotonic()
        try:
            ran = self.machine.call(
                self.code.command(self.step, self.folder),
                self.folder,
                self.code.environment(self.machine.cores),
                self.limits.timeout,
                self._save_now_and_then,
                SAID,
            )
        except ProgramTimedOut:
            return None
        except Paused:
            self._save()
            raise
        finally:
            self._count_time()
        self._tally.cpu_seconds += ran.cpu_seconds
        self._tally.memory = max(self._tally.memory, ran.memory)
        return ran

    def _count_time(self) -> None:
        now = time.monotonic()
        self._tally.seconds += now - self.clock
        self.clock = now

    def _cut_short(self, ran: Ran | None) -> tuple[str, ...]:
        if ran is None:
            return (f"It ran longer than its timeout of {duration(self.limits.timeout or 0)}.",)
        lacked = self._lacked_memory(ran)
        return (lacked,) if lacked else ()

    def _lacked_memory(self, ran: Ran | None) -> str:
        return memory.lacked(ran, read(self.folder / SAID)) if ran else ""

    def _save_now_and_then(self) -> None:
        if time.monotonic() - self.saved >= self.limits.save_seconds:
            self._save()

    def _save(self) -> None:
        self._count_time()
        self.restarts.take(self.folder)
        self.progress.save(self.code, self.machine, self.restarts)
        self.saved = time.monotonic()

    def _goes_on(self, judgement: Judgement, restart: Path | None, ran: Ran | None) -> bool:
        """Whether to try once more, after the restart files are chosen.

        An attempt that came nowhere from restart files speaks against these. One that took too long and left no new
        ones would take as long again.
        """
        self._tally.failures += 1
        got_on = judgement.loops > 0 and self.restarts.take(self.folder)
        if restart and judgement.loops == 0:
            self.restarts.drop()
        again = got_on if ran is None else judgement.again or restart is not None or ran.returncode in memory.KILLED
        return again and self._tally.failures <= self.limits.restarts

    def _finish(self, judgement: Judgement) -> tuple[str, ...]:
        if self.step == "relax":
            self.progress.structure = self._geometry(self.folder)
        self.progress.doubts += [f"{self.step}: {reason}" for reason in judgement.reasons]
        self._record()
        return ()

    def _record(self) -> None:
        """Close the books of this step."""
        n_files, n_bytes = _contents(self.folder)
        tally = self._tally
        self.progress.records.append(
            StepRecord(
                self.step,
                tally.attempts,
                tally.loops,
                tally.seconds,
                tally.cpu_seconds,
                tally.memory,
                n_files,
                n_bytes,
            )
        )
        self.progress.tally = Tally()
        self.restarts.clear()


def _look_for_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskFull(
            f"the disk of {folder} has {size(free)} free, and calculations begin with {size(needed)} at least: "
            "codes end as if all were well where it is full. Free some, or choose another scratch folder in the site."
        )


def _contents(folder: Path) -> tuple[int, int]:
    """Files below a folder, and their bytes."""
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    return len(sizes), sum(sizes)
