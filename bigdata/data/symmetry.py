"""Spacegroup, primitive cell and occupied orbits of crystals, found with moyopy within a stated tolerance.

moyopy searches as spglib does (A. Togo, K. Shinohara, I. Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024),
doi 10.1080/27660400.2024.2384822), some eight times faster. It changes the tolerance by itself where a structure
can't be judged with the one asked for; `Symmetry.used` says which one counted in the end.
"""

from __future__ import annotations

import hashlib
import logging
import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import moyopy
import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.structures import Structure, Structures
from bigdata.store.flat import FlatStore, FlatWriter

BLOCK_ROWS = 2048
# From the triclinic to the last orthorhombic spacegroup; there the choice of axes turns `2mm` into `mm2`.
_LAST_ORTHORHOMBIC = 74
_AXIS = re.compile(r"-?\d(?:/m)?|m")
_DIM = "entry"


@dataclass(frozen=True)
class Symmetry:
    """What m structures are within `symprec` (angstrom), all arrays (m,).

    `spacegroup` int32, number in the International Tables, 0 where it couldn't be found;
    `n_primitive` int32, atoms of the standardised primitive cell, those of the cell as given where it couldn't;
    `wyckoff` int64, hash of the occupied orbits (see `orbits_hash`), 0 where they couldn't be found;
    `used` float64, the tolerance at which moyopy settled, angstrom, NaN where it failed.
    `failed` names the reason by row.
    """

    symprec: float
    spacegroup: NDArray[np.int32]
    n_primitive: NDArray[np.int32]
    wyckoff: NDArray[np.int64]
    used: NDArray[np.float64]
    failed: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.spacegroup)

    def take(self, rows: Sequence[int] | NDArray[Any]) -> Symmetry:
        """That of these rows, in that order."""
        rows = np.asarray(rows, dtype=np.int64)
        failed = {i: self.failed[int(row)] for i, row in enumerate(rows) if int(row) in self.failed}
        return Symmetry(
            self.symprec, self.spacegroup[rows], self.n_primitive[rows], self.wyckoff[rows], self.used[rows], failed
        )

    @classmethod
    def read(cls, folder: Path) -> Symmetry:
        """From a store that `join` filled; DamagedData where it isn't whole."""
        store = FlatStore(folder)
        spacegroup, n_primitive, wyckoff, used = map(store.read, ("spacegroup", "n_primitive", "wyckoff", "used"))
        failed = dict(zip(store.read("failed").tolist(), store.texts("reason"), strict=True))
        return cls(float(store.attributes["setting"]["symprec"]), spacegroup, n_primitive, wyckoff, used, failed)


class _Found(NamedTuple):
    spacegroup: int
    n_primitive: int
    wyckoff: int
    used: float


def symmetry(structures: Structures, symprec: float, angle_tolerance: float | None = None) -> Symmetry:
    """The symmetry of each structure; `symprec` in angstrom, `angle_tolerance` in radians.

    A structure that moyopy can't judge is never an error: it gets spacegroup 0 and its reason stands in `failed`.
    """
    if not (symprec > 0 and np.isfinite(symprec)):
        raise ValueError(f"symprec is a length in angstrom, greater than 0; {symprec:g} was given")
    found, failed = [], {}
    with _quiet():
        for row, structure in enumerate(structures):
            one = _judged(structure, symprec, angle_tolerance)
            if isinstance(one, str):
                failed[row] = one
                one = _Found(0, len(structure.numbers), 0, np.nan)
            found.append(one)
    spacegroup, n_primitive, wyckoff, used = zip(*found, strict=True) if found else ((), (), (), ())
    return Symmetry(
        symprec,
        np.array(spacegroup, dtype=np.int32),
        np.array(n_primitive, dtype=np.int32),
        np.array(wyckoff, dtype=np.int64),
        np.array(used, dtype=np.float64),
        failed,
    )


def _judged(structure: Structure, symprec: float, angle_tolerance: float | None) -> _Found | str:
    lattice, numbers, positions = (array.tolist() for array in structure)
    if not numbers:
        return "it has no structure"
    found = _searched(moyopy.Cell(basis=lattice, positions=positions, numbers=numbers), symprec, angle_tolerance)
    if isinstance(found, str):
        return found
    primitive = found.prim_std_cell.numbers
    n_cells = len(numbers) // len(primitive)
    if sorted(primitive * n_cells) != sorted(numbers):
        return f"its primitive cell has {len(primitive)} atoms, which can't make up its cell of {len(numbers)}"
    return _Found(found.number, len(primitive), orbits_hash(found, numbers, n_cells), found.symprec)


