"""The calculations of a high-throughput run as data for other studies: those that are done, with their settings.

Doubtful and failed ones are left out, and counted. An entry is named by its structure and setting, `Si/PBE 4x4x4
rgkmax=7`, or by its structure alone where the run has one setting; the settings are its fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bigdata.data.problem import DataProblem, Remark
from bigdata.spec.study import Finding
from bigdata.store import open_run
from bigdata.store.folder import run_in

if TYPE_CHECKING:
    from bigdata.store.reading import View

DONE = 0
WORDS = {1: "doubtful", 2: "failed", 3: "not run"}
# Coordinates along `setting` that name it, rather than say what it is.
NAME = "setting"
# In angstrom: radii are written with four digits.
SAME_RADIUS = 2e-4
_RADII = (
    "muffin-tin radii differ among the calculations ({} angstrom), and so energies of different structures can't be "
    "compared; calculate with species files whose radii fit all of them"
)


@dataclass(frozen=True)
class Calculated:
    """The arrays of one run of calculations, over structures and settings."""

    view: View

    @cached_property
    def structures(self) -> list[str]:
        """Their identifiers."""
        return [str(name) for name in self.view["structure"][...]]

    @cached_property
    def settings(self) -> list[dict[str, Any]]:
        """What each setting is, by field; a field that it doesn't have is left out."""
        along = {name: array for name, array in self.view.coordinates.items() if array.dims == (NAME,) and name != NAME}
        columns = {name: array[...].tolist() for name, array in along.items()}
        rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        return [
            {name: value for name, value in row.items() if value not in ("", None) and value == value} for row in rows
        ]

    @cached_property
    def names(self) -> list[str]:
        """What settings are called."""
        return [str(name) for name in self.view[NAME][...]]

    def name(self, structure: int, setting: int) -> str:
        """What an entry is called."""
        own = self.structures[structure]
        return own if len(self.names) == 1 else f"{own}/{self.names[setting]}"

    def done(self) -> Iterator[tuple[int, int]]:
        """(structure, setting) of the calculations that are done."""
        structures, settings = np.nonzero(self.view["status"][...] == DONE)
        yield from zip(structures.tolist(), settings.tolist(), strict=True)

    @cached_property
    def radii(self) -> list[str]:
        """`B 0.7023 N 0.7023` of each calculation, structure by structure: muffin-tin radii in angstrom, if any."""
        return [str(text) for text in self.view["radii"][...]] if "radii" in self.view else []

    def radii_of(self, structure: int, setting: int) -> str:
        """Those of one calculation; "" where the code has none."""
        place = structure * len(self.names) + setting
        return self.radii[place] if place < len(self.radii) else ""

    def radii_remark(self) -> Remark:
        """Which elements have several radii among calculations that are done; nothing is said where none has."""
        found: dict[str, list[float]] = {}
        for place in self.done():
            words = self.radii_of(*place).split()
            for symbol, radius in zip(words[::2], words[1::2], strict=True):
                found.setdefault(symbol, []).append(float(radius))
        several = {symbol: (min(r), max(r)) for symbol, r in found.items() if max(r) - min(r) > SAME_RADIUS}
        said = ", ".join(f"{symbol} from {low:g} to {high:g}" for symbol, (low, high) in sorted(several.items()))
        return Remark(what=said and _RADII.format(said))

    def remark(self) -> Remark:
        """How many aren't done, and that they are left out; nothing is said where all are."""
        status = self.view["status"][...]
        counts = {word: int((status == code).sum()) for code, word in WORDS.items()}
        said = ", ".join(f"{n:,} {word}" for word, n in counts.items() if n)
        return Remark(what=f"of {status.size:,} calculations of the run, {said} are left out" if said else "")


def opened(path: Path, *needed: str) -> Calculated:
    """The run in a folder. Raises DataProblem where that is none of calculations, or hasn't the arrays `needed`."""
    if run_in(path) is None:
        raise DataProblem(Finding(("file",), f"{path} is no run's folder", "give one of a high-throughput study"))
    run = open_run(path)
    if len(run.variants) > 1:
        what = f"{path} is the run of a sweep, of {len(run.variants)} variants"
        raise DataProblem(Finding(("file",), what, "submit the one that is wanted by itself"))
    for name in ("structure", NAME, "status"):
        if name not in run:
            what = f"{path} is the run of a study of the kind `{run.study.kind}`, which makes no data for others"
            raise DataProblem(Finding(("file",), what, "give one of a high-throughput study"))
    if missing := [name for name in needed if name not in run]:
        raise DataProblem(Finding(("file",), f"{path} holds no `{missing[0]}`", _WAYS[missing[0]]))
    return Calculated(run)


_WAYS = {
    "dos": "calculate it: `workflow: [density-of-states]`, with `dos` in `archive: {keep: […]}`",
    "lattice": "keep structures: `relaxed_structure` in `archive: {keep: […]}`",
}


def files(path: Path, *arrays: str) -> list[Path]:
    """The files of a run's arrays, and of all its coordinates, which are its content for digests."""
    calculated = opened(path)
    names = dict.fromkeys(("status", *arrays, *calculated.view.coordinates))
    folders = [calculated.view.run.store / calculated.view.group / name for name in names if name in calculated.view]
    return [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]
