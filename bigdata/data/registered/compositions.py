"""Tables of formulas with a target, without structures."""

from __future__ import annotations

from bigdata.data.registered.entry import UNLICENSED, Mirrored, Registered, Source, fields, raw

_CRABNET = ("anthony-wang/CrabNet", "457b4d4835737ecbe4dd33e53174bd818bd82143")
_MPEU = ("tisabe/jraph_MPEU", "2cdf2689f80b1dc642de048bdd6a53e26328d843")
_WANG = "A. Y.-T. Wang et al., npj Comput. Mater. 7, 77 (2021), doi 10.1038/s41524-021-00545-1"
_AFLOW = "S. Curtarolo et al., Comput. Mater. Sci. 58, 227 (2012), doi 10.1016/j.commatsci.2012.02.002"
_SPLIT = ("source_split", "", "part of the source's own split")
_ALL = ("train", "val", "test")


def _crabnet(folder: str, parts: tuple[str, ...]) -> tuple[Source, ...]:
    """The files of a table of the CrabNet repository, one for each part of its split."""
    name = folder.rpartition("/")[2]
    return tuple(Source(raw(*_CRABNET, f"{folder}/{part}.csv"), f"{name}_{part}.csv", "csv") for part in parts)


def _table(
    name: str,
    title: str,
    n: int,
    target: tuple[str, str],
    sources: tuple[Source, ...],
    mirrored: tuple[str, str],
    data: str,
) -> Registered:
    """A table with one target (unit, meaning); `mirrored` are its name in the mirror and its digest there."""
    file, sha256 = mirrored
    return Registered(
        name=name,
        title=title,
        reader="csv",
        n_entries=n,
        licence=f"MIT (the table); {data}",
        citation=f"{_WANG}; {_AFLOW}." if "AFLOW" in title else f"{_WANG}.",
        fields=fields(("target", *target), _SPLIT),
        sources=sources,
        mirror=(Mirrored(f"composition_tables/{file}.csv.gz", "csv", sha256),),
        has_structures=False,
    )


def _aflow_gaps(
    name: str, title: str, n: int, folder: str, source: tuple[str, str, int], *columns: tuple[str, str, str]
) -> Registered:
    """A table of the jraph_MPEU repository, `source` (file, digest, bytes) in a folder of its `other_models`."""
    file, sha256, n_bytes = source
    names = {"auid": "id", "compound": "formula"}
    return Registered(
        name=name,
        title=title,
        reader="csv",
        n_entries=n,
        licence=UNLICENSED,
        citation=f"Tables of the repository {_MPEU[0]}; {_AFLOW}.",
        fields=fields(
            ("aurl", "", "address of the entry in AFLOW"),
            ("spacegroup_relax", "", "spacegroup number after relaxation"),
            ("Pearson_symbol_relax", "", "Pearson symbol after relaxation"),
            *columns,
        ),
        sources=(Source(raw(*_MPEU, f"other_models/{folder}/{file}"), file, "csv", sha256, n_bytes, names=names),),
        mirror=(Mirrored(f"aflow_bandgap/{file}", "csv", sha256, names),),
        fetch_only=True,
        has_structures=False,
        notes=("One entry, aflow:faec7cfbe45539f5, stands twice: say `on_bad_entry: skip`.",),
    )


