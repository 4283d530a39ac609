"""Elk's input, `elk.in`: blocks of a name and the lines of its values, each followed by a blank line.

Elk ends with exit code 0 after an error in it, and takes "4,0" for 4: numbers are written here, by nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from bigdata.calculators.calculation import Setting
from bigdata.calculators.elk.species import SUFFIX
from bigdata.calculators.kpath import KPath
from bigdata.calculators.units import BOHR_ANGSTROM, FORCE_EV_PER_ANGSTROM, HARTREE_EV
from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.structures import Structure
from bigdata.errors import SpecError

Block = tuple[str, ...]

XC_TYPES = {"LDA": 3, "PBE": 20, "PBEsol": 22}
# Elk's own 0.2 to 0.25 makes stiff layers such as BN's swing to and fro.
STEP_LENGTH = 0.1
MOST_STEPS = 100
# Points along each direction between which the density of states interpolates bands.
DOS_INTERPOLATION = 100
_NAME = re.compile(r"[a-z][a-z0-9]*")


def text(blocks: Mapping[str, Block]) -> str:
    """The whole file."""
    return "\n".join(f"{name}\n{''.join(f'  {line}' + chr(10) for line in lines)}" for name, lines in blocks.items())


def read(file: Path) -> dict[str, Block]:
    """The blocks of a file that `text` has made."""
    parts = (part.split("\n") for part in file.read_text().strip().split("\n\n"))
    return {lines[0]: tuple(line.strip() for line in lines[1:]) for lines in parts}


def common(structure: Structure, setting: Setting) -> dict[str, Block]:
    """What all steps of a calculation are told."""
    if setting.xc not in XC_TYPES:
        raise SpecError(f"Elk isn't taught the functional {setting.xc}; it can be {', '.join(XC_TYPES)}.")
    return {
        "xctype": (str(XC_TYPES[setting.xc]),),
        "sppath": ("'./'",),
        "ngridk": (" ".join(map(str, setting.k_grid)),),
        # So that the positions stay where they are put: Elk moves the crystal otherwise.
        "tshift": (_word(False),),
        "tforce": (_word(True),),
        # Restart files after each loop; without them a killed calculation begins anew.
        "nwrite": ("1",),
        **_of_structure(structure),
        **dict(_blocks(setting.basis)),
        **dict(_blocks(setting.options)),
    }


def relaxing(setting: Setting, shortened: float) -> dict[str, Block]:
    """A relaxation's own blocks, its first step `shortened` by that factor."""
    return {
        "epsforce": (_real(setting.largest_force / FORCE_EV_PER_ANGSTROM),),
        "tau0atp": (_real(STEP_LENGTH * shortened),),
        "maxatpstp": (str(MOST_STEPS),),
    }


def spectrum(setting: Setting) -> dict[str, Block]:
    """The energies of a density of states: Elk's n points of a window leave out its end."""
    low, high = setting.dos_window
    n = setting.dos_points
    end = high + (high - low) / (n - 1)
    return {"wplot": (f"{n} {DOS_INTERPOLATION} 0", f"{_real(low / HARTREE_EV)} {_real(end / HARTREE_EV)}")}


def bands(path: KPath) -> dict[str, Block]:
    """The vertices of the path, and how many points there are on it."""
    return {"plot1d": (f"{len(path.vertices)} {path.n_points}", *map(_row, path.vertices))}


def tasks(*numbers: int) -> dict[str, Block]:
    """What Elk does, by the numbers of its manual."""
    return {"tasks": tuple(map(str, numbers))}


def _of_structure(structure: Structure) -> dict[str, Block]:
    return {
        "avec": tuple(map(_row, structure.lattice / BOHR_ANGSTROM)),
        "atoms": tuple(_atoms(structure)),
    }


def _atoms(structure: Structure) -> Iterator[str]:
    numbers = np.unique(structure.numbers)
    yield str(len(numbers))
    for number in numbers:
        positions = structure.positions[structure.numbers == number]
        yield f"'{SYMBOLS[number]}{SUFFIX}'"
        yield str(len(positions))
        yield from map(_row, positions)


def _blocks(said: Mapping[str, object]) -> Iterator[tuple[str, Block]]:
    for name, value in said.items():
        if not _NAME.fullmatch(name):
            raise SpecError(f"Elk has no input block `{name}`: they are named by small letters and digits.")
        yield name, (_words(value),)


def _words(value: object) -> str:
    """Values of one line; Elk reads them with blanks between."""
    return " ".join(map(_word, value)) if isinstance(value, list | tuple) else _word(value)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return f".{str(value).lower()}."
    return _real(value) if isinstance(value, float) else str(value)


def _row(values: Iterable[float]) -> str:
    return " ".join(map(_real, values))


def _real(value: float) -> str:
    """All digits of a float; Fortran reads them as they are."""
    return repr(float(value))
