"""Correlations by clusterX, which needs a numpy older than ours: run by an interpreter of its own, JSON in and out.

In: lattice, positions, symbols (of each site), radii (of 1, 2, … points), structures as [matrix, symbols of the atoms,
their positions]. Out: multiplicities, correlations, processor seconds taken by the correlations alone.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import redirect_stdout
from typing import Any

import numpy as np


def main() -> None:
    asked = json.load(sys.stdin)
    with redirect_stdout(sys.stderr):
        answer = correlations(asked)
    json.dump(answer, sys.stdout)


def correlations(asked: dict[str, Any]) -> dict[str, Any]:
    from ase import Atoms
    from clusterx.clusters.clusters_pool import ClustersPool
    from clusterx.correlations import CorrelationsCalculator
    from clusterx.parent_lattice import ParentLattice

    pristine = Atoms(
        [names[0] for names in asked["symbols"]],
        cell=asked["lattice"],
        scaled_positions=asked["positions"],
        pbc=True,
    )
    lattice = ParentLattice(pristine, symbols=asked["symbols"])
    pool = ClustersPool(lattice, npoints=list(range(1, len(asked["radii"]) + 1)), radii=asked["radii"])
    calculator = CorrelationsCalculator("trigonometric", lattice, pool)
    structures = decorated(lattice, asked["structures"])
    # The first call on each supercell makes its tables.
    for structure in structures:
        calculator.get_cluster_correlations(structure)
    start = time.process_time()
    rows = [calculator.get_cluster_correlations(structure).tolist() for structure in structures]
    seconds = time.process_time() - start
    return {"multiplicities": [int(n) for n in pool.get_multiplicities()], "correlations": rows, "seconds": seconds}


def decorated(lattice: Any, listed: list[Any]) -> list[Any]:
    from clusterx.structure import Structure
    from clusterx.super_cell import SuperCell

    supercells: dict[str, Any] = {}
    found = []
    for matrix, symbols, positions in listed:
        key = json.dumps(matrix)
        if key not in supercells:
            supercells[key] = SuperCell(lattice, matrix)
        cell = supercells[key]
        apart = (cell.get_positions()[:, None] - np.array(positions)) @ np.linalg.inv(np.array(cell.get_cell()))
        nearest = np.abs(apart - np.rint(apart)).sum(axis=-1).argmin(axis=1)
        found.append(Structure(cell, decoration_symbols=[symbols[j] for j in nearest]))
    return found


if __name__ == "__main__":
    main()
