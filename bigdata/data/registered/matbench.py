"""Matbench v0.1: thirteen tasks with structures or compositions, and their targets."""

from __future__ import annotations

from bigdata.data.registered.entry import Field, Mirrored, Registered, Source

_CITATION = "A. Dunn et al., npj Comput. Mater. 6, 138 (2020), doi 10.1038/s41524-020-00406-3."
_ADDRESS = "https://ml.materialsproject.org/projects/"
# The digests are those that matminer 0.10 compares its downloads with.
_DIGESTS = {
    "matbench_dielectric": "83befa09bc2ec2f4b6143afc413157827a90e5e2e42c1eb507ccfa01bf26a1d6",
    "matbench_expt_gap": "783e7d1461eb83b00b2f2942da4b95fda5e58a0d1ae26b581c24cf8a82ca75b2",
    "matbench_expt_is_metal": "8f2a4f9bacdcbc5c2c73615629ee7986f09d39bed40ba7db52b61b2889730887",
    "matbench_glass": "36beb654e2a463ee2a6572105bea0ca2961eee7c7b26a25377bff2c3b338e53a",
    "matbench_jdft2d": "26057dc4524e193e32abffb296ce819b58b6e11d1278cae329a2f97817a4eddf",
    "matbench_log_gvrh": "098af941f4c663270f1fe21abf20ffad6fb85ecbfcba5786ceac03983ac29da7",
    "matbench_log_kvrh": "44b113ddb7e23aa18731a62c74afa7e5aa654199e0db5f951c8248a00955c9cd",
    "matbench_mp_e_form": "dedcb1d4ba2e3e50dbdd45ba5bc647a00e9c2bcf8f8bf556dc8e92caa39eb21f",
    "matbench_mp_gap": "58b65746bd88329986ed66031a2ac1369c7c522f7bc9f9081528e07097c2c057",
    "matbench_mp_is_metal": "9a028ed5750a4c76ca36e9f3c8d48fe0bf3fb21b76ec2289e58ae7048d527919",
    "matbench_perovskites": "4641e2417f8ec8b50096d2230864468dfa08278dc9d257c327f65d0305278483",
    "matbench_phonons": "4db551f21ec5f577e6202725f10e34dfc509aa7df3a6bdaac497da7f6dbbb9b3",
    "matbench_steels": "473bc4957b2ea5e6465aef84bc29bb48ac34db27d69ea4ec5f508745c6fae252",
}
_MIRRORED = {
    "matbench_expt_gap": Mirrored(
        "composition_tables/matbench_expt_gap.csv.gz",
        "csv",
        "936027b865b75a1644b66fe97f1bfbbf54e2e049629741a7fdeade82dc2193f8",
        names={"target": "gap expt"},
    )
}


def _task(name: str, title: str, n: int, target: Field, inputs: str = "structure", notes: str = "") -> Registered:
    mirrored = _MIRRORED.get(name)
    return Registered(
        name=name.replace("_", "-"),
        title=f"Matbench v0.1: {title}",
        reader="matbench",
        n_entries=n,
        licence="MIT (Matbench); the underlying databases ask for citation",
        citation=_CITATION,
        fields={target.name: target},
        sources=(Source(f"{_ADDRESS}{name}.json.gz", f"{name}.json.gz", "matbench", _DIGESTS[name]),),
        mirror=(mirrored,) if mirrored else (),
        has_structures=inputs == "structure",
        notes=(notes,) if notes else (),
    )


_IS_METAL = Field("is_metal", "", "whether it is a metal")

MATBENCH = (
    _task(
        "matbench_dielectric",
        "refractive indices of Materials Project structures",
        4_764,
        Field("n", "", "refractive index"),
    ),
    _task(
        "matbench_expt_gap",
        "measured band gaps of compositions",
        4_604,
        Field("gap expt", "eV", "measured band gap"),
        "composition",
    ),
    _task("matbench_expt_is_metal", "metals and nonmetals by experiment", 4_921, _IS_METAL, "composition"),
    _task(
        "matbench_glass",
        "alloys that form metallic glasses",
        5_680,
        Field("gfa", "", "whether a glass forms"),
        "composition",
    ),
    _task(
        "matbench_jdft2d",
        "exfoliation energies of layered structures (JARVIS, optB88-vdW)",
        636,
        Field("exfoliation_en", "meV/atom", "exfoliation energy"),
    ),
    _task(
        "matbench_log_gvrh",
        "shear moduli of Materials Project structures",
        10_987,
        Field("log10(G_VRH)", "", "log10 of the Voigt-Reuss-Hill average of the shear modulus in GPa"),
    ),
    _task(
        "matbench_log_kvrh",
        "bulk moduli of Materials Project structures",
        10_987,
        Field("log10(K_VRH)", "", "log10 of the Voigt-Reuss-Hill average of the bulk modulus in GPa"),
    ),
    _task(
        "matbench_mp_e_form",
        "formation energies of Materials Project structures",
        132_752,
        Field("e_form", "eV/atom", "formation energy"),
    ),
    _task(
        "matbench_mp_gap",
        "band gaps of Materials Project structures (PBE)",
        106_113,
        Field("gap pbe", "eV", "band gap, PBE"),
    ),
    _task("matbench_mp_is_metal", "metals and nonmetals of the Materials Project (PBE)", 106_113, _IS_METAL),
    _task(
        "matbench_perovskites",
        "formation energies of cubic perovskite cells (RPBE)",
        18_928,
        Field("e_form", "eV", "formation energy of the cell of 5 atoms"),
        notes="The oxygen reference is oxygen's chemical potential in water vapour, not the O2 molecule.",
    ),
    _task(
        "matbench_phonons",
        "highest optical phonon frequencies",
        1_265,
        Field("last phdos peak", "1/cm", "frequency of the highest peak of the phonon density of states"),
    ),
    _task(
        "matbench_steels",
        "measured yield strengths of steels",
        312,
        Field("yield strength", "MPa", "yield strength"),
        "composition",
    ),
)
