"""Two small databases of alloys, calculated for this project: shipped/emt_alloys/make.py makes them."""

from __future__ import annotations

from bigdata.data.registered.entry import Registered, fields

_FIELDS = fields(
    ("structure_type", "", "structure that the calculation began with"),
    ("formation_energy_per_atom", "eV/atom", "energy of formation from the fcc metals"),
    ("total_energy_per_atom", "eV/atom", "potential energy"),
    ("volume_per_atom", "angstrom^3", "volume per atom"),
    ("greatest_force", "eV/angstrom", "greatest force on an atom"),
)
_LICENCE = "no third-party rights; free to redistribute with this project (Apache-2.0)"
_CITATION = (
    "Calculated for bigdata with ASE's effective-medium potential, 2026; the potential: K. W. Jacobsen, P. Stoltze, "
    "J. K. Nørskov, Surf. Sci. 366, 394 (1996), doi 10.1016/0039-6028(96)00816-3."
)

EMT_PROTOTYPES = Registered(
    name="emt-prototypes",
    title="Al, Ni, Cu, Pd, Ag, Pt, Au and their pairs in 14 structure types, relaxed",
    reader="jsonl",
    n_entries=357,
    licence=_LICENCE,
    citation=_CITATION,
    fields=_FIELDS,
    sha256="3cbc42fa5ed4b55d36795a80cc2ab6a42dbdaf47a52e57c0fa359f9173c09cc0",
    shipped="emt_alloys/prototypes.jsonl.gz",
    notes=("Cell and positions are relaxed to 0.001 eV/angstrom.",),
)
EMT_RANDOM_ALLOYS = Registered(
    name="emt-random-alloys",
    title="Pairs of the same metals at random on fcc cells of 2 to 8 atoms",
    reader="jsonl",
    n_entries=1470,
    licence=_LICENCE,
    citation=_CITATION,
    fields=_FIELDS,
    sha256="c8fd7149db7ffdfee15b0a76d0224c2f798a0ee09a9e3eedd0f4c1a318f7ab30",
    shipped="emt_alloys/random.jsonl.gz",
    notes=("Only the volume is relaxed: other settings than those of emt-prototypes, on purpose.",),
)
ALLOYS = (EMT_PROTOTYPES, EMT_RANDOM_ALLOYS)
