"""The table of a complexity study: its samples, what models see of them, the number or class to predict, and their
groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bigdata.data import DataProblem
from bigdata.data.materials.compositions import compositions
from bigdata.data.materials.dataset import MaterialsDataset
from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.extent import Per
from bigdata.data.materials.target import stranger
from bigdata.data.problem import BadEntries, first
from bigdata.kind import Finding, Findings, Input, PathInSpec
from bigdata.models.magpie import features as magpie
from bigdata.studies.complexity.labels import coded, counted, texts
from bigdata.studies.complexity.model import FROM_FORMULA, Complexity, renamed
from bigdata.studies.complexity.scale import SCALES, Scale
from bigdata.studies.materials.entries import Entries, entries_of
from bigdata.studies.materials.identity import reduced_formulas

Floats = NDArray[np.float64]
# Sums of squares of larger numbers are beyond float64.
LARGEST = 1e100
N_NAMED = 3


@dataclass(frozen=True)
class Table:
    """n samples: `entries` with their values; `columns` (n, c) of the table, finite; `names` and `units` (p,) of all
    features, those of the composition behind the columns; `group` (n,) int64 from 0, `group_labels`; `task` (n,) and
    `task_labels` for formulas with coefficients for each task; `notes` on what was dropped. Of classes, the values are
    codes: places among the `labels`."""

    model: Complexity
    entries: Entries
    columns: Floats
    names: tuple[str, ...]
    units: tuple[str, ...]
    group: NDArray[np.int64]
    group_labels: tuple[str, ...]
    task: NDArray[np.int64]
    task_labels: tuple[str, ...]
    notes: tuple[str, ...]
    labels: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def scale(self) -> Scale:
        return SCALES[self.model.target.transform]

    @property
    def unit(self) -> str:
        """Of the target; "" where it isn't known."""
        return self.entries.unit

    @cached_property
    def target(self) -> Floats:
        """(n,) the values that errors are said of: absolute values where only these are learned."""
        values = self.entries.values
        return np.abs(values) if self.model.target.transform == "log10-absolute" else values

    @cached_property
    def learned(self) -> Floats:
        """(n,) the target on the scale that models learn."""
        return self.scale.learned(self.entries.values)

    def features(self) -> Floats:
        """(n, p) all features."""
        asked = self.model.features.composition
        if asked is None:
            return self.columns
        return np.concatenate([self.columns, magpie.features(self.entries.formulas, asked)], axis=1)


def open_table(model: Complexity, inputs: Mapping[str, Input]) -> Table:
    """The samples that conditions, range, `drop:` and missing values leave. Raises Findings, or SpecError with the bad
    entries where those are to be refused."""
    entries, notes = (_with_class if model.target.classes else _with_target)(model, inputs["table"])
    entries, more = _with_composition(model, entries)
    entries, columns = _with_columns(model, entries)
    names, units = list(model.features.columns), [_unit(model, entries.dataset, c) for c in model.features.columns]
    if (asked := model.features.composition) is not None:
        names, units = [*names, *magpie.names(asked)], [*units, *magpie.units(asked)]
    labels = _group_labels(model, entries)
    group_labels, group = np.unique(labels, return_inverse=True)
    task_labels, task = _tasks(model, entries)
    entries, class_labels = _coded(model, entries)
    _refuse_names(model, names)
    return Table(
        model,
        entries,
        columns,
        tuple(names),
        tuple(units),
        group.astype(np.int64),
        tuple(map(str, group_labels)),
        task,
        task_labels,
        (*entries.notes, *notes, *more),
        class_labels,
    )


def _with_class(model: Complexity, source: Input) -> tuple[Entries, list[str]]:
    """The entries that have a class."""
    entries = entries_of(model.dataset, source, "")
    words, field = texts(entries.dataset, model.target.field), model.target.field
    reasons = {i: f"`{field}` has no value" for i, row in enumerate(entries.rows) if not words[row]}
    if len(reasons) == len(entries):
        what = f"no entry that is left has a value of `{field}`"
        raise Findings(Finding(("target", "field"), what, "Name another field, or loosen `where:`"))
    return _usable(model, entries, reasons, f"have no value of {field}"), []


def _coded(model: Complexity, entries: Entries) -> tuple[Entries, tuple[str, ...]]:
    """The entries with the codes of their classes, and the labels; without labels where numbers are predicted."""
    if not model.target.classes:
        return entries, ()
    words, field = texts(entries.dataset, model.target.field), model.target.field
    labels, codes = coded([words[row] for row in entries.rows], field)
    return replace(entries, values=codes, notes=(*entries.notes, counted(labels, codes))), labels


