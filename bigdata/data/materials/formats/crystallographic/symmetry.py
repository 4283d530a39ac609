"""The symmetry operations of a data block: those that it lists, else those of the group that it names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import gemmi
import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.formats.crystallographic.grammar import UNKNOWN, Block
from bigdata.data.materials.structures import Floats
from bigdata.data.problem import EntryError

_LISTS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
_MAGNETIC, _CENTRINGS = "_space_group_symop_magn_operation_xyz", "_space_group_symop_magn_centering_xyz"
_NUMBERS = ("_space_group_it_number", "_symmetry_int_tables_number")
_NAMES = ("_space_group_name_h-m_alt", "_symmetry_space_group_name_h-m", "_space_group_name_h-m_full",
          "_space_group_name_h-m")  # fmt: skip
_HALLS = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
# As others write settings behind the name: S and Z for the first and second origin.
_SETTING = {"S": "1", "Z": "2", "H": "H", "R": "R"}
_DEN = gemmi.Op.DEN


class Operations(NamedTuple):
    """m operations x' = R x + t on fractions of the cell: `rotations` (m, 3, 3), `translations` (m, 3); `number` of
    their space group; and what is said of where they come from, "" where they are listed, or the identity alone."""

    rotations: Floats
    translations: Floats
    number: int
    said: str = ""


def settings(block: Block, angles: tuple[float, ...]) -> list[Operations]:
    """The operations of the block; several where its group's name leaves the origin or the axes open.

    `angles` of the cell, in degrees, tell the axes of rhombohedral groups. Raises EntryError.
    """
    numbers = _header_numbers(block, angles)
    if listed := _listed(block):
        return [_agreeing(listed, numbers, block)]
    return _named(block, angles, next(iter(numbers.values()), None))


def _listed(block: Block) -> tuple[str, ...]:
    """The listed operations' texts; those of two lists have to be the same."""
    lists = {tag: tuple(block.column(tag)) for tag in _LISTS if block.text(tag)}
    if block.text(_MAGNETIC):
        lists[_MAGNETIC] = _magnetic(block)
    if (
        len(lists) > 1
        and len({frozenset(_operation(text).triplet() for text in texts) for texts in lists.values()}) > 1
    ):
        raise EntryError(f"the operations in {' and '.join(f'`{tag}`' for tag in lists)} differ", block.line)
    return next(iter(lists.values()), ())


def _magnetic(block: Block) -> tuple[str, ...]:
    """Operations times centrings; whether they turn moments is of no account to the atoms."""
    plain = [text.rpartition(",")[0] for text in block.column(_MAGNETIC)]
    centrings = [text.rpartition(",")[0] for text in block.column(_CENTRINGS)] or ["x,y,z"]
    try:
        return tuple((gemmi.Op(one) * gemmi.Op(other)).wrap().triplet() for other, one in product(centrings, plain))
    except RuntimeError as e:
        raise EntryError(f"a magnetic operation can't be read: {e}", block.values[_MAGNETIC].line) from None


def _agreeing(texts: tuple[str, ...], numbers: dict[str, int], block: Block) -> Operations:
    tag = next(tag for tag in (*_LISTS, _MAGNETIC) if block.text(tag))
    try:
        found = operations(texts)
    except EntryError as e:
        raise EntryError(f"`{tag}`: {e}", block.values[tag].line) from None
    for said, number in numbers.items():
        if tag != _MAGNETIC and number != found.number:
            what = f"the {len(texts)} operations in `{tag}` make group {found.number}, {said} is group {number}"
            raise EntryError(what, block.values[tag].line)
    return found


@lru_cache(maxsize=4096)
def operations(texts: tuple[str, ...]) -> Operations:
    """The operations of texts such as `-x, y+1/2, z`, equal ones once; raises EntryError unless they are a group."""
    parsed = {op.triplet(): op for op in map(_operation, texts)}
    ops = [*parsed.values()]
    rotations = np.array([op.rot for op in ops], dtype=np.int64) // _DEN
    translations = np.array([op.tran for op in ops], dtype=np.int64)
    _refuse_unclosed(rotations, translations)
    return Operations(rotations.astype(float), translations / _DEN, _group_number(ops, rotations, translations / _DEN))


def _operation(text: str) -> gemmi.Op:
    try:
        return gemmi.Op(text.strip()).wrap()
    except RuntimeError:
        raise EntryError(f"`{text[:40]}` is no symmetry operation, such as `-x, y+1/2, z`") from None


def _refuse_unclosed(rotations: NDArray[np.int64], translations: NDArray[np.int64]) -> None:
    keys = _key(rotations, translations)
    if not (keys == _key(np.eye(3, dtype=np.int64)[None], np.zeros((1, 3), np.int64))).any():
        raise EntryError("the identity `x, y, z` is missing")
    # Floats, since numpy multiplies whole numbers slowly; all are small.
    left, right = rotations.astype(float), translations.astype(float)
    turned = (left.reshape(-1, 3) @ left.transpose(1, 0, 2).reshape(3, -1)).reshape(-1, 3, len(keys), 3)
    moved = (left.reshape(-1, 3) @ right.T).reshape(-1, 3, len(keys)) + right[:, :, None]
    products = _key(turned.swapaxes(1, 2).astype(np.int64), moved.swapaxes(1, 2).astype(np.int64))
    ordered = np.sort(keys)
    if (ordered[np.searchsorted(ordered[:-1], products)] != products).any():
        raise EntryError(f"the {len(keys)} operations are no group: products of two of them are missing")


