"""The crystal of a data block: each way to read its sites and symmetry is tried, and the one that fits is taken."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.checks import check as check_structure
from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.formats.crystallographic.elements import combinations
from bigdata.data.materials.formats.crystallographic.expansion import SAME_PLACE, Cell, expand
from bigdata.data.materials.formats.crystallographic.grammar import Block, crystals
from bigdata.data.materials.formats.crystallographic.sites import Sites, sites
from bigdata.data.materials.formats.crystallographic.stated import Stated, agrees, check, stated
from bigdata.data.materials.formats.crystallographic.symmetry import Operations, settings
from bigdata.data.materials.formats.entry import cell
from bigdata.data.materials.structures import Floats, Structure
from bigdata.data.problem import EntryError

_LENGTHS = ("_cell_length_a", "_cell_length_b", "_cell_length_c")
_ANGLES = ("_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma")
_MODULATED = ("_space_group_ssg", "_cell_wave_vector", "_cell_subsystem")


class Crystal(NamedTuple):
    """A structure, and what is to be said of how it was read."""

    structure: Structure
    notes: tuple[str, ...]


def structure_of(text: str) -> Crystal:
    """The one crystal in a CIF text; raises EntryError, with the line in the text where one is at fault."""
    found = crystals(text)
    if len(found) > 1:
        names = ", ".join(block.name for block in found[:5])
        raise EntryError(f"the CIF text holds {len(found)} crystals ({names}); one is wanted", found[1].line)
    return crystal(found[0])


def crystal(block: Block) -> Crystal:
    """The crystal of a data block; raises EntryError."""
    if tag := next((tag for tag in block.values if tag.startswith(_MODULATED)), ""):
        raise EntryError(f"the structure is modulated: it has `{tag}`", block.values[tag].line)
    lengths, angles = _parameters(block, _LENGTHS), _parameters(block, _ANGLES)
    lattice = cell(*lengths, *angles)
    said = stated(block)
    listed = sites(block, said.formula.keys())
    structure, notes = _fitting(lattice, listed, settings(block, angles), said)
    return Crystal(structure, (*listed.notes, *notes, *check(block, structure, said)))


def _parameters(block: Block, tags: tuple[str, ...]) -> tuple[float, ...]:
    values = []
    for tag in tags:
        value = block.number(tag)
        if value is None:
            raise EntryError(f"there is no `{tag}`", block.values[tag].line if tag in block else block.line)
        if value <= 0:
            raise EntryError(f"`{tag}` is {value:g}, not above 0", block.values[tag].line)
        values.append(value)
    return tuple(values)


def _fitting(
    lattice: Floats, listed: Sites, groups: list[Operations], said: Stated
) -> tuple[Structure, tuple[str, ...]]:
    """The structure of the only way to read elements and symmetry by which the formula comes out right."""
    ways = [*product(combinations(listed.readings, listed.labels), groups)]
    if len(ways) == 1:
        return _structure(lattice, listed, *ways[0], said)
    fits: list[tuple[Structure, tuple[str, ...]]] = []
    faults: list[EntryError] = []
    for way in ways:
        try:
            fits.append(_checked(lattice, listed, *way, said))
        except EntryError as e:
            faults.append(e)
    if len(fits) == 1:
        return fits[0]
    if not fits:
        raise EntryError(f"none of {len(ways)} ways to read symmetry and elements fits. The first: {faults[0]}")
    what = "the origin or axes of the space group" if len(groups) > 1 else "the elements of labels"
    raise EntryError(f"{what} can't be told: {len(fits)} of {len(ways)} ways to read them fit. List the operations")


def _checked(
    lattice: Floats, listed: Sites, elements: list[int], operations: Operations, said: Stated
) -> tuple[Structure, tuple[str, ...]]:
    structure, notes = _structure(lattice, listed, elements, operations, said)
    check_structure(structure)
    ambiguous = sorted({x for x, options in zip(listed.labels, listed.readings, strict=True) if len(options) > 1})
    return structure, (*notes, *(f"element of a label told by the formula: {label}" for label in ambiguous))


def _structure(
    lattice: Floats, listed: Sites, elements: list[int], operations: Operations, said: Stated
) -> tuple[Structure, tuple[str, ...]]:
    atoms = expand(listed.positions, operations, lattice, listed.labels)
    doubled = _doubled(atoms, lattice)
    numbers = np.array(elements, dtype=np.uint8)
    repeated = _repeated(doubled, atoms, numbers, listed.labels)
    kept = ~np.isin(atoms.site, [*repeated]) if repeated else slice(None)
    structure = Structure(lattice, numbers[atoms.site[kept]], atoms.positions[kept])
    is_proved = agrees(structure.numbers, said)
    if repeated and not is_proved and len(listed.labels) != len(structure.numbers):
        one, other = next(iter(repeated.items()))
        raise EntryError(
            f"sites {listed.labels[other]} and {listed.labels[one]} are one place, and no Z proves it one atom"
        )
    notes = _multiplicity_notes(atoms, listed, is_proved)
    notes += [
        f"sites at one place are one atom: {listed.labels[b]} and {listed.labels[a]}" for a, b in repeated.items()
    ]
    return structure, (*([operations.said] if operations.said else []), *notes)


def _multiplicity_notes(atoms: Cell, listed: Sites, is_proved: bool) -> list[str]:
    """The sites with other multiplicities than the file says; EntryError unless formula and Z prove the atoms right."""
    if not any(listed.multiplicities):
        return []
    found = np.bincount(atoms.site, minlength=len(listed.labels)).tolist()
    off = [x for x in zip(listed.labels, found, listed.multiplicities, strict=True) if x[2] and x[1] != x[2]]
    if off and not is_proved:
        label, n, said = off[0]
        raise EntryError(
            f"site {label} has {n} places in the cell, the file says {said} (its multiplicity)", listed.line
        )
    return [f"a site's multiplicity isn't what the file says: {label}, {n} and {said}" for label, n, said in off]


def _doubled(atoms: Cell, lattice: Floats) -> NDArray[np.int64]:
    """(k, 2) atoms within SAME_PLACE of each other."""
    if len(atoms.positions) == 1:
        return np.empty((0, 2), np.int64)
    inside = atoms.positions % 1.0
    inside[inside == 1.0] = 0.0
    # A step of length d changes fractions by at most d times the norm of the inverse.
    reach = SAME_PLACE * float(np.linalg.norm(np.linalg.inv(lattice)))
    # Of all formats, CIF alone needs it: plans of other data load without SciPy.
    from scipy.spatial import cKDTree

    pairs = cKDTree(inside, boxsize=1.0).query_pairs(min(reach, 0.499), output_type="ndarray")
    apart = inside[pairs[:, 0]] - inside[pairs[:, 1]]
    apart -= np.round(apart)
    return np.asarray(pairs[np.linalg.norm(apart @ lattice, axis=1) < SAME_PLACE])


def _repeated(doubled: NDArray[np.int64], atoms: Cell, numbers: NDArray[np.uint8], labels: list[str]) -> dict[int, int]:
    """For each site that repeats an earlier one: that one. Raises EntryError where they can't be one atom."""
    found: dict[int, int] = {}
    for a, b in doubled.tolist():
        one, other = sorted((int(atoms.site[a]), int(atoms.site[b])))
        if one == other:
            raise EntryError(f"images of site {labels[one]} are within {SAME_PLACE} angstrom of each other")
        if numbers[one] != numbers[other]:
            elements = f"{SYMBOLS[numbers[one]]} and {SYMBOLS[numbers[other]]}"
            raise EntryError(f"sites {labels[one]} and {labels[other]} are at one place, but hold {elements}")
        if (atoms.site == one).sum() != (atoms.site == other).sum():
            raise EntryError(f"sites {labels[one]} and {labels[other]} lie within {SAME_PLACE} angstrom of each other")
        found[other] = min(one, found.get(other, one))
    return found
