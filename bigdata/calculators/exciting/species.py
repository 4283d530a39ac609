"""exciting's species files, and muffin-tin radii that are the same in all calculations of one structure."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

from bigdata.calculators.exciting.inputs import species_file
from bigdata.calculators.species import fitted, symbols
from bigdata.data.materials.structures import Structure
from bigdata.errors import SiteError


def usual() -> Path:
    """The folder that exciting's own scripts name by EXCITINGROOT."""
    return Path(os.environ.get("EXCITINGROOT", "")) / "species"


def texts(structure: Structure, folder: Path) -> dict[str, str]:
    """The species files of a structure's elements, by symbol."""
    return {symbol: _text(folder / species_file(symbol)) for symbol in symbols(structure)}


def radii(texts: dict[str, str], structure: Structure) -> dict[str, float]:
    """The radii (bohr) of these species files, made smaller where spheres would touch."""
    return fitted({symbol: _radius(symbol, text) for symbol, text in texts.items()}, structure)


def _text(file: Path) -> str:
    if not file.is_file():
        raise SiteError(
            f"exciting's species file {file} isn't there. It comes with exciting, in its folder `species`: name that "
            "by `species` of the calculator, or set EXCITINGROOT to the folder of exciting."
        )
    return file.read_text()


def _radius(symbol: str, text: str) -> float:
    found = ElementTree.fromstring(text).find("sp/muffinTin")
    if found is None or "radius" not in found.attrib:
        raise SiteError(
            f"exciting's species file {species_file(symbol)} has no `muffinTin` with a `radius`. Take the species "
            "files that belong to the exciting that is run."
        )
    return float(found.attrib["radius"])