def _key(rotations: NDArray[np.int64], translations: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number for each operation; entries of products are within -9 to 9."""
    digits = np.concatenate([rotations.reshape(-1, 9) + 9, translations.reshape(-1, 3) % _DEN], axis=1)
    return np.asarray(digits @ np.array([*(19**i for i in range(9)), *(19**9 * _DEN**i for i in range(3))]))


def _group_number(ops: list[gemmi.Op], rotations: NDArray[np.int64], translations: Floats) -> int:
    if found := gemmi.find_spacegroup_by_ops(gemmi.GroupOps(ops)):
        return int(found.number)
    # A setting that no table has.
    from spglib import get_spacegroup_type_from_symmetry

    kind = get_spacegroup_type_from_symmetry(rotations, translations)
    if kind is None:
        raise EntryError(f"the {len(ops)} operations are those of no space group")
    return int(kind.number)


def _header_numbers(block: Block, angles: tuple[float, ...]) -> dict[str, int]:
    """The number of the group by each thing the header says, in words; raises EntryError where they differ."""
    said: dict[str, int] = {}
    for tag in _NUMBERS:
        if (number := block.number(tag)) is not None:
            if number != int(number):
                what = f"`{block.values[tag].tag}` is {number:g}, and groups have whole numbers"
                raise EntryError(what, block.values[tag].line)
            said[f"`{block.values[tag].tag}`"] = int(number)
    for tag in _NAMES:
        if entries := _entries(block.text(tag), angles):
            said[f"`{block.values[tag].tag}` ({block.text(tag)})"] = int(entries[0].number)
    for tag in _HALLS:
        # Beside listed operations, a symbol that can't be read is of no account.
        with suppress(EntryError):
            if hall := block.text(tag):
                said[f"`{block.values[tag].tag}` ({hall})"] = _by_hall(hall).number
    if len({*said.values()}) > 1:
        (one, a), (other, b) = next((x, y) for x, y in product(said.items(), repeat=2) if x[1] != y[1])
        raise EntryError(f"{one} is group {a}, {other} is group {b}", _header_line(block))
    return said


def _header_line(block: Block) -> int:
    return next((block.values[tag].line for tag in (*_NUMBERS, *_NAMES) if tag in block), block.line)


def _named(block: Block, angles: tuple[float, ...], number: int | None) -> list[Operations]:
    """All settings that the header leaves open, given the group's number."""
    if hall := block.text(*_HALLS):
        return [_by_hall(hall)]
    if number is None:
        what = "the file gives neither symmetry operations nor a space group. Does it list all atoms of the cell? Then"
        raise EntryError(f"{what} add `_space_group_IT_number 1`", block.line)
    if not 1 <= number <= 230:
        raise EntryError(f"there is no space group {number}; they are numbered from 1 to 230", _header_line(block))
    name = block.text(*_NAMES)
    if entries := _entries(name, angles):
        return [_of_table(entry, "by its name") for entry in entries]
    every = [entry for entry in gemmi.spacegroup_table() if entry.number == number]
    # By number alone the setting meant is the reference one; a name that isn't understood may mean any.
    return [_of_table(e, "by its number") for e in every if name not in UNKNOWN or e.is_reference_setting()]


@lru_cache(maxsize=512)
def _by_hall(hall: str) -> Operations:
    try:
        ops = [*gemmi.symops_from_hall(hall)]
    except (RuntimeError, ValueError):
        raise EntryError(f"the Hall symbol `{hall}` can't be read") from None
    return _of(ops, f"the operations aren't listed, those of the Hall symbol are used: {hall}")


def _of(ops: Iterable[gemmi.Op], said: str) -> Operations:
    found = operations(tuple(op.triplet() for op in ops))
    return found if len(found.rotations) == 1 else found._replace(said=said)


def _of_table(entry: gemmi.SpaceGroup, by: str) -> Operations:
    return _of(entry.operations(), f"the operations aren't listed, those of the group {by} are used: {entry.xhm()}")


def _entries(name: str, angles: tuple[float, ...]) -> tuple[gemmi.SpaceGroup, ...]:
    """The settings of the tables that a Hermann-Mauguin name may mean; none where it isn't known."""
    return _entries_of(name, angles[0], angles[2]) if name not in UNKNOWN else ()


@lru_cache(maxsize=4096)
def _entries_of(name: str, alpha: float, gamma: float) -> tuple[gemmi.SpaceGroup, ...]:
    # `P 2(1)/c`, `P 2_1/c` and `P 2~1~/c` mark the index, `P_21/c` has `_` for blanks; remarks stand in brackets.
    plain = re.sub(r"\(.*|[_~]", "", re.sub(r"\((\d)\)", r"\1", name)).strip()
    if match := re.fullmatch(r"(.*\S)\s+([SZHR])", plain):
        plain = f"{match[1]}:{_SETTING[match[2]]}"
    base, _, wanted = plain.partition(":")
    found = gemmi.find_spacegroup_by_name(base.strip(), alpha, gamma)
    if found is None:
        return ()
    alike = [e for e in gemmi.spacegroup_table() if e.hm == found.hm and e.number == found.number]
    extension = wanted.strip().upper()[:1] or (found.ext if found.ext in ("H", "R") else "")
    return tuple(e for e in alike if not extension or e.ext == extension) or tuple(alike)
