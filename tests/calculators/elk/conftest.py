"""Calculations that several tests look at, done once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from bigdata.calculators.calculation import Outcome, Results, Setting, Step
from bigdata.calculators.driving import Limits, calculate
from bigdata.calculators.elk import Elk
from bigdata.data.materials.structures import Structure
from tests.calculators.elk.crystals import aluminium, coarse, silicon
from tests.calculators.machine import LocalMachine, needs


@dataclass(frozen=True)
class Calculated:
    folder: Path
    outcome: Outcome

    @property
    def results(self) -> Results:
        assert self.outcome.results
        return self.outcome.results

    def rows(self, file: str) -> list[list[float]]:
        """All numbers of a file with blank lines left out, read without the package's readers."""
        return [[float(word) for word in line.split()] for line in self.text(file).splitlines() if line.strip()]

    def text(self, file: str) -> str:
        return (self.folder / file).read_text()


@pytest.fixture(scope="session")
def al(tmp_path_factory: pytest.TempPathFactory) -> Calculated:
    """Aluminium with bands and density of states."""
    return _calculated(tmp_path_factory.mktemp("al"), aluminium(), coarse(), "band-structure", "density-of-states")


@pytest.fixture(scope="session")
def si(tmp_path_factory: pytest.TempPathFactory) -> Calculated:
    """Silicon whose atoms were moved apart, relaxed."""
    return _calculated(tmp_path_factory.mktemp("si"), silicon(0.003), coarse(3.0, (1, 1, 1)), "relax")


def _calculated(folder: Path, structure: Structure, setting: Setting, *workflow: Step) -> Calculated:
    needs("elk-lapw")
    machine = LocalMachine(folder / "scratch", folder / "kept")
    return Calculated(machine.folder, calculate(Elk(), structure, setting, workflow, machine, Limits()))
