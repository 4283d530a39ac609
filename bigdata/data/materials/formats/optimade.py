"""OPTIMADE: resources of type `structures` as a server answers with them, one a line.

    {"id": "4061139", "type": "structures", "attributes": {"lattice_vectors": […], "cartesian_site_positions": […],
     "species": [{"name": "Cl", "chemical_symbols": ["Cl"], "concentration": [1]}, …], "species_at_sites": ["Cl", …],
     "chemical_formula_reduced": "Cl2Mg", "_oqmd_delta_e": -2.2}}

Attributes that don't describe the structure are properties, those of the provider (`_oqmd_…`) too. An entry without
lattice has no structure. Entries can't be used that are disordered, lack positions, sites or atoms
(`structure_features`), aren't periodic in three directions, or say another formula or number of sites or elements than
their structure has. OPTIMADE's JSON-lines files begin with a line `{"x-optimade": …}`; their lines about other things
than structures are passed over, and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bigdata.data.materials.formats.agreement import agreed_formula, refuse_other_counts
from bigdata.data.materials.formats.entry import MaterialEntry, refuse_unless_periodic, structure, without
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import lines, parsed

NAMED_BY_FILE = False
# What the providers document of their own properties.
UNITS = {
    "_oqmd_delta_e": "eV/atom",
    "_oqmd_band_gap": "eV",
    "_oqmd_stability": "eV/atom",
    "_aflow_enthalpy_formation_atom": "eV/atom",
    "_aflow_Egap": "eV",
    "_mp_band_gap": "eV",
    "_mp_stability.gga_gga+u.formation_energy_per_atom": "eV/atom",
    "_mp_stability.gga_gga+u.energy_above_hull": "eV/atom",
    "_mp_stability.gga_gga+u_r2scan.formation_energy_per_atom": "eV/atom",
    "_mp_stability.gga_gga+u_r2scan.energy_above_hull": "eV/atom",
    "_mp_stability.r2scan.formation_energy_per_atom": "eV/atom",
    "_mp_stability.r2scan.energy_above_hull": "eV/atom",
    "_jarvis_formation_energy_peratom": "eV/atom",
    "_jarvis_optb88vdw_bandgap": "eV",
    "_jarvis_mbj_bandgap": "eV",
    "_jarvis_ehull": "eV/atom",
    "_alexandria_formation_energy_per_atom": "eV/atom",
    "_alexandria_scan_formation_energy_per_atom": "eV/atom",
    "_alexandria_band_gap": "eV",
    "_alexandria_band_gap_direct": "eV",
    "_alexandria_hull_distance": "eV/atom",
    "_alexandria_energy": "eV",
}
_STRUCTURE = (
    "lattice_vectors", "cartesian_site_positions", "species", "species_at_sites", "dimension_types", "elements_ratios",
    "structure_features", "nperiodic_dimensions", "assemblies", "fractional_site_positions",
)  # fmt: skip
_NEEDED = ("lattice_vectors", "species_at_sites", "cartesian_site_positions")
_FORMULAS = ("chemical_formula_reduced", "chemical_formula_descriptive", "chemical_formula_hill")
_FEATURES = {
    "assemblies": "its sites are occupied by one or the other group of atoms (`assemblies`)",
    "disorder": "sites are shared by several elements, or partly vacant",
    "implicit_atoms": "atoms are left out of it (`implicit_atoms`)",
    "site_attachments": "atoms are attached to its sites without positions of their own (`site_attachments`)",
    "unknown_positions": "the positions of some atoms aren't known (`unknown_positions`)",
}
_NO_SPECIES = "without `species`, the names of sites are taken for chemical symbols"
_JARVIS_MISSING = -99999
_HEADER = b'"x-optimade"'


def recognises(name: str, head: bytes) -> bool:
    line = head.lstrip().partition(b"\n")[0]
    return line[:1] == b"{" and (_HEADER in line or (b'"attributes"' in line and b'"structures"' in line))


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The entries of a file, one line at a time."""
    others: Counter[str] = Counter()
    try:
        for line, text in lines(path):
            one = _line(text, label, line, others)
            if one is not None:
                yield one
    except EntryError as e:
        yield BadEntry("", label, e.line, str(e))
    for kind, n in others.items():
        yield Remark(f"lines of type `{kind}`, which are passed over: {n:,}")


