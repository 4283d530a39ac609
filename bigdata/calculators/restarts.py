"""Restart files of a step, copied out of harm's way while its program may still write them."""

from __future__ import annotations

import shutil
from pathlib import Path

from bigdata.calculators.calculation import Step
from bigdata.calculators.code import Code
from bigdata.disks import is_full


class Restarts:
    """The last two whole sets of restart files of one step, each in a folder beside the step's own."""

    def __init__(self, code: Code, step: Step, folder: Path) -> None:
        self._code, self._step, self._folder = code, step, folder
        self._held = sorted(folder.glob(f"{step}.restart-*"), key=_number)

    @property
    def latest(self) -> Path | None:
        """The folder of the newest set."""
        return self._held[-1] if self._held else None

    def take(self, attempt: Path) -> bool:
        """Copy what an attempt has left, if it is whole; False where it isn't, and those before stay the newest.

        The copy is judged, not the original: the program may write into that at any time.
        """
        files = self._code.restart_files(self._step, attempt)
        if not files:
            return False
        copy = self._folder / f"{self._step}.restart-{_number(self.latest) + 1}"
        if not (_copied(files, copy) and self._code.restart_files(self._step, copy)):
            shutil.rmtree(copy)
            return False
        self._held.append(copy)
        while len(self._held) > 2:
            shutil.rmtree(self._held.pop(0))
        return True

    def drop(self) -> None:
        """The newest set led nowhere."""
        shutil.rmtree(self._held.pop())

    def clear(self) -> None:
        """The step is over."""
        while self._held:
            self.drop()


def _copied(files: list[Path], folder: Path) -> bool:
    """False where the disk is full; a calculation can be continued without having been saved."""
    folder.mkdir()
    try:
        for file in files:
            shutil.copyfile(file, folder / file.name)
    except OSError as error:
        if not is_full(error):
            raise
        return False
    return True


def _number(folder: Path | None) -> int:
    return int(folder.name.rpartition("-")[2]) if folder else 0
