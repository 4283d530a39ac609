"""What a file says of a material beside its structure is compared with it: the formula, and counts of atoms and
elements."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from bigdata.data.materials.elements import SYMBOLS
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
    # That a structure has no atoms is said where all structures are checked.
    has_atoms = found is not None and len(found.numbers) > 0
    if not given or (not has_atoms and len(given) < 2):
        return given.get(first, ""), ()
    amounts = {key: parsed for key, text in given.items() if (parsed := _amounts(text))}
    atoms = Counter(found.numbers.tolist()) if found is not None and has_atoms else amounts.get(first)
    for key, parsed in amounts.items():
        if atoms is not None and not _are_proportional(parsed, atoms):
            told = f"the structure has {full(found.numbers)}" if found is not None else f"`{first}` is {given[first]}"
            raise EntryError(f"`{key}` is {given[key]}, and {told}")
    if has_atoms and first and first not in amounts:
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
    n_said, n_other = sum(said.values()), sum(other.values())
    if all(n * n_other == other[z] * n_said for z, n in said.items()):
        return True
    if all(float(n).is_integer() for n in (*said.values(), *other.values())):
        return False
    return all(math.isclose(n * n_other, other[z] * n_said, rel_tol=_ROUNDED) for z, n in said.items())


def refuse_other_counts(found: Structure | None, **counts: Any) -> None:
    """Raise EntryError where a file counts other `n_atoms` or `n_elements` than its structure has.

    Each is (key, value) as the file has them: a number, or a list of so many; any other value says nothing.
    """
    if found is None or not len(found.numbers):
        return
    for name, (key, said) in counts.items():
        n, verb = (len(said), "names") if isinstance(said, list) else (said, "is")
        has = len(found.numbers) if name == "n_atoms" else len(set(found.numbers.tolist()))
        if isinstance(n, int) and n != has:
            raise EntryError(f"`{key}` {verb} {n}, and the structure has {has} {name[2:]}")
        if name == "n_elements" and isinstance(said, list):
            _refuse_other_elements(key, said, found)


def _refuse_other_elements(key: str, said: list[Any], found: Structure) -> None:
    has = [SYMBOLS[z] for z in dict.fromkeys(found.numbers.tolist())]
    if all(one in SYMBOLS for one in said) and set(said) != set(has):
        raise EntryError(f"`{key}` names {', '.join(said)}, and the structure has {', '.join(has)}")
