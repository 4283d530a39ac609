"""What a DFT code has to know about itself, so that any study can run it. A fourth code is a fourth such class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bigdata.calculators.calculation import Results, Setting, Step
from bigdata.data.materials.structures import Structure

SAID = "said.txt"
"""The file in an attempt's folder that has what the program said."""


class Ran(Protocol):
    """How a program went: its exit code, minus a signal's number where that ended it, and what it took (s, bytes)."""

    @property
    def returncode(self) -> int: ...
    @property
    def cpu_seconds(self) -> float: ...
    @property
    def memory(self) -> int: ...


@dataclass(frozen=True)
class Judgement:
    """What the outputs of an attempt say. `complete` where the code has done what was asked; exit codes don't tell.

    `reasons` say what is wrong, or doubtful where complete. `again` where the same from its restart files, with more
    loops or steps, may end well; never after an error in the input.
    """

    complete: bool
    reasons: tuple[str, ...] = ()
    again: bool = False
    loops: int = 0  # of self-consistency, or steps of a relaxation


class Code(Protocol):
    """One code: writes inputs, says what to start, judges what came out, and reads it.

    Every attempt begins in an empty folder: an old output there would be taken for its own.
    """

    name: str
    functionals: tuple[str, ...]
    """What a setting's `xc` may be."""
    measures: tuple[str, ...]
    """Measures of the basis of which a larger value adds functions to it, so that the energy can't rise."""

    def steps(self, workflow: Sequence[Step]) -> tuple[Step, ...]:
        """The steps that the workflow needs, in order, also those that it doesn't name."""

    def prepare(
        self,
        step: Step,
        structure: Structure,
        setting: Setting,
        folder: Path,
        before: Path | None = None,
        restart: Path | None = None,
    ) -> None:
        """Write the input of a step into its empty folder, with copies of what it needs of others.

        `before` is the folder of the step that it builds on: the relaxation, or the ground state for all that follows.
        `restart` has whole restart files of an earlier attempt at this step, to go on from.
        """

    def command(self, step: Step, folder: Path) -> Sequence[str]:
        """The words that start it there, without the site's launcher."""

    def environment(self, cores: int) -> Mapping[str, str]:
        """Variables for its threads."""

    def judge(self, step: Step, folder: Path) -> Judgement:
        """From the outputs alone; what the program said is in the file `SAID`."""

    def geometry(self, folder: Path, structure: Structure) -> Structure | None:
        """The last whole geometry that a relaxation left there, its atoms in the order of `structure`; else None."""

    def results(self, steps: Mapping[Step, Path], structure: Structure) -> Results:
        """Read all that the steps left, each in its folder; `structure` is that of the ground state."""

    def restart_files(self, step: Step, folder: Path) -> list[Path]:
        """All that is needed to go on from here; none where one of them is missing or truncated."""

    def keep(self, step: Step, folder: Path) -> list[Path]:
        """The files worth keeping: small and readable ones; the others can be computed from these."""


class Machine(Protocol):
    """What a calculation runs on: a task's context, or in tests a folder and a process. `folder` is empty at first."""

    folder: Path
    cores: int

    @property
    def may_have_more_memory(self) -> bool:
        """Whether a calculation that raises MemoryError is tried again where it has more."""

    def call(
        self,
        command: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        timeout: float | None,
        meanwhile: Callable[[], None],
        output: str,
    ) -> Ran:
        """Run a program, with what it says in the file `output` of `cwd`; `meanwhile` is called every second.

        Returns whatever its exit code: those of DFT codes lie. Raises ProgramTimedOut at the timeout (s), ProgramFailed
        where the program isn't found, Paused when the task should stop.
        """

    def log(self, text: str) -> None: ...

    def save(self, files: Mapping[str, Path], state: Mapping[str, Any]) -> None:
        """Keep these files and JSON data where a job that comes later finds them; replaces what was kept before."""

    def saved(self, into: Path) -> Mapping[str, Any] | None:
        """Put the kept files below `into` and give back the state; None where nothing was kept."""
