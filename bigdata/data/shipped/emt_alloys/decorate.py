"""Calculates two small databases of crystals on the fcc lattice, for cluster expansions, as `make.py` does its own.

    pip install ase moyopy bigdata && python decorate.py

`copper_gold.jsonl.gz`: copper and gold on cells of 1 to 12 sites; all there are of up to 5 sites, then drawn ones.
Cell and positions are relaxed; those that no longer stand on the lattice then are left out and counted.
`aluminium_vacancies.jsonl.gz`: aluminium with vacancies on cells of up to 32 sites, and on a cube of 108. Only the
volume is relaxed: with this potential, most crystals with so many vacancies collapse once atoms may move.

No two structures of a file are equivalent as decorations, nor is one a repetition of a smaller cell.
"""

from __future__ import annotations

import gzip
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from make import SEED, energy, metal, relax, relax_volume
from scipy.linalg import polar

from bigdata.lattices.supercell import Form, hermite, supercell

LARGEST_ENUMERATED = 5
LARGEST_ALLOY = 12
ALLOYS_PER_SIZE = 64
SMALLEST_WITH_VACANCIES = 4
LARGEST_WITH_VACANCIES = 32
WITH_VACANCIES = 250
GREATEST_VACANCY_FRACTION = 0.25
GREATEST_DISPLACEMENT_ANGSTROM = 1.0
# Half of what leads from fcc to bcc (Bain), where the measure is 0.27.
GREATEST_DISTORTION = 0.135

PRIMITIVE = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
CUBIC = np.rint(np.linalg.inv(PRIMITIVE)).astype(int)
VACANCY = "X"


@dataclass(frozen=True)
class Decoration:
    """A supercell of the fcc lattice with a species or VACANCY on each of its sites, numbered as `Supercell.cells`."""

    form: Form
    species: tuple[str, ...]

    @property
    def fraction(self) -> float:
        """Share of the sites that are vacant."""
        return self.species.count(VACANCY) / len(self.species)

    def atoms(self) -> Atoms:
        """The crystal on the ideal lattice, whose lattice constant is the mean of the metals' (Vegard)."""
        metals = [s for s in self.species if s != VACANCY]
        a = sum(metal(s)[0] for s in metals) / len(metals)
        cells = supercell(self.form)
        atoms = Atoms(self.species, cell=a * cells.matrix @ PRIMITIVE, positions=a * cells.cells @ PRIMITIVE, pbc=True)
        del atoms[[i for i, s in enumerate(self.species) if s == VACANCY]]
        atoms.set_cell(atoms.cell.minkowski_reduce()[0])
        atoms.wrap()
        return atoms


def rotations() -> list[Any]:
    """The 48 operations of the fcc lattice as integer matrices that act on rows of lattice coordinates."""
    metric = PRIMITIVE @ PRIMITIVE.T
    # In a reduced basis, symmetry operations have no other entries.
    every = (np.array(m).reshape(3, 3) for m in itertools.product((-1, 0, 1), repeat=9))
    return [m for m in every if np.allclose(m @ metric @ m.T, metric)]


ROTATIONS = rotations()


def canonical(decoration: Decoration) -> Decoration | None:
    """The one that stands for all equivalent decorations; None for the repetition of a smaller cell."""
    labels, old = np.array(decoration.species), supercell(decoration.form)
    images = set()
    for rotation in ROTATIONS:
        new = supercell(hermite(old.matrix @ rotation))
        turned = labels[old.index(new.cells @ np.rint(np.linalg.inv(rotation)).astype(int))]
        moved = turned[new.neighbors(new.cells)]
        if (moved == turned).all(axis=1).sum() > 1:
            return None
        images |= {(new.form, tuple(row)) for row in moved.tolist()}
    return Decoration(*min(images))


def forms(n: int) -> list[Form]:
    """All supercells of n sites, equivalent ones among them."""
    diagonals = [d for d in itertools.product(range(1, n + 1), repeat=3) if np.prod(d) == n]
    return [
        ((p, 0, 0), (a, q, 0), (b, c, r))
        for p, q, r in diagonals
        for a, b, c in itertools.product(range(p), range(p), range(q))
    ]


