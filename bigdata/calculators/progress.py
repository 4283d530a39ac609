"""How far a calculation has come, and how a job that comes later goes on from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bigdata.calculators.calculation import Step, StepRecord
from bigdata.calculators.code import Code, Machine
from bigdata.calculators.restarts import Restarts
from bigdata.data.materials.structures import Structure


@dataclass
class Tally:
    """What the attempts at the step in hand have taken so far, also in earlier jobs. `failures` didn't end well."""

    attempts: int = 0
    failures: int = 0
    loops: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory: int = 0


@dataclass
class Progress:
    """The steps that are done, what is doubtful of them, and the geometry that the next one begins with."""

    structure: Structure
    records: list[StepRecord] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    @property
    def done(self) -> list[Step]:
        return [record.step for record in self.records]

    def save(self, code: Code, machine: Machine, restarts: Restarts | None = None) -> None:
        """Keep it, with the files of the steps that are done and the newest restart files of the one in hand."""
        files = dict(self._files(code, machine.folder, restarts))
        state = {
            "lattice": self.structure.lattice.tolist(),
            "positions": self.structure.positions.tolist(),
            "records": [asdict(record) for record in self.records],
            "doubts": self.doubts,
            "tally": asdict(self.tally),
        }
        machine.save(files, state)

    def _files(self, code: Code, folder: Path, restarts: Restarts | None) -> Iterator[tuple[str, Path]]:
        for step in self.done:
            own = folder / step
            for file in (*code.keep(step, own), *code.restart_files(step, own)):
                yield f"{step}/{file.relative_to(own)}", file
        if restarts and restarts.latest:
            for file in sorted(restarts.latest.iterdir()):
                yield f"{restarts.latest.name}/{file.name}", file

    @classmethod
    def found(cls, structure: Structure, machine: Machine) -> Progress:
        """That of an earlier job, with its files put into the folder; a calculation's beginning where none is."""
        state = machine.saved(machine.folder)
        return cls(structure) if state is None else cls._of(structure, state)

    @classmethod
    def _of(cls, structure: Structure, state: Mapping[str, Any]) -> Progress:
        geometry = Structure(np.array(state["lattice"]), structure.numbers, np.array(state["positions"]))
        records = [StepRecord(**record) for record in state["records"]]
        return cls(geometry, records, list(state["doubts"]), Tally(**state["tally"]))
