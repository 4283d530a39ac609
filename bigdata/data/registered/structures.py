"""Crystal structures with properties."""

from __future__ import annotations

from bigdata.data.registered.entry import UNLICENSED, Mirrored, Registered, Source, fields, raw

_WYCKOFF = "SymmetryAdvantage/WyckoffTransformer"
_MP_2024 = "507e8f147a0e87905c2574ebfbbfc9fa21c2fb09"
_SMOL = ("CederGroupHub/smol", "9e26ee677dd0e45d2948a13be55a185e7895b97c")
_JAIN = "A. Jain et al., APL Mater. 1, 011002 (2013), doi 10.1063/1.4812323"
_MP_LICENCE = "Materials Project CC BY 4.0; the selection Apache-2.0"
_MIRROR_ONLY = "There is no single original to fetch: the data come from a mirror (BIGDATA_MIRROR) only."
# What the columns of the tables that go back to CDVAE's are called here.
_CDVAE = {"material_id": "id", "pretty_formula": "formula", "spacegroup.number": "spacegroup"}

_N_ATOMS = ("n_atoms", "", "atoms in the cell")
_SPACEGROUP = ("spacegroup_spglib", "", "spacegroup number by spglib, symprec 0.1 angstrom")
_VOLUME = ("volume_per_atom", "angstrom^3", "volume per atom")
_FORMATION = ("formation_energy_per_atom", "eV/atom", "formation energy")
_HULL = ("e_above_hull", "eV/atom", "energy above the convex hull")
_SPLIT = ("split_of_source", "", "part of the source's own split")


def _lines(folder: str, sha256: str) -> tuple[Mirrored, ...]:
    return (Mirrored(f"{folder}/structures.jsonl.gz", "jsonl", sha256),)


def _smol(key: str, title: str, n: int, sizes: tuple[int, str], sha256: str) -> Registered:
    file = f"{key}_entries.json"
    return Registered(
        name=f"smol-{key.replace('_', '-')}",
        title=title,
        reader="pymatgen",
        n_entries=n,
        licence="BSD-3-Clause, (c) 2022 The Regents of the University of California",
        citation="L. Barroso-Luque et al., J. Open Source Softw. 7, 4504 (2022), doi 10.21105/joss.04504.",
        fields=fields(("energy", "eV", "total energy of the cell")),
        sources=(Source(raw(*_SMOL, f"docs/src/notebooks/data/{file}"), file, "pymatgen", sizes[1], n_bytes=sizes[0]),),
        mirror=(Mirrored(f"smol_oxides/{file}.gz", "pymatgen", sha256),),
        notes=("Structures carry oxidation states; vacancies are sites left out.",),
    )


