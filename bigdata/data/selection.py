"""`where:` of a spec: which rows meet the conditions, and how many each condition drops."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from bigdata.data.model import Condition, Range
from bigdata.data.problem import DataProblem, first
from bigdata.spec.study import Finding
from bigdata.units import QuantityError, split_quantity

N_NAMES = 5


@dataclass(frozen=True)
class Dropped:
    """What one condition dropped of the rows that those before it had left: how many, and the first names."""

    field: str
    condition: str
    n: int
    names: list[str]


@dataclass(frozen=True)
class Selection:
    """The rows that are left, ascending, and what each condition dropped."""

    rows: list[int]
    dropped: list[Dropped]


def select(
    names: Sequence[str],
    columns: Mapping[str, list[Any]],
    where: Mapping[str, Condition],
    n: int,
    units: Mapping[str, str],
) -> Selection:
    """Apply the conditions in the order given; a row without the field meets no condition on it.

    Bounds and values with a unit are converted to that of the field in `units`. Raises DataProblem with every unknown
    field and value, for a unit that doesn't fit, and where nothing is left.
    """
    asked = {f: in_unit(f, condition, units.get(f, ""), columns.get(f, ())) for f, condition in where.items()}
    findings = [f for field, condition in asked.items() for f in _findings(field, condition, columns)]
    if findings:
        raise DataProblem(*findings)
    rows, dropped = list(range(n)), []
    for field, condition in asked.items():
        column, meets = columns[field], _test(condition)
        out = [row for row in rows if not meets(column[row])]
        rows = [row for row in rows if meets(column[row])]
        dropped.append(Dropped(field, _said(condition), len(out), [names[row] for row in out[:N_NAMES]]))
    if not rows:
        raise DataProblem(_nothing_left(dropped, n))
    return Selection(rows, dropped)


def _findings(field: str, condition: Condition, columns: Mapping[str, list[Any]]) -> list[Finding]:
    if field not in columns:
        right = f"it has {first(columns)}"
        return [Finding(("where", field), f"no entry has a field `{field}`", right, given=field, known=tuple(columns))]
    if isinstance(condition, Range):
        return []
    return list(unmet(field, condition, (v for v in columns[field] if v is not None)))


def unmet(field: str, condition: Condition, values: Iterable[Any]) -> Iterator[Finding]:
    """The values that a condition wants and that are not among those that a field has, at `where: {FIELD: …}`."""
    keys = {_key(v) for v in values}
    known = tuple(str(v) for _, v in sorted(keys, key=_order))
    for path, wanted in _wanted(field, condition):
        if _key(wanted) not in keys:
            yield Finding(path, f"no entry has {field} = {wanted}", f"it is {first(known)}", str(wanted), known)


def _wanted(field: str, condition: Any) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(condition, tuple | list):
        return [(("where", field, i), value) for i, value in enumerate(condition)]
    return [(("where", field), condition)]


def _key(value: Any) -> tuple[bool, Any]:
    # 1 == 1.0 is one value; 1 == True isn't.
    return isinstance(value, bool), value


def _order(key: tuple[bool, Any]) -> tuple[bool, Any]:
    # Numbers and texts don't compare: numbers come first.
    return isinstance(key[1], str), key[1]


def _test(condition: Condition) -> Callable[[Any], bool]:
    if isinstance(condition, Range):
        return lambda value: _within(value, condition)
    keys = {_key(wanted) for _, wanted in _wanted("", condition)}
    return lambda value: value is not None and _key(value) in keys


def in_unit(field: str, condition: Condition, unit: str, values: Iterable[Any] = ()) -> Condition:
    """A condition with all its quantities as numbers, in the unit of the field, whose values are these.

    DataProblem for a quantity that can't be one.
    """
    if isinstance(condition, Range):
        bounds = {key: value for key, value in condition.model_dump().items() if isinstance(value, str)}
        at = ("where", field)
        return condition.model_copy(update={key: _number((*at, key), text, unit) for key, text in bounds.items()})
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if not numbers:  # `2 eV` may be a word of theirs
        return condition
    said = {path: _value(path, value, unit, numbers) for path, value in _wanted(field, condition)}
    return tuple(said.values()) if isinstance(condition, tuple) else said["where", field]


def _value(at: tuple[str | int, ...], said: Any, unit: str, numbers: list[float]) -> Any:
    """A value of the spec as the number that the data have for it."""
    try:
        number = _number(at, said, unit) if isinstance(said, str) else None
    except QuantityError:  # a word, of which will be said that no entry has it
        number = None
    if number is None:
        return said
    # What was converted can be off by its last digit.
    return next((v for v in numbers if math.isclose(v, number, rel_tol=1e-12)), number)


def _number(at: tuple[str | int, ...], text: str, unit: str) -> float:
    """A quantity in a field's unit. QuantityError where it is none, DataProblem where its unit can't be turned."""
    number, own = split_quantity(text)
    field = at[1]
    if not unit:
        right = f"write {number:g}, in the unit that the data have"
        raise DataProblem(Finding(at, f"the unit of `{field}` isn't known, so {text} can't be compared with it", right))
    # Only here is NumPy needed, which a spec without such a bound is checked without.
    import numpy as np

    from bigdata.data.conversion import convert

    try:
        return float(convert(np.array([number]), own, unit)[0])
    except QuantityError as e:
        raise DataProblem(
            Finding(at, f"`{field}` is in {unit}: {e.what}", f"write it in {unit}", e.given, e.known)
        ) from e


def _within(value: Any, bounds: Range) -> bool:
    # True would pass for a number greater than 0.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    tests = ((bounds.below, lt), (bounds.above, gt), (bounds.at_least, ge), (bounds.at_most, le))
    return all(bound is None or meets(value, bound) for bound, meets in tests)


def _said(condition: Condition) -> str:
    if isinstance(condition, Range):
        words = {"below": "<", "above": ">", "at_least": ">=", "at_most": "<="}
        return " and ".join(f"{words[k]} {v:g}" for k, v in condition.model_dump().items() if v is not None)
    return " or ".join(str(value) for _, value in _wanted("", condition))


def _nothing_left(dropped: list[Dropped], n: int) -> Finding:
    counts = ", ".join(f"{d.field} ({d.condition}) dropped {d.n}" for d in dropped)
    return Finding(("where",), f"none of the {n} entries is left: {counts}", "loosen a condition")