def _with_target(model: Complexity, source: Input) -> tuple[Entries, list[str]]:
    """The entries whose target has a place on the scale."""
    asked = model.target
    per = Per(asked.per or "")
    try:
        entries = entries_of(model.dataset, source, asked.field, asked.units, asked.range, per=per)
    except DataProblem as problem:
        raise Findings(*_relocated(problem)) from problem
    zero = entries.values == 0
    notes = []
    if asked.drop == "zero" and zero.any():
        notes.append(f"{zero.sum():,} entries have the {asked.field} 0 and are left out (`drop: zero`)")
        entries = entries.only(np.flatnonzero(~zero).tolist())
    _refuse_values(entries, asked.field)
    fits = SCALES[asked.transform].fits(entries.values)
    if not fits.all():
        raise Findings(_without_logarithm(model, entries, fits))
    if "rmsle" in model.metrics and asked.transform == "none" and (entries.values < 0).any():
        n = int((entries.values < 0).sum())
        what = f"of {n:,} values below 0 there is no logarithmic error"
        right = "Leave `rmsle` out, or write `transform: log10-absolute` at `target:`"
        raise Findings(Finding(("metrics", model.metrics.index("rmsle")), what, right))
    return entries, notes


def _refuse_values(entries: Entries, field: str) -> None:
    """Raises Findings where there is nothing to learn, or where values are too large to be squared."""
    path, size = ("target", "field"), np.abs(entries.values)
    if len(entries) and size.max() > LARGEST:
        i = int(size.argmax())
        what = f"{field} of {entries.ids[i]} is {entries.values[i]:g}, whose square isn't finite"
        raise Findings(Finding(path, what, "Leave such values out by `range:`, or take another unit"))
    if len(entries) and np.ptp(entries.values) == 0:
        what = f"all values of {field} are {entries.values[0]:g}: there is nothing to learn"
        raise Findings(Finding(path, what, "Name a field that differs between entries"))


def _refuse_without_formulas(entries: Entries, path: PathInSpec, what: str) -> None:
    if entries.dataset.n_without_formula:
        right = "Give a column of formulas, or name columns of the table"
        raise Findings(Finding(path, f"{what} needs formulas, and {entries.dataset.label} has rows without", right))


def _relocated(problem: DataProblem) -> Iterator[Finding]:
    """The target stands at the top of this study, beside the dataset."""
    for found in problem.findings:
        yield replace(found, path=("target", "field") if found.path == ("target",) else ("dataset", *found.path))


def _without_logarithm(model: Complexity, entries: Entries, fits: NDArray[np.bool_]) -> Finding:
    places = np.flatnonzero(~fits)
    is_zero = bool((entries.values[places] == 0).all())
    named = first((f"{entries.ids[i]}: {entries.values[i]:g}" for i in places), N_NAMED)
    what = f"{len(places):,} of {len(entries):,} values have no logarithm ({named})"
    right = "Write `drop: zero` to leave them out" if is_zero else "Write `log10-absolute`, or give a `range:` above 0"
    return Finding(("target", "transform"), what, right)


def _with_composition(model: Complexity, entries: Entries) -> tuple[Entries, list[str]]:
    """The entries whose elements have features, where features of the composition are asked for."""
    if model.features.composition is None:
        return entries, []
    _refuse_without_formulas(entries, ("features", "composition"), "a composition")
    found = compositions(entries.formulas)
    reasons = magpie.faults(found)
    notes = [
        f"{name} of {', '.join(elements)} isn't in Magpie's tables: the mean over all elements stands for it"
        for name, elements in magpie.filled(found).items()
    ]
    return _usable(model, entries, reasons, "have no features of their composition"), notes


def _usable(model: Complexity, entries: Entries, reasons: Mapping[int, str], what: str) -> Entries:
    """The entries without a reason, by place, why they can't be used. Raises SpecError where these are refused."""
    if not reasons:
        return entries
    bad = [entries.dataset.bad_entry(int(entries.rows[i]), reason) for i, reason in reasons.items()]
    if model.dataset.on_bad_entry == "refuse":
        raise BadEntries(bad, entries.dataset.label, len(entries))
    rest = [i for i in range(len(entries)) if i not in reasons]
    if not rest:
        raise Findings(Finding(("features",), f"all entries {what}", "Name other features"))
    note = f"{len(bad):,} entries {what} and are left out ({first((b.name for b in bad), 5)})"
    return replace(entries.only(rest), notes=(*entries.notes, note))