COMPOSITIONS = (
    _table(
        "aflow-gap-compositions",
        "AFLOW band gaps, one for each composition",
        27_577,
        ("eV", "band gap, PBE or PBE+U"),
        _crabnet("data/benchmark_data/aflow__Egap", _ALL),
        ("aflow__Egap", "fd2a23e90b40440622fc18c3e53b4c17ae2e1c5f20cd8d5d2dc0b00ed138099f"),
        "AFLOW asks for citation",
    ),
    _table(
        "aflow-energy-compositions",
        "AFLOW total energies, one for each composition",
        27_579,
        ("eV/atom", "total energy; a few values are far off (up to +77.7)"),
        _crabnet("data/benchmark_data/aflow__energy_atom", _ALL),
        ("aflow__energy_atom", "4d1a6e99a32a404f600853465426c7074c7829047db3a79f184ec6cda1400473"),
        "AFLOW asks for citation",
    ),
    _table(
        "oqmd-gap-compositions",
        "OQMD band gaps of compositions",
        341_608,
        ("eV", "band gap, PBE"),
        _crabnet("data/benchmark_data/OQMD_Bandgap", _ALL),
        ("oqmd_bandgap", "edf670010fae363c7e386434ca1c1d0a8f38986253981704daab96770d65c62b"),
        "OQMD is CC BY 4.0",
    ),
    _table(
        "oqmd-enthalpy-compositions",
        "OQMD formation enthalpies of compositions (validation and test part)",
        102_510,
        ("eV/atom", "formation enthalpy; a few values are far off (up to 43.5)"),
        _crabnet("data/benchmark_data/OQMD_Formation_Enthalpy", ("val", "test")),
        ("oqmd_formation_enthalpy_valtest", "223f2fb584f1039190a1e53ae89f165e61ff1116611cc9f908c89b49be42be0f"),
        "OQMD is CC BY 4.0",
    ),
    _table(
        "mp-gap-compositions",
        "Materials Project band gaps, compositions of Matbench's task",
        106_113,
        ("eV", "band gap, PBE"),
        (Source(raw(*_CRABNET, "data/matbench/mp_gap.csv"), "mp_gap.csv", "csv"),),
        ("matbench_mp_gap", "252c1a73a9dd1dec401a80335e1016b330e3b9fa7c792ae5c27c5a521fb2f5fd"),
        "the Materials Project is CC BY 4.0",
    ),
    _table(
        "mp-formation-energy-compositions",
        "Materials Project formation energies, compositions of Matbench's task",
        132_752,
        ("eV/atom", "formation energy"),
        (Source(raw(*_CRABNET, "data/matbench/mp_e_form.csv"), "mp_e_form.csv", "csv"),),
        ("matbench_mp_e_form", "f132782704d6bcace2635702f0d20c7b766bf666dc44b09d706c81374563d9db"),
        "the Materials Project is CC BY 4.0",
    ),
    _aflow_gaps(
        "aflow-bandgap",
        "AFLOW entries (ICSD catalogue) with band gaps of 0.5 to 2 eV",
        9_256,
        "elem_rf",
        ("test_aflow_data.csv", "5d42108be4627f5addf1dc125c232849fe4e4d7b150655eac3e2ab50a49da608", 1_514_629),
        ("Egap", "eV", "band gap"),
        ("catalog", "", "part of AFLOW: ICSD throughout"),
        ("dft_type", "", "functional and potentials: PAW_PBE throughout"),
        ("ldau_type", "", "kind of DFT+U: 0 (none) or 2"),
        ("energy_cutoff", "eV", "plane-wave cutoff energy"),
        ("energy_atom", "eV/atom", "total energy"),
        ("density", "g/cm^3", "mass density"),
        ("volume_cell", "angstrom^3", "volume of the cell"),
    ),
    _aflow_gaps(
        "aflow-bandgap-binaries",
        "AFLOW binaries with a band gap",
        7_018,
        "band_gap_data",
        ("classification_data.csv", "7c9b2aef8b713d79801b7d1c9faf7b11dca1b611973ac16ebbd09cf401b3062d", 808_309),
        ("Egap", "eV", "band gap, above 0"),
        ("catalog", "", "part of AFLOW"),
        ("nspecies", "", "elements in the compound: 2 throughout"),
    ),
    Registered(
        name="nrel-icsd-energies",
        title="NREL MatDB total energies of ICSD compounds",
        reader="csv",
        n_entries=16_445,
        licence="MIT as the repository's README says; the structures belong to ICSD and aren't there",
        citation="S. Pandey et al., Patterns 2, 100361 (2021), doi 10.1016/j.patter.2021.100361.",
        fields=fields(
            ("icsdnum", "", "number of the ICSD entry"),
            ("energyperatom", "eV/atom", "total energy, NREL's settings"),
        ),
        sources=(
            Source(
                raw(
                    "prashungorai/combined-gnn",
                    "3bf3e1882417a3098d1ea96c1d850b31288842a5",
                    "nrelmatdb_icsd_energies.csv",
                ),
                "nrelmatdb_icsd_energies.csv",
                "csv",
                sha256="b353c44410ffe6a090504484785b44914cb6d00cb3ec13569abf157785611baa",
                n_bytes=452_277,
                names={"composition": "formula"},
            ),
        ),
        mirror=(
            Mirrored(
                "nrel_hypothetical/nrelmatdb_icsd_energies.csv.gz",
                "csv",
                "164ec6f8f8dda2cc93cfc0d4b458a861450a964a2fd36403e777e0f0ead8d853",
                names={"composition": "formula"},
            ),
        ),
        has_structures=False,
    ),
    Registered(
        name="numerical-errors-exciting",
        title="Numerical errors of binaries' total energies at seven precision levels of exciting",
        reader="csv",
        n_entries=910,
        licence="MIT",
        citation="C. Carbogno et al., npj Comput. Mater. 8, 69 (2022), doi 10.1038/s41524-022-00744-4.",
        fields=fields(
            ("category", "", "binaries, or binaries_expanded (a larger volume)"),
            ("crystal_system", "", "crystal system"),
            ("bravais_lattice", "", "Bravais lattice"),
            ("precision_level", "", "basis-set precision in percent: 30 to 90; 90 is the reference"),
            ("rgkmax", "", "smallest muffin-tin radius times largest wave vector"),
            ("k_point_density", "", "density of the k grid: 8 throughout"),
            ("functional", "", "exchange-correlation functional: PBE"),
            ("total_energy", "eV/atom", "total energy"),
            ("E_cut", "eV", "cutoff energy that rgkmax stands for"),
            ("A_energy_error", "eV/atom", "error of the elemental solid A at the same level"),
            ("B_energy_error", "eV/atom", "error of the elemental solid B at the same level"),
            ("stoich_error_pred", "eV/atom", "estimate of the error from those of the elements"),
            ("binary_energy_error", "eV/atom", "error of the total energy, reference minus setting"),
            ("binary_eof_error", "eV/atom", "error of the formation energy"),
        ),
        sources=(
            Source(
                raw(
                    "speckhard/multifidelity-dft-deltas",
                    "845f9f25c8dd8cea95ffc5b02c38a6b3f7219dcd",
                    "parsing/data/dataframe_prep/exciting_prepped.csv",
                ),
                "exciting_prepped.csv",
                "csv",
                "086eddaa9e9475e6787023cad70ec05afa0e8a5063b94de4d52a2d896f4139ed",
                590_624,
                names={"chem_formula": "formula"},
            ),
        ),
        mirror=(
            Mirrored(
                "numerical_errors_exciting/exciting_prepped.csv",
                "csv",
                "086eddaa9e9475e6787023cad70ec05afa0e8a5063b94de4d52a2d896f4139ed",
                names={"chem_formula": "formula"},
            ),
        ),
        has_structures=False,
        notes=(
            "Rows of precision_level 90 are the reference: their error is 0, 130 of the 910.",
            "One code, one functional, one k-point density. A_… and B_… are features of the two elements.",
            "Of one compound there are 14 or 28 rows: split by formula.",
        ),
    ),
)
