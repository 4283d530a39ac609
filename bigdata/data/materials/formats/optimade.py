"""OPTIMADE: resources of type `structures` as a server answers with them, one a line.

    {"id": "4061139", "type": "structures", "attributes": {"lattice_vectors": […], "cartesian_site_positions": […],
     "species": [{"name": "Cl", "chemical_symbols": ["Cl"], "concentration": [1]}, …], "species_at_sites": ["Cl", …],
     "chemical_formula_reduced": "Cl2Mg", "_oqmd_delta_e": -2.2}}

Attributes that don't describe the structure are properties, those of the provider (`_oqmd_…`) too. Disordered
structures, and those not periodic in three directions, can't be used. An entry without lattice has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bigdata.data.materials.formats.entry import MaterialEntry, structure, without
from bigdata.data.materials.formats.jsonl import read_lines
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, EntryError, Remark

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
_FORMULAS = ("chemical_formula_reduced", "chemical_formula_descriptive")
_JARVIS_MISSING = -99999


def recognises(name: str, head: bytes) -> bool:
    line = head.lstrip().partition(b"\n")[0]
    return line[:1] == b"{" and b'"attributes"' in line and b'"structures"' in line


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The entries of a file, one line at a time."""
    return read_lines(path, label, entry)


def entry(data: dict[str, Any], label: str, line: int) -> MaterialEntry:
    """The entry that a resource stands for; raises EntryError."""
    attributes = data.get("attributes")
    if not isinstance(attributes, dict) or not data.get("id"):
        raise EntryError("this isn't an OPTIMADE resource: it lacks `id` or `attributes`")
    formula = next((attributes[key] for key in _FORMULAS if attributes.get(key)), "")
    properties = {key: _value(key, value) for key, value in without(attributes, *_STRUCTURE).items()}
    return MaterialEntry(str(data["id"]), label, line, str(formula), _structure(attributes), properties)


def _value(key: str, value: Any) -> Any:
    return None if key.startswith("_jarvis_") and value in (_JARVIS_MISSING, str(_JARVIS_MISSING), "na") else value


def _structure(attributes: dict[str, Any]) -> Structure | None:
    if attributes.get("lattice_vectors") is None and attributes.get("cartesian_site_positions") is None:
        return None
    if attributes.get("dimension_types", [1, 1, 1]) not in ([1, 1, 1], None):
        raise EntryError("the structure isn't periodic in three directions")
    symbols = _symbols(attributes.get("species"))
    at_sites = attributes.get("species_at_sites")
    if not isinstance(at_sites, list) or not isinstance(attributes.get("cartesian_site_positions"), list):
        raise EntryError("the structure isn't whole: `species_at_sites` or `cartesian_site_positions` missing")
    species = [symbols.get(name, name) if isinstance(name, str) else name for name in at_sites]
    for place, symbol in enumerate(species, 1):
        if symbol == "":
            raise EntryError(f"the structure is disordered: site {place} holds `{at_sites[place - 1]}`")
    return structure(attributes["lattice_vectors"], species, attributes["cartesian_site_positions"], cartesian=True)


def _symbols(species: Any) -> dict[str, str]:
    """Chemical symbols by the names of species; "" for one that is several elements, or partly a vacancy."""
    if not isinstance(species, list):
        return {}
    found: dict[str, str] = {}
    for one in species:
        symbols, shares = one.get("chemical_symbols") or [], one.get("concentration") or [1.0]
        # `attached` are atoms without a site of their own, such as the hydrogens of a methyl group.
        pure = len(symbols) == 1 and abs(shares[0] - 1) < 1e-6 and not one.get("attached")
        found[one.get("name", "")] = symbols[0] if pure else ""
    return found