STRUCTURES = (
    Registered(
        name="aflow-structures-thermal",
        title="AFLOW structures with elastic and thermal properties",
        reader="jsonl",
        n_entries=4_905,
        licence="AFLOW states no open licence: free for academic use with citation; the tables Apache-2.0 and MIT",
        citation=(
            "S. Curtarolo et al., Comput. Mater. Sci. 58, 227 (2012), doi 10.1016/j.commatsci.2012.02.002; "
            "C. Calderon et al., Comput. Mater. Sci. 108, 233 (2015)."
        ),
        fields=fields(
            _N_ATOMS,
            ("spacegroup_spglib", "", "spacegroup number by spglib, symprec 0.01 angstrom"),
            _VOLUME,
            ("bulk_modulus", "GPa", "bulk modulus (AEL)"),
            ("shear_modulus", "GPa", "shear modulus (AEL)"),
            ("debye_temperature", "K", "Debye temperature (AGL)"),
            ("thermal_conductivity", "W/m/K", "lattice thermal conductivity at 300 K (AGL)"),
            ("thermal_expansion", "1/K", "thermal expansion at 300 K (AGL)"),
            ("energy_atom_composition", "eV/atom", "total energy, one value for a composition"),
            ("formation_energy_composition", "eV/atom", "formation energy, one value for a composition"),
            ("band_gap_composition", "eV", "band gap, one value for a composition"),
            ("band_gap", "eV", "band gap of the entry itself, where known"),
            ("energy_atom", "eV/atom", "total energy of the entry itself, where known"),
            ("auid", "", "AFLOW's name of the entry, where known"),
            ("joined_by", "", "how the entry's own values were found"),
        ),
        mirror=_lines("aflow_structures_thermal", "1281820d5b4c706e71030d946dd914f6a46e8db725fb07ab95cff0e5e2b7b253"),
        notes=(
            "…_composition are joined by composition (4,625 rows): a polymorph may carry another polymorph's value.",
            "The formation energy is the total energy minus that of AFLOW's elements, without corrections.",
            _MIRROR_ONLY,
        ),
    ),
    Registered(
        name="icet-agpd",
        title="Ag-Pd configurations on the fcc lattice with mixing energies",
        reader="ase",
        n_entries=625,
        licence="MPL-2.0 (icet)",
        citation="M. Angqvist et al., Adv. Theory Simul. 2, 1900015 (2019), doi 10.1002/adts.201900015.",
        fields=fields(
            ("mixing_energy", "eV/atom", "mixing energy"),
            ("concentration", "", "fraction of Pd"),
            ("lattice_parameter", "angstrom", "lattice parameter after relaxation"),
            ("tag", "", "name of the configuration"),
        ),
        sources=(
            Source(
                raw(
                    "manishrana7/icet-manish",
                    "59624178796f85315cd9e169516460e38a862a0b",
                    "examples/tutorial/reference_data.db",
                ),
                "reference_data.db",
                "ase",
                "70b58e0cede2bec324dcf2fb62b0243d5630ce7a1aff235fc91206513546e0f1",
                786_432,
            ),
        ),
        mirror=(
            Mirrored(
                "icet_agpd/reference_data.db",
                "ase",
                "70b58e0cede2bec324dcf2fb62b0243d5630ce7a1aff235fc91206513546e0f1",
            ),
        ),
        notes=("All inequivalent structures with up to 8 atoms, unrelaxed positions.",),
    ),
    Registered(
        name="jarvis-dft-3d",
        title="JARVIS-DFT, bulk crystals (12 December 2022)",
        reader="jarvis",
        n_entries=75_993,
        licence="CC BY 4.0",
        citation="K. Choudhary et al., npj Comput. Mater. 6, 173 (2020), doi 10.1038/s41524-020-00440-1.",
        fields=fields(
            ("formation_energy_peratom", "eV/atom", "formation energy, optB88-vdW"),
            ("optb88vdw_bandgap", "eV", "band gap, optB88-vdW"),
            ("mbj_bandgap", "eV", "band gap, modified Becke-Johnson potential"),
            ("optb88vdw_total_energy", "eV/atom", "total energy, optB88-vdW"),
            ("ehull", "eV/atom", "energy above the convex hull"),
            ("bulk_modulus_kv", "GPa", "bulk modulus, Voigt average"),
            ("shear_modulus_gv", "GPa", "shear modulus, Voigt average"),
        ),
        sources=(
            Source(
                "https://ndownloader.figshare.com/files/38521619",
                "jdft_3d-12-12-2022.json.zip",
                "jarvis",
                member="jdft_3d-12-12-2022.json",
            ),
        ),
        notes=("`na` stands for what wasn't calculated.",),
    ),
    Registered(
        name="mp-crystals-2018.6.1",
        title="MP-crystals-2018.6.1: Materials Project structures of 1 June 2018",
        reader="mp-crystals",
        n_entries=69_239,
        licence="Materials Project CC BY 4.0",
        citation=f"C. Chen et al., Chem. Mater. 31, 3564 (2019), doi 10.1021/acs.chemmater.9b01294; {_JAIN}.",
        fields=fields(_FORMATION, ("band_gap", "eV", "band gap, PBE")),
        sources=(
            Source(
                "https://figshare.com/ndownloader/files/15087992",
                "mp.2018.6.1.json.zip",
                "mp-crystals",
                member="mp.2018.6.1.json",
            ),
        ),
    ),
    Registered(
        name="mp20-biternary",
        title="Materials Project, binaries and ternaries of MP-20 (validation and test part)",
        reader="jsonl",
        n_entries=14_258,
        licence=_MP_LICENCE,
        citation=f"{_JAIN}; T. Xie et al., ICLR 2022, arXiv 2110.06197.",
        fields=fields(
            _N_ATOMS,
            ("spacegroup", "", "spacegroup number as the source gives it"),
            _SPACEGROUP,
            _VOLUME,
            ("formation_energy_per_atom", "eV/atom", "formation energy, PBE(+U) with corrections"),
            ("band_gap", "eV", "band gap, PBE"),
            _HULL,
            _SPLIT,
        ),
        # The mirror's rows begin with the test part.
        sources=tuple(
            Source(
                raw(_WYCKOFF, _MP_2024, f"data/mp_20_biternary/{part}.csv.gz"), f"{part}.csv.gz", "csv", names=_CDVAE
            )
            for part in ("test", "val")
        ),
        mirror=_lines("mp20_biternary", "d4bc2dedb8e24c67b8550e08f7ea8efa1ce37e611ddee51c05532fabe7612539"),
        notes=(
            "At most 20 atoms in the cell, less than 0.08 eV/atom above the hull, formation energy below 2 eV/atom.",
            "The same database as mp-crystals-2018.6.1, not the same snapshot.",
        ),
    ),
    Registered(
        name="mpts52-valtest",
        title="Materials Project with year of publication: MPTS-52 (validation and test part)",
        reader="jsonl",
        n_entries=13_096,
        licence=_MP_LICENCE,
        citation=f"{_JAIN}; the selection MPTS-52 by S. Baird et al.",
        fields=fields(
            _N_ATOMS,
            _SPACEGROUP,
            _VOLUME,
            _FORMATION,
            _HULL,
            ("year", "", "year of the first publication"),
            _SPLIT,
        ),
        sources=tuple(
            Source(raw(_WYCKOFF, _MP_2024, f"data/mpts_52/{part}.csv.gz"), f"{part}.csv.gz", "csv", "", n, names=_CDVAE)
            for part, n in (("val", 1_930_984), ("test", 3_197_100))
        ),
        mirror=_lines("mpts52_valtest", "51ad384f0dfbb5d145d04ad5619963261d0d9e2e9087a702603a39e04e4e6499"),
        notes=("Shares materials with mp20-biternary: the same database.",),
    ),
    Registered(
        name="nomad2018-algainO",
        title="(Al,Ga,In)2O3 on six parent lattices with band gaps and formation energies",
        reader="jsonl",
        n_entries=3_000,
        licence=UNLICENSED,
        citation="C. Sutton et al., npj Comput. Mater. 5, 111 (2019), doi 10.1038/s41524-019-0239-3.",
        fields=fields(
            ("split", "", "part of the competition: train or test"),
            ("spacegroup", "", "spacegroup number of the parent lattice"),
            _N_ATOMS,
            ("x_al", "", "fraction of Al on the cation sites"),
            ("x_ga", "", "fraction of Ga on the cation sites"),
            ("x_in", "", "fraction of In on the cation sites"),
            ("formation_energy_ev_natom", "eV", "formation energy for one cation"),
            ("bandgap_energy_ev", "eV", "band gap, PBE"),
        ),
        mirror=_lines("nomad2018_algainO", "6b9bff84156cb47009aa47635c62e586a91156831fe8f00a7c0b29da060fe613"),
        fetch_only=True,
        notes=(
            "Positions are displaced a little from the parent lattice's: map them with a tolerance.",
            _MIRROR_ONLY,
        ),
    ),
    Registered(
        name="nrel-hypothetical",
        title="NREL MatDB hypothetical structures, relaxed",
        reader="jsonl",
        n_entries=11_028,
        licence="MIT as the repository's README says",
        citation="S. Pandey et al., Patterns 2, 100361 (2021), doi 10.1016/j.patter.2021.100361.",
        fields=fields(
            _N_ATOMS,
            _SPACEGROUP,
            _VOLUME,
            ("total_energy_per_atom", "eV/atom", "total energy, NREL's settings (PBE, +U)"),
            ("formation_energy_per_atom", "eV/atom", "total energy minus fitted energies of the elements"),
        ),
        mirror=_lines("nrel_hypothetical", "d492e49d207add2e3ded5ea86cd98cb0e7bc50e114639fe286dd98d6b097e448"),
        notes=(
            "The elements' energies are fitted to the Materials Project's formation energies, "
            "which takes away any constant offset to those.",
            _MIRROR_ONLY,
        ),
    ),
    _smol(
        "lno",
        "Li-Ni-O: LixNiO2 with vacancies",
        31,
        (197_770, "7f710fad3905e4c64cd7238149da2e58551ba0c0908a4525a51ac58b2e36f95f"),
        "b8089635d9de67fc931844a878c1abd70f27cf6da353944418aa3136683e789e",
    ),
    _smol(
        "lmof",
        "Li-Mn-O-F oxyfluorides",
        26,
        (339_273, "84f16b65e13aa3e9559a8a6a00abcdb9aa91c0fff88ef9839057ee1294303a95"),
        "fb246bf754c90a9f133355f1bdeb8c252ca4ef6c5268c3326f446c835bec2e68",
    ),
    _smol(
        "lmo_drx",
        "Li-Mn-O-F disordered rocksalts",
        638,
        (3_685_773, "182ec26343562d547f11f09c77f23ab7c48610109b0df6c15f3433d19ab472ee"),
        "d6c4f0446b337be2d1427412a2b9d2854146f06cd1cc0df682873aff88a78427",
    ),
    Registered(
        name="wbm-val10k",
        title="WBM: 10,000 structures by substitution of elements",
        reader="jsonl",
        n_entries=10_000,
        licence="CC BY 4.0; the sample Apache-2.0",
        citation="H.-C. Wang et al., npj Comput. Mater. 7, 12 (2021), doi 10.1038/s41524-020-00481-6.",
        fields=fields(_N_ATOMS, _SPACEGROUP, _VOLUME, _FORMATION, ("band_gap", "eV", "band gap, PBE")),
        sources=(
            Source(
                raw(_WYCKOFF, "c69c7fcb0b2412300a4e0132def9ebd269396562", "data/wbm/val.csv.gz"),
                "val.csv.gz",
                "csv",
                names=_CDVAE,
            ),
        ),
        mirror=_lines("wbm_val10k", "ffbc1d7190c6896dbb7e955ddfab6534af962d636cba8b4132d66e1b495a5f30"),
    ),
)
