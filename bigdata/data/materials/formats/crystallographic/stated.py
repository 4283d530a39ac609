"""What a data block says of the whole crystal, formula, Z, volume and density: its atoms have to agree with it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.formats.crystallographic.grammar import FORMULA, UNKNOWN, Block, number
from bigdata.data.materials.formula import amounts, parse, written
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import EntryError

UNCHECKED = "not checked against a formula"
_Z, _DENSITY, _VOLUME = "_cell_formula_units_z", "_exptl_crystal_density_diffrn", "_cell_volume"
_ATTACHED = "_atom_site_attached_hydrogens"
# Amounts are rounded to two digits by some programs.
_SHARE, _AMOUNT = 0.01, 0.01
_OFF = 0.02
# g/cm³ of one dalton per angstrom³: 1.66053907e-24 g / 1e-24 cm³.
_DALTON = 1.66053907


class Stated(NamedTuple):
    """`formula`: amounts by atomic number, empty where not stated or not read; `units`: Z, 0 where not stated or not
    whole; `line` of the formula; `reason`: why the crystal isn't checked against it, "" where it is."""

    formula: dict[int, float]
    units: int
    line: int
    reason: str = ""


def stated(block: Block) -> Stated:
    """What the block says; raises EntryError where Z is no number."""
    text, units = block.text(FORMULA), block.number(_Z) or 0.0
    whole = int(units) if units > 0 and units == int(units) else 0
    line = block.values[FORMULA].line if text else block.line
    if not text:
        return Stated({}, whole, line, UNCHECKED)
    try:
        return Stated(parse(" ".join(text.split())), whole, line)
    except EntryError as e:
        return Stated({}, whole, line, f"{UNCHECKED}: {e}")


def agrees(numbers: NDArray[np.uint8], said: Stated) -> bool:
    """Whether the cell's atoms are those of formula and Z both; raises EntryError where they contradict either.

    Programs write the formula of all the cell's atoms too, with the number of its units as Z.
    """
    if not said.formula:
        return False
    found = amounts(numbers)
    ratio = sum(found.values()) / sum(said.formula.values())
    if not _same(found, {z: n * ratio for z, n in said.formula.items()}):
        raise EntryError(_contradiction(found, said), said.line)
    if not said.units:
        return False
    times = {z: n * said.units for z, n in said.formula.items()}
    is_whole_cell = _same(found, said.formula) and all(_whole(n / said.units) for n in said.formula.values())
    if _same(found, times) or is_whole_cell:
        return True
    units = f"{ratio:.3g} formula units {written(said.formula)}"
    raise EntryError(f"the cell holds {units}, `_cell_formula_units_Z` says {said.units}", said.line)


def _whole(amount: float) -> bool:
    return abs(amount - round(amount)) < _AMOUNT


def _same(found: dict[int, int], wanted: dict[int, float]) -> bool:
    return found.keys() == wanted.keys() and all(abs(n - wanted[z]) <= _SHARE * n + _AMOUNT for z, n in found.items())


def _contradiction(found: dict[int, int], said: Stated) -> str:
    heavy = {z: n for z, n in found.items() if z != 1}
    heavy_said = {z: n for z, n in said.formula.items() if z != 1}
    if 1 in said.formula and heavy and heavy.keys() == heavy_said.keys():
        ratio = sum(heavy.values()) / sum(heavy_said.values())
        if _same(heavy, {z: n * ratio for z, n in heavy_said.items()}):
            n, wanted = found.get(1, 0), said.formula[1] * ratio
            missing = "none of them" if not n else f"{n} of them"
            if n < wanted:
                return f"hydrogens are not listed: the formula has {wanted:.4g} a cell, the sites {missing}"
    return f"the atoms make {written(found)}, the file says {written(said.formula)} in `{FORMULA}`"


def check(block: Block, structure: Structure, said: Stated) -> tuple[str, ...]:
    """Compare the crystal with the block's volume and density; the notes on it.

    Density (g/cm³) is sum of masses / volume. Raises EntryError where these differ by more than 2 % (a density only
    where no formula and Z outweigh it), or where hydrogens are attached to sites and no formula
    tells that all are there.
    """
    _refuse_off(block, _VOLUME, structure.volume, "angstrom³")
    density = _DALTON * _mass(structure.numbers) / structure.volume if block.text(_DENSITY) else 0.0
    if said.formula and said.units:
        return _density_notes(block, density)
    _refuse_off(block, _DENSITY, density, "g/cm³")
    if said.formula:
        return ("checked by the ratios of its formula only, Z isn't stated",)
    if any(text not in UNKNOWN and number(text, f"`{_ATTACHED}`") > 0 for text in block.column(_ATTACHED)):
        raise EntryError("sites have hydrogens attached that have no positions", block.values[_ATTACHED].line)
    return (said.reason,)


def _density_notes(block: Block, density: float) -> tuple[str, ...]:
    # Formula and Z outweigh a density, which may have been measured.
    value = block.number(_DENSITY)
    is_off = value and abs(density - value) > _OFF * value
    return (f"the stated density isn't the crystal's: {value:g} and {density:.4g} g/cm³",) if is_off else ()


def _refuse_off(block: Block, tag: str, found: float, unit: str) -> None:
    value = block.number(tag)
    if value and abs(found - value) > _OFF * value:
        raise EntryError(f"`{tag}` is {value:g}, the structure's is {found:.4g} {unit}", block.values[tag].line)


def _mass(numbers: NDArray[np.uint8]) -> float:
    """In daltons."""
    import gemmi

    return float(sum(gemmi.Element(SYMBOLS[z]).weight * n for z, n in amounts(numbers).items()))