def _line(text: bytes, label: str, line: int, others: Counter[str]) -> MaterialEntry | BadEntry | None:
    """What a line stands for; None for the header and for things that aren't structures, which are counted."""
    data: Any = None
    try:
        data = parsed(text)
        if not isinstance(data, dict):
            raise EntryError("this line isn't a JSON object")
        if "x-optimade" in data:
            return None
        if data.get("type", "structures") != "structures":
            others[str(data["type"])] += 1
            return None
        return entry(data, label, line)
    except EntryError as e:
        name = data.get("id") if isinstance(data, dict) else None
        return BadEntry(str(name or ""), label, line, str(e))


def entry(data: dict[str, Any], label: str, line: int) -> MaterialEntry:
    """The entry that a resource stands for; raises EntryError."""
    attributes = data.get("attributes")
    if not isinstance(attributes, dict) or not data.get("id"):
        raise EntryError("this isn't an OPTIMADE resource: it lacks `id` or `attributes`")
    found, notes = _structure(attributes)
    said = {key: str(attributes[key]) for key in _FORMULAS if attributes.get(key)}
    formula, doubts = agreed_formula(said, found)
    refuse_other_counts(found, n_atoms=("nsites", attributes.get("nsites")))
    refuse_other_counts(found, n_elements=("nelements", attributes.get("nelements")))
    refuse_other_counts(found, n_elements=("elements", attributes.get("elements")))
    properties = {key: _value(key, value) for key, value in without(attributes, *_STRUCTURE).items()}
    return MaterialEntry(str(data["id"]), label, line, formula, found, properties, notes + doubts)


def _value(key: str, value: Any) -> Any:
    return None if key.startswith("_jarvis_") and value in (_JARVIS_MISSING, str(_JARVIS_MISSING), "na") else value


def _structure(attributes: dict[str, Any]) -> tuple[Structure | None, tuple[str, ...]]:
    """The crystal, None where the entry has no lattice, and notes; raises EntryError."""
    if attributes.get("lattice_vectors") is None and attributes.get("cartesian_site_positions") is None:
        return None, ()
    _refuse_features(attributes)
    _refuse_directions(attributes)
    if missing := [f"`{key}`" for key in _NEEDED if not isinstance(attributes.get(key), list)]:
        raise EntryError(f"the structure isn't whole: {' and '.join(missing)} missing")
    at_sites, positions = attributes["species_at_sites"], attributes["cartesian_site_positions"]
    species = attributes.get("species")
    symbols = at_sites if species is None else _symbols(species, at_sites)
    notes = (_NO_SPECIES,) if species is None else ()
    return structure(attributes["lattice_vectors"], symbols, positions, cartesian=True), notes


def _refuse_features(attributes: dict[str, Any]) -> None:
    said = attributes.get("structure_features") or (["assemblies"] if attributes.get("assemblies") else [])
    if said:
        reasons = [
            _FEATURES.get(str(one), f"`structure_features` says `{one}`, which isn't known here") for one in said
        ]
        raise EntryError(f"the structure isn't whole: {'; '.join(reasons)}")


def _refuse_directions(attributes: dict[str, Any]) -> None:
    directions, n = attributes.get("dimension_types"), attributes.get("nperiodic_dimensions")
    if directions is not None:
        refuse_unless_periodic(directions)
    if n not in (None, 3):
        also = f", and `dimension_types` is {directions}" if directions else ""
        raise EntryError(f"`nperiodic_dimensions` is {n}{also}: a crystal is periodic in three directions")


def _symbols(species: Any, at_sites: list[Any]) -> list[str]:
    """The chemical symbol at each site; raises EntryError for a site that isn't one whole atom."""
    symbols, found = _by_name(species), []
    for place, name in enumerate(at_sites, 1):
        symbol, fault = symbols.get(str(name), ("", "`species` doesn't say what this is"))
        if fault:
            raise EntryError(f"{fault}: site {place} holds `{name}`")
        found.append(symbol)
    return found


def _by_name(species: Any) -> dict[str, tuple[str, str]]:
    """Chemical symbols by the names of species, and why these aren't one whole atom, "" where they are."""
    found: dict[str, tuple[str, str]] = {}
    try:
        for one in species:
            symbols, shares = one.get("chemical_symbols") or [""], one.get("concentration") or [1.0]
            fault = "" if len(symbols) == 1 and abs(shares[0] - 1) < 1e-6 else "the structure is disordered"
            if attached := one.get("attached"):
                fault = f"{', '.join(attached)} is attached without a position of its own"
            if found.setdefault(one["name"], (symbols[0], fault)) != (symbols[0], fault):
                raise EntryError(f"`species` defines `{one['name']}` twice")
    except (AttributeError, KeyError, TypeError):
        raise EntryError("`species` isn't built as OPTIMADE has it") from None
    return found
