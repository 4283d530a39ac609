"""The answer of an overlap study in two sentences: what datasets share, and whether their values agree there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bigdata.kind.far import far
from bigdata.studies.overlap.results import Results

Floats = NDArray[np.float64]

# Of the range of the values themselves (their middle nine tenths), the median difference of values that agree, and
# of those that agree roughly.
AGREES, ROUGHLY = 0.02, 0.1
# Fewer differences have no 95 % interval of their median: 2 / 2^6 is 3 %, 2 / 2^5 6 %.
LEAST_FOR_INTERVAL = 6


@dataclass(frozen=True)
class Agreement:
    """How the values of two datasets `a` and `b` differ: `x` and `y` (n,), of the groups that both have."""

    a: str
    b: str
    x: Floats
    y: Floats

    @cached_property
    def difference(self) -> Floats:
        """(n,) the value in `a` minus that in `b`."""
        return self.x - self.y

    @property
    def median(self) -> float:
        """The median size of the differences."""
        return float(np.median(np.abs(self.difference)))

    @property
    def most(self) -> float:
        """Nine of ten differences are smaller."""
        return float(np.quantile(np.abs(self.difference), 0.9))

    @property
    def share(self) -> float:
        """The median difference as a share of the range of the values (their middle nine tenths); inf of none."""
        low, high = np.quantile(np.concatenate([self.x, self.y]), (0.05, 0.95))
        return self.median / float(high - low) if high > low else math.inf if self.median else 0.0

    @property
    def offset(self) -> float:
        """The median of the differences with their sign: how far `a` lies above `b`."""
        return float(np.median(self.difference))

    @property
    def interval(self) -> tuple[float, float]:
        """At least 95 % for the offset, of order statistics, whatever the differences' distribution; NaN of few."""
        if (n := len(self.difference)) < LEAST_FOR_INTERVAL:
            return math.nan, math.nan
        ordered = np.sort(self.difference)
        rank = _rank(n)
        return float(ordered[rank]), float(ordered[n - 1 - rank])

    @property
    def has_offset(self) -> bool:
        """Whether the interval of the offset is all above zero, or all below."""
        low, high = self.interval
        return low > 0 or high < 0

    @property
    def without_offset(self) -> float:
        """The median size of what is left of the differences once the offset is taken from them."""
        return float(np.median(np.abs(self.difference - self.offset)))

    @property
    def n_far(self) -> int:
        """Differences that are far from all others, as of a -9999 that stands for no value."""
        return int(far(self.difference).sum())


def _rank(n: int) -> int:
    """The largest r so that r or fewer of n fair coins show heads with a chance of at most 2.5 %."""
    from scipy.stats import binom  # half a second

    return int(binom.ppf(0.025, n, 0.5)) - 1


def agreements(results: Results) -> list[Agreement]:
    """Each pair of datasets that have values of common groups, the one that agrees least first."""
    found = []
    for a, b in results.pairs:
        both = np.isfinite(results.means[a] - results.means[b])
        found.append(Agreement(a, b, results.means[a][both], results.means[b][both]))
    return sorted(found, key=lambda one: -one.median)


def of_shared(results: Results) -> str:
    """What all have in common, with the share that this is of each."""
    names, n = results.names, int((results.counts > 0).all(axis=1).sum())
    parts = [f"{n / max(1, of):.0%} of the {of:,} of {name}" for name, of in _fewest_first(results)]
    more = f", and so on for {len(parts) - 4} more" if len(parts) > 4 else ""
    who = f"{names[0]} and {names[1]}" if len(names) == 2 else f"All {len(names)} datasets"
    return f"{who} have {n:,} {'group' if n == 1 else 'groups'} of materials in common: {', '.join(parts[:4])}{more}."


def _fewest_first(results: Results) -> list[tuple[str, int]]:
    return sorted(zip(results.names, results.n_groups.tolist(), strict=True), key=lambda one: one[1])


def of_values(results: Results) -> str:
    """Whether values agree, by how much they differ, and whether there is an offset; of several pairs the worst."""
    if not (found := agreements(results)):
        return "No two of them have values of a common group, so nobody can say whether these agree."
    worst, unit = found[0], _unit(results)
    if len(found) == 1:
        return _said(worst, unit)
    n = sum(one.share <= ROUGHLY for one in found)
    median = float(np.median([one.median for one in found]))
    return (
        f"Values of common groups agree at least roughly in {n} of {len(found)} pairs of datasets: their median "
        f"difference is {median:.3g}{unit} in the median of all pairs. The worst: {_said(worst, unit)}"
    )


def _unit(results: Results) -> str:
    unit = results.view["bin"].units
    return "" if unit == "1" else f" {unit}"


def _said(one: Agreement, unit: str) -> str:
    verdict = "agree" if one.share <= AGREES else "agree roughly" if one.share <= ROUGHLY else "don't agree"
    share = f", {one.share:.1%} of their own range" if math.isfinite(one.share) else ""
    said = (
        f"values of {one.a} and {one.b} {verdict} in the {len(one.x):,} groups where both have one: they differ by "
        f"{one.median:.3g}{unit} in the median{share}, nine of ten by less than {one.most:.3g}{unit}; "
        f"{_offset(one, unit)}"
    )
    if one.n_far:
        differences = "difference is" if one.n_far == 1 else "differences are"
        said += f". {one.n_far:,} {differences} far from all others and may be of values that stand for none"
    return f"{said[0].upper()}{said[1:]}."


def _offset(one: Agreement, unit: str) -> str:
    low, high = one.interval
    if math.isnan(low):
        return "of so few nobody can say whether there is an offset"
    between = f"95 %: {low:.2g} to {high:.2g}{unit}"
    if not one.has_offset:
        return f"there is no clear offset (median difference {one.offset:+.2g}{unit}, {between})"
    higher, lower = (one.a, one.b) if one.offset > 0 else (one.b, one.a)
    between = between if one.offset > 0 else f"95 %: {-high:.2g} to {-low:.2g}{unit}"
    return (
        f"there is an offset, {higher} lies {abs(one.offset):.3g}{unit} above {lower} ({between}), and without it they "
        f"would differ by {one.without_offset:.3g}{unit}"
    )
