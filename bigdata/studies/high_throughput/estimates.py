"""What calculations cost before any has been measured: seconds, files and bytes of one, by its atoms, k-points, basis.

The base is hexagonal BN, 4 atoms, with Elk 8.4 at rgkmax 4 on 2×2×1 k-points. From there time grows with the number of
k-points that symmetry leaves, with the cube of the number of basis functions where their matrices are large, and with
their square where they are small, as here. That is right to a factor of about three: plans replace it by what tasks of
the same study took, as soon as there are some.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import BUILT_IN, PROCESS_BYTES, Rate, size
from bigdata.studies.high_throughput.calculations import Calculations
from bigdata.studies.high_throughput.model import HighThroughput
from bigdata.studies.high_throughput.settings import One

# Seconds of the steps of the base, and files and bytes that each leaves in its own folder.
SECONDS = {"relax": 8.0, "ground-state": 2.0, "band-structure": 1.3, "density-of-states": 4.7}
FILES = {"relax": 32, "ground-state": 27, "band-structure": 29, "density-of-states": 33}
BASE_BYTES = {
    "relax": 2_900_000,
    "ground-state": 2_900_000,
    "band-structure": 3_000_000,
    "density-of-states": 4_100_000,
}
PACKED_BYTES = {"relax": 15_000, "ground-state": 15_000, "band-structure": 35_000, "density-of-states": 90_000}
BASE_ATOMS, BASE_K_POINTS, BASE_RGKMAX = 4, 4, 4.0
# Wave functions are most of what a code leaves, and grow with k-points; this is their share at the base.
WAVE_FUNCTIONS = 0.1
CODE_BYTES = 100_000_000


@dataclass(frozen=True)
class Estimate:
    """Of every calculation: relative `effort`, files and bytes, all (S, P); and of one on average, packed."""

    effort: NDArray[np.float64]
    n_files: int
    n_bytes: NDArray[np.float64]
    packed_bytes: int
    seconds: float

    @property
    def rate(self) -> Rate:
        return Rate("calculation like that of h-BN", self.seconds, BUILT_IN)

    @property
    def memory(self) -> int:
        """Peak of a task in bytes: our own process, and the code's."""
        return PROCESS_BYTES + int(CODE_BYTES * max(1.0, float(self.effort.max()) ** 0.5))

    def work(self, i: int) -> float:
        """Of calculation i, in those of the base."""
        return float(self.effort.flat[i])

    def notes(self) -> Iterator[str]:
        """What would lie on the disk if every calculation kept its folder."""
        n, whole = self.effort.size, float(self.n_bytes.sum())
        yield (
            f"{n:,} calculations write about {n * self.n_files:,} files and {size(whole)} on their nodes, by a rough "
            f"estimate; the run keeps about {size(n * self.packed_bytes)} of it, packed"
        )


def estimate_of(model: HighThroughput, calculations: Calculations) -> Estimate:
    """From the steps, and from each structure's atoms and mesh."""
    steps = dict.fromkeys(("ground-state", *model.workflow))
    atoms = calculations.structures.n_atoms[:, None] / BASE_ATOMS
    # Symmetry leaves a quarter to a half of a small mesh, and less of a large one.
    k_points = np.maximum(1.0, calculations.n_k_points / BASE_K_POINTS) ** 0.8
    basis = np.array([_basis(one) for one in calculations.points])[None, :]
    raw = sum(BASE_BYTES[step] for step in steps)
    return Estimate(
        effort=k_points * atoms**2 * basis**2,
        n_files=sum(FILES[step] for step in steps),
        n_bytes=raw * atoms * (1 - WAVE_FUNCTIONS + WAVE_FUNCTIONS * k_points * atoms * basis),
        packed_bytes=_packed(model, list(steps)),
        seconds=sum(SECONDS[step] for step in steps),
    )


def _basis(one: One) -> float:
    """How many more basis functions there are than at the base, for a code whose measure of them is rgkmax."""
    measure = one.basis.get("rgkmax")
    return (float(measure) / BASE_RGKMAX) ** 3 if isinstance(measure, int | float) else 1.0


def _packed(model: HighThroughput, steps: list[str]) -> int:
    """Results take about a tenth of the readable files."""
    whole = sum(PACKED_BYTES[step] for step in steps)
    return whole if model.archive.raw == "packed" else whole // 10
