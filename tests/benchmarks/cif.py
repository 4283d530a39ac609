"""How fast crystals are read from CIF texts, beside pymatgen and gemmi alone: python -m tests.benchmarks.cif [N]."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import gemmi
import numpy as np
from pymatgen.core import Lattice, Structure
from pymatgen.io.cif import CifParser, CifWriter
from pymatgen.symmetry.groups import SpaceGroup

from bigdata.data.materials.formats.crystallographic.reading import structure_of
from bigdata.data.materials.formats.crystallographic.symmetry import operations

ROUNDS = 3
ANGLES = {"triclinic": (80, 85, 97), "monoclinic": (90, 105, 90), "trigonal": (90, 90, 120), "hexagonal": (90, 90, 120)}
LENGTHS = {"cubic": (9, 9, 9), "tetragonal": (7, 7, 9), "trigonal": (7, 7, 10), "hexagonal": (7, 7, 10)}


def crystal(rng: np.random.Generator) -> Structure:
    """A random crystal of two orbits, one of them at a special place, of a random space group."""
    group = SpaceGroup.from_int_number(int(rng.integers(1, 231)))
    system = group.crystal_system
    lattice = Lattice.from_parameters(*LENGTHS.get(system, (7, 8, 9)), *ANGLES.get(system, (90, 90, 90)))
    positions = [rng.choice([0.0, 0.25, 0.5], 3), rng.uniform(0.05, 0.95, 3).round(4)]
    return Structure.from_spacegroup(group.symbol, lattice, ["Ti", "O"], positions)


def texts(n: int, symprec: float | None) -> list[str]:
    """n CIF texts, with the operations of the group (`symprec` given) or all atoms in P 1."""
    rng = np.random.default_rng(0)
    found: list[str] = []
    while len(found) < n:
        one = crystal(rng)
        if (one.distance_matrix + 10 * np.eye(len(one))).min() > 0.7:
            found.append(str(CifWriter(one, symprec=symprec)))
    return found


def milliseconds(read: Callable[[str], object], given: list[str]) -> float:
    """A structure, in the fastest round."""
    return 1e3 * min(_seconds(read, given) for _ in range(ROUNDS)) / len(given)


def _seconds(read: Callable[[str], object], given: list[str]) -> float:
    # A database repeats operations; each round here meets them for the first time, so that they count in full.
    operations.cache_clear()
    start = time.perf_counter()
    for text in given:
        read(text)
    return time.perf_counter() - start


def by_pymatgen(text: str) -> object:
    return CifParser.from_str(text).parse_structures(primitive=False)


def by_gemmi(text: str) -> object:
    block = gemmi.cif.read_string(text).sole_block()
    return gemmi.make_small_structure_from_block(block).get_all_unit_cell_sites()


def main() -> None:
    warnings.simplefilter("ignore")
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    readers = {"bigdata": structure_of, "pymatgen": by_pymatgen, "gemmi, no checks": by_gemmi}
    for title, symprec in (("with operations", 0.01), ("in P 1", None)):
        given = texts(n, symprec)
        print(f"{n} structures {title}, ms a structure:")
        for name, read in readers.items():
            print(f"  {name:18}{milliseconds(read, given):8.3f}", flush=True)


if __name__ == "__main__":
    main()