def _searched(cell: moyopy.Cell, symprec: float, angle_tolerance: float | None) -> moyopy.MoyoDataset | str:
    try:
        most = coarsest(cell.basis)
        if symprec > most:
            return f"symprec = {symprec:g} Å is too coarse for its lattice: {most:.2g} Å is the most"
        return moyopy.MoyoDataset(cell, symprec=symprec, angle_tolerance=angle_tolerance)
    except BaseException as e:
        # A panic of moyopy's compiled code (0.21 has one for cells without atoms) isn't an Exception to Python.
        if isinstance(e, ValueError) or type(e).__name__ == "PanicException":
            return f"no symmetry was found within {symprec:g} Å ({str(e).lower()})"
        raise


def coarsest(lattice: list[list[float]]) -> float:
    """The largest tolerance (angstrom) at which a lattice (3, 3; vectors as rows, angstrom) is judged.

    Beyond it, the rotations that nearly map the lattice onto itself need not form a finite group, and moyopy 0.21 was
    seen to look for the rest of them for ever: from 0.06 of the shortest vector a of the reduced lattice on and, where
    the longest one c is long, from 0.9 a²/c on. ValueError where it isn't a lattice.
    """
    lengths = [math.hypot(*vector) for vector in moyopy.minkowski_reduce(lattice)[0]]
    shortest, longest = min(lengths), max(lengths)
    return min(shortest / 20, shortest**2 / (2 * longest))


def orbits_hash(found: moyopy.MoyoDataset, numbers: Sequence[int], n_cells: int) -> int:
    """48-bit hash of the multiset of occupied orbits, the same in every process and for every choice of the cell.

    An orbit counts by its element, its multiplicity in the primitive cell, and its site symmetry. Wyckoff letters
    would depend on where the origin was put; below the tetragonal spacegroups the order of a site symmetry's symbols
    depends on which axis was called a, so there they are sorted.
    """
    symbols = found.site_symmetry_symbols
    sizes = Counter(found.orbits)
    plain = found.number > _LAST_ORTHORHOMBIC
    orbits = sorted(
        (numbers[atom], size // n_cells, symbols[atom] if plain else _sorted_axes(symbols[atom]))
        for atom, size in sizes.items()
    )
    digest = hashlib.blake2b(repr(orbits).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big")


def _sorted_axes(symbol: str) -> str:
    return "".join(sorted(_AXIS.findall(symbol)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop what moyopy logs in this thread about operations that a supercell can't have; errors pass."""
    logger, thread = logging.getLogger("moyo"), threading.get_ident()

    def wanted(record: logging.LogRecord) -> bool:
        return record.thread != thread or record.levelno >= logging.ERROR

    logger.addFilter(wanted)
    try:
        yield
    finally:
        logger.removeFilter(wanted)


def version() -> str:
    """Changes with whatever else the numbers depend on."""
    return f"1, moyopy {moyopy.__version__}"


def part(source: Path, rows: range, setting: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The symmetry of some rows of the import in folder `source`; `setting` is {"symprec": angstrom}."""
    from bigdata.data.materials.dataset import open_import

    block = open_import(source).structures.between(rows.start, rows.stop)
    found = symmetry(block, float(setting["symprec"]))
    return {
        "spacegroup": found.spacegroup,
        "n_primitive": found.n_primitive,
        "wyckoff": found.wyckoff,
        "used": found.used,
        "failed": np.array([rows.start + row for row in found.failed], dtype=np.int64),
        "reason": np.array(list(found.failed.values()), dtype=np.str_),
    }


def join(parts: Callable[[], Iterator[Mapping[str, NDArray[Any]]]], writer: FlatWriter) -> None:
    """Write the whole from its parts."""
    writer.start("spacegroup", "int32", (_DIM,), about="number in the International Tables, 0: not found")
    writer.start("n_primitive", "int32", (_DIM,), about="atoms of the standardised primitive cell")
    writer.start("wyckoff", "int64", (_DIM,), about="hash of the occupied orbits")
    writer.start("used", "float64", (_DIM,), units="angstrom", about="tolerance at which the symmetry was found")
    writer.start("failed", "int64", ("failure",), about="entries whose symmetry was not found")
    reasons: list[str] = []
    for one in parts():
        for name in ("spacegroup", "n_primitive", "wyckoff", "used", "failed"):
            writer.append(name, one[name])
        reasons += one["reason"].tolist()
    writer.texts("reason", reasons, "failure", about="why")
