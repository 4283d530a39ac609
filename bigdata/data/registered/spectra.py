"""Densities of states."""

from __future__ import annotations

from bigdata.data.registered.entry import Registered, fields

HBN_DOS_GPAW = Registered(
    name="hbn-dos-gpaw",
    title="Density of states of hexagonal BN at 108 numerical settings",
    reader="jsonl",
    kind="spectra",
    n_entries=108,
    licence="no third-party rights; free to redistribute with this project (Apache-2.0)",
    citation="Calculated for bigdata with GPAW 22.8.0 and the PAW data sets gpaw-setups 0.9.20000, 2026.",
    sha256="781cbd6e9d3bb582a7dbf4cac378a3aa37d52925149698205475ddf3e0da9837",
    shipped="hbn_dos_gpaw/spectra.jsonl.gz",
    fields=fields(
        ("mode", "", "basis: lcao (atomic orbitals) or pw (plane waves)"),
        ("xc", "", "exchange-correlation functional: LDA or PBE"),
        ("kpts", "", "Gamma-centred k-point grid, e.g. 4x4x2"),
        ("n_kpts_full", "", "k-points of the full grid"),
        ("n_kpts_ibz", "", "k-points of the irreducible Brillouin zone"),
        ("n_basis", "", "basis functions: atomic orbitals or plane waves"),
        ("h", "angstrom", "spacing of the real-space grid (lcao only)"),
        ("basis", "", "orbitals taken from the dzp set (lcao only)"),
        ("ecut", "eV", "plane-wave cutoff energy (pw only)"),
        ("grid", "", "points of the real-space grid, e.g. 8x8x28"),
        ("n_bands", "", "bands calculated"),
        ("total_energy_eV", "eV", "total energy of the cell, on GPAW's reference"),
        ("vbm_eV", "eV", "valence-band maximum, absolute"),
        ("cbm_eV", "eV", "conduction-band minimum, absolute"),
        ("gap_eV", "eV", "band gap on the k-points of the calculation"),
        ("scf_iterations", "", "steps to self-consistency"),
        ("broadening_eV", "eV", "width of the Gaussian that broadens the spectrum"),
        ("wall_s", "s", "wall time on a shared two-core machine; not a benchmark"),
    ),
    notes=(
        "Plane-wave runs hold 24 bands, LCAO bases are poor above the gap: compare within -10 to 10 eV.",
        "Cutoffs of 200-250 eV and h = 0.25 angstrom are under-converged on purpose.",
    ),
)

SPECTRA = (HBN_DOS_GPAW,)
