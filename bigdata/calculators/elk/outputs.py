"""Readers of what Elk leaves, in our units: eV, angstrom."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from bigdata.calculators.calculation import Bands, Floats, Spectrum
from bigdata.calculators.info import NUMBER, InfoText
from bigdata.calculators.kpath import KPath
from bigdata.calculators.species import order
from bigdata.calculators.units import BOHR_ANGSTROM, FORCE_EV_PER_ANGSTROM, HARTREE_EV
from bigdata.data.materials.structures import Structure


@dataclass(frozen=True)
class Info(InfoText):
    """What only this code says there."""

    @property
    def ended(self) -> bool:
        """Elk's last words; they are also there where it was stopped or has given up."""
        return bool(re.search(r"Elk version \S+ stopped", self.text))

    @property
    def loops(self) -> int:
        return self.text.count("Loop number")

    @property
    def version(self) -> str:
        found = re.search(r"Elk version (\S+) started", self.text)
        return f"Elk {found[1]}" if found else ""

    @property
    def radii(self) -> dict[str, float]:
        """Muffin-tin radii by element, in bohr."""
        found = re.findall(rf"^Species : +\d+ \((\w+)\)$.*?muffin-tin radius : +({NUMBER})", self.text, re.M | re.S)
        return {symbol: float(radius) for symbol, radius in found}

    @property
    def n_electrons(self) -> float:
        return self.last("total charge   ")

    @property
    def lost_charge(self) -> float:
        return self.n_electrons - self.last("total calculated charge")

    def forces(self, structure: Structure) -> Floats | None:
        """(n, 3) in eV/angstrom, in the order of the structure's atoms."""
        found = re.findall(rf"^   total force +: +({NUMBER}) +({NUMBER}) +({NUMBER})", self.text, re.M)
        n = len(structure.numbers)
        if len(found) < n:
            return None
        forces = np.empty((n, 3))
        forces[order(structure)] = np.array(found[-n:], dtype=float) * FORCE_EV_PER_ANGSTROM
        return forces


def geometry(text: str, structure: Structure) -> Structure | None:
    """The last whole block of GEOMETRY_OPT.OUT, with the atoms in the order of `structure`.

    None where there is none that is whole: one that was being written when Elk was killed doesn't count.
    """
    for block in reversed(text.split("avec\n")[1:]):
        vectors, _, atoms = block.partition("atoms\n")
        lattice = np.array(re.findall(NUMBER, vectors), dtype=float)
        # Three coordinates and a magnetic field, which is zero, an atom.
        rows = re.findall(rf"^ +({NUMBER}) +({NUMBER}) +({NUMBER})(?: +{NUMBER}){{3}}$", atoms, re.M)
        if lattice.size == 9 and len(rows) == len(structure.numbers):
            positions = np.empty((len(rows), 3))
            positions[order(structure)] = np.array(rows, dtype=float)
            return Structure(lattice.reshape(3, 3) * BOHR_ANGSTROM, structure.numbers, positions)
    return None


def spectrum(text: str, fermi_energy: float) -> Spectrum:
    """TDOS.OUT: a block of energies (hartree, from the Fermi energy) and states/hartree a spin, those of spin down < 0.

    `fermi_energy` in eV. ValueError where the blocks differ in length.
    """
    channels = np.array([[line.split() for line in block.splitlines()] for block in _blocks(text)], dtype=float)
    energies = channels[0, :, 0] * HARTREE_EV + fermi_energy
    return Spectrum(energies, np.abs(channels[:, :, 1]) / HARTREE_EV)


def bands(text: str, lines: str, path: KPath, fermi_energy: float) -> Bands:
    """BAND.OUT, a block of distances (1/bohr) and energies (hartree, from the Fermi energy) a band, and BANDLINES.OUT,
    two rows at each vertex of the path. With spin, the bands of both are one list."""
    all_bands = np.array([[line.split()[:2] for line in block.splitlines()] for block in _blocks(text)], dtype=float)
    vertices = np.array([block.split()[0] for block in _blocks(lines)], dtype=float)
    distances = all_bands[0, :, 0]
    k_points = np.stack([np.interp(distances, vertices, path.vertices[:, axis]) for axis in range(3)], axis=1)
    energies = all_bands[None, :, :, 1].swapaxes(1, 2) * HARTREE_EV + fermi_energy
    labels = zip((vertices / BOHR_ANGSTROM).tolist(), path.labels, strict=True)
    return Bands(k_points, distances / BOHR_ANGSTROM, energies, tuple(labels))


def _blocks(text: str) -> list[str]:
    """Rows between blank lines."""
    return [block.strip("\n") for block in re.split(r"\n[ \t]*\n", text) if block.strip()]
