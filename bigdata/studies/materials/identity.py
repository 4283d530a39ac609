"""Which entries are the same material: group labels such as `Mg2F4_136`, from formula and symmetry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.elements import SYMBOLS, rank
from bigdata.data.materials.structures import Structures
from bigdata.data.problem import DataProblem, EntryError, first
from bigdata.kind import Finding, SpecError
from bigdata.studies.materials.model import USUAL, IdentityPart, Tolerances
from bigdata.studies.materials.symmetry import Symmetry

PARTS: tuple[IdentityPart, ...] = get_args(IdentityPart)
_OF_SYMMETRY = {"formula", "spacegroup", "wyckoff"}
_OF_STRUCTURES = _OF_SYMMETRY | {"matched"}
_SYMBOL = re.compile("[A-Z][a-z]?")
# By the place in a formula: counts sorted by it stand in the order in which they are written.
_RANKS = np.array([0, *map(rank, range(1, len(SYMBOLS)))], dtype=np.int64)
_BY_RANK = np.argsort(_RANKS[1:]) + 1


@dataclass(frozen=True)
class Identity:
    """What tells two materials apart, in the order in which a label names it; `symprec` in angstrom.

    `formula`: of the standardised primitive cell (Mg2F4); `reduced_formula`: MgF2; `given_formula`: as the database
    gives it; `spacegroup`: its number; `wyckoff`: the occupied orbits, a fingerprint of the structure type; `matched`:
    what matches within `tolerances` (MgF2#1, MgF2#2), numbered among all entries of a study: see `matching`.
    """

    by: tuple[IdentityPart, ...] = ("formula", "spacegroup")
    symprec: float = 0.1
    tolerances: Tolerances = USUAL

    def __post_init__(self) -> None:
        unknown = [part for part in self.by if part not in PARTS]
        if unknown or not self.by or len(set(self.by)) < len(self.by):
            given = ", ".join(self.by) or "nothing"
            raise SpecError(
                f"materials can't be told apart by {given}: name one or more of {', '.join(PARTS)}, each once"
            )
        if not (self.symprec > 0 and np.isfinite(self.symprec)):
            raise SpecError(f"symprec is a length in angstrom, greater than 0; {self.symprec:g} was given")

    @classmethod
    def parse(cls, text: str, symprec: float = 0.1) -> Identity:
        """From a list such as `reduced_formula,spacegroup`; SpecError where a word isn't known."""
        words = tuple(word.strip() for word in text.split(",") if word.strip())
        return cls(words, symprec)  # type: ignore[arg-type]

    @property
    def needs_structures(self) -> bool:
        return not _OF_STRUCTURES.isdisjoint(self.by)

    @property
    def needs_symmetry(self) -> bool:
        return not _OF_SYMMETRY.isdisjoint(self.by)

    def comparable(self) -> dict[str, Any]:
        """What must be equal for labels to mean the same; tolerances count only where symmetry or matching does."""
        found: dict[str, Any] = {"by": list(self.by), "symprec": self.symprec if self.needs_symmetry else None}
        return found | ({"matcher": self.tolerances._asdict()} if "matched" in self.by else {})


def labels(
    identity: Identity,
    structures: Structures | None,
    formulas: Sequence[str],
    symmetry: Symmetry | None,
    numbers: NDArray[np.int64] | None = None,
) -> list[str]:
    """One label an entry. `formulas` as the database gives them; `symmetry` may be None where `by` needs none, and so
    may `numbers`, of `matching.numbered`, without `matched`.

    Entries whose symmetry wasn't found have spacegroup 0 and the formula of their cell as given: see
    `groups.labelled`, which keeps them apart. Raises DataProblem
    where there are no structures and `by` needs them, or where a formula that is needed can't be read.
    """
    refuse_formulas_alone(identity, structures is not None)
    columns = [_column(part, identity, structures, formulas, symmetry, numbers) for part in identity.by]
    return ["_".join(words) for words in zip(*columns, strict=True)]


def refuse_formulas_alone(identity: Identity, has_structures: bool) -> None:
    """Raise DataProblem where a dataset has formulas only, and materials can't be told apart by these."""
    if identity.needs_structures and not has_structures:
        wanted = " and ".join(f"`{part}`" for part in identity.by if part in _OF_STRUCTURES)
        what = f"it has formulas only, no structures; {wanted} can't be told from those"
        raise DataProblem(Finding((), what, "identify its materials by reduced_formula or given_formula"))


def _column(
    part: IdentityPart,
    identity: Identity,
    structures: Structures | None,
    formulas: Sequence[str],
    symmetry: Symmetry | None,
    numbers: NDArray[np.int64] | None,
) -> list[str]:
    if part == "given_formula":
        return _given(formulas)
    if part == "reduced_formula" or structures is None:
        return reduced_formulas(structures, formulas)
    if part == "matched":
        return _matched(reduced_formulas(structures, formulas), numbers)
    if symmetry is None or symmetry.symprec != identity.symprec:
        found = "isn't there" if symmetry is None else f"was found within {symmetry.symprec:g} Å"
        raise ValueError(f"the symmetry {found}; {identity.symprec:g} Å is asked for")
    if part == "formula":
        return primitive_formulas(structures, symmetry, formulas)
    if part == "spacegroup":
        return list(map(str, symmetry.spacegroup.tolist()))
    # 48 bits are twelve hexadecimal digits.
    return [f"{value:012x}" for value in symmetry.wyckoff.tolist()]


def _matched(formulas: Sequence[str], numbers: NDArray[np.int64] | None) -> list[str]:
    if numbers is None:
        raise ValueError("what matches isn't there")
    return [f"{formula}#{number}" for formula, number in zip(formulas, numbers.tolist(), strict=True)]


def _given(formulas: Sequence[str]) -> list[str]:
    missing = [str(row) for row, formula in enumerate(formulas) if not formula]
    if missing:
        what = f"the database gives no formula for {len(missing)} of {len(formulas)} entries (rows {first(missing, 5)})"
        raise DataProblem(Finding((), what, "identify its materials by reduced_formula or formula"))
    return list(formulas)


class Compositions(NamedTuple):
    """Amounts of the elements in each of m structures, sorted by structure, then by the place in a formula.

    `owners` (k,) int64 structure, `numbers` (k,) int64 atomic number, `counts` (k,) int64 atoms of that element.
    """

    owners: NDArray[np.int64]
    numbers: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, structures: Structures) -> Compositions:
        owners = np.repeat(np.arange(len(structures)), structures.n_atoms)
        keys, counts = np.unique(owners * len(SYMBOLS) + _RANKS[structures.numbers], return_counts=True)
        return cls(keys // len(SYMBOLS), _BY_RANK[keys % len(SYMBOLS)], counts.astype(np.int64))

    def reduced(self) -> Compositions:
        """Amounts divided by their greatest common divisor."""
        _, starts, which = np.unique(self.owners, return_index=True, return_inverse=True)
        divisors = np.gcd.reduceat(self.counts, starts) if len(starts) else self.counts
        return self._replace(counts=self.counts // divisors[which])

    def texts(self, m: int) -> list[str]:
        """(m,) formulas; empty where a structure has no atoms."""
        words = [""] * m
        for owner, number, count in zip(*(column.tolist() for column in self), strict=True):
            words[owner] += SYMBOLS[number] if count == 1 else f"{SYMBOLS[number]}{count}"
        return words


def reduced_formulas(structures: Structures | None, formulas: Sequence[str]) -> list[str]:
    """From the atoms where there are any, else from the formula given; DataProblem naming those that can't be read."""
    if structures is None:
        return _parsed(formulas, range(len(formulas)), [""] * len(formulas))
    words = Compositions.of(structures).reduced().texts(len(structures))
    return _parsed(formulas, [row for row, word in enumerate(words) if not word], words)


def _parsed(formulas: Sequence[str], rows: Sequence[int], words: list[str]) -> list[str]:
    """`words` with the reduced formulas of `rows` filled in."""
    if not rows:
        return words
    from bigdata.data.materials.formula import parse, reduced

    known: dict[str, str] = {}
    unread: list[str] = []
    for row in rows:
        given = formulas[row]
        if given not in known:
            try:
                known[given] = reduced(parse(given))
            except EntryError:
                known[given] = ""
                unread.append(f"`{given}`")
        words[row] = known[given]
    if unread:
        raise DataProblem(Finding((), f"formulas can't be read: {first(unread)}", "correct them, or leave them out"))
    return words


def primitive_formulas(structures: Structures, symmetry: Symmetry, formulas: Sequence[str]) -> list[str]:
    """Formulas of the standardised primitive cells; the given one, reduced, where an entry has no atoms."""
    cells = Compositions.of(structures)
    n_atoms = structures.n_atoms[cells.owners]
    # Whole numbers: a cell is made up of whole primitive cells.
    counts = cells.counts * symmetry.n_primitive[cells.owners] // n_atoms
    words = cells._replace(counts=counts).texts(len(structures))
    return _parsed(formulas, [row for row, word in enumerate(words) if not word], words)


def elements_by_group(
    labels: Sequence[str], structures: Structures | None, formulas: Sequence[str]
) -> dict[str, frozenset[str]]:
    """Symbols of the elements that a group's entries have, for splits by element; DataProblem as `labels`."""
    found: dict[str, frozenset[str]] = {}
    for label, formula in zip(labels, reduced_formulas(structures, formulas), strict=True):
        found[label] = found.get(label, frozenset()) | frozenset(_SYMBOL.findall(formula))
    return found
