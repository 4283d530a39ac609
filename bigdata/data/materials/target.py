"""The property to learn: its values in one unit, and the entries that have none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bigdata.data.conversion import convert
from bigdata.data.materials.dataset import MaterialsDataset, Policy
from bigdata.data.materials.extent import Per, other_extent
from bigdata.data.materials.structures import Floats
from bigdata.data.problem import BadEntries, BadEntry, DataProblem, first
from bigdata.data.selection import N_NAMES, Dropped
from bigdata.data.text import is_number
from bigdata.spec.study import Finding
from bigdata.units import QuantityError


@dataclass(frozen=True)
class Target:
    """`values` (n,) float64 of `field` in `unit` ("" where none is known) for the entries `rows` (n,) int64, whose
    identifiers are `ids`; `bad` are the entries left out because they have no value."""

    field: str
    unit: str
    rows: NDArray[np.int64]
    ids: list[str]
    values: Floats
    bad: list[BadEntry]


def target(
    dataset: MaterialsDataset,
    rows: Sequence[int] | NDArray[np.int64] | None,
    field: str,
    unit: str = "",
    on_bad_entry: Policy | None = None,
    own: str = "",
    per: Per | None = None,
) -> Target:
    """The values of `field` for `rows` (all where None), converted to `unit` ("": as the dataset has them).

    `own` is the unit of the dataset's values, where it is said elsewhere than in the dataset.

    Energies of cells become those of atoms, and back, where `per` asks for it. Raises DataProblem for
    a field that isn't there or doesn't hold numbers and for a unit that doesn't fit; SpecError, with every entry that
    has no value, where those are to be refused.
    """
    numbers = _numbers(dataset, field)
    wanted = np.arange(dataset.n) if rows is None else np.asarray(rows, dtype=np.int64)
    missing = np.isnan(numbers[wanted])
    bad = [dataset.bad_entry(int(row), f"`{field}` has no value") for row in wanted[missing]]
    if bad and (on_bad_entry or dataset.on_bad_entry) == "refuse":
        raise BadEntries(bad, dataset.label, wanted.size)
    kept = wanted[~missing]
    if not kept.size:
        what = f"no entry of {dataset.label} that is left has a value of `{field}`"
        raise DataProblem(Finding(("target",), what, "choose another field, or loosen `where:`"))
    own = own or dataset.fields[field].unit
    _refuse_other_extent(dataset, field, own, unit or own, per or Per())
    values = _converted(dataset, kept, numbers[kept], field, own, unit or own)
    return Target(field, unit or own, kept, [dataset.ids[row] for row in kept], values, bad)


def within(target: Target, low: float | None = None, high: float | None = None) -> tuple[Target, Dropped]:
    """The entries with values from `low` to `high`, both included, in the target's unit; and what was dropped."""
    inside = np.ones(target.rows.size, dtype=bool)
    if low is not None:
        inside &= target.values >= low
    if high is not None:
        inside &= target.values <= high
    out = np.flatnonzero(~inside)
    bounds = [f">= {low:g}" if low is not None else "", f"<= {high:g}" if high is not None else ""]
    condition = " and ".join(bound for bound in bounds if bound)
    dropped = Dropped(target.field, condition, out.size, [target.ids[i] for i in out[:N_NAMES]])
    ids = [target.ids[i] for i in np.flatnonzero(inside)]
    return replace(target, rows=target.rows[inside], ids=ids, values=target.values[inside]), dropped


def _numbers(dataset: MaterialsDataset, field: str) -> Floats:
    known = tuple(name for name in dataset.columns if dataset.columns.is_number(name))
    right = f"its properties that are numbers are {first(known)}" if known else "it has no property that is a number"
    if field not in dataset.columns:
        what = f"{dataset.label} has no field `{field}`"
        raise DataProblem(Finding(("target",), what, right, given=field, known=known))
    if field not in known:
        what = f"the field `{field}` of {dataset.label} doesn't hold numbers{stranger(dataset, field)}"
        raise DataProblem(Finding(("target",), what, right))
    return dataset.columns.numbers(field)


def stranger(dataset: MaterialsDataset, field: str) -> str:
    """The first value that isn't a number, and where it stands."""
    for row, value in enumerate(dataset.columns[field]):
        if isinstance(value, str) and not is_number(value):
            return f": {dataset.bad_entry(row, '').where} has `{value[:40]}`"
    return ""


def _refuse_other_extent(dataset: MaterialsDataset, field: str, own: str, unit: str, per: Per) -> None:
    """DataProblem where values of atoms are asked for as those of cells, or the other way, and `per` doesn't say so.

    The cell of an entry need not be the one that its value was computed for: a database may give primitive cells beside
    energies of conventional ones.
    """
    for finding in other_extent(f"`{field}` of {dataset.label}", own, unit, per):
        raise DataProblem(finding)


def _converted(
    dataset: MaterialsDataset, rows: NDArray[np.int64], values: Floats, field: str, own: str, unit: str
) -> Floats:
    if own == unit:
        return values
    if not own:
        what = f"the unit of `{field}` in {dataset.label} isn't known, so it can't be turned into {unit}"
        raise DataProblem(Finding(("target",), what, f"say it under the dataset: `units: {{{field}: {unit}}}`"))
    n_atoms = dataset.structures.n_atoms[rows] if dataset.has_structures else None
    # An entry without structure has no atoms to divide by.
    if n_atoms is not None and not n_atoms.all():
        n_atoms = None
    try:
        return convert(values, own, unit, n_atoms)
    except QuantityError as e:
        what = f"`{field}` of {dataset.label}: {e.what}"
        raise DataProblem(Finding(("units",), what, e.right, e.given, e.known)) from e
