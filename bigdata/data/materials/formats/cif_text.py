"""Crystal structures out of CIF text: those that list all atoms of the cell are read here, the others by pymatgen.

S. R. Hall, F. H. Allen and I. D. Brown, Acta Cryst. A 47, 655 (1991), doi 10.1107/S010876739101067X.
"""

from __future__ import annotations

import re
import warnings

import numpy as np

from bigdata.data.materials.formats.entry import atomic_numbers, cell, structure
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import EntryError

_CELL = tuple(
    f"_cell_{part}" for part in ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
)
_XYZ = ("_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z")
_SYMBOL, _LABEL, _SHARE = "_atom_site_type_symbol", "_atom_site_label", "_atom_site_occupancy"
_OPERATIONS = ("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz")
_IDENTITY = re.compile(r"(\d+\s+)?['\"]?\s*\+?x\s*,\s*\+?y\s*,\s*\+?z\s*['\"]?")
_P1 = re.compile(r"^_(?:symmetry_Int_Tables_number|space_group_IT_number)\s+1\s*$", re.MULTILINE | re.IGNORECASE)
_BLOCK = re.compile(r"^data_(\S*)", re.MULTILINE | re.IGNORECASE)


class _NotPlain(Exception):
    """The text needs more than is understood here."""


def blocks(text: str) -> list[tuple[str, str, int]]:
    """(name, text, line) of each data block that holds atoms; of all blocks where none does."""
    starts = [*_BLOCK.finditer(text)]
    if not starts:
        return []
    ends = [start.start() for start in starts[1:]] + [len(text)]
    found = [
        (start[1], text[start.start() : end], text.count("\n", 0, start.start()) + 1)
        for start, end in zip(starts, ends, strict=True)
    ]
    return [block for block in found if "_atom_site_" in block[1]] or found


def structure_of(text: str) -> Structure:
    """The structure of the one data block in `text`; raises EntryError."""
    try:
        return _plain(text)
    except (_NotPlain, ValueError, LookupError):
        return _by_pymatgen(text)


def _plain(text: str) -> Structure:
    """A structure in P1, its lines free of quoted blanks; raises _NotPlain for anything else."""
    values, loops = _read(text)
    sites = next((loop for loop in loops if _XYZ[0] in loop), None)
    if sites is None or not _is_p1(text, loops):
        raise _NotPlain
    # Disorder, or a mistake: pymatgen's reading tells at which site.
    if any(share not in (".", "?") and _number(share) != 1 for share in sites.get(_SHARE, [])):
        raise _NotPlain
    symbols = sites.get(_SYMBOL) or [re.sub(r"[^A-Za-z].*", "", label) for label in sites[_LABEL]]
    positions = np.array([[_number(x) for x in sites[axis]] for axis in _XYZ]).T
    try:
        numbers = atomic_numbers(symbols)
    except EntryError:
        raise _NotPlain from None
    return structure(cell(*(_number(values[name]) for name in _CELL)), numbers.tolist(), positions)


def _is_p1(text: str, loops: list[dict[str, list[str]]]) -> bool:
    operations = next((loop[name] for loop in loops for name in _OPERATIONS if name in loop), None)
    if operations is None:
        return bool(_P1.search(text))
    return len(operations) == 1 and bool(_IDENTITY.fullmatch(operations[0].strip()))


def _read(text: str) -> tuple[dict[str, str], list[dict[str, list[str]]]]:
    """The single values and the loops of a data block, by name."""
    values: dict[str, str] = {}
    loops: list[dict[str, list[str]]] = []
    names: list[str] | None = None
    for line in text.splitlines():
        words = line.split()
        if not words or words[0][0] == "#" or words[0].lower().startswith("data_"):
            continue
        if words[0][0] == ";":
            raise _NotPlain
        if words[0].lower() == "loop_":
            names = []
            loops.append({})
        elif words[0][0] == "_":
            if names is not None and not (loops[-1] and any(loops[-1].values())):
                names.append(words[0])
                loops[-1][words[0]] = []
            else:
                names = None
                values[words[0]] = " ".join(words[1:])
        elif names:
            _add_row(loops[-1], names, line, words)
        else:
            raise _NotPlain
    return values, loops


def _add_row(loop: dict[str, list[str]], names: list[str], line: str, words: list[str]) -> None:
    if any(name in loop for name in _OPERATIONS):
        # An operation may hold blanks: `1  'x, y, z'`; what else stands in its row is a number.
        loop[next(name for name in _OPERATIONS if name in loop)].append(line)
    elif len(words) != len(names) or "'" in line or '"' in line:
        raise _NotPlain
    else:
        for name, word in zip(names, words, strict=True):
            loop[name].append(word)


def _number(text: str) -> float:
    """A number without its standard uncertainty, `4.123(5)`."""
    return float(text.partition("(")[0])


def _by_pymatgen(text: str) -> Structure:
    from pymatgen.io.cif import CifParser

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (found, *_) = CifParser.from_str(text).parse_structures(primitive=False, on_error="raise")
    # CifParser lets through whatever its parsing meets, such as KeyError and IndexError.
    except Exception as e:
        raise EntryError(f"the CIF can't be read: {_first_line(e)}") from None
    for place, site in enumerate(found, 1):
        if not site.is_ordered:
            raise EntryError(f"the structure is disordered: site {place} holds {site.species_string}")
    return structure(found.lattice.matrix, [site.specie.symbol for site in found], found.frac_coords)


def _first_line(e: Exception) -> str:
    return (str(e).strip().splitlines() or [type(e).__name__])[0].rstrip(".")
