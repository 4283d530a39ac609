"""Calculates a table of binary alloys, for models that predict from columns, with ASE's effective-medium potential.

    pip install ase moyopy bigdata && python tabulate.py

`binaries.jsonl.gz`: for each pair of the seven metals, all ordered decorations of the fcc lattice with up to four
atoms, and one atom of either metal among 8 and 27. Only the volume is relaxed. Beside each alloy's own properties stand
those of its two metals, calculated with the same potential; A is the metal with the smaller lattice parameter.
"""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator
from functools import cache
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.neighborlist import neighbor_list
from decorate import Decoration, distinct, enumerated, scaled
from make import METALS, energy, metal, relax_volume

LARGEST_ORDERED = 4
# Edges of the dilute cells, in those of the primitive one: 8 and 27 sites.
DILUTE = (2, 3)
STRAIN = 1e-3
# Neighbours of an fcc atom lie at sqrt(1/2), 1 and sqrt(3/2) times the lattice parameter.
SHELLS = {"unlike_neighbors": (0.0, 0.85), "unlike_second_neighbors": (0.85, 1.1)}


def stress(atoms: Atoms, strain: Any) -> Any:
    """(3, 3) stress (eV/angstrom^3) of the crystal under a strain (3, 3), which is taken back."""
    cell = atoms.cell[:].copy()
    atoms.set_cell(cell @ (np.eye(3) + strain), scale_atoms=True)
    found = atoms.get_stress(voigt=False)
    atoms.set_cell(cell, scale_atoms=True)
    return found


def stiffness(atoms: Atoms, strain: Any) -> Any:
    """(3, 3) derivative of the stress (eV/angstrom^3) along a strain, by central difference."""
    return (stress(atoms, STRAIN * strain) - stress(atoms, -STRAIN * strain)) / (2 * STRAIN)


def bulk_modulus(atoms: Atoms) -> float:
    """-V dp/dV (eV/angstrom^3): a strain of the identity changes the volume threefold."""
    return float(np.trace(stiffness(atoms, np.eye(3))) / 9)


def shear_modulus(atoms: Atoms) -> float:
    """C44 (eV/angstrom^3) of a cubic crystal along its axes."""
    return float(stiffness(atoms, np.array([[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]]))[0, 1])


@cache
def of_metal(symbol: str) -> dict[str, float]:
    """What models may know of a metal, rounded as in the file."""
    alone = Atoms(symbol, cell=[20.0] * 3, pbc=True, calculator=EMT())
    crystal = bulk(symbol, "fcc", a=metal(symbol)[0])
    relax_volume(crystal)
    return {
        "lattice_parameter": round(metal(symbol)[0], 5),
        "cohesive_energy": round(energy(alone) - metal(symbol)[1], 6),
        "bulk_modulus": round(bulk_modulus(crystal), 5),
        "shear_modulus": round(shear_modulus(crystal), 5),
        "electron_density": round(float(crystal.calc.par["n0"][0]), 6),
    }


def alloys(one: str, other: str) -> Iterator[Decoration]:
    """The decorations of a pair, each once."""
    for n in range(2, LARGEST_ORDERED + 1):
        yield from distinct(enumerated(n, (one, other)))
    for edge, (few, many) in itertools.product(DILUTE, itertools.permutations((one, other))):
        form = ((edge, 0, 0), (0, edge, 0), (0, 0, edge))
        yield Decoration(form, (few, *[many] * (edge**3 - 1)))


def unlike(atoms: Atoms) -> dict[str, float]:
    """Share of each shell's neighbour pairs that are of different metals, in an undistorted fcc crystal."""
    a = (4 * atoms.get_volume() / len(atoms)) ** (1 / 3)
    i, j, d = neighbor_list("ijd", atoms, cutoff=1.1 * a)
    differ, shell = atoms.numbers[i] != atoms.numbers[j], d / a
    return {
        name: round(float(differ[(low < shell) & (shell < high)].mean()), 6) for name, (low, high) in SHELLS.items()
    }


def row(decoration: Decoration) -> dict[str, Any]:
    """A line of the file, but for its identifier. Adding zero makes -0.0, which rounding leaves, 0.0."""
    crystal, n = scaled(decoration), len(decoration.species)
    atoms = crystal.atoms
    atoms.calc = EMT()
    small, large = sorted({*decoration.species}, key=lambda symbol: metal(symbol)[0])
    share = {symbol: decoration.species.count(symbol) / n for symbol in (small, large)}
    a = (4 * atoms.get_volume() / n) ** (1 / 3)
    vegard = sum(share[symbol] * metal(symbol)[0] for symbol in share)
    return {
        "formula": "".join(f"{symbol}{decoration.species.count(symbol)}" for symbol in sorted(share)),
        "A": small,
        "B": large,
        "A_fraction": round(share[small], 6),
        "B_fraction": round(share[large], 6),
        **unlike(atoms),
        **{f"{site}_{name}": x for site, s in (("A", small), ("B", large)) for name, x in of_metal(s).items()},
        "formation_energy_per_atom": round(crystal.excess / n, 6) + 0.0,
        "lattice_parameter": round(a, 5),
        "vegard_deviation": round(a - vegard, 5) + 0.0,
        "bulk_modulus": round(bulk_modulus(atoms), 5),
    }


def main() -> None:
    """Write the file beside this one."""
    pairs = itertools.combinations(METALS, 2)
    with Pool() as pool:
        rows = pool.map(row, (decoration for pair in pairs for decoration in alloys(*pair)), chunksize=8)
    lines = ({"id": f"b-{i}", **values} for i, values in enumerate(rows, start=1))
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    # No time of writing in the file: its digest must be the same each time.
    Path(__file__).with_name("binaries.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"binaries: {len(rows)} alloys")


if __name__ == "__main__":
    main()
