"""VASP: `vasprun.xml` of one calculation, one material: its last structure, its energy, and how it was calculated.

Properties: `energy` and `free_energy` (eV for the cell; the former extrapolated to no smearing), `efermi` (eV),
`n_ionic_steps`, `ENCUT` (eV), `EDIFF` (eV), `ISPIN`, `functional`, `program` with its version. A calculation whose last
electronic loop ran to `NELM` steps, or whose ionic steps ran to `NSW`, has a note: it may not be converged. A file that
was cut off, as by a batch system's time limit, can't be used. https://www.vasp.at/wiki/Vasprun.xml
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bigdata.data.materials.formats.entry import MaterialEntry, structure
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import DAMAGED, opened, plain_name

NAMED_BY_FILE = True
UNITS = {"energy": "eV", "free_energy": "eV", "efermi": "eV", "ENCUT": "eV", "EDIFF": "eV"}
_INTEGERS = ("NELM", "NSW", "ISPIN")
_NUMBERS = ("ENMAX", "EDIFF")
# What `GGA` says (https://www.vasp.at/wiki/GGA), where no meta-GGA or hybrid is asked for.
_FUNCTIONALS = {"PE": "PBE", "PS": "PBEsol", "91": "PW91", "RP": "RPBE", "AM": "AM05", "--": "LDA", "CA": "LDA"}


def recognises(name: str, head: bytes) -> bool:
    is_xml = plain_name(name).lower().endswith(".xml") or head.lstrip()[:5] == b"<?xml"
    return is_xml and b"<modeling>" in head[:2000]


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The one material of a file."""
    name = plain_name(label or path.name).removesuffix(".xml")
    try:
        yield _entry(path, name, label)
    except EntryError as e:
        yield BadEntry(name, label, e.line, str(e))


def _entry(path: Path, name: str, label: str) -> MaterialEntry:
    found = _Calculation()
    with opened(path) as file:
        try:
            for _, element in ET.iterparse(file, events=("end",)):
                found.take(element)
        except ET.ParseError as e:
            what = f"the XML is cut off or damaged ({e}): the calculation may not have ended"
            raise EntryError(what, e.position[0]) from None
        except DAMAGED as e:
            raise EntryError(f"the compressed data are damaged or cut off ({e})") from e
        except (TypeError, ValueError) as e:
            raise EntryError(f"this isn't built like VASP's `vasprun.xml` ({e})") from None
    return MaterialEntry(name, label, 0, "", found.structure(), found.properties(), found.notes())


class _Calculation:
    """What is kept of a calculation while its elements end, one after the other; most of the file is dropped."""

    def __init__(self) -> None:
        self.set: dict[str, str] = {}
        self.species: list[str] = []
        self.last: tuple[list[list[float]], list[list[float]]] | None = None
        self.energies: dict[str, float] = {}
        self.electronic: dict[str, float] = {}
        self.fermi: float | None = None
        self.n_ionic = self.n_electronic = 0
        self.program = ""

    def take(self, element: ET.Element) -> None:
        """Keep what is wanted of an element that has ended."""
        match element.tag:
            case "generator":
                words = {i.get("name"): (i.text or "").strip() for i in element.findall("i")}
                self.program = " ".join(filter(None, (words.get("program"), words.get("version"))))
            case "parameters" | "incar":
                self.set |= {i.get("name", ""): (i.text or "").strip() for i in element.iter("i")}
            case "atominfo":
                rows = element.findall("array[@name='atoms']/set/rc")
                self.species = [(row.findtext("c") or "").strip() for row in rows]
            case "scstep":
                self.electronic = _energies(element)
                self.n_electronic += 1
                element.clear()
            case "structure":
                self.last = (
                    _vectors(element, "crystal/varray[@name='basis']"),
                    _vectors(element, "varray[@name='positions']"),
                )
            case "calculation":
                self.energies = _energies(element)
                fermi = element.find("dos/i[@name='efermi']")
                self.fermi = float(fermi.text or "nan") if fermi is not None else self.fermi
                self.n_ionic, self.n_last, self.n_electronic = self.n_ionic + 1, self.n_electronic, 0
                element.clear()

    n_last = 0

    def structure(self) -> Structure:
        """The structure that stands last in the file."""
        if self.last is None or not self.species:
            raise EntryError("the file holds no structure")
        # VASP's name for what has no element, such as an empty sphere, is X.
        return structure(self.last[0], self.species, self.last[1])

    def properties(self) -> dict[str, Any]:
        said: dict[str, Any] = {"n_ionic_steps": self.n_ionic, "program": self.program or None}
        if self.energies:
            free, extrapolated = self.energies.get("e_fr_energy"), self.energies.get("e_0_energy")
            if free is not None and {"e_0_energy", "e_fr_energy"} <= self.electronic.keys():
                # Some versions write the free energy into a step's `e_0_energy`; the electronic steps are right.
                extrapolated = free + self.electronic["e_0_energy"] - self.electronic["e_fr_energy"]
            said |= {"energy": extrapolated, "free_energy": free}
        said["efermi"] = self.fermi
        numbers = {name: float(self.set[name]) for name in _NUMBERS if name in self.set}
        said |= {"ENCUT": numbers.get("ENMAX"), "EDIFF": numbers.get("EDIFF"), "functional": self._functional()}
        said |= {"ISPIN": int(self.set["ISPIN"])} if "ISPIN" in self.set else {}
        return {key: value for key, value in said.items() if value is not None}

    def _functional(self) -> str | None:
        meta = self.set.get("METAGGA", "").strip("- ")
        if meta and meta.upper() not in ("NONE", "F"):
            return meta
        if self.set.get("LHFCALC", "F").strip(". ").upper().startswith("T"):
            return "hybrid"
        written = self.set.get("GGA", "").strip()
        return _FUNCTIONALS.get(written.upper(), written) or None

    def notes(self) -> tuple[str, ...]:
        most = {name: int(self.set[name]) for name in _INTEGERS if name in self.set}
        found = []
        if not self.energies:
            found.append("the file has no energy")
        if "NELM" in most and self.n_last >= most["NELM"]:
            found.append(f"the electronic loop may not have converged: its last one took all {most['NELM']} steps")
        if (
            most.get("NSW", 0) > 1
            and self.n_ionic >= most["NSW"]
            and self.set.get("IBRION") not in ("0", "5", "6", "7", "8")
        ):
            found.append(f"the relaxation may not have converged: it took all {most['NSW']} steps")
        return tuple(found)


def _energies(element: ET.Element) -> dict[str, float]:
    """The energies (eV) that stand directly in a step."""
    found = element.findall("energy/i")
    return {i.get("name", ""): float(np.float64((i.text or "nan").strip().replace("*", "") or "nan")) for i in found}


def _vectors(element: ET.Element, path: str) -> list[list[float]]:
    return [[float(x) for x in (v.text or "").split()] for v in element.findall(f"{path}/v")]
