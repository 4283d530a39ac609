"""Elk's species files, and muffin-tin radii that are the same in all calculations of one structure.

Elk shrinks radii that overlap, by the geometry that it is given, and energies with other radii can't be compared:
silicon with displaced atoms came out lower than ideal silicon. So the radii are chosen once, from the structure that a
calculation begins with, which has all settings in common, and with room for the atoms to move in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bigdata.calculators.units import BOHR_ANGSTROM
from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.structures import Structure
from bigdata.errors import SiteError

SUFFIX = ".in"
INPUT = "elk.in"
# Two touching spheres fill this share of the distance of their atoms. Elk itself leaves 0.05 bohr, and shrinks them
# when a relaxation brings the atoms nearer than that.
FILLED_SHARE = 0.92
_RADIUS = re.compile(r"^(\s*\S+\s+)(\S+)(\s+\S+\s+\d+\s*:\s*rminsp,\s*rmt\b.*)$", re.M)


def texts(structure: Structure, species: Path) -> dict[str, str]:
    """The species files of a structure by name, with its own radii in them."""
    symbols = [SYMBOLS[number] for number in np.unique(structure.numbers)]
    found = {symbol: _text(species, symbol) for symbol in symbols}
    radii = fitted({symbol: _radius(text, symbol, species) for symbol, text in found.items()}, structure)
    return {
        f"{symbol}{SUFFIX}": _RADIUS.sub(rf"\g<1>{radii[symbol]:.6f}\g<3>", text, count=1)
        for symbol, text in found.items()
    }


def files(folder: Path) -> list[Path]:
    """The species files in the folder of a step."""
    return sorted(file for file in folder.glob(f"*{SUFFIX}") if file.name != INPUT)


def radii_of(folder: Path) -> dict[str, float]:
    """The radii by element, in bohr, that the species files in the folder of a step ask for."""
    return {file.stem: _radius(file.read_text(), file.stem, folder) for file in files(folder)}


def _text(species: Path, symbol: str) -> str:
    file = species / f"{symbol}{SUFFIX}"
    if not file.is_file():
        raise SiteError(
            f"Elk's species file {file} isn't there. Debian's elk-lapw has them in /usr/share/elk-lapw/species; "
            "name the folder of yours by `species` of the calculator."
        )
    return file.read_text()


def _radius(text: str, symbol: str, folder: Path) -> float:
    found = _RADIUS.search(text)
    if not found:
        raise SiteError(
            f"the species file {folder / symbol}{SUFFIX} has no line `… : rminsp, rmt, rmaxsp, nrmt`, with the "
            "muffin-tin radius. Take the species files that belong to the Elk that is run."
        )
    return float(found[2])


def fitted(radii: Mapping[str, float], structure: Structure) -> dict[str, float]:
    """These radii (bohr) by element; two that would touch are both made smaller by the same factor, nearest first."""
    made = dict(radii)
    for distance, one, other in _nearest(structure):
        factor = FILLED_SHARE * distance / (made[one] + made[other])
        if factor < 1:
            for symbol in {one, other}:
                made[symbol] *= factor
    return made


def _nearest(structure: Structure) -> list[tuple[float, str, str]]:
    """The shortest distance (bohr) between atoms of each two elements, in ascending order."""
    from scipy.spatial import cKDTree

    cartesian = structure.positions @ structure.lattice
    shifts = np.stack(np.meshgrid(*[np.arange(-n, n + 1) for n in _reach(structure)], indexing="ij"), -1)
    images = (shifts.reshape(-1, 1, 3) @ structure.lattice + cartesian).reshape(-1, 3)
    numbers = np.tile(structure.numbers, len(images) // len(cartesian))
    found = []
    for one in np.unique(structure.numbers):
        for other in np.unique(structure.numbers):
            if one <= other:
                tree = cKDTree(images[numbers == other])
                distances = tree.query(cartesian[structure.numbers == one], k=2)[0]
                # The nearest of an atom among its own kind is itself.
                nearest = float(distances[:, 1 if one == other else 0].min())
                found.append((nearest / BOHR_ANGSTROM, SYMBOLS[one], SYMBOLS[other]))
    return sorted(found)


def _reach(structure: Structure) -> list[int]:
    """How many cells in each direction hold the nearest neighbours of any atom: the shortest vector of the lattice."""
    shortest = float(np.linalg.norm(structure.lattice, axis=1).min())
    heights = 1 / np.linalg.norm(np.linalg.inv(structure.lattice), axis=0)
    return [int(np.ceil(shortest / height)) + 1 for height in heights]
