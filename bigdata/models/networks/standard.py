"""Targets as a network learns them: a baseline is subtracted, and the rest has the variance one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bigdata.models.networks.elements import N_ELEMENTS

Floats = NDArray[np.float64]
# Of the references of elements, in the units of sums over entries: an element with one entry gets 3/4 of what it asks.
PENALTY = 0.3


@dataclass(frozen=True)
class Standard:
    """y = a (mean + Σ_e x_e baseline_e) + scale · ỹ, where x are the elements' shares of the atoms.

    a is 1, or the number of atoms for quantities that grow with the cell (`sums`). `baseline` (118,) in the target's
    unit; `mean`, `scale` too.
    """

    baseline: Floats
    mean: float
    scale: float
    sums: bool = False

    @classmethod
    def of(
        cls,
        values: Floats,
        fractions: Floats,
        n_atoms: NDArray[np.int32],
        kind: Literal["mean", "elements"],
        sums: bool,
    ) -> Standard:
        """That of the training targets (n,), whose elements' shares are (n, 118)."""
        per = values / n_atoms if sums else values
        mean = float(per.mean())
        baseline = np.zeros(N_ELEMENTS)
        if kind == "elements":
            baseline = ridge(fractions, per - mean)
        left = values - (n_atoms if sums else 1) * (mean + fractions @ baseline)
        # Targets that are all alike leave nothing to learn, and no spread to divide by.
        return cls(baseline, mean, float(left.std()) or 1.0, sums)

    def known(self, fractions: Floats, n_atoms: NDArray[np.int32]) -> Floats:
        """(n,) what is said without the network."""
        return np.asarray((n_atoms if self.sums else 1) * (self.mean + fractions @ self.baseline))


def ridge(fractions: Floats, values: Floats, penalty: float = PENALTY) -> Floats:
    """(118,) b that minimises Σ (values − fractions b)² + penalty Σ b²; 0 for elements that aren't there."""
    gram = fractions.T @ fractions + penalty * np.eye(fractions.shape[1])
    return np.asarray(np.linalg.solve(gram, fractions.T @ values))
