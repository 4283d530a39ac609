"""Which calculations are out of line with those of the same structure at the study's other settings.

Each setting approximates one energy e and one volume v of a structure, both of an atom here. Where physics says how the
results of two settings go together, and they don't, one of the two is wrong, whatever its code says of it:

basis       e(larger) ≤ e(smaller) + RISE_EV. By the variational principle more functions can only lower the energy
            where all else is the same: functional, k-points, the basis's other measures, muffin-tin radii.
k-points    Δ = e(k', b) − e(k, b) is the same for all functionals and bases b, of three at least: none is farther from
            their median Δ₀ than STEP_EV + STEP_SHARE · (|Δ₀| + ε), where ε is what the poorest of these bases lacks
            beside the best one, with the grid where that is less. What a grid misses of bands hardly depends on
            functions that are good at all; where poor bases are in the majority, so is the median.
volume      |v − v'| ≤ VOLUME_SHARE · (v + v') / 2 with one functional: k-points and basis move atoms by less.

Of those that disagree, the ones that do so with the most others are out of line, and what is left is compared again. Of
two alone it is both: nobody can tell which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.high_throughput.settings import One, Value

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Pair = tuple[int, int]

# Linearised waves aren't strictly variational. In 80 calculations of Al, Si and MgO by Elk (rgkmax 3 to 7, two
# functionals, three k-grids) no energy rose by more than 2e-5 eV.
RISE_EV = 0.02
# There steps from 1×1×1 to 2×2×2 of 5 to 7 eV differed from their median by 6 % where bases lacked up to 1.5 eV, and in
# MgO, with one that lacked 3.8 eV, by 1.8 eV; steps from 2×2×2 to 4×4×4 by 4 %, and by 0.3 eV.
STEP_EV, STEP_SHARE = 0.05, 0.25
FEWEST_STEPS = 3
# LDA and PBE, which aren't compared, differ by about as much.
VOLUME_SHARE = 0.05


class Usual(NamedTuple):
    """(S,) eV an atom: the median step, NaN where there are too few, and what the poorest of their bases lacks."""

    step: Floats
    lacking: Floats


@dataclass(frozen=True)
class Neighbours:
    """S structures at P settings. `energies` (eV) and `volumes` (angstrom³) of an atom are (S, P), NaN where there is
    nothing to compare; `radii` (S, P) are muffin-tin radii in words. A larger one of the `measures` of the basis means
    more functions.
    """

    points: Sequence[One]
    measures: Sequence[str]
    energies: Floats
    volumes: Floats
    radii: NDArray[Any]

    @cached_property
    def out_of_line(self) -> dict[Pair, str]:
        """(structure, setting) of each that is, with a sentence that says why."""
        odd = {int(s): most_at_odds(self._votes[s]) for s in np.flatnonzero(self._votes.any(axis=(1, 2)))}
        return {(s, p): self._why(s, p) for s, found in odd.items() for p in np.flatnonzero(found).tolist()}

    @cached_property
    def _votes(self) -> NDArray[np.uint8]:
        """(S, P, P) how many rules two settings break."""
        return self._rises.astype(np.uint8) + self._strays + self._jumps

    @cached_property
    def _rises(self) -> Bools:
        """(S, P, P) symmetric, as are those below: the setting with the larger basis has the higher energy."""
        return self._disagreeing({(p, q): self._step(p, q) > RISE_EV for p, q in self._larger})

    @cached_property
    def _strays(self) -> Bools:
        """The step from one k-grid to the other is another one than with other functionals and bases."""
        return self._disagreeing({(p, q): self._is_unusual(p, q) for p, q in self._usual_steps})

    def _is_unusual(self, p: int, q: int) -> Bools:
        usual = self._usual_steps[p, q]
        away = np.abs(self._step(p, q) - usual.step)
        return np.asarray(away > STEP_EV + STEP_SHARE * (np.abs(usual.step) + usual.lacking))

    @cached_property
    def _lacking(self) -> Floats:
        """(S, P) eV an atom above the lowest energy with the same functional and k-points."""
        kinds = [(one.xc, one.k_words) for one in self.points]
        alike = np.array([[one == other for other in kinds] for one in kinds])
        lowest = np.where(alike, self.energies[:, None, :], np.inf)
        return np.asarray(self.energies - np.fmin.reduce(lowest, axis=2))

    @cached_property
    def _jumps(self) -> Bools:
        """The volumes differ by too much."""
        alike = [(p, q) for p, q in combinations(range(len(self.points)), 2) if self._same_xc(p, q)]
        return self._disagreeing({(p, q): self._volume_share(p, q) > VOLUME_SHARE for p, q in alike})

    def _disagreeing(self, found: Mapping[Pair, Bools]) -> Bools:
        whole = np.zeros((*self.energies.shape, len(self.points)), dtype=bool)
        for (p, q), where in found.items():
            whole[:, p, q] = whole[:, q, p] = where
        return whole

    def _step(self, p: int, q: int) -> Floats:
        """(S,) eV an atom, from setting p to q; NaN where their radii differ, with which energies can't be compared."""
        step = self.energies[:, q] - self.energies[:, p]
        return np.where(self.radii[:, p] == self.radii[:, q], step, np.nan)

    def _volume_share(self, p: int, q: int) -> Floats:
        """(S,) by which share of their mean two volumes differ."""
        one, other = self.volumes[:, p], self.volumes[:, q]
        return np.asarray(2 * np.abs(one - other) / (one + other))

    def _same_xc(self, p: int, q: int) -> bool:
        return self.points[p].xc == self.points[q].xc

    @cached_property
    def _larger(self) -> list[Pair]:
        """(p, q) that are the same but for one measure, of which q has the larger value."""
        return [(p, q) for p, q in permutations(range(len(self.points)), 2) if self._is_larger(p, q)]

    def _is_larger(self, p: int, q: int) -> bool:
        one, other = self.points[p], self.points[q]
        if (one.xc, one.k_words, one.basis.keys()) != (other.xc, other.k_words, other.basis.keys()):
            return False
        differ = [name for name in one.basis if one.basis[name] != other.basis[name]]
        return (
            len(differ) == 1 and differ[0] in self.measures and _is_less(one.basis[differ[0]], other.basis[differ[0]])
        )

    @cached_property
    def _usual_steps(self) -> dict[Pair, Usual]:
        """For each pair of settings that differ in their k-points alone: of all steps between the same two k-grids."""
        alike: dict[tuple[str, str], list[Pair]] = {}
        for p, q in permutations(range(len(self.points)), 2):
            one, other = self.points[p], self.points[q]
            if one.k_words < other.k_words and (one.xc, one.basis) == (other.xc, other.basis):
                alike.setdefault((one.k_words, other.k_words), []).append((p, q))
        return {pair: usual for pairs in alike.values() for usual in [self._usual(pairs)] for pair in pairs}

    def _usual(self, pairs: Sequence[Pair]) -> Usual:
        steps = np.stack([self._step(p, q) for p, q in pairs], axis=1)
        has_enough = np.isfinite(steps).sum(axis=1) >= FEWEST_STEPS
        found = np.full(len(steps), np.nan)
        found[has_enough] = np.nanmedian(steps[has_enough], axis=1)
        lacking = [np.fmin(self._lacking[:, p], self._lacking[:, q]) for p, q in pairs]
        return Usual(found, np.fmax.reduce(lacking))

    def _why(self, s: int, p: int) -> str:
        """In the words of the first rule that it breaks, beside the setting that breaks the fewest itself."""
        told = ((self._rises, self._why_energy), (self._strays, self._why_step), (self._jumps, self._why_volume))
        broken, why = next((rule[s, p], why) for rule, why in told if rule[s, p].any())
        against = np.flatnonzero(broken)
        return why(s, p, int(against[self._votes[s].sum(axis=1)[against].argmin()]))

    def _why_energy(self, s: int, p: int, q: int) -> str:
        above = float(self.energies[s, p] - self.energies[s, q])
        side = "above" if above > 0 else "below"
        larger = "here" if above > 0 else "there"
        return (
            f"The energy is {abs(above):.3f} eV an atom {side} that with {self.points[q].name}, and the basis is "
            f"larger {larger}, which can only lower it."
        )

    def _why_step(self, s: int, p: int, q: int) -> str:
        pair = (p, q) if (p, q) in self._usual_steps else (q, p)
        step, usual = float(self._step(*pair)[s]), float(self._usual_steps[pair].step[s])
        grids = " to ".join(self.points[i].k_words for i in pair)
        return (
            f"From k-grid {grids} the energy changes by {step:+.3f} eV an atom, and by {usual:+.3f} (median) with the "
            "other functionals and bases."
        )

    def _why_volume(self, s: int, p: int, q: int) -> str:
        return (
            f"The volume is {self.volumes[s, p]:.3f} angstrom^3 an atom, and {self.volumes[s, q]:.3f} with "
            f"{self.points[q].name}: {self._volume_share(p, q)[s]:.1%} apart, more than {VOLUME_SHARE:.0%}."
        )


def most_at_odds(votes: NDArray[np.uint8]) -> Bools:
    """(P,) of a symmetric matrix (P, P) of how many rules each two break: who breaks most, and then of the rest."""
    left, found = votes.copy(), np.zeros(len(votes), dtype=bool)
    while left.any():
        broken = left.sum(axis=1)
        worst = broken == broken.max()
        found |= worst
        left[worst] = left[:, worst] = 0
    return found


def _is_less(one: Value, other: Value) -> bool:
    """Of two values of a measure, `400` or `400 eV`; words that aren't numbers aren't compared."""
    return _number(one) < _number(other)


def _number(value: Value) -> float:
    try:
        return float(str(value).split()[0])
    except ValueError:
        return float("nan")
