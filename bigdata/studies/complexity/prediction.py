"""Predictions for new rows of a table, from a run's store alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.conversion import QuantityError, convert
from bigdata.data.materials.compositions import compositions
from bigdata.data.materials.dataset import MaterialsDataset
from bigdata.data.problem import first
from bigdata.kind import SpecError, View
from bigdata.models.magpie import features as magpie
from bigdata.models.prediction import Prediction
from bigdata.studies.complexity.results import Results

Floats = NDArray[np.float64]


def predict(view: View, new: MaterialsDataset, model: str = "", seen: bool = False) -> Prediction:
    """What a model says of entries of a table that has the study's columns, in the target's unit.

    `seen` changes nothing: rows aren't told apart. Entries without a value in some column, or whose formula has no
    features, have no prediction. Raises SpecError for a column, a unit or a task that doesn't fit.
    """
    results = Results(view)
    place = results.place_of(model)
    fitted = results.fitted(place)
    # A formula needs its own columns alone.
    needed = getattr(fitted, "columns", range(len(results.view["feature_name"])))
    features, reasons = _features(results, new, set(needed))
    task, no_task = _tasks(results, new)
    reasons = [reason or other for reason, other in zip(reasons, no_task, strict=True)]
    usable = np.array([not reason for reason in reasons], dtype=bool)
    values = np.full(new.n, np.nan)
    if usable.any():
        said = fitted.predict(features[usable], task[usable])
        values[usable] = results.scale.values(said)
    for i in np.flatnonzero(usable & ~np.isfinite(values)):
        reasons[i] = "the model isn't defined there"
        values[i] = np.nan
    quantity = f"|{results.quantity}|" if results.model.target.transform == "log10-absolute" else results.quantity
    beside: dict[str, NDArray[Any]] = {"class": _labels(results, values)} if results.labels else {}
    beside["features beyond"] = _beyond(results, features, sorted(needed))
    return Prediction(quantity, results.unit, results.names[place], values, reasons, beside, _notes(results, place))


def _labels(results: Results, codes: Floats) -> NDArray[Any]:
    """(m,) the class of each code, "" where there is none."""
    known = np.isfinite(codes)
    return np.where(known, np.array(results.labels)[np.where(known, codes, 0).astype(int)], "")


def _notes(results: Results, place: int) -> tuple[str, ...]:
    formula = results.formulas[place]
    said = f"{results.learned} = {formula}"
    beyond = "`features beyond` counts the features that lie outside of what the model was fitted to"
    return (*([said] if formula else []), beyond)


def _features(results: Results, new: MaterialsDataset, needed: set[int]) -> tuple[Floats, list[str]]:
    """(m, p) features as the study has them, 1 in columns that aren't `needed`, NaN where there are none; and why, ""
    where all are there."""
    study, units = results.model.features, [str(u) for u in results.view["unit"][...]]
    found = np.ones((new.n, len(study.columns)))
    for i, (name, unit) in enumerate(zip(study.columns, units, strict=False)):
        if i in needed:
            found[:, i] = _column(new, name, unit)
    reasons = [_lacking(study.columns, row) for row in found]
    if study.composition is None:
        return found, reasons
    made = compositions(new.formulas)
    why = magpie.faults(made)
    reasons = [reason or why.get(i, "") for i, reason in enumerate(reasons)]
    return np.concatenate([found, magpie.of_compositions(made, study.composition)], axis=1), reasons


def _column(new: MaterialsDataset, name: str, unit: str) -> Floats:
    """(m,) a column in the study's unit."""
    if name not in new.columns or not new.columns.is_number(name):
        numbers = (column for column in new.columns if new.columns.is_number(column))
        raise SpecError(
            f"{new.label} has no column `{name}` of numbers, and the model needs it; it has "
            f"{first(numbers) or 'none'}. Give a table with that column by --file."
        )
    own, values = new.units.get(name, ""), new.columns.numbers(name)
    if not own or not unit or own == unit:
        return values
    try:
        return convert(values, own, unit)
    except QuantityError as e:
        raise SpecError(f"`{name}` of {new.label} is in {own}, and the model needs it in {unit}: {e.what}.") from e


def _lacking(names: tuple[str, ...], row: Floats) -> str:
    missing = [name for name, value in zip(names, row, strict=True) if not np.isfinite(value)]
    return f"no value of {first(missing, 3)}" if missing else ""


def _tasks(results: Results, new: MaterialsDataset) -> tuple[NDArray[np.int64], list[str]]:
    """(m,) the task of each entry, and why it has none."""
    sisso = results.model.sisso
    if sisso is None or not sisso.tasks:
        return np.zeros(new.n, np.int64), [""] * new.n
    known = dict(zip(results.task_labels, range(len(results.task_labels)), strict=True))
    if sisso.tasks not in new.columns:
        raise SpecError(f"{new.label} has no column `{sisso.tasks}`, which says the task of each entry.")
    labels = [str(value) for value in new.columns[sisso.tasks]]
    reasons = ["" if label in known else f"no model of {sisso.tasks} {label}" for label in labels]
    return np.array([known.get(label, 0) for label in labels]), reasons


def _beyond(results: Results, features: Floats, needed: list[int]) -> NDArray[np.int64]:
    """(m,) how many features that the model needs lie outside of the range of those that it was fitted to."""
    known, features = results.view["feature"][...][:, needed], features[:, needed]
    if results.n_parts == 1:
        known = known[~results.tested]
    with np.errstate(invalid="ignore"):
        return np.asarray(((features < known.min(axis=0)) | (features > known.max(axis=0))).sum(axis=1))
