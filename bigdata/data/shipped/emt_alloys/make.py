"""Calculates the two small databases of alloys that come with bigdata, with ASE's effective-medium potential.

    pip install ase moyopy && python make.py

`prototypes.jsonl.gz`: seven metals and their 21 pairs in known structure types, cell and positions relaxed.
`random.jsonl.gz`: the pairs placed at random on small fcc cells, of which only the volume is relaxed.

Both hold some of the same compounds under different settings, as real databases do. The potential: K. W. Jacobsen,
P. Stoltze, J. K. Nørskov, Surf. Sci. 366, 394 (1996). Formation energies count from the fcc metals.
"""

from __future__ import annotations

import gzip
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from moyopy import Cell, MoyoDataset

METALS = ("Al", "Ni", "Cu", "Pd", "Ag", "Pt", "Au")
FORCE_EV_PER_ANGSTROM = 1e-3
CELLS_PER_PAIR = 70
LARGEST_CELL = 8
SEED = 2024

# Layers of fcc: plane normal (in units where neighbouring layers differ by 1), stacking, repeats of the cubic cell.
LAYERED: dict[str, tuple[tuple[int, int, int], str, int]] = {
    "L10": ((0, 0, 2), "AB", 1),
    "L11": ((1, 1, 1), "AB", 2),
    "Z2": ((0, 0, 2), "AABB", 2),
    "beta": ((0, 0, 2), "ABB", 3),
    "alpha": ((1, 1, 1), "ABB", 3),
    "gamma": ((2, 2, 0), "ABB", 3),
}


def energy(atoms: Atoms, cell: Any = None, factor: float = 1.0) -> float:
    """Potential energy (eV), after scaling `cell` by `factor` where it is given."""
    if cell is not None:
        atoms.set_cell(cell * factor, scale_atoms=True)
    return float(atoms.get_potential_energy())


def relax_volume(atoms: Atoms) -> None:
    """Scale the cell to its least energy: parabolas through three energies, ever narrower."""
    atoms.calc, cell, best = EMT(), atoms.cell[:].copy(), 1.0
    for width in (0.05, 0.02, 0.005, 0.001):
        factors = best + width * np.array([-1.0, 0.0, 1.0])
        energies = [energy(atoms, cell, f) for f in factors]
        while energies[1] > min(energies[0], energies[2]):
            factors += width if energies[2] < energies[0] else -width
            energies = [energy(atoms, cell, f) for f in factors]
        a, b, _ = np.polyfit(factors - factors[1], energies, 2)
        best = float(factors[1] - b / (2 * a))
    energy(atoms, cell, best)


def relax(atoms: Atoms) -> bool:
    """Relax cell and positions; whether the forces came down to what is wanted."""
    atoms.calc = EMT()
    return bool(BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=FORCE_EV_PER_ANGSTROM, steps=500))


@cache
def metal(symbol: str) -> tuple[float, float]:
    """Cubic lattice constant (angstrom) and energy (eV/atom) of the fcc metal."""
    atoms = bulk(symbol, "fcc", a=4.0)
    relax_volume(atoms)
    return float((4 * atoms.get_volume()) ** (1 / 3)), energy(atoms)


def primitive(atoms: Atoms) -> Atoms:
    """The standardised primitive cell."""
    cell = MoyoDataset(
        Cell(atoms.cell.tolist(), atoms.get_scaled_positions().tolist(), atoms.numbers.tolist()), symprec=1e-3
    ).prim_std_cell
    return Atoms(numbers=cell.numbers, cell=cell.basis, scaled_positions=cell.positions, pbc=True)


def prototypes() -> Iterator[tuple[str, Atoms]]:
    """(structure type, structure) before relaxation."""
    for symbol in METALS:
        a = metal(symbol)[0]
        yield "fcc", bulk(symbol, "fcc", a=a)
        # 1.633 is √(8/3), the c/a of close-packed spheres.
        yield "hcp", bulk(symbol, "hcp", a=a / 2**0.5, c=a / 2**0.5 * 1.633)
        # The same volume an atom: fcc has four in its cube, bcc two.
        yield "bcc", bulk(symbol, "bcc", a=a / 2 ** (1 / 3))
    for one, other in itertools.permutations(METALS, 2):
        a = (metal(one)[0] + metal(other)[0]) / 2
        for name, atoms in decorations(one, other, a):
            # With as many atoms of either kind, exchanging them gives the same structure.
            if one < other or len({*Counter(atoms.symbols).values()}) > 1:
                yield name, primitive(atoms)


