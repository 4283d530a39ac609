"""Elk's species files, with muffin-tin radii that are the same in all calculations of one structure."""

from __future__ import annotations

import re
from pathlib import Path

from bigdata.calculators.species import fitted, symbols
from bigdata.data.materials.structures import Structure
from bigdata.errors import SiteError

SUFFIX = ".in"
INPUT = "elk.in"
_RADIUS = re.compile(r"^(\s*\S+\s+)(\S+)(\s+\S+\s+\d+\s*:\s*rminsp,\s*rmt\b.*)$", re.M)


def texts(structure: Structure, species: Path) -> dict[str, str]:
    """The species files of a structure by name, with its own radii in them."""
    found = {symbol: _text(species, symbol) for symbol in symbols(structure)}
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
