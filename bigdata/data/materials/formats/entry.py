"""What every reader yields: a material with its properties, or what is wrong with one; and how its parts are read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.elements import NUMBERS, SYMBOLS
from bigdata.data.materials.structures import Floats, Structure
from bigdata.data.problem import BadEntry, EntryError, Remark

ID_KEYS = ("id", "material_id", "mp_id", "mpid", "jid", "auid", "entry_id", "task_id", "identifier", "name")
FORMULA_KEYS = ("formula", "composition", "compound", "pretty_formula", "formula_pretty", "chem_formula",
                "chemical_formula", "chemical_formula_reduced", "reduced_formula")  # fmt: skip
# `Fe3+`, and `Fe3+,spin=5` as pymatgen writes it.
_SPECIES = re.compile(r"([A-Z][a-z]?)(?:\d*\.?\d*[+-])?(?:,\w+=.*)?")


@dataclass(slots=True)
class MaterialEntry:
    """One material as read.

    `name` is its identifier in the database, "" where the file gives none; `formula` as the database gives it, "" if
    it doesn't. The structure isn't checked yet. `line` is 0 where the whole file is the entry. `notes` say what its
    reader took for granted or left out: equal ones are counted together, by their words before the first `: `.
    `left_out` are the keys that hold no property and aren't read, such as values of single sites. A row of numbers
    (`is_row`) needs neither formula nor structure.
    """

    name: str
    file: str
    line: int
    formula: str = ""
    structure: Structure | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    is_row: bool = False


def with_left_out(
    found: Iterable[MaterialEntry | BadEntry | Remark],
) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """What a reader yields, and behind it a remark on the keys that any of its entries left out."""
    left_out: dict[str, None] = {}
    for one in found:
        if isinstance(one, MaterialEntry):
            left_out |= dict.fromkeys(one.left_out)
        yield one
    if left_out:
        yield Remark(columns=tuple(left_out))


def structure(lattice: Any, species: Any, positions: Any, cartesian: bool = False) -> Structure:
    """A structure of nested lists or arrays: `lattice` (3, 3) angstrom, vectors as rows; `species` (n,) symbols or
    atomic numbers; `positions` (n, 3) fractions of the lattice vectors, or angstrom where `cartesian`.

    Raises EntryError where they don't fit together.
    """
    vectors = _numbers(lattice, "lattice vectors")
    if vectors.shape != (3, 3):
        raise EntryError(f"the lattice has shape {vectors.shape}; it needs three vectors of three numbers, in angstrom")
    numbers = atomic_numbers(species)
    places = (
        _numbers(positions, "positions").reshape(-1, 3) if len(positions) == 0 else _numbers(positions, "positions")
    )
    if places.shape != (len(numbers), 3):
        raise EntryError(f"there are {len(numbers)} species, and positions of shape {places.shape}")
    return Structure(vectors, numbers, fractions(vectors, places) if cartesian else places)


def oxidation_note(species: Iterable[Any]) -> tuple[str, ...]:
    """A note on the oxidation states of some species (`Mn3+`), which a structure doesn't keep."""
    # Distinct ones first: a cell has many atoms of few species. `Fe3+,spin=5` has a state, too.
    states = sorted(one for one in set(species) if isinstance(one, str) and ("+" in one or "-" in one))
    return (f"oxidation states are left out: {', '.join(states)}",) if states else ()


def refuse_unless_periodic(flags: Sequence[Any]) -> None:
    """Raise EntryError unless `flags`, one for each lattice vector, say that the structure is periodic along all."""
    if not isinstance(flags, Sequence) or len(flags) != 3 or not all(flag in (0, 1) for flag in flags):
        raise EntryError(f"along which vectors the structure is periodic isn't said by three flags, but by `{flags}`")
    along = [name for name, flag in zip("abc", flags, strict=True) if flag]
    if len(along) < 3:
        told = f"periodic along {' and '.join(along)} only" if along else "not periodic: a molecule or cluster"
        raise EntryError(f"the structure is {told}; a crystal is periodic in three directions")


def fractions(lattice: Floats, positions: Floats) -> Floats:
    """Positions in angstrom as fractions of the lattice vectors; raises EntryError where these span no volume."""
    try:
        return np.asarray(np.linalg.solve(lattice.T, positions.T).T)
    except np.linalg.LinAlgError:
        raise EntryError("the lattice vectors lie in one plane: the cell has no volume") from None


def atomic_numbers(species: Sequence[Any]) -> NDArray[np.uint8]:
    """(n,) uint8 atomic numbers of symbols (`Fe`, with a charge too: `Fe3+`) or numbers; raises EntryError."""
    try:
        return np.array([NUMBERS[symbol] for symbol in species], dtype=np.uint8)
    except (KeyError, TypeError):
        return np.array([_number(one, place) for place, one in enumerate(species, 1)], dtype=np.uint8)


def _number(one: Any, place: int) -> int:
    if isinstance(one, int | np.integer) and 0 < one < len(SYMBOLS):
        return int(one)
    match = _SPECIES.fullmatch(one) if isinstance(one, str) else None
    if match is None or match[1] not in NUMBERS:
        raise EntryError(f"atom {place} is `{str(one)[:40]}`, which is no element")
    return NUMBERS[match[1]]


def _numbers(values: Any, what: str) -> Floats:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise EntryError(f"the {what} aren't all numbers, or are of unequal length") from None


def cell(a: float, b: float, c: float, alpha: float, beta: float, gamma: float) -> Floats:
    """(3, 3) lattice vectors of lengths in angstrom and angles in degrees: c along z, a in the plane of x and z.

    Raises EntryError where no cell has these angles.
    """
    if not all(map(math.isfinite, (a, b, c, alpha, beta, gamma))):
        raise EntryError("the cell's lengths and angles aren't all finite")
    # As pymatgen puts them, so that cells read here and there are the same numbers.
    cos_a, cos_b, cos_g = np.cos(np.radians([alpha, beta, gamma]))
    sin_a, sin_b = np.sin(np.radians([alpha, beta]))
    cos_gs = (cos_a * cos_b - cos_g) / (sin_a * sin_b) if sin_a and sin_b else 2.0
    if not abs(cos_gs) < 1:
        raise EntryError(f"no cell has the angles {alpha:g}, {beta:g} and {gamma:g} degrees")
    sin_gs = np.sqrt(1 - cos_gs**2)
    return np.array([[a * sin_b, 0.0, a * cos_b], [-b * sin_a * cos_gs, b * sin_a * sin_gs, b * cos_a], [0.0, 0.0, c]])


def first_of(data: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    """The first of `keys` under which `data` holds a text or a whole number; "" for none."""
    return next((key for key in keys if is_name(data.get(key))), "")


def is_name(value: Any) -> bool:
    """Whether a value can name something: a text that isn't empty, or a whole number."""
    # True is a whole number to Python.
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def without(data: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The rest of a mapping."""
    return {key: value for key, value in data.items() if key not in keys}