def _with_columns(model: Complexity, entries: Entries) -> tuple[Entries, Floats]:
    """The entries that have a number in each column, and these numbers (n, c)."""
    columns = np.empty((len(entries), len(model.features.columns)))
    for i, name in enumerate(model.features.columns):
        columns[:, i] = _numbers(entries.dataset, name, ("features", "columns", i))[entries.rows]
    whole = (np.abs(columns) <= LARGEST).all(axis=1)
    reasons = {int(i): _missing(model, columns[i]) for i in np.flatnonzero(~whole)}
    return _usable(model, entries, reasons, "have no value in some column"), columns[whole]


def _missing(model: Complexity, row: Floats) -> str:
    """Why a row of columns can't be used."""
    place = int(np.flatnonzero(~(np.abs(row) <= LARGEST))[0])
    name = model.features.columns[place]
    if np.isnan(row[place]):
        return f"`{name}` has no value"
    return f"`{name}` is {row[place]:g}, and squares of numbers above {LARGEST:g} aren't finite"


def _numbers(dataset: MaterialsDataset, name: str, path: PathInSpec) -> Floats:
    """(all entries,) of a column that holds numbers. Raises Findings."""
    known = tuple(n for n in dataset.columns if dataset.columns.is_number(n))
    right = f"Those that hold numbers are {first(known)}" if known else "It has none that holds numbers"
    if name not in dataset.columns:
        raise Findings(Finding(path, f"the dataset has no field `{name}`", right, name, known))
    if name not in known:
        what = f"the field `{name}` doesn't hold numbers{stranger(dataset, name)}"
        raise Findings(Finding(path, what, right, name, known))
    return dataset.columns.numbers(name)


def _unit(model: Complexity, dataset: MaterialsDataset, name: str) -> str:
    return model.dataset.units.get(name) or dataset.fields[name].unit


def _refuse_names(model: Complexity, names: Sequence[str]) -> None:
    twice = [name for name in model.features.columns if names.count(name) > 1]
    if twice:
        path = ("features", "columns", model.features.columns.index(twice[0]))
        what = f"a feature of the composition is called `{twice[0]}` too"
        raise Findings(Finding(path, what, "Rename the column, or leave one of the two out"))


def _group_labels(model: Complexity, entries: Entries) -> list[str]:
    """What entries of one group agree in, as text; their own identifiers where nothing is said."""
    if not model.split.group_by:
        return entries.ids
    parts = [_labels(model, entries, name, ("split", "group_by", i)) for i, name in enumerate(model.split.group_by)]
    return [", ".join(values) for values in zip(*parts, strict=True)]


def _labels(model: Complexity, entries: Entries, name: str, path: PathInSpec) -> list[str]:
    """The values of a field as texts: a column of the table, or what follows from the formula."""
    column = entries.dataset.columns.get(name)
    if column is not None:
        return [str(column[row]) for row in entries.rows]
    if renamed(model.dataset).get(name, name) in FROM_FORMULA:
        _refuse_without_formulas(entries, path, f"`{name}`")
    match renamed(model.dataset).get(name, name):
        case "formula":
            return entries.formulas
        case "reduced_formula":
            return reduced_formulas(None, entries.formulas)
        case "chemical_system":
            return _systems(entries.formulas)
    known = (*entries.dataset.columns, "formula", "reduced_formula", "chemical_system")
    raise Findings(Finding(path, f"the dataset has no field `{name}`", f"Write one of {first(known)}", name, known))


def _systems(formulas: Sequence[str]) -> list[str]:
    """The elements of each formula: Al-Ni."""
    return ["-".join(sorted(SYMBOLS[z] for z in row if z)) for row in compositions(formulas).numbers.tolist()]


def _tasks(model: Complexity, entries: Entries) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    if model.sisso is None or not model.sisso.tasks:
        return ("",), np.zeros(len(entries), np.int64)
    place = next(i for i, grid in enumerate(model.models) if grid is model.sisso)
    labels = _labels(model, entries, model.sisso.tasks, ("models", place, "tasks"))
    names, code = np.unique(labels, return_inverse=True)
    return tuple(map(str, names)), code.astype(np.int64)
