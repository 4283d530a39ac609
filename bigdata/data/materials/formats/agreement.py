"""What a file says of a material beside its structure is compared with it: the formula, and counts of atoms and
elements."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from bigdata.data.materials.formula import full, parse
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import EntryError

# Amounts with decimals are rounded: `Fe0.67O` is Fe2O3.
_ROUNDED = 0.02


def agreed_formula(said: Mapping[str, str], found: Structure | None) -> tuple[str, tuple[str, ...]]:
    """The first formula of those that a file gives, by their keys, and notes; "", for the structure's own, where that
    text is no formula.

    Raises EntryError, with both, where two formulas differ or one isn't the structure's composition.
    """
    given = {key: text for key, text in said.items() if text}
    first = next(iter(given), "")
    amounts = {key: parsed for key, text in given.items() if (parsed := _amounts(text))}
    atoms: Mapping[int, float]
    if found is not None:
        told, atoms = f"the structure has {full(found.numbers)}", Counter(found.numbers.tolist())
    elif first in amounts and len(amounts) > 1:
        told, atoms = f"`{first}` is {given[first]}", amounts[first]
    else:
        return given.get(first, ""), ()
    for key, parsed in amounts.items():
        if not _are_proportional(parsed, atoms):
            raise EntryError(f"`{key}` is {given[key]}, and {told}")
    if first and first not in amounts:
        return "", (f"`{first}` is no formula, the structure says the composition: {given[first][:40]}",)
    return given.get(first, ""), ()


def _amounts(text: str) -> dict[int, float]:
    try:
        return parse(text)
    except EntryError:
        return {}


def _are_proportional(said: Mapping[int, float], other: Mapping[int, float]) -> bool:
    if said.keys() != other.keys():
        return False
    tolerance = 1e-9 if all(float(n).is_integer() for n in (*said.values(), *other.values())) else _ROUNDED
    scale = sum(other.values()) / sum(said.values())
    return all(math.isclose(n * scale, other[z], rel_tol=tolerance) for z, n in said.items())


def refuse_other_counts(found: Structure | None, **counts: Any) -> None:
    """Raise EntryError where a file counts other `n_atoms` or `n_elements` than its structure has.

    Each is (key, value) as the file has them; a value that is no number says nothing.
    """
    if found is None:
        return
    for name, (key, said) in counts.items():
        if isinstance(said, int) and not isinstance(said, bool):
            has = len(found.numbers) if name == "n_atoms" else len(set(found.numbers.tolist()))
            if said != has:
                raise EntryError(f"`{key}` is {said}, and the structure has {has} {name[2:]}")