def enumerated(n: int, species: tuple[str, ...]) -> Iterator[Decoration]:
    """All decorations of n sites."""
    for form, labels in itertools.product(forms(n), itertools.product(species, repeat=n)):
        yield Decoration(form, labels)


def drawn(n: int, one: str, other: str, draw: np.random.Generator, most: int) -> Decoration:
    """A decoration of n sites, of which 1 to `most` hold `one`: their number, the cell and the sites all drawn."""
    every = forms(n)
    n_one = int(draw.integers(1, most + 1))
    labels = draw.permutation([one] * n_one + [other] * (n - n_one))
    return Decoration(every[draw.integers(len(every))], tuple(labels.tolist()))


def distinct(decorations: Iterable[Decoration]) -> Iterator[Decoration]:
    """The first of each set of equivalent decorations, in its canonical form."""
    seen = set()
    for decoration in map(canonical, decorations):
        if decoration is not None and decoration not in seen:
            seen.add(decoration)
            yield decoration


def copper_gold() -> Iterator[Decoration]:
    """All decorations of small cells, and as many for each larger size."""
    draw = np.random.default_rng(SEED)
    for n in range(1, LARGEST_ENUMERATED + 1):
        yield from distinct(enumerated(n, ("Cu", "Au")))
    for n in range(LARGEST_ENUMERATED + 1, LARGEST_ALLOY + 1):
        endless = (drawn(n, "Cu", "Au", draw, n - 1) for _ in itertools.count())
        yield from itertools.islice(distinct(endless), ALLOYS_PER_SIZE)


def aluminium_vacancies() -> Iterator[Decoration]:
    """The metal, one vacancy and pairs of them far from their images, and drawn decorations of smaller cells."""
    draw = np.random.default_rng(SEED)
    yield Decoration(hermite(np.eye(3, dtype=int)), ("Al",))
    yield from distinct(dilute())
    sizes = (int(draw.integers(SMALLEST_WITH_VACANCIES, LARGEST_WITH_VACANCIES + 1)) for _ in itertools.count())
    endless = (drawn(n, VACANCY, "Al", draw, int(GREATEST_VACANCY_FRACTION * n)) for n in sizes)
    yield from itertools.islice(distinct(endless), WITH_VACANCIES)


def dilute() -> Iterator[Decoration]:
    """One vacancy, and two as first to fourth neighbours, in a cube of 108 sites."""
    cube = supercell(hermite(3 * CUBIC))
    for second in ([0, 0, 0], [0.5, 0.5, 0], [1, 0, 0], [1, 0.5, 0.5], [1, 1, 0]):
        places = np.rint(np.array([[0, 0, 0], second]) @ CUBIC).astype(int)
        labels = np.full(cube.n_cells, "Al")
        labels[cube.index(places)] = VACANCY
        yield Decoration(cube.form, tuple(labels.tolist()))


@dataclass(frozen=True)
class Relaxed:
    """A decoration relaxed: the crystal, its energy (eV), the greatest displacement of an atom (angstrom), strain and
    translation taken away, the cell's distortion, |U / det(U)^(1/3) - 1| with U its stretch, and whether the forces
    came down."""

    decoration: Decoration
    atoms: Atoms
    energy: float
    displacement: float = 0.0
    distortion: float = 0.0
    converged: bool = True

    @property
    def excess(self) -> float:
        """Energy (eV) over that of the same metals, fcc and relaxed."""
        return self.energy - sum(metal(s)[1] for s in self.atoms.symbols)

    @property
    def lost(self) -> str:
        """Why the crystal is left out, "" where it isn't."""
        if not self.converged:
            return "not converged"
        if self.distortion > GREATEST_DISTORTION:
            return "cell distorted"
        return "atoms moved" if self.displacement > GREATEST_DISPLACEMENT_ANGSTROM else ""


