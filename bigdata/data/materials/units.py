"""The unit of a property, where its name says it."""

from __future__ import annotations

import re

from bigdata.data.conversion import fitting

# Longer endings first: `formation_energy_per_atom_eV` is no energy of a cell.
_ENDINGS = {
    "_per_atom_eV": "eV/atom",
    "_per_atom_meV": "meV/atom",
    "_eV_per_atom": "eV/atom",
    "_meV_per_atom": "meV/atom",
    "_eV_atom": "eV/atom",
    "_meV_atom": "meV/atom",
    "_kJ_per_mol_atoms": "kJ/mol-atoms",
    "_kcal_per_mol_atoms": "kcal/mol-atoms",
    "_kJ_per_mol": "kJ/mol",
    "_kJ_mol": "kJ/mol",
    "_kcal_per_mol": "kcal/mol",
    "_kcal_mol": "kcal/mol",
    "_Ha_per_atom": "Ha/atom",
    "_Ry_per_atom": "Ry/atom",
    "_g_per_cm3": "g/cm^3",
    "_angstrom3": "angstrom^3",
    "_eV": "eV",
    "_meV": "meV",
    "_Ha": "Ha",
    "_Ry": "Ry",
    "_s": "s",
    "_angstrom": "angstrom",
    "_bohr": "bohr",
    "_nm": "nm",
    "_K": "K",
    "_GPa": "GPa",
    "_kbar": "kbar",
}

_BRACKETS = re.compile(r"\s*(?:\(([^()]*)\)|\[([^\[\]]*)\])$")
_SPELLINGS = (
    (re.compile(r"\s*(?:/|\bper\b)\s*"), "/"),
    (re.compile("[\N{LATIN CAPITAL LETTER A WITH RING ABOVE}\N{ANGSTROM SIGN}]|\\b(?:Ang|A)(?=\\^?3)"), "angstrom"),
    (re.compile(r"(?<=[a-z])\^?(?:3|\N{SUPERSCRIPT THREE})"), "^3"),
    (re.compile(r"\b[Hh]artree\b"), "Ha"),
    (re.compile(r"\b[Rr]ydberg\b"), "Ry"),
)


def unit_of(name: str) -> str:
    """The unit that a property's name ends with, such as eV/atom for `formation_energy_eV_per_atom`, or that stands in
    brackets behind it (`gap (eV)`, `gap [eV, PBE]`); "" for none, and where the two differ."""
    brackets = _BRACKETS.search(name)
    if brackets is None:
        return _ending(name)
    before, inside = _ending(name[: brackets.start()]), _written(brackets[1] or brackets[2] or "")
    return (before or inside) if before == inside or not (before and inside) else ""


def without_unit(name: str) -> str:
    """The name without the unit that it ends with, or that stands in brackets behind it."""
    plain = _BRACKETS.sub("", name) if unit_of(name) else name
    ending = next((ending for ending in _ENDINGS if plain.endswith(ending)), "")
    return plain.removesuffix(ending).rstrip("_ ") or name


def _ending(name: str) -> str:
    return next((unit for ending, unit in _ENDINGS.items() if name.endswith(ending)), "")


def _written(words: str) -> str:
    """The one unit among words separated by commas, in its usual spelling; "" for none and for several."""
    units = {unit for part in re.split("[,;]", words) if fitting(unit := _spelled(part))}
    return units.pop() if len(units) == 1 else ""


def _spelled(text: str) -> str:
    for pattern, usual in _SPELLINGS:
        text = pattern.sub(usual, text.strip())
    return text
