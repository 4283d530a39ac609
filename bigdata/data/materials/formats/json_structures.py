"""The known forms in which a structure stands in a JSON object, and what of the object isn't part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigdata.data.materials.formats.crystallographic.reading import structure_of
from bigdata.data.materials.formats.entry import oxidation_note, refuse_unless_periodic, structure, without
from bigdata.data.materials.formats.pymatgen_structure import Noted, from_dict, listed, refuse_other_lengths
from bigdata.data.problem import EntryError
from bigdata.data.text import parsed

_OWN = ("lattice", "cell", "species", "frac_coords", "cart_coords")
_ASE = ("cell", "numbers", "positions", "pbc")
_JARVIS = ("lattice_mat", "coords", "elements", "cartesian", "abc", "angles", "props")
FORMS = ("sites", "structure", "atoms", "lattice_mat", "numbers", *_OWN)
"""Keys that structures stand under, or are built of."""

# Keys of ASE's rows that name no result, and those whose values are of single atoms.
_ASE_ROW = ("unique_id", "ctime", "mtime", "user", "calculator", "calculator_parameters", "key_value_pairs", "data")
_ASE_ATOMS = ("constraints", "initial_magmoms", "initial_charges", "momenta", "tags", "masses", "forces", "stress",
              "magmoms", "charges", "dipole", "stresses", "energies")  # fmt: skip
_CIF = "_cell_length_a"


def is_structure(value: Any) -> bool:
    """Whether a value holds a structure: a CIF text, or an object with a lattice."""
    if isinstance(value, str):
        return _CIF in value
    return isinstance(value, dict) and ("lattice" in value or "lattice_mat" in value)


def structure_and_rest(item: dict[str, Any]) -> tuple[Noted, dict[str, Any]]:
    """The structure of an object, None where it has none, and its other keys; raises EntryError."""
    if "sites" in item:
        properties = item.get("properties")
        return from_dict(item), properties if isinstance(properties, dict) else {}
    if item.get("structure") is not None:
        return _nested(item["structure"]), without(item, "structure", *_OWN)
    if isinstance(item.get("atoms"), dict):
        return from_jarvis(item["atoms"]), without(item, "atoms")
    if "lattice_mat" in item:
        return from_jarvis(item), without(item, *_JARVIS)
    if "numbers" in item and "positions" in item:
        return _from_ase(item)
    if any(item.get(key) is not None for key in _OWN):
        return _own(item), without(item, "structure", *_OWN)
    if len(keys := [key for key, value in item.items() if is_structure(value)]) > 1:
        what = f"which of the structures is the material's isn't said: those under {', '.join(keys)}"
        raise EntryError(f"{what}. Call it `structure`")
    return _nested(item[keys[0]]) if keys else Noted(None), without(item, *keys, "structure", *_OWN)


def _nested(data: Any) -> Noted:
    """What `structure` holds: pymatgen's dictionary, the same as a text, or a CIF text."""
    if isinstance(data, str):
        return from_dict(parsed(data.encode())) if data.lstrip()[:1] == "{" else Noted(*structure_of(data))
    return from_jarvis(data) if isinstance(data, dict) and "lattice_mat" in data else from_dict(data)


def _own(data: Mapping[str, Any]) -> Noted:
    """A structure in the form that `jsonl` describes."""
    lattice = data["lattice"] if data.get("lattice") is not None else data.get("cell")
    cartesian = data.get("frac_coords") is None
    positions = data.get("cart_coords" if cartesian else "frac_coords")
    given = {"lattice": lattice, "species": data.get("species"), "frac_coords": positions}
    missing = [f"`{key}`" for key, value in given.items() if value is None]
    if missing:
        raise EntryError(f"the structure isn't whole: {' and '.join(missing)} missing")
    wrong = [f"`{key}`" for key, value in given.items() if not isinstance(value, list)]
    if wrong:
        raise EntryError(f"{' and '.join(wrong)} should be a list")
    return Noted(structure(lattice, given["species"], positions, cartesian), oxidation_note(data["species"]))


def from_jarvis(atoms: Mapping[str, Any]) -> Noted:
    """JARVIS's `Atoms.to_dict()`; raises EntryError."""
    try:
        # Some of the older files pad symbols with blanks.
        elements = [element.strip() for element in atoms["elements"]]
        found = structure(atoms["lattice_mat"], elements, atoms["coords"], bool(atoms["cartesian"]))
        refuse_other_lengths(found.lattice, atoms.get("abc") or [])
        return Noted(found)
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        what = f"`{e.args[0]}` is missing" if isinstance(e, KeyError) else "`atoms` isn't built like JARVIS's"
        raise EntryError(what) from None


def _from_ase(item: Mapping[str, Any]) -> tuple[Noted, dict[str, Any]]:
    """A row of ASE's JSON database, with its pairs and what else it holds."""
    # ASE leaves out flags that are all false, and a cell without volume.
    flags = listed(item.get("pbc", [False] * 3))
    refuse_unless_periodic(flags if isinstance(flags, list) else [flags] * 3)
    lattice, numbers, positions = (listed(item.get(key)) for key in ("cell", "numbers", "positions"))
    if not all(isinstance(one, list) for one in (lattice, numbers, positions)):
        raise EntryError("`cell`, `numbers` and `positions` should be lists")
    pairs, data = (value if isinstance(value := item.get(key), dict) else {} for key in ("key_value_pairs", "data"))
    arrays = [key for key, value in data.items() if isinstance(value, dict) and "__ndarray__" in value]
    left_out = [key for key in _ASE_ATOMS if item.get(key) is not None] + [f"data.{key}" for key in arrays]
    found = structure(lattice, numbers, positions, cartesian=True)
    rest = without(item, *_ASE, *_ASE_ROW, *_ASE_ATOMS) | pairs | {"data": without(data, *arrays)}
    return Noted(found, (), tuple(left_out)), rest
