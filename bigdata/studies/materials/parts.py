"""The split that a study asks for, of the groups of all its datasets together: made, or read from its file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from bigdata.kind import Finding, Findings, Input, SpecError
from bigdata.studies.materials import model
from bigdata.studies.materials.datasets import ENTRIES, SPLIT_FILE
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
    weights, told = Counter(label for some in labels.values() for label in some), _told(identity, entries)
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


def refuse_other_entries(
    asked: model.Split | None, identity: model.Identity, entries: Mapping[str, Entries], inputs: Mapping[str, Input]
) -> None:
    """Raise Findings for a split file whose groups have names that mean others among these entries: those of matching
    are numbered among all entries of a study."""
    if asked is None or not asked.file:
        return
    made = Split.from_file(Path(inputs[SPLIT_FILE].folder))
    if made.identity and made.identity.get(ENTRIES) != _told(identity, entries).get(ENTRIES):
        what = "was made for other entries, and `matched` numbers its groups among all entries of a study"
        right = "Make the split anew for these datasets, in this order, with the same conditions and targets"
        raise Findings(Finding(("split", "file"), what, right))


def _told(identity: model.Identity, entries: Mapping[str, Entries]) -> dict[str, Any]:
    """How materials are told apart, and among which entries where that counts."""
    told = identity_of(identity).comparable()
    if "matched" not in identity.by:
        return told
    found = hashlib.sha256()
    for e in entries.values():
        found.update(f"{e.dataset.digest} {len(e)} ".encode() + e.rows.astype("<i8").tobytes())
    return told | {ENTRIES: found.hexdigest()}


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
