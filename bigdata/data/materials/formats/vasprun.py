"""VASP: `vasprun.xml` of one calculation, one material: its last structure, its energy, and how it was calculated.

Properties: `energy` and `free_energy` (eV for the cell; the former extrapolated to no smearing), `efermi` (eV),
`n_ionic_steps`, `ENCUT` (eV), `EDIFF` (eV), `ISPIN`, `IVDW`, `functional` (that of the potentials where `GGA` leaves it
to them; `+U` behind it where `LDAU` is on), `program` with its version. The structure is the one that the energy is of,
though atoms may have been moved once more. A calculation whose last electronic loop ran to `NELM` steps, or whose ionic
steps ran to `NSW`, has a note: it may not be converged. A file that was cut off, as by a batch system's time limit,
can't be used. https://www.vasp.at/wiki/Vasprun.xml
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bigdata.data.formats import one_entry
from bigdata.data.materials.formats.entry import MaterialEntry, structure
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import DAMAGED, opened, plain_name

NAMED_BY_FILE = True
UNITS = {"energy": "eV", "free_energy": "eV", "efermi": "eV", "ENCUT": "eV", "EDIFF": "eV"}
_INTEGERS = ("NELM", "NSW", "ISPIN")
_NUMBERS = ("ENMAX", "EDIFF")
# What `GGA` says (https://www.vasp.at/wiki/GGA), where no meta-GGA or hybrid is asked for.
_FUNCTIONALS = {"PE": "PBE", "PS": "PBEsol", "91": "PW91", "RP": "RPBE", "RE": "revPBE", "AM": "AM05", "CA": "LDA"}
# What the titles of potentials begin with, where `GGA` is not set.
_POTENTIALS = {"PAW_PBE": "PBE", "PAW_GGA": "PW91", "PAW": "LDA"}
# Fractions and angstrom; the file has eight decimals.
_SAME = 1e-6


def recognises(name: str, head: bytes) -> bool:
    is_xml = plain_name(name).lower().endswith(".xml") or head.lstrip()[:5] == b"<?xml"
    return is_xml and b"<modeling>" in head[:2000]


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The one material of a file."""
    name = plain_name(label or path.name).removesuffix(".xml")
    yield from one_entry(name, label, lambda: _entry(path, name, label))


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


class _Crystal(NamedTuple):
    """`basis`, lattice vectors in angstrom; `positions`, fractions of them."""

    basis: list[list[float]]
    positions: list[list[float]]

    def differs_from(self, other: _Crystal) -> bool:
        """Whether a vector or an atom is elsewhere."""
        mine, others = (np.array([*crystal.basis, *crystal.positions]) for crystal in (self, other))
        return mine.shape != others.shape or not np.allclose(mine, others, rtol=0, atol=_SAME)


def _crystal(element: ET.Element) -> _Crystal:
    return _Crystal(_vectors(element, "crystal/varray[@name='basis']"), _vectors(element, "varray[@name='positions']"))


class _Calculation:
    """What is kept of a calculation while its elements end, one after the other; most of the file is dropped."""

    def __init__(self) -> None:
        self.set: dict[str, str] = {}
        self.species: list[str] = []
        self.potentials: set[str] = set()
        self.last: _Crystal | None = None
        self.calculated: _Crystal | None = None
        self.energies: dict[str, float] = {}
        self.electronic: dict[str, float] = {}
        self.fermi: float | None = None
        self.n_ionic = self.n_electronic = self.n_last = 0
        self.program = ""

    def take(self, element: ET.Element) -> None:
        """Keep what is wanted of an element that has ended."""
        match element.tag:
            case "generator":
                words = {i.get("name"): (i.text or "").strip() for i in element.findall("i")}
                self.program = " ".join(filter(None, (words.get("program"), words.get("version"))))
            case "parameters" | "incar":
                # Backwards, since the first counts: other methods have an `NELM` of their own behind it.
                inside = reversed(list(element.iter("i")))
                self.set |= {i.get("name", ""): (i.text or "").strip() for i in inside}
            case "atominfo":
                rows = element.findall("array[@name='atoms']/set/rc")
                self.species = [(row.findtext("c") or "").strip() for row in rows]
                types = element.findall("array[@name='atomtypes']/set/rc")
                self.potentials = {((row.findall("c") or [row])[-1].text or "?").split()[0] for row in types}
            case "set" if len(element) and element[0].tag == "r":
                # Eigenvalues and projections fill most of a file.
                element.clear()
            case "scstep":
                self.electronic = _energies(element)
                self.n_electronic += 1
                element.clear()
            case "structure" if element.get("name"):
                self.last = _crystal(element)
            case "calculation":
                step = element.find("structure")
                self.last = self.calculated = _crystal(step) if step is not None else self.last
                self.energies = _energies(element)
                fermi = element.find("dos/i[@name='efermi']")
                self.fermi = float(fermi.text or "nan") if fermi is not None else self.fermi
                self.n_ionic, self.n_last, self.n_electronic = self.n_ionic + 1, self.n_electronic, 0
                element.clear()

    def structure(self) -> Structure:
        """The structure that the energy is of; the last in the file where there is none."""
        found = self.calculated or self.last
        if found is None or not self.species:
            raise EntryError("the file holds no structure")
        # VASP's name for what has no element, such as an empty sphere, is X.
        return structure(found.basis, self.species, found.positions)

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
        said |= {name: int(self.set[name]) for name in ("ISPIN", "IVDW") if self.set.get(name, "0") != "0"}
        return {key: value for key, value in said.items() if value is not None}

    def _functional(self) -> str | None:
        name = self._semilocal()
        return f"{name}+U" if name and self._is_on("LDAU") else name

    def _semilocal(self) -> str | None:
        meta = self.set.get("METAGGA", "").strip("- ")
        if meta and meta.upper() not in ("NONE", "F"):
            return meta
        if self._is_on("LHFCALC"):
            return "hybrid"
        written = self.set.get("GGA", "").strip("- ")
        if written:
            return _FUNCTIONALS.get(written.upper(), written)
        meant = {_POTENTIALS.get(title) for title in self.potentials}
        return meant.pop() if len(meant) == 1 else None

    def _is_on(self, name: str) -> bool:
        return self.set.get(name, "F").strip(". ").upper().startswith("T")

    def notes(self) -> tuple[str, ...]:
        most = {name: int(self.set[name]) for name in _INTEGERS if name in self.set}
        found = []
        if not self.energies:
            found.append("the file has no energy")
        if self.calculated and self.last and self.last.differs_from(self.calculated):
            found.append("the atoms were moved once more behind the last energy: those that it is of are taken")
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
