"""The unit of a property, where its name says it."""

from __future__ import annotations

import re

# Longer endings first: `formation_energy_per_atom_eV` is no energy of a cell.
_ENDINGS = {
    "_per_atom_eV": "eV/atom",
    "_per_atom_meV": "meV/atom",
    "_eV_per_atom": "eV/atom",
    "_meV_per_atom": "meV/atom",
    "_eV_atom": "eV/atom",
    "_meV_atom": "meV/atom",
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
