"""The fields of a dataset that a spec names: whether the dataset has them, said where they are named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bigdata.data import DataProblem, fields
from bigdata.data.materials.extent import Per, unfit
from bigdata.data.model import Range
from bigdata.data.selection import in_unit, unmet
from bigdata.kind.target import Target
from bigdata.spec.study import Finding, PathInSpec

if TYPE_CHECKING:  # a kind loads the origins of its own data only
    from bigdata.data.materials.origin import MaterialsOrigin
    from bigdata.data.spectra.origin import SpectraOrigin


def unknown_fields(
    dataset: SpectraOrigin | MaterialsOrigin,
    folder: Path,
    at: tuple[str, ...],
    named: Iterable[tuple[PathInSpec, str]] = (),
) -> Iterable[Finding]:
    """Of a dataset that stands at the path `at` of a spec in `folder`: what is wrong with it, and which fields of its
    `where:`, and of those `named` elsewhere in the spec, it doesn't have, and which values, as far as they are known
    without reading it.
    """
    try:
        known = fields(dataset, folder)
    except DataProblem as problem:
        yield from problem.at(*at)
        return
    if known is None:  # a query that hasn't been asked yet
        return
    right = f"Its fields are {', '.join(known)}" if known else "It has structures alone: give a file with values"
    conditions = {(*at, "where", field): field for field in dataset.where}
    for path, field in (*conditions.items(), *named):
        if field not in known:
            what = f"the dataset has no field `{field}`"
            yield Finding(path, what, right, field, tuple(known), at_key=path in conditions)
    for field in getattr(dataset, "units", {}):
        if field not in known:
            what = f"the dataset has no field `{field}` whose unit could be said"
            yield Finding((*at, "units", field), what, right, field, tuple(known), at_key=True)
    for field, condition in dataset.where.items():
        if field in known and isinstance(condition, Range):
            unit = getattr(dataset, "units", {}).get(field, known[field].unit)
            try:
                in_unit(field, condition, unit)
            except DataProblem as problem:
                yield from problem.at(*at)
        elif field in known and known[field].values:
            yield from (replace(f, path=(*at, *f.path)) for f in unmet(field, condition, known[field].values))


def unit_of(dataset: MaterialsOrigin, folder: Path, field: str) -> str:
    """The unit of a field as far as it is known without reading registered data; "" where it isn't."""
    known = fields(dataset, folder) or {}
    return dataset.units.get(field) or (known[field].unit if field in known else "")


def unfit_units(what: str, own: str, target: Target, per: Per) -> Iterable[Finding]:
    """Whether `what`, in its `own` unit where that is known, can be had in that of the study's `target:`."""
    if own and target.units:
        yield from (replace(f, path=("target", *f.path)) for f in unfit(what, own, target.units, per))
