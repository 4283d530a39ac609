"""The split that a study asks for, of the groups of all its datasets together: made, or read from its file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from bigdata.kind import Input, SpecError
from bigdata.studies.materials import model
from bigdata.studies.materials.datasets import SPLIT_FILE
from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.groups import identity_of
from bigdata.studies.materials.identity import elements_by_group
from bigdata.studies.materials.split import Split, by_date, k_fold, leave_one_element_out, split_groups

Labels = Mapping[str, list[str]]


def split_of(
    asked: model.Split,
    identity: model.Identity,
    labels: Labels,
    entries: Mapping[str, Entries],
    inputs: Mapping[str, Input],
) -> Split:
    """The split of all groups; `labels` are those of the `entries`, by dataset. SpecError where it can't be made."""
    if asked.file:
        return Split.from_file(Path(inputs[SPLIT_FILE].folder))
    weights, told = Counter(label for some in labels.values() for label in some), identity_of(identity).comparable()
    if asked.folds:
        return k_fold(weights, asked.folds, asked.seed, weights, told)
    if asked.without_element:
        elements = _elements(labels, entries)
        return leave_one_element_out(elements, asked.without_element, asked.validation, asked.seed, weights, told)
    if asked.until:
        dates = [date for name in labels for date in _dates(entries[name], asked.by_date)]
        until: dict[Literal["train", "validation"], str] = {"train": asked.until[0], "validation": asked.until[1]}
        return by_date([label for some in labels.values() for label in some], dates, until, told)
    return split_groups(weights, asked.shares, asked.seed, weights, told)


def _elements(labels: Labels, entries: Mapping[str, Entries]) -> dict[str, frozenset[str]]:
    """The symbols of the elements in each group."""
    found: dict[str, frozenset[str]] = {}
    for name, e in entries.items():
        structures = e.dataset.structures.take(e.rows) if e.dataset.has_structures else None
        for label, symbols in elements_by_group(labels[name], structures, e.formulas).items():
            found[label] = found.get(label, frozenset()) | symbols
    return found


def _dates(entries: Entries, field: str) -> list[str]:
    columns = entries.dataset.columns
    if field not in columns:  # of a query that hadn't been asked when the study was read
        raise SpecError(f"{entries.name} has no field `{field}`; it has {', '.join(columns)}.")
    column = columns[field]
    return ["" if column[row] is None else str(column[row]) for row in entries.rows]
