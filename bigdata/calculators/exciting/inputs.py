"""exciting's input, `input.xml`: structure, groundstate, and what a step asks for beside it. Lengths are in bohr."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from bigdata.calculators.calculation import Setting, Step
from bigdata.calculators.kpath import kpath
from bigdata.calculators.units import BOHR_ANGSTROM, FORCE_EV_PER_ANGSTROM, HARTREE_EV
from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.structures import Structure
from bigdata.errors import SpecError

Element = ElementTree.Element
INPUT = "input.xml"
XC_TYPES = {"LDA": "LDA_PW", "PBE": "GGA_PBE", "PBEsol": "GGA_PBE_SOL"}
MOST_STEPS = 100
# What a step of the driver decides, and no option of a spec may.
OWN = ("do", "xctype", "ngridk", "tforce", "nwrite")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def text(
    step: Step, structure: Structure, setting: Setting, radii: Mapping[str, float], do: str = "fromscratch"
) -> str:
    """The whole file. `radii` (bohr) are by element; `do` is fromscratch, fromfile (from STATE.OUT), or skip.

    Raises SpecError for a functional or an option that exciting isn't asked for.
    """
    root = Element("input")
    # A title stands first, and has to be there.
    ElementTree.SubElement(root, "title").text = step
    _add_structure(root, structure, radii)
    ElementTree.SubElement(root, "groundstate", _ground_state(setting, do))
    if step == "relax":
        force = setting.largest_force / FORCE_EV_PER_ANGSTROM
        ElementTree.SubElement(root, "relax", {"epsforce": repr(force), "maxsteps": str(MOST_STEPS)})
    if step in ("band-structure", "density-of-states"):
        properties = ElementTree.SubElement(root, "properties")
        (_add_bands if step == "band-structure" else _add_spectrum)(properties, structure, setting)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def species_file(symbol: str) -> str:
    """The name of an element's species file."""
    return f"{symbol}.xml"


def read(folder: Path) -> Element:
    """What was written to a folder."""
    return ElementTree.parse(folder / INPUT).getroot()


def asked(root: Element, path: str, name: str) -> str:
    """An attribute of an element of the input; KeyError where it has none."""
    found = root.find(path)
    if found is None:
        raise KeyError(path)
    return found.attrib[name]


def radii_of(root: Element) -> dict[str, float]:
    """The muffin-tin radii (bohr) by element that the input asks for."""
    return {Path(one.attrib["speciesfile"]).stem: float(one.attrib["rmt"]) for one in root.iter("species")}


def _add_structure(root: Element, structure: Structure, radii: Mapping[str, float]) -> None:
    # Radii are those that the input says: chosen by exciting, they would change with the geometry.
    place = ElementTree.SubElement(root, "structure", {"speciespath": "./", "autormt": "false"})
    crystal = ElementTree.SubElement(place, "crystal")
    for vector in structure.lattice / BOHR_ANGSTROM:
        ElementTree.SubElement(crystal, "basevect").text = _row(vector)
    for number in np.unique(structure.numbers):
        symbol = SYMBOLS[number]
        named = {"speciesfile": species_file(symbol), "rmt": f"{radii[symbol]:.4f}"}
        species = ElementTree.SubElement(place, "species", named)
        for position in structure.positions[structure.numbers == number]:
            ElementTree.SubElement(species, "atom", {"coord": _row(position)})


def _ground_state(setting: Setting, do: str) -> dict[str, str]:
    if setting.xc not in XC_TYPES:
        raise SpecError(f"exciting isn't asked for the functional {setting.xc}; it can be {', '.join(XC_TYPES)}.")
    said = {**setting.basis, **setting.options}
    for name in said:
        if not _NAME.fullmatch(name) or name in OWN:
            raise SpecError(
                f"`{name}` can't be an option of exciting: an attribute of `groundstate` can, but {', '.join(OWN)}."
            )
    return {
        "do": do,
        "xctype": XC_TYPES[setting.xc],
        "ngridk": " ".join(map(str, setting.k_grid)),
        "tforce": "true",
        # The density after each loop; without it a killed calculation begins anew.
        "nwrite": "1",
        **{name: _words(value) for name, value in said.items()},
    }


def _add_spectrum(properties: Element, structure: Structure, setting: Setting) -> None:
    window = _row(energy / HARTREE_EV for energy in setting.dos_window)
    ElementTree.SubElement(properties, "dos", {"nwdos": str(setting.dos_points), "winddos": window})


def _add_bands(properties: Element, structure: Structure, setting: Setting) -> None:
    path = kpath(structure)
    plot = ElementTree.SubElement(ElementTree.SubElement(properties, "bandstructure"), "plot1d")
    line = ElementTree.SubElement(plot, "path", {"steps": str(path.n_points)})
    for vertex, label in zip(path.vertices, path.labels, strict=True):
        ElementTree.SubElement(line, "point", {"coord": _row(vertex), "label": label.replace("Γ", "GAMMA")})


def _words(value: object) -> str:
    return " ".join(map(_word, value)) if isinstance(value, list | tuple) else _word(value)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _row(values: Iterable[float]) -> str:
    """All digits of each."""
    return " ".join(repr(float(value)) for value in values)
