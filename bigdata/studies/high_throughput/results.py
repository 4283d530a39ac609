"""The results of a high-throughput study in the words of its report."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import StudyResults
from bigdata.studies.high_throughput.code import measures
from bigdata.studies.high_throughput.model import HighThroughput
from bigdata.studies.high_throughput.neighbours import Neighbours
from bigdata.studies.high_throughput.quantities import DONE, DOUBTFUL, FAILED, NOT_RUN, WORDS
from bigdata.studies.high_throughput.settings import One
from bigdata.studies.high_throughput.stages import CALCULATE

Floats = NDArray[np.float64]


class Results(StudyResults[HighThroughput]):
    """S structures, P settings; arrays are (S, P)."""

    @cached_property
    def points(self) -> tuple[One, ...]:
        return self.model.points

    @cached_property
    def names(self) -> list[str]:
        """(P,) of the settings."""
        return [one.name for one in self.points]

    @cached_property
    def structures(self) -> list[str]:
        """(S,) identifiers."""
        return [str(name) for name in self.view["structure"][...]]

    @cached_property
    def labels(self) -> list[str]:
        """(S,) identifier and formula, as figures and tables call them: `3 (Al)`."""
        formulas = [str(formula) for formula in self.view["formula"][...]]
        return [
            own if own == formula else f"{own} ({formula})"
            for own, formula in zip(self.structures, formulas, strict=True)
        ]

    @cached_property
    def status(self) -> NDArray[np.uint8]:
        return np.asarray(self.view["status"][...])

    def count(self, status: int) -> int:
        """Calculations that ended so."""
        return int((self.status == status).sum())

    @cached_property
    def counts(self) -> dict[str, int]:
        """Calculations by the word for how they ended; words that none has are left out."""
        return {word: n for code, word in enumerate(WORDS) if (n := self.count(code))}

    @cached_property
    def is_done(self) -> NDArray[np.bool_]:
        """Those whose numbers are compared: doubtful ones aren't."""
        return np.asarray(self.status == DONE)

    @cached_property
    def reasons(self) -> dict[int, str]:
        """Why calculations failed or are doubtful, by their number."""
        rows = self.view.rows(CALCULATE)
        own = {int(i): str(text) for i, text in zip(rows.numbers, rows["reason"], strict=True) if text}
        return own | {s * len(self.points) + p: text for (s, p), text in self._neighbours.out_of_line.items()}

    @cached_property
    def _neighbours(self) -> Neighbours:
        """Of all that are done as far as they themselves tell."""
        is_done = self.is_done | self.array("out_of_line")
        atoms = self.view["n_atoms"][...][:, None]
        energies, volumes = (np.where(is_done, self.array(name) / atoms, np.nan) for name in ("total_energy", "volume"))
        return Neighbours(self.points, measures(self.model), energies, volumes, self.radii)

    def reasons_of(self, status: int) -> list[tuple[str, int]]:
        """The reasons of those that ended so, with how often each is met, the commonest first."""
        flat = self.status.ravel()
        return Counter(text for i, text in self.reasons.items() if flat[i] == status).most_common()

    @cached_property
    def odd(self) -> list[tuple[int, int, str]]:
        """(structure, setting, why) of calculations that aren't done, failed ones first."""
        order = [FAILED, NOT_RUN, DOUBTFUL]
        places = sorted((order.index(int(code)), s, p) for (s, p), code in np.ndenumerate(self.status) if code != DONE)
        return [(s, p, self.reasons.get(s * len(self.points) + p, "")) for _, s, p in places]

    def array(self, name: str) -> NDArray[Any]:
        """(S, P) of a quantity."""
        return self.view[name][...]

    @cached_property
    def finest(self) -> list[int]:
        """(P,) for each setting, the last one of its functional: the most accurate, where grids rise."""
        last = {one.xc: place for place, one in enumerate(self.points)}
        return [last[one.xc] for one in self.points]

    @cached_property
    def energy_per_atom(self) -> Floats:
        """eV; NaN of all that isn't done."""
        atoms = self.view["n_atoms"][...][:, None]
        return np.where(self.is_done, self.array("total_energy") / atoms, np.nan)

    @cached_property
    def radii(self) -> NDArray[Any]:
        """Muffin-tin radii in words."""
        found, rows = np.full(self.status.size, "", dtype=object), self.view.rows(CALCULATE)
        found[rows.numbers] = rows["radii"]
        return found.reshape(self.status.shape)

    @cached_property
    def above_finest(self) -> Floats:
        """eV/atom: each energy less that of the same structure at the finest setting of the same functional; NaN where
        their muffin-tin radii aren't the same."""
        away = self.energy_per_atom - self.energy_per_atom[:, self.finest]
        return np.where(self.radii == self.radii[:, self.finest], away, np.nan)

    @cached_property
    def gap(self) -> Floats:
        """eV; NaN of all that isn't done."""
        return np.where(self.is_done, self.array("band_gap"), np.nan)

    def ran(self, name: str) -> NDArray[Any]:
        """(n,) a quantity of what costs, of all calculations that were run."""
        return np.asarray(self.array(name)[self.status != NOT_RUN])

    @property
    def core_seconds(self) -> float:
        """Of all calculations, with the cores that each had."""
        return float(np.nansum(self.ran("seconds"))) * self.model.calculator.cores

    @property
    def kept_bytes(self) -> int:
        """Of the packs of the calculations."""
        path = f"{self.view.group}/{CALCULATE}".lstrip("/")
        return sum(record["bytes"] for (stage, _), record in self.view.run.history.done.items() if stage == path)
