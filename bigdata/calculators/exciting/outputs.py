"""Readers of what exciting leaves, in our units: eV, angstrom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

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
    def gave_up(self) -> bool:
        return "Reached self-consistent loops maximum" in self.text

    @property
    def relaxed(self) -> bool:
        return "Force convergence target achieved" in self.text

    @property
    def ended(self) -> bool:
        """exciting's last words; they are also there where self-consistency wasn't reached."""
        return bool(re.search(r"EXCITING .* stopped", self.text))

    @property
    def loops(self) -> int:
        return self.text.count("SCF iteration number")

    @property
    def steps(self) -> int:
        """Of the relaxation; what it begins with is step 0."""
        return len(re.findall(r"Optimization step +[1-9]", self.text))

    @property
    def version(self) -> str:
        found = re.search(r"EXCITING (.*?) started", self.text)
        return f"exciting {found[1]}" if found else ""

    @property
    def radii(self) -> dict[str, float]:
        """Muffin-tin radii by element, in bohr."""
        pattern = rf"^ Species : +\d+ \((\w+)\)$.*?muffin-tin radius +: +({NUMBER})"
        return {symbol: float(radius) for symbol, radius in re.findall(pattern, self.text, re.M | re.S)}

    @property
    def n_electrons(self) -> float:
        return self.last("Total electronic charge")

    @property
    def total_energy(self) -> float:
        """In hartree."""
        return self.last("Total energy")

    def forces_left(self) -> list[float]:
        """The largest of each configuration, in hartree/bohr."""
        return [float(found) for found in re.findall(rf"Maximum force magnitude.*?: +({NUMBER})", self.text)]

    def forces(self, structure: Structure) -> Floats | None:
        """(n, 3) in eV/angstrom, in the order of the structure's atoms."""
        last = self.text.rpartition("Total atomic forces including IBS")[2]
        rows = re.findall(rf"^ atom +\d+ +\w+ *: +({NUMBER}) +({NUMBER}) +({NUMBER})$", last, re.M)
        n = len(structure.numbers)
        if last == self.text or len(rows) < n:
            return None
        forces = np.empty((n, 3))
        forces[order(structure)] = np.array(rows[:n], dtype=float) * FORCE_EV_PER_ANGSTROM
        return forces


def tree(file: Path) -> ElementTree.Element | None:
    """The root of an XML file; None where it isn't there, or was cut."""
    try:
        return ElementTree.parse(file).getroot()
    except (FileNotFoundError, ElementTree.ParseError):
        return None


def geometry(root: ElementTree.Element, structure: Structure) -> Structure | None:
    """geometry_opt.xml with the atoms in the order of `structure`; None where it is of another crystal."""
    lattice = np.array([_row(vector.text or "") for vector in root.iter("basevect")])
    rows = [_row(atom.attrib["coord"]) for atom in root.iter("atom")]
    if lattice.shape != (3, 3) or len(rows) != len(structure.numbers):
        return None
    positions = np.empty((len(rows), 3))
    positions[order(structure)] = rows
    return Structure(lattice * _scale(root) * BOHR_ANGSTROM, structure.numbers, positions)


def spectrum(root: ElementTree.Element, fermi_energy: float) -> Spectrum:
    """dos.xml: energies (hartree, from the Fermi energy) and states/hartree, a diagram a spin; `fermi_energy` in eV."""
    diagrams = [[(p.attrib["e"], p.attrib["dos"]) for p in one] for one in root.findall("totaldos/diagram")]
    channels = np.array(diagrams, dtype=float)
    energies = channels[0, :, 0] * HARTREE_EV + fermi_energy
    return Spectrum(energies, np.abs(channels[:, :, 1]) / HARTREE_EV)


def bands(root: ElementTree.Element, path: KPath, fermi_energy: float) -> Bands:
    """bandstructure.xml: distances (1/bohr) and energies (hartree, from the Fermi energy); both spins are one list."""
    found = [[(p.attrib["distance"], p.attrib["eval"]) for p in band] for band in root.iter("band")]
    all_bands = np.array(found, dtype=float)
    vertices = np.array([vertex.attrib["distance"] for vertex in root.iter("vertex")], dtype=float)
    distances = all_bands[0, :, 0]
    k_points = np.stack([np.interp(distances, vertices, path.vertices[:, axis]) for axis in range(3)], axis=1)
    energies = all_bands[None, :, :, 1].swapaxes(1, 2) * HARTREE_EV + fermi_energy
    labels = zip((vertices / BOHR_ANGSTROM).tolist(), path.labels, strict=True)
    return Bands(k_points, distances / BOHR_ANGSTROM, energies, tuple(labels))


def _scale(root: ElementTree.Element) -> float:
    crystal = root.find("structure/crystal")
    return 1.0 if crystal is None else float(crystal.attrib.get("scale", "1"))


def _row(text: str) -> list[float]:
    return [float(word) for word in text.split()]
