"""Small databases of alloys, calculated for this project.

shipped/emt_alloys/make.py makes the first two, decorate.py beside it those on the fcc lattice.
"""

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
EMT_COPPER_GOLD = Registered(
    name="emt-copper-gold",
    title="Cu-Au on fcc cells of 1 to 12 atoms, relaxed",
    reader="jsonl",
    n_entries=489,
    licence=_LICENCE,
    citation=_CITATION,
    fields=fields(
        ("n_atoms", "", "atoms of the cell, which repeats no smaller one"),
        ("gold_fraction", "", "fraction of Au"),
        ("mixing_energy", "eV/atom", "energy over that of the relaxed fcc metals"),
        ("volume_per_atom", "angstrom^3", "volume per atom"),
        ("greatest_displacement", "angstrom", "farthest that an atom moved on relaxing, strain taken away"),
        ("cell_distortion", "", "distortion of the cell on relaxing, |U / det(U)^(1/3) - 1| with U its stretch"),
    ),
    sha256="6c23d0cabc167780f58ad093e24bf8cdbbb6a1476b629826ba6c74df113fea13",
    shipped="emt_alloys/copper_gold.jsonl.gz",
    notes=(
        "Cell and positions are relaxed to 0.001 eV/angstrom from the ideal lattice; structures are distinct on it.",
        "Up to 5 atoms: all structures there are; from 6 to 12: 64 of each size, drawn at random.",
        "Of 505 structures, all converged; 16 were left out whose cells were distorted by more than 0.135, half of "
        "what leads from fcc to bcc. No atom moved more than 0.7 angstrom.",
        "The potential orders Cu-Au more weakly than nature does: the lowest energies are about -0.01 eV/atom.",
    ),
)
EMT_ALUMINIUM_VACANCIES = Registered(
    name="emt-aluminium-vacancies",
    title="Al with 1 to 25 % of vacancies on fcc cells of 4 to 108 sites, volume relaxed",
    reader="jsonl",
    n_entries=256,
    licence=_LICENCE,
    citation=_CITATION,
    fields=fields(
        ("n_sites", "", "fcc sites of the cell, vacant ones counted"),
        ("vacancy_fraction", "", "fraction of the sites that are vacant"),
        ("formation_energy_per_site", "eV/site", "energy over that of the atoms in relaxed fcc Al, by sites"),
        ("volume_per_site", "angstrom^3", "volume per site"),
    ),
    sha256="7b9e6443bba98d0c8d139d114e4c71bf38b692ea7a1020413a3a15c13eba0b15",
    shipped="emt_alloys/aluminium_vacancies.jsonl.gz",
    notes=(
        "Vacancies are sites left out. Energies are by sites: by atoms they would not be linear in occupation.",
        "Only the volume is relaxed: of 21 cells of 8 to 12 sites, 19 left the lattice when all was. For one vacancy "
        "among 108 sites, relaxing all would lower the energy by 0.02 eV.",
        "The metal itself; one vacancy and pairs of them, from first to fourth neighbours, on a cube of 108 sites; and "
        "250 distinct structures of 4 to 32 sites drawn at random.",
    ),
)
ALLOYS = (EMT_PROTOTYPES, EMT_RANDOM_ALLOYS, EMT_COPPER_GOLD, EMT_ALUMINIUM_VACANCIES)
