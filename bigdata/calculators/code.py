"""What a DFT code has to know about itself, so that any study can run it. A fourth code is a fourth such class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bigdata.calculators.calculation import Results, Setting, Step
from bigdata.data.materials.structures import Structure


@dataclass(frozen=True)
class Judgement:
    """What the outputs of an attempt say. `complete` where the code has done what was asked; exit codes don't tell.

    `reasons` say what is wrong, or doubtful where complete. `again` where the same from its restart files, with more
    loops or steps, may end well; never after an error in the input.
    """

    complete: bool
    reasons: tuple[str, ...] = ()
    again: bool = False
    loops: int = 0


class Code(Protocol):
    """One code: writes inputs, says what to start, judges what came out, and reads it. Folders are the steps' own.

    Every attempt begins in an empty folder (an old output there would be taken for its own); what it continues from is
    given as the `earlier` folder of the same or the step before, already copied out of harm's way.
    """

    name: str

    def steps(self, workflow: Sequence[Step]) -> tuple[Step, ...]:
        """The steps that the workflow needs, in order, those among them that it doesn't name."""

    def prepare(self, step: Step, structure: Structure, setting: Setting, folder: Path, earlier: Path | None) -> None:
        """Write the input of a step into its empty folder, with what it needs of `earlier` copied in."""

    def command(self, step: Step, folder: Path) -> Sequence[str]:
        """The words that start it there, without the site's launcher."""

    def environment(self, cores: int) -> Mapping[str, str]:
        """Variables for its threads."""

    def ask_to_stop(self, folder: Path) -> None:
        """Ask a running attempt to end after its current loop with whole restart files, where the code can."""

    def judge(self, step: Step, folder: Path) -> Judgement:
        """From the outputs alone."""

    def geometry(self, step: Step, folder: Path) -> Structure | None:
        """The last geometry that a relaxation reached, whole or not; None where there is none."""

    def results(self, steps: Mapping[Step, Path], structure: Structure) -> Results:
        """Read all that the steps left, each in its folder."""

    def restart_files(self, step: Step, folder: Path) -> list[Path]:
        """What is needed to go on from here, whole as far as can be told; a truncated one isn't among them."""

    def keep(self, step: Step, folder: Path) -> list[Path]:
        """The files worth keeping: small and readable ones; the others can be computed from these."""


class Machine(Protocol):
    """What a calculation runs on: a task's context, or in tests a folder and a process.

    `call` is that of `bigdata.kind.Context`: raises ProgramFailed at a timeout or where there is no such program,
    ProgramKilled, Paused. `meanwhile` is called every second while the program runs.
    """

    folder: Path
    cores: int

    def call(
        self,
        command: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        timeout: float | None,
        meanwhile: Callable[[], None],
    ) -> Any: ...

    def log(self, text: str) -> None: ...

    def save(self, files: Mapping[str, Path], state: Mapping[str, Any]) -> None:
        """Keep these files and JSON data where a job that comes later finds them; replaces what was kept before."""

    def saved(self, into: Path) -> Mapping[str, Any] | None:
        """Put the kept files below `into` and give back the state; None where nothing was kept."""
