"""Reference energies of the elements: what databases differ by before any model is at fault.

Databases refer formation energies to elements computed, or corrected, in their own ways, so that their labels differ by
a sum over elements, Σ_e x_e Δ_e with the fractions x_e of a composition. Here such sums are fitted by ridge regression
(A. E. Hoerl, R. W. Kennard, doi 10.1080/00401706.1970.10488634).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bigdata.models.networks.elements import N_ELEMENTS
from bigdata.models.networks.standard import PENALTY, ridge

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = Literal["none", "offset", "elements"]


def fractions(numbers: NDArray[Any], weights: NDArray[Any], offsets: Ints) -> Floats:
    """(n, 118) the fraction of each element in n entries, hydrogen first; each row sums to 1.

    `numbers` (m,) atomic numbers of atoms, or of nodes that stand for `weights` (m,) atoms each; entry i has those from
    offsets[i] to offsets[i + 1]. ValueError for an entry without atoms, which has no composition, and for a number that
    is no element's.
    """
    if numbers.size and not 1 <= numbers.min() <= numbers.max() <= N_ELEMENTS:
        raise ValueError(f"atomic numbers run from 1 to {N_ELEMENTS}, not {numbers.min()} to {numbers.max()}")
    n_nodes = np.diff(offsets)
    owners = np.repeat(np.arange(len(n_nodes)), n_nodes)
    places = owners * N_ELEMENTS + numbers.astype(np.int64) - 1
    amounts = np.bincount(places, weights, len(n_nodes) * N_ELEMENTS).reshape(-1, N_ELEMENTS)
    totals = amounts.sum(axis=1, keepdims=True)
    if not totals.all():
        raise ValueError(f"entry {np.argmin(totals)} has no atoms, so no fractions of elements")
    return np.asarray(amounts / totals)


@dataclass(frozen=True)
class Ridge:
    """`values` (118,) of the elements: those of a compound are Σ_e x_e values_e, with its fractions x_e."""

    values: Floats

    @classmethod
    def fit(cls, fractions: Floats, values: Floats, penalty: float = PENALTY) -> Ridge:
        """Minimises Σ_i (y_i − ȳ − Σ_e x_ie b_e)² + penalty Σ_e b_e² over `fractions` x (n, 118) and `values` y (n,),
        ȳ their mean; element e has the value ȳ + b_e, those in no entry have ȳ. NaN without entries."""
        if not len(values):
            return cls(np.full(N_ELEMENTS, np.nan))
        mean = values.mean()
        # Fractions sum to 1, so that the mean can be part of each element's value.
        return cls(mean + ridge(fractions, values - mean, penalty))

    def apply(self, fractions: Floats) -> Floats:
        """(n,) the values of compounds with these fractions (n, 118)."""
        return fractions @ self.values


def offset_removed(prediction: Floats, target: Floats) -> Floats:
    """(n,) predictions less their mean signed error, that of these same rows; NaN where there is no prediction."""
    error = (prediction - target)[np.isfinite(prediction - target)]
    return prediction - error.mean() if error.size else prediction


def refitted(
    prediction: Floats,
    target: Floats,
    fractions: Floats,
    training: Ints,
    tested: Ints,
    groups: Ints,
    share: float = 1.0,
    seed: int = 0,
) -> Floats:
    """(len(tested),) predictions of the rows `tested` of a database, corrected by references of its elements.

    These are fitted to prediction − target of the rows `training` of the same database that have both, or of a `share`
    of these rows' groups (see `drawn`); `prediction`, `target`, `groups` (n,) and `fractions` (n, 118) are of all
    its rows. NaN where no row is left to fit. ValueError where training and tested rows share a group.
    """
    if common := np.intersect1d(groups[training], groups[tested]).size:
        raise ValueError(f"{common} groups are among both the training and the tested rows")
    rows = drawn(training, groups, share, seed)
    error = prediction[rows] - target[rows]
    known = np.isfinite(error)
    references = Ridge.fit(fractions[rows[known]], error[known])
    return prediction[tested] - references.apply(fractions[tested])


def drawn(rows: Ints, groups: Ints, share: float, seed: int) -> Ints:
    """Those of `rows` whose group is among a share of their groups, at least one, drawn at random; in their order.

    `groups` (n,) of all rows. With one seed, a smaller share's groups are among those of a greater.
    """
    present = np.unique(groups[rows])
    n = max(1, round(share * len(present)))
    chosen = np.random.default_rng(seed).permutation(present)[:n]
    return rows[np.isin(groups[rows], chosen)]


def references(kind: Kind, values: Floats, fractions: Floats, database: Ints) -> Floats:
    """(D, 118) of each database d, R_d: labels y_i − Σ_e x_ie R_de are alike in all of them, so that one model can
    learn them together.

    `values` y (n,) and `fractions` x (n, 118) are of the training rows of all, `database` (n,) says whose: 0 … D − 1.
    ValueError for a database without rows.

    - none: R = 0.
    - offset: R_de = o_d, with y_i ≈ o_d(i) + Σ_e x_ie c_e. The elements' c are common to all and fitted by ridge, the
      offsets are free: what a database has because of its compounds isn't taken for an offset. Weighted by entries,
      the offsets have the mean 0.
    - elements: R_de = o_d + w_de. The w_d are fitted by ridge, for each database, to what o and c leave; then of each
      element the mean over databases, weighted by its fractions there, is taken off. So an element that one database
      alone has gets the offset, and of one that several have, differences between R_d are those between labels.
    """
    n = np.bincount(database)
    if not n.all():
        raise ValueError(f"database {np.argmin(n)} has no entries to fit references to")
    found = np.zeros((len(n), N_ELEMENTS))
    if kind == "none":
        return found
    common, offsets = _common(values, fractions, database, n)
    found += (offsets - offsets @ n / n.sum())[:, None]
    if kind == "elements":
        found += _deviations(values - fractions @ common - offsets[database], fractions, database)
    return found


def _common(values: Floats, fractions: Floats, database: Ints, n: Ints) -> tuple[Floats, Floats]:
    """(118,) coefficients of the elements, common to all databases, and (D,) offsets beside them; `n` (D,) entries."""
    means = np.bincount(database, values) / n
    compositions = np.stack([np.bincount(database, column) for column in fractions.T], axis=1) / n[:, None]
    # Least squares with free offsets are those of deviations from each database's means (Frisch, Waugh, Lovell).
    common = ridge(fractions - compositions[database], values - means[database])
    return common, means - compositions @ common


def _deviations(residual: Floats, fractions: Floats, database: Ints) -> Floats:
    """(D, 118) references of the elements by database, about their mean over the databases that have them."""
    of = [database == d for d in range(database.max() + 1)]
    found = np.stack([ridge(fractions[one], residual[one]) for one in of])
    amounts = np.stack([fractions[one].sum(axis=0) for one in of])
    totals = amounts.sum(axis=0)
    means = np.divide((amounts * found).sum(axis=0), totals, out=np.zeros(N_ELEMENTS), where=totals > 0)
    return np.where(amounts > 0, found - means, 0.0)
