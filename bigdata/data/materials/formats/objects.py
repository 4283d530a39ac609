"""One JSON object as a material, in whichever of the known forms its structure stands; all else in it are properties.

The formula, and counts of atoms and elements, are compared with the structure. Keys that begin with `@`, and further
structures beside the one that is read, hold no property.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bigdata.data.formats import entries_of
from bigdata.data.materials.formats.agreement import agreed_formula, refuse_other_counts
from bigdata.data.materials.formats.crystallographic.stated import UNCHECKED
from bigdata.data.materials.formats.entry import (
    FORMULA_KEYS,
    ID_KEYS,
    MaterialEntry,
    first_of,
    with_left_out,
    without,
)
from bigdata.data.materials.formats.items import items
from bigdata.data.materials.formats.json_structures import FORMS, is_structure, structure_and_rest
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, EntryError, Remark

_N_ATOMS = frozenset({"nsites", "natoms", "n_atoms", "nat"})
_COUNTS = _N_ATOMS | {"nelements", "n_elements", "elements"}
_ELEMENT = re.compile(r"([A-Z][a-z]?)\d*\.?\d*[+-]?")
# eV an atom; programs write energies with three digits or more.
_SAME_ENERGY = 2e-3


def read_items(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The materials of a file that is an array of objects, or one object; one at a time."""
    return with_left_out(entries_of(items(path), label, lambda item, label, line: entry(item, "", label, line)))


def entry(item: Any, name: str, label: str, line: int) -> MaterialEntry | BadEntry:
    """The entry that an object stands for; `name` is what the file calls it, "" for nothing."""
    try:
        if not isinstance(item, dict):
            raise EntryError("this isn't a JSON object")
        key = first_of(item, ID_KEYS)
        own = str(item.get(key, ""))
        # Rows have numbers beside their identifiers; of two names for one thing neither is better.
        if own and name and own != name and not name.isdigit():
            raise EntryError(f"it stands under `{name}`, and its `{key}` is `{own}`")
        name = own or name
        return material(item, name, label, line, key)
    except EntryError as e:
        return BadEntry(name, label, e.line or line, str(e))


def is_material(value: Mapping[str, Any]) -> bool:
    """Whether an object says itself what a material is, so that what it stands under is its name."""
    return any(key in value for key in (*FORMS, *FORMULA_KEYS)) or any(map(is_structure, value.values()))


def material(item: dict[str, Any], name: str, label: str, line: int, *passed_over: str) -> MaterialEntry:
    """The material that an object stands for; the keys `passed_over` are none of its properties.

    Raises EntryError where the object can't be read, or contradicts itself.
    """
    if str(item.get("@class")).startswith("Computed"):
        item = _computed(item)
    found, rest = structure_and_rest(without(item, *passed_over))
    _compare_counts(found.structure, item)
    said = formulas(rest)
    formula, notes = agreed_formula(said, found.structure)
    # The object's formula is the check that a CIF text itself has no means for.
    doubts = tuple(note for note in found.notes if note != UNCHECKED) if formula else found.notes
    left_out = [key for key, value in rest.items() if is_structure(value)]
    # The first is the entry's formula; one by amounts would be as many properties as it has elements.
    no_property = {*left_out, *list(said)[:1], *(key for key in said if isinstance(rest[key], dict))}
    properties = {key: value for key, value in rest.items() if key not in no_property and key[:1] != "@"}
    left_out += found.left_out
    return MaterialEntry(name, label, line, formula, found.structure, properties, doubts + notes, tuple(left_out))


def formulas(item: Mapping[str, Any]) -> dict[str, str]:
    """What an object says of its composition, texts before amounts by element; raises EntryError."""
    given = {key: item[key] for key in FORMULA_KEYS if item.get(key) not in (None, "")}
    texts = {key: value for key, value in given.items() if isinstance(value, str)}
    return texts | {key: _amounts(key, value) for key, value in given.items() if key not in texts}


def _amounts(key: str, value: Any) -> str:
    """The formula of `{"Cs": 1.0, "Cl": 1.0}`, pymatgen's form; an element's ions are added up."""
    total: dict[str, float] = {}
    for species, amount in value.items() if isinstance(value, dict) else [("", 0)]:
        element = _ELEMENT.fullmatch(species)
        if element is None or not isinstance(amount, int | float) or not 0 <= amount < math.inf:
            raise EntryError(f"`{key}` isn't text")
        total[element[1]] = total.get(element[1], 0) + amount
    return "".join(f"{element}{amount:.10g}" for element, amount in total.items())


def _compare_counts(found: Structure | None, item: Mapping[str, Any]) -> None:
    if _COUNTS.isdisjoint(item):
        return
    for key in sorted(item.keys() & _COUNTS):
        name = "n_atoms" if key in _N_ATOMS else "n_elements"
        refuse_other_counts(found, **{name: (key, item[key])})


def _computed(item: dict[str, Any]) -> dict[str, Any]:
    """A computed entry of pymatgen's, what stands in its `data` beside its own keys; raises EntryError where the two
    contradict each other, or the energies an atom (eV) that they give."""
    data = item["data"] if isinstance(item.get("data"), dict) else {}
    for key in item.keys() & data.keys():
        if item[key] != data[key]:
            raise EntryError(f"`{key}` is {item[key]}, and {data[key]} in `data`")
    joined = without(item, "data", "energy_adjustments") | data
    _refuse_other_energy(joined)
    return joined


def _refuse_other_energy(item: Mapping[str, Any]) -> None:
    composition = item.get("composition")
    if not isinstance(composition, dict) or not isinstance(item.get("energy_per_atom"), int | float):
        return
    n, energy = sum(composition.values()), item["energy"]
    # Which of the two is meant differs from version to version.
    options = [energy / n, (energy + (item.get("correction") or 0)) / n]
    if not any(abs(item["energy_per_atom"] - one) < _SAME_ENERGY for one in options):
        what = f"`energy_per_atom` is {item['energy_per_atom']:g} eV, and `energy` gives {options[0]:g} eV for each"
        raise EntryError(f"{what} of the {n:g} atoms of `composition`")
