"""The atomic units, which most codes count in, in ours (CODATA)."""

from __future__ import annotations

from scipy.constants import physical_constants

HARTREE_EV = float(physical_constants["Hartree energy in eV"][0])
BOHR_ANGSTROM = float(physical_constants["Bohr radius"][0]) * 1e10
FORCE_EV_PER_ANGSTROM = HARTREE_EV / BOHR_ANGSTROM
