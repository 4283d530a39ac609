"""The atomic units, which most codes count in, in ours (CODATA 2022, doi 10.1103/RevModPhys.97.025002)."""

from __future__ import annotations

# SciPy has them too, and takes a tenth of a plan's time to be loaded.
HARTREE_EV = 27.211386245981
BOHR_ANGSTROM = 0.529177210544
FORCE_EV_PER_ANGSTROM = HARTREE_EV / BOHR_ANGSTROM
