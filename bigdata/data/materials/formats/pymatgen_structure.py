"""pymatgen's `Structure.as_dict()`: a structure as JSON, each site with its species, fractions and coordinates.

    {"@class": "Structure", "charge": 0, "lattice": {"matrix": [[…], …], "pbc": [true, true, true], "a": 4.1, …},
     "sites": [{"species": [{"element": "Cs", "occu": 1}], "abc": [0, 0, 0], "xyz": [0, 0, 0], "properties": {}}, …]}

What stands there twice, vectors and lengths, fractions and coordinates, has to agree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from bigdata.data.materials.formats.entry import cell, oxidation_note, refuse_unless_periodic, structure
from bigdata.data.materials.structures import Floats, Structure
from bigdata.data.problem import EntryError

# Angstrom; programs write coordinates with three digits or more.
_SAME_PLACE = 0.02
_SAME_LENGTH = 0.01
_LENGTHS, _ANGLES = ("a", "b", "c"), ("alpha", "beta", "gamma")


class Noted(NamedTuple):
    """A structure, None where there is none; what its reader has to say of it; and the keys that it left out."""

    structure: Structure | None
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def from_dict(data: Any) -> Noted:
    """The structure of a `Structure.as_dict()`, without oxidation states; raises EntryError."""
    if isinstance(data, dict) and "Molecule" in str(data.get("@class")):
        raise EntryError("this is a molecule: it has no `lattice`, and a crystal is periodic in three directions")
    try:
        sites = data["sites"]
        # Written since there are structures that aren't periodic in all directions.
        refuse_unless_periodic(listed(data["lattice"].get("pbc", [True, True, True])))
        species = [_element(site["species"], place) for place, site in enumerate(sites, 1)]
        found = structure(_vectors(data["lattice"]), species, [listed(site["abc"]) for site in sites])
        _refuse_other_places(found, [site.get("xyz") for site in sites])
        states = {_with_state(one) for site in sites if "oxidation_state" in (one := site["species"][0])}
        notes = oxidation_note(states) + _charge_note(data.get("charge"))
        left_out = dict.fromkeys(f"sites.{key}" for site in sites for key in site.get("properties") or ())
        return Noted(found, notes, tuple(left_out))
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


def _vectors(lattice: Mapping[str, Any]) -> Any:
    """The lattice vectors; those of lengths and angles where nothing else is given, oriented as pymatgen does."""
    if lattice.get("matrix") is None and all(key in lattice for key in (*_LENGTHS, *_ANGLES)):
        return cell(*(float(lattice[key]) for key in (*_LENGTHS, *_ANGLES)))
    vectors = listed(lattice["matrix"])
    refuse_other_lengths(vectors, [lattice.get(key) for key in _LENGTHS])
    return vectors


def refuse_other_lengths(vectors: Any, lengths: list[Any]) -> None:
    """Raise EntryError where `lengths` of the lattice vectors, in angstrom, are given and aren't those of `vectors`."""
    for key, said, vector in zip(_LENGTHS, lengths, vectors, strict=False):
        if said is not None and not math.isclose(length := math.hypot(*vector), said, rel_tol=_SAME_LENGTH):
            raise EntryError(f"`{key}` of the lattice is {said:g}, and its vector is {length:g} angstrom long")


def _element(species: list[dict[str, Any]], place: int) -> str:
    if len(species) != 1 or abs(species[0].get("occu", 1) - 1) > 1e-6:
        shares = ", ".join(f"{one['element']} {one.get('occu', 1):g}" for one in species) or "nothing"
        raise EntryError(f"the structure is disordered: site {place} holds {shares}")
    return str(species[0]["element"])


def _with_state(species: Mapping[str, Any]) -> str:
    """`Mn3+`; the symbol alone where no oxidation state, or none other than 0, is given."""
    state = species.get("oxidation_state") or 0
    return f"{species['element']}{abs(state):g}{'+' if state > 0 else '-'}" if state else str(species["element"])


def _charge_note(charge: Any) -> tuple[str, ...]:
    return (f"the charge of the cell is left out: {charge:+g}",) if isinstance(charge, int | float) and charge else ()


def _refuse_other_places(found: Structure, places: list[Any]) -> None:
    """Raise EntryError where a site's Cartesian coordinates (`xyz`) aren't those of its fractions (`abc`)."""
    if not places or None in places:
        return
    said: Floats = np.array([*map(listed, places)], dtype=np.float64)
    apart = np.abs(said - found.positions @ found.lattice)
    # Positions that aren't finite are told where all structures are checked.
    if not apart.max() <= _SAME_PLACE and np.isfinite(found.positions).all():
        at = int(apart.max(axis=1).argmax())
        raise EntryError(f"`xyz` of site {at + 1} is {apart[at].max():.3g} angstrom from where its `abc` puts it")