def relaxed(decoration: Decoration) -> Relaxed:
    """A decoration with cell and positions relaxed."""
    atoms = decoration.atoms()
    cell, before = atoms.cell[:].copy(), atoms.get_scaled_positions(wrap=False)
    converged = relax(atoms)
    shift = atoms.get_scaled_positions(wrap=False) - before
    moved = (shift - shift.mean(axis=0)) @ atoms.cell[:]
    stretch = polar(np.linalg.solve(cell, atoms.cell[:]))[1]
    distortion = np.linalg.norm(stretch / np.linalg.det(stretch) ** (1 / 3) - np.eye(3))
    greatest = float(np.linalg.norm(moved, axis=1).max())
    # A copy, for the calculator can't be sent from process to process.
    return Relaxed(decoration, atoms.copy(), energy(atoms), greatest, float(distortion), converged)


def scaled(decoration: Decoration) -> Relaxed:
    """A decoration of which only the volume is relaxed."""
    atoms = decoration.atoms()
    relax_volume(atoms)
    return Relaxed(decoration, atoms.copy(), energy(atoms))


def alloy(crystal: Relaxed) -> dict[str, Any]:
    """The properties of an alloy."""
    n = len(crystal.atoms)
    return {
        "n_atoms": n,
        "gold_fraction": round(list(crystal.atoms.symbols).count("Au") / n, 6),
        "mixing_energy": round(crystal.excess / n, 6) + 0.0,
        "volume_per_atom": round(crystal.atoms.get_volume() / n, 5),
        "greatest_displacement": round(crystal.displacement, 5),
        "cell_distortion": round(crystal.distortion, 5),
    }


def with_vacancies(crystal: Relaxed) -> dict[str, Any]:
    """The properties of a metal with vacancies, by sites: what they are by atoms isn't linear in the occupation."""
    n = len(crystal.decoration.species)
    return {
        "n_sites": n,
        "vacancy_fraction": round(crystal.decoration.fraction, 6),
        "formation_energy_per_site": round(crystal.excess / n, 6) + 0.0,
        "volume_per_site": round(crystal.atoms.get_volume() / n, 5),
    }


def row(name: str, crystal: Relaxed, properties: dict[str, Any]) -> dict[str, Any]:
    """A line of the file. Adding zero makes -0.0, which rounding leaves where a vector vanishes, 0.0."""
    counts = Counter(crystal.atoms.symbols)
    return {
        "id": name,
        "formula": "".join(f"{s}{counts[s]}" for s in sorted(counts)),
        "lattice": (np.round(crystal.atoms.cell[:], 6) + 0.0).tolist(),
        "species": list(crystal.atoms.symbols),
        "frac_coords": (np.round(crystal.atoms.get_scaled_positions(), 6) % 1.0).tolist(),
        **properties,
    }


def write(
    name: str,
    decorations: Iterable[Decoration],
    relaxation: Callable[[Decoration], Relaxed],
    properties: Callable[[Relaxed], dict[str, Any]],
) -> None:
    """Relax the decorations on all cores and write those that stay on the lattice, in their order."""
    with Pool() as pool:
        crystals = pool.map(relaxation, decorations, chunksize=1)
    kept = [crystal for crystal in crystals if not crystal.lost]
    rows = [row(f"{name[0]}-{i}", crystal, properties(crystal)) for i, crystal in enumerate(kept, start=1)]
    text = "".join(json.dumps(r, separators=(",", ":")) + "\n" for r in rows)
    # No time of writing in the file: its digest must be the same each time.
    Path(__file__).with_name(f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{name}: {len(rows)} structures; left out: {dict(Counter(c.lost for c in crystals if c.lost))}")


def main() -> None:
    """Write both files beside this one."""
    write("copper_gold", copper_gold(), relaxed, alloy)
    write("aluminium_vacancies", aluminium_vacancies(), scaled, with_vacancies)


if __name__ == "__main__":
    main()
