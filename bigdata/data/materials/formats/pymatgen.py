"""pymatgen: structures and computed entries written with `as_dict()` as JSON; one object, or a list of them.

    [{"@class": "ComputedStructureEntry", "entry_id": "mp-1", "energy": -188.3, "correction": 0.0, "parameters": {…},
      "data": {"band_gap": 1.2}, "structure": {"@class": "Structure", "lattice": {"matrix": […]}, "sites": […]}}, …]

A `Structure` by itself is a material without properties. Any other object with a `structure` is one too, all its other
keys being properties. Energies of computed entries are in eV for the cell. Sites shared by several elements, or not
fully occupied, can't be used; charges are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bigdata.data.formats import entries_of
from bigdata.data.materials.formats.agreement import agreed_formula
from bigdata.data.materials.formats.entry import (
    FORMULA_KEYS,
    ID_KEYS,
    MaterialEntry,
    first_of,
    oxidation_note,
    refuse_unless_periodic,
    structure,
    without,
)
from bigdata.data.materials.formats.items import items
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import plain_name

NAMED_BY_FILE = False
UNITS = {"energy": "eV", "correction": "eV"}
_CLASS = re.compile(rb'"@class"\s*:\s*"(I?Structure|Computed(Structure)?Entry)"')
# An object that begins with a key of pymatgen's is one material; other keys may be the names of several.
_OBJECT = re.compile(
    rb'\{\s*"(@\w+|charge|lattice|sites|composition|energy|correction|entry_id|parameters|data|properties'
    rb'|structure"\s*:\s*\{\s*"(@\w+|charge|lattice|sites|properties))"'
)
# Angstrom; programs write coordinates with three digits or more.
_SAME_PLACE = 0.02
_ENTRY = {"structure", "composition", "energy_adjustments", "data", "entry_id"}


def recognises(name: str, head: bytes) -> bool:
    # One object a line is the format `jsonl`, which knows pymatgen's structures too.
    if plain_name(name).lower().endswith((".jsonl", ".ndjson")):
        return False
    start = head.lstrip()
    is_ours = start[:1] == b"[" or _OBJECT.match(start) is not None
    return is_ours and bool(_CLASS.search(head)) and b'"matrix"' in head


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The materials of a file, one at a time."""
    return entries_of(items(path), label, _entry)


def _entry(item: Any, label: str, line: int) -> MaterialEntry | BadEntry:
    name = ""
    try:
        if not isinstance(item, dict):
            raise EntryError("this is neither a `Structure` nor an entry with one")
        if "sites" in item:
            found, notes = from_dict(item)
            return MaterialEntry("", label, line, "", found, notes=notes)
        key = first_of(item, ID_KEYS)
        name = str(item.get(key, ""))
        properties = {**without(item, *_ENTRY, key), **_data(item)}
        kept = {k: value for k, value in properties.items() if not k.startswith("@")}
        found, notes = from_dict(item.get("structure"))
        said = {formula: str(kept.pop(formula)) for formula in FORMULA_KEYS if kept.get(formula)}
        formula, doubts = agreed_formula(said, found)
        return MaterialEntry(name, label, line, formula, found, kept, notes + doubts)
    except EntryError as e:
        return BadEntry(name, label, line, str(e))


def _data(item: Mapping[str, Any]) -> Mapping[str, Any]:
    data = item.get("data")
    return data if isinstance(data, dict) else {}


class Noted(NamedTuple):
    """A structure, None where there is none, and what its reader has to say of it."""

    structure: Structure | None
    notes: tuple[str, ...]


def from_dict(data: Any) -> Noted:
    """The structure of a `Structure.as_dict()`, without oxidation states; raises EntryError."""
    if isinstance(data, dict) and "Molecule" in str(data.get("@class")):
        raise EntryError("this is a molecule: it has no `lattice`, and a crystal is periodic in three directions")
    try:
        sites = data["sites"]
        # Written since there are structures that aren't periodic in all directions.
        refuse_unless_periodic(listed(data["lattice"].get("pbc", [True, True, True])))
        species = [_element(site["species"], place) for place, site in enumerate(sites, 1)]
        found = structure(listed(data["lattice"]["matrix"]), species, [listed(site["abc"]) for site in sites])
        _refuse_other_places(found, [site.get("xyz") for site in sites])
        states = {_with_state(one) for site in sites if "oxidation_state" in (one := site["species"][0])}
        return Noted(found, oxidation_note(states) if states else ())
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as e:
        what = f"`{e.args[0]}` is missing" if isinstance(e, KeyError) else "it isn't built like one"
        raise EntryError(f"this isn't a pymatgen `Structure`: {what}") from None


def listed(value: Any) -> Any:
    """An array as a list: monty writes it as an object with `data`, ASE as one with its shape and a flat list."""
    if not isinstance(value, dict):
        return value
    if "__ndarray__" in value:
        shape, _, flat = value["__ndarray__"]
        return np.reshape(flat, shape).tolist()
    inside = value.get("array") if "__ase_objtype__" in value else value.get("data")
    if inside is None:
        raise EntryError("an array is written in a form that isn't known")
    return listed(inside)


def _element(species: list[dict[str, Any]], place: int) -> str:
    if len(species) != 1 or abs(species[0].get("occu", 1) - 1) > 1e-6:
        shares = ", ".join(f"{one['element']} {one.get('occu', 1):g}" for one in species) or "nothing"
        raise EntryError(f"the structure is disordered: site {place} holds {shares}")
    return str(species[0]["element"])


def _with_state(species: Mapping[str, Any]) -> str:
    """`Mn3+`; the symbol alone where no oxidation state, or none other than 0, is given."""
    state = species.get("oxidation_state") or 0
    return f"{species['element']}{abs(state):g}{'+' if state > 0 else '-'}" if state else str(species["element"])


def _refuse_other_places(found: Structure, places: list[Any]) -> None:
    """Raise EntryError where a site's Cartesian coordinates (`xyz`) aren't those of its fractions (`abc`)."""
    if None in places or not places:
        return
    apart = np.abs(np.array([*map(listed, places)], dtype=np.float64) - found.positions @ found.lattice)
    # Not the greater: NaN is no place either.
    if not apart.max() <= _SAME_PLACE:
        at = int(apart.max(axis=1).argmax())
        what = f"`xyz` of site {at + 1} is {apart[at].max():.3g} angstrom from where its `abc` puts it"
        raise EntryError(what)
