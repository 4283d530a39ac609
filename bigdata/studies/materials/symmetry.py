"""Spacegroup, primitive cell and occupied orbits of crystals, found with moyopy within a stated tolerance.

moyopy searches as spglib does (A. Togo, K. Shinohara, I. Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024),
doi 10.1080/27660400.2024.2384822), some eight times faster. It changes the tolerance by itself where a structure
can't be judged with the one asked for; `Symmetry.used` says which one counted in the end.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import moyopy
import numpy as np
from numpy.typing import NDArray

from bigdata.data.derived import Derivation
from bigdata.data.materials.structures import Structure, Structures
from bigdata.kind import FlatStore

if TYPE_CHECKING:
    from bigdata.kind import Context, FlatWriter, StudyModel
from bigdata.kind.derived import make
from bigdata.studies.materials.spacegroups import Found, by_moyopy, by_spglib

KIND = "symmetry"
# A block takes a second or two with moyopy.
BLOCK_ROWS = 2048
MOYOPY, SPGLIB = 1, 2
Program = Literal["moyopy", "spglib"]
# One value an entry: type, unit, meaning.
ARRAYS = {
    "spacegroup": ("int32", "1", "number in the International Tables, 0: not found"),
    "n_primitive": ("int32", "1", "atoms of the standardised primitive cell"),
    "wyckoff": ("int64", "1", "hash of the occupied orbits"),
    "used": ("float64", "angstrom", "tolerance at which the symmetry was found"),
    "program": ("uint8", "1", "which program found it; 1: moyopy, 2: spglib, 0: neither"),
}


@dataclass(frozen=True)
class Symmetry:
    """What m structures are within `symprec` (angstrom), all arrays (m,).

    `spacegroup` int32, number in the International Tables, 0 where it couldn't be found;
    `n_primitive` int32, atoms of the standardised primitive cell, those of the cell as given where it couldn't;
    `wyckoff` int64, hash of the occupied orbits (see `orbits_hash`), 0 where they couldn't be found;
    `used` float64, the tolerance at which it was found, angstrom, NaN where it couldn't;
    `program` uint8, 1: moyopy, 2: spglib, 0: neither.
    `failed` names the reason by row.
    """

    symprec: float
    spacegroup: NDArray[np.int32]
    n_primitive: NDArray[np.int32]
    wyckoff: NDArray[np.int64]
    used: NDArray[np.float64]
    program: NDArray[np.uint8]
    failed: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.spacegroup)

    def take(self, rows: Sequence[int] | NDArray[Any]) -> Symmetry:
        """That of these rows, in that order."""
        rows = np.asarray(rows, dtype=np.int64)
        failed = {i: self.failed[int(row)] for i, row in enumerate(rows) if int(row) in self.failed}
        arrays: dict[str, Any] = {name: getattr(self, name)[rows] for name in ARRAYS}
        return Symmetry(symprec=self.symprec, **arrays, failed=failed)

    @classmethod
    def read(cls, folder: Path) -> Symmetry:
        """From a store that `join` filled; DamagedData where it isn't whole."""
        store = FlatStore(folder)
        arrays: dict[str, Any] = {name: store.read(name) for name in ARRAYS}
        failed = dict(zip(store.read("failed").tolist(), store.texts("reason"), strict=True))
        return cls(symprec=float(store.attributes["setting"]["symprec"]), **arrays, failed=failed)


def symmetry(structures: Structures, symprec: float, program: Program = "moyopy") -> Symmetry:
    """The symmetry of each structure; `symprec` in angstrom.

    What moyopy can't judge, spglib is asked about; with `program="spglib"`, it is asked about all. A structure that
    neither can judge is never an error: it gets spacegroup 0 and the reasons stand in `failed`.
    """
    if not (symprec > 0 and np.isfinite(symprec)):
        raise ValueError(f"symprec is a length in angstrom, greater than 0; {symprec:g} was given")
    found, failed = [], {}
    with _quiet():
        for row, structure in enumerate(structures):
            one = _judged(structure, symprec, program)
            if isinstance(one, str):
                failed[row] = one
                one = Found(0, len(structure.numbers), 0, np.nan), 0
            found.append((*one[0], one[1]))
    columns = list(zip(*found, strict=True)) if found else [()] * len(ARRAYS)
    arrays: dict[str, Any] = {
        name: np.array(column, dtype=dtype)
        for column, (name, (dtype, _, _)) in zip(columns, ARRAYS.items(), strict=True)
    }
    return Symmetry(symprec=symprec, **arrays, failed=failed)


def _judged(structure: Structure, symprec: float, program: Program) -> tuple[Found, int] | str:
    """What is found and by which program, or why nothing is."""
    if not len(structure.numbers):
        return "it has no structure"
    found = by_moyopy(structure, symprec) if program == "moyopy" else "not asked"
    if isinstance(found, Found):
        return found, MOYOPY
    other = by_spglib(structure, symprec)
    return (other, SPGLIB) if isinstance(other, Found) else f"moyopy: {found}; spglib: {other}"


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
    import spglib

    # Near the tolerance, another version of a program may judge otherwise.
    return f"2, moyopy {moyopy.__version__}, spglib {spglib.__version__}"


def part(source: Path, rows: range, setting: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The symmetry of some rows of the import in folder `source`; `setting` is {"symprec": angstrom}, and may have
    "program"."""
    from bigdata.data.materials.dataset import open_import

    block = open_import(source).structures.between(rows.start, rows.stop)
    found = symmetry(block, float(setting["symprec"]), setting.get("program", "moyopy"))
    return {
        **{name: getattr(found, name) for name in ARRAYS},
        "failed": np.array([rows.start + row for row in found.failed], dtype=np.int64),
        "reason": np.array(list(found.failed.values()), dtype=np.str_),
    }


def task(ctx: Context[StudyModel]) -> None:
    """The task of a stage that finds symmetry: that of one block of entries."""
    make(ctx, __name__)


def symmetry_of(source: Path | str, symprec: float, program: Program = "moyopy") -> Derivation:
    """The symmetry of all structures of the import in folder `source`, within `symprec` (angstrom)."""
    # The usual program isn't named: what was found before that could be chosen stays known.
    setting = {"symprec": symprec} | ({} if program == "moyopy" else {"program": program})
    return Derivation.of(__name__, source, setting)


def size(n: int, n_atoms: int, setting: Mapping[str, Any]) -> tuple[int, int]:
    """About how many files and bytes the symmetry of n entries takes, whatever their atoms and the setting."""
    row = sum(np.dtype(dtype).itemsize for dtype, _, _ in ARRAYS.values())
    return 3 + 2 * len(ARRAYS), n * row + 5_000


def join(parts: Callable[[], Iterator[Mapping[str, NDArray[Any]]]], writer: FlatWriter) -> None:
    """Write the whole from its parts."""
    for name, (dtype, units, about) in ARRAYS.items():
        writer.start(name, dtype, ("entry",), units=units, about=about)
    writer.start("failed", "int64", ("failure",), about="entries whose symmetry was not found")
    reasons: list[str] = []
    for one in parts():
        for name in (*ARRAYS, "failed"):
            writer.append(name, one[name])
        reasons += one["reason"].tolist()
    writer.texts("reason", reasons, "failure", about="why")
