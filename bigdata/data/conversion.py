"""Units of materials properties: what can be converted into what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bigdata.units import ENERGY, LENGTH
from bigdata.units import QuantityError as QuantityError

if TYPE_CHECKING:  # specs are checked without NumPy
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_AVOGADRO = 6.02214076e23
_JOULE = ENERGY.units["J"]
_KJ_PER_MOL = 1e3 * _JOULE / _AVOGADRO
# The thermochemical calorie, in J.
_CALORIE = 4.184
_BOHR = LENGTH.units["bohr"]
_ENERGIES = {name: ENERGY.units[name] for name in ("eV", "meV", "Ha", "Ry", "J")}
_VOLUMES = {"angstrom^3": 1.0, "nm^3": 1e3, "bohr^3": _BOHR**3}

_PER_CELL = {"energy": _ENERGIES, "volume": _VOLUMES}
_PER_ATOM = {
    "energy": {
        **{f"{name}/atom": size for name, size in _ENERGIES.items()},
        "kJ/mol-atoms": _KJ_PER_MOL,
        "kcal/mol-atoms": _CALORIE * _KJ_PER_MOL,
    },
    "volume": {f"{name}/atom": size for name, size in _VOLUMES.items()},
}
_OTHERS: tuple[Mapping[str, float], ...] = (
    # 1 eV/Å³ is 1.602176634e-19 J / 1e-30 m³, exact since the elementary charge is.
    {"GPa": 1.0, "MPa": 1e-3, "Pa": 1e-9, "kbar": 0.1, "eV/angstrom^3": 160.2176634},
    {"angstrom": 1.0, "nm": 10.0, "pm": 0.01, "bohr": _BOHR},
    {"g/cm^3": 1.0, "kg/m^3": 1e-3},
    # Moles of what isn't said: tables of thermochemistry mean formula units, those of databases often atoms.
    {"kJ/mol": 1.0, "kcal/mol": _CALORIE},
    {"K": 1.0},
    {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0},
)
_MOLAR = ("kJ/mol", "kcal/mol")
_KINDS = (*_PER_CELL.values(), *_PER_ATOM.values(), *_OTHERS)


def convert(values: Floats, from_unit: str, to_unit: str, n_atoms: NDArray[np.int64] | None = None) -> Floats:
    """`values` (n,) of `from_unit` in `to_unit`; energies of the cell become those of an atom, and back, by `n_atoms`
    (n,), the atoms of each cell.

    kJ/mol-atoms and kcal/mol-atoms are for a mole of atoms; kJ/mol and kcal/mol, which don't say of what, are turned
    into each other alone. Constants: CODATA 2022. Raises QuantityError, naming the units that fit, where a unit isn't
    known or the two don't measure the same.
    """
    if from_unit == to_unit:
        return values
    start, end = _kind(from_unit), _kind(to_unit)
    factor = start[from_unit] / end[to_unit]
    if start is end:
        return values * factor
    if end is _counterpart(start):
        if n_atoms is None:
            right = "Use a dataset with structures, or ask for " + _either(start)
            raise QuantityError(f"{from_unit} can't be turned into {to_unit} without the atoms of each cell", right)
        return values * factor / n_atoms if start in _PER_CELL.values() else values * factor * n_atoms
    raise _unfit(from_unit, to_unit, start, end)


def _unfit(own: str, unit: str, start: Mapping[str, float], end: Mapping[str, float]) -> QuantityError:
    """Why two units don't measure the same."""
    names = (*start, *end)
    if "kJ/mol" in names and ("eV/atom" in names or "eV" in names):
        unsaid = own if own in _MOLAR else unit
        right = (
            f"Where it is of a mole of atoms, say `{unsaid}-atoms`; values of formula units have to be divided first"
        )
        return QuantityError(f"{unsaid} doesn't say of what, atoms or formula units", right)
    return QuantityError(f"{own} can't be turned into {unit}", f"Ask for {_either(_fitting(start))}")


def extent(unit: str) -> str:
    """Whether values in a unit are those of an atom or of a cell; "" for units that measure neither."""
    if unit.endswith(("/atom", "/mol-atoms")):
        return "atom"
    return "cell" if f"{unit}/atom" in fitting(unit) else ""


def refuse_unfit(own: str, unit: str) -> None:
    """Raise QuantityError where values of unit `own` can't be turned into `unit`, whatever their cells are."""
    start, end = _kind(own), _kind(unit)
    if own != unit and start is not end and end is not _counterpart(start):
        raise _unfit(own, unit, start, end)


def fitting(unit: str) -> tuple[str, ...]:
    """The units into which one can be converted; () for one that isn't known."""
    return next((tuple(_fitting(kind)) for kind in _KINDS if unit in kind), ())


def _kind(unit: str) -> Mapping[str, float]:
    for kind in _KINDS:
        if unit in kind:
            return kind
    known = tuple(name for kind in _KINDS for name in kind)
    raise QuantityError(f"unknown unit `{unit}`", f"The units are {', '.join(known)}", unit, known)


def _counterpart(kind: Mapping[str, float]) -> Mapping[str, float] | None:
    pairs = [(_PER_CELL[name], _PER_ATOM[name]) for name in _PER_CELL]
    return next((b if kind is a else a for a, b in pairs if kind in (a, b)), None)


def _fitting(kind: Mapping[str, float]) -> list[str]:
    return [*kind, *(_counterpart(kind) or {})]


def _either(units: Mapping[str, float] | list[str]) -> str:
    *most, last = units
    return f"{', '.join(most)} or {last}" if most else last
