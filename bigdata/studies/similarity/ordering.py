"""The order of the entries by their settings, from the least accurate to the most, and who is the reference of whom.

Numbers count as numbers, and so do those inside of text: 8x8x8 comes before 12x12x4. What isn't known comes first, and
text before numbers, since nothing says how accurate it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bigdata.data.problem import first
from bigdata.studies.similarity.kinds import is_number

if TYPE_CHECKING:
    from bigdata.studies.similarity.model import By, Similarity

Settings = Mapping[str, Sequence[Any]]
_DIGITS = re.compile(r"(\d+\.\d+|\d+)")
N_SHOWN = 3


def order(settings: Settings, n: int, fields: Sequence[By]) -> list[int]:
    """The n entries sorted by these settings, the first field first; equal ones stay in the dataset's order."""
    ordered = list(range(n))
    # The last field first: sorting keeps the order of what is equal.
    for by in reversed(fields):
        ranks = [_rank(value, by.descending) for value in settings[by.field]]
        ordered.sort(key=ranks.__getitem__, reverse=by.descending)
    return ordered


def _rank(value: Any, descending: bool) -> tuple[int, Any]:
    """What is missing before text before numbers, also where the sort is reversed."""
    kind, key = accuracy(value)
    return -kind if descending else kind, key


def accuracy(value: Any) -> tuple[int, Any]:
    """What a setting's values are sorted by: 0 for what is missing, 1 and its words and numbers for text, 2 and the
    number."""
    if value is None or value == "":
        return 0, 0
    if not isinstance(value, str):
        return 2, value
    return (2, float(value)) if is_number(value) else (1, _natural(value))


def _natural(text: str) -> tuple[Any, ...]:
    """Words and numbers in turn: `8x8x8` is ("", 8, "x", 8, "x", 8, "")."""
    return tuple(float(part) if i % 2 else part for i, part in enumerate(_DIGITS.split(text)))


def combinations(settings: Settings, fields: Iterable[str], ordered: Sequence[int]) -> tuple[list[int], list[str]]:
    """Number the combinations of settings that occur, in the order given: each entry's number, and the labels."""
    fields = tuple(fields)
    numbers: dict[tuple[Any, ...], int] = {}
    of = [0] * len(ordered)
    for i in ordered:
        of[i] = numbers.setdefault(tuple(settings[f][i] for f in fields), len(numbers))
    return of, [
        ", ".join(said(f, v, isinstance(v, int | float)) for f, v in zip(fields, k, strict=True)) for k in numbers
    ]


def said(field: str, value: Any, is_number: bool) -> str:
    """A setting's value in words: `LDA`, `n_kpts_full 32`, `xc unknown`."""
    if value is None or value == "":
        return f"{field} unknown"
    return f"{field} {value}" if is_number else str(value)


def references(settings: Settings, within: Sequence[str], ordered: Sequence[int], fields: Sequence[str]) -> list[int]:
    """For each entry, the most accurate one of its combination of the settings `within`: the last in the order of
    those of which all `fields` are known, or of all where there is none."""
    of, _ = combinations(settings, within, ordered)
    known = [i for i in ordered if _is_known(settings, fields, i)]
    last = {of[i]: i for i in ordered} | {of[i]: i for i in known}
    return [last[number] for number in of]


def _is_known(settings: Settings, fields: Sequence[str], i: int) -> bool:
    return all(accuracy(settings[f][i])[0] > 0 for f in fields)


def unknown_values(settings: Settings, names: Sequence[str], fields: Sequence[str]) -> Iterator[str]:
    """A note on each field of the order that isn't known of all entries, or text beside numbers."""
    for name in fields:
        kinds = [accuracy(value)[0] for value in settings[name]]
        missing = [names[i] for i, kind in enumerate(kinds) if kind == 0]
        if missing:
            yield (
                f"{name} isn't known for {len(missing)} of {len(names)} entries ({first(missing, N_SHOWN)}): they come "
                "first in the order, and none is the most accurate of its kind where another is known"
            )
        if 1 in kinds and 2 in kinds:
            text = [names[i] for i, kind in enumerate(kinds) if kind == 1]
            yield (
                f"{name} is no number for {len(text)} of {len(names)} entries ({first(text, N_SHOWN)}): "
                "they come before the numbers in the order"
            )


def ties(settings: Settings, names: Sequence[str], accurate: Sequence[int], model: Similarity) -> Iterator[str]:
    """A note on the references that other entries equal in all settings of the order."""
    fields = model.order_fields
    values = [settings[f] for f in fields]
    equal: dict[int, list[int]] = {}
    for i, reference in enumerate(accurate):
        if all(column[i] == column[reference] for column in values):
            equal.setdefault(reference, []).append(i)
    found = [
        f"{names[reference]} stands for {len(tied)} entries ({first([names[i] for i in tied], N_SHOWN)})"
        for reference, tied in equal.items()
        if len(tied) > 1
    ]
    if found:
        by = f"are equal in {', '.join(fields)}" if fields else "are in no order, since `order_by` names no field"
        yield f"the most accurate entry is the last in the dataset of those that {by}: {first(found, N_SHOWN)}"