def decorations(one: str, other: str, a: float) -> Iterator[tuple[str, Atoms]]:
    """Structure types of a pair at the cubic lattice constant `a` (angstrom) of an fcc alloy."""
    for name, (normal, stacking, n) in LAYERED.items():
        atoms = bulk(one, "fcc", a=a, cubic=True) * (n, n, n)
        layer = np.rint(atoms.positions / a @ normal).astype(int) % len(stacking)
        atoms.symbols = [one if stacking[i] == "A" else other for i in layer]
        yield name, atoms
    cube = bulk(other, "fcc", a=a, cubic=True)
    cube.symbols[0] = one
    yield "L12", cube
    tall = bulk(other, "fcc", a=a, cubic=True) * (1, 1, 2)
    corner = np.abs(tall.positions - [[0, 0, 0]]).sum(axis=1).argmin()
    centre = np.abs(tall.positions - [[a / 2, a / 2, a]]).sum(axis=1).argmin()
    tall.symbols[[corner, centre]] = one
    yield "D022", tall
    for name in ("rocksalt", "cesiumchloride", "zincblende"):
        # Rough starts for the relaxation: atoms with four, six or eight neighbours stand nearer than those with twelve.
        yield name, bulk(one + other, name, a=a * {"rocksalt": 1.25, "cesiumchloride": 0.8, "zincblende": 1.4}[name])


def random_cells() -> Iterator[tuple[str, Atoms]]:
    """(volume-relaxed) fcc supercells of every pair with up to eight atoms, all sites drawn at random."""
    draw = np.random.default_rng(SEED)
    for one, other in itertools.combinations(METALS, 2):
        for _ in range(CELLS_PER_PAIR):
            n = int(draw.integers(2, LARGEST_CELL + 1))
            atoms = supercell(n, draw, (metal(one)[0] + metal(other)[0]) / 2)
            n_one = int(draw.integers(1, n))
            atoms.symbols = draw.permutation([one] * n_one + [other] * (n - n_one))
            yield "fcc", atoms


def supercell(n: int, draw: np.random.Generator, a: float) -> Atoms:
    """A supercell of n fcc sites by a random Hermite normal form, its vectors reduced."""
    diagonal = [(i, j, n // (i * j)) for i in range(1, n + 1) for j in range(1, n + 1) if n % (i * j) == 0]
    p, q, r = diagonal[draw.integers(len(diagonal))]
    form = [[p, 0, 0], [draw.integers(q), q, 0], [draw.integers(r), draw.integers(r), r]]
    sites = bulk("Cu", "fcc", a=a)
    cell = np.array(form) @ sites.cell[:]
    steps = np.array(list(itertools.product(range(-n, n + 1), repeat=3))) @ sites.cell[:]
    fractions = np.unique(np.round(steps @ np.linalg.inv(cell) % 1 % 1, 9) % 1, axis=0)
    atoms = Atoms(f"Cu{n}", cell=cell, scaled_positions=fractions, pbc=True)
    atoms.set_cell(atoms.cell.minkowski_reduce()[0])
    atoms.wrap()
    return atoms


def row(name: str, kind: str, atoms: Atoms) -> dict[str, Any]:
    """A line of the file."""
    counts = Counter(atoms.symbols)
    per_atom = energy(atoms) / len(atoms)
    formation = per_atom - sum(n * metal(s)[1] for s, n in counts.items()) / len(atoms)
    return {
        "id": name,
        "formula": "".join(f"{s}{counts[s]}" for s in sorted(counts)),
        "structure_type": kind,
        "lattice": np.round(atoms.cell[:], 6).tolist(),
        "species": list(atoms.symbols),
        "frac_coords": (np.round(atoms.get_scaled_positions(), 6) % 1.0).tolist(),
        "formation_energy_per_atom": round(formation, 6) + 0.0,
        "total_energy_per_atom": round(per_atom, 6),
        "volume_per_atom": round(atoms.get_volume() / len(atoms), 5),
        "greatest_force": round(float(np.linalg.norm(atoms.get_forces(), axis=1).max()), 5),
    }


def main() -> None:
    """Write both files beside this one."""
    relaxed: list[dict[str, Any]] = []
    scaled: list[dict[str, Any]] = []
    lost = 0
    for kind, atoms in prototypes():
        if relax(atoms):
            relaxed.append(row(f"p-{len(relaxed) + 1}", kind, atoms))
        else:
            lost += 1
    for kind, atoms in random_cells():
        relax_volume(atoms)
        scaled.append(row(f"r-{len(scaled) + 1}", kind, atoms))
    for name, rows in (("prototypes", relaxed), ("random", scaled)):
        text = "".join(json.dumps(r, separators=(",", ":")) + "\n" for r in rows)
        # No time of writing in the file: its digest must be the same each time.
        Path(__file__).with_name(f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        print(f"{name}: {len(rows)} structures")
    print(f"{lost} prototypes didn't relax and were left out")


if __name__ == "__main__":
    main()
