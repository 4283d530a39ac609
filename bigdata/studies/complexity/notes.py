"""What a plan and a report say of the table: samples left out, groups, and columns that tell nothing or everything."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bigdata.data.problem import first
from bigdata.studies.complexity.parts import Part
from bigdata.studies.complexity.table import Table
from bigdata.studies.materials.far_off import far_off

# Correlation above which a column is the target in other words.
SAME = 1 - 1e-9
# Groups tested, below which a note says how little they tell.
FEW = 10


def notes_of(table: Table, parts: list[Part]) -> Iterator[str]:
    """All sentences."""
    yield from table.notes
    yield from () if table.labels else far_off([table.entries])
    yield from _unknown_classes(table, parts)
    yield _split(table, parts)
    yield from _few_groups(table, parts)
    yield from _units(table)
    yield from _on_both_sides(table, parts)
    yield from _columns(table)


def _split(table: Table, parts: list[Part]) -> str:
    n_groups = len(table.group_labels)
    if len(parts) > 1:
        return f"{len(table):,} samples in {n_groups:,} groups, of which each is tested once, in {len(parts) - 1} parts"
    train, test = int(parts[0].train.sum()), int(parts[0].test.sum())
    n_tested = len(np.unique(table.group[parts[0].test]))
    return f"{train:,} samples in {n_groups - n_tested:,} groups are trained on, {test:,} in {n_tested:,} tested"


def _unknown_classes(table: Table, parts: list[Part]) -> Iterator[str]:
    """Classes that a training part has no sample of."""
    for code, label in enumerate(table.labels):
        without = sum(not (table.target[part.train] == code).any() for part in parts)
        if without:
            yield f"{without} of {len(parts)} training parts have no sample of the class {label}: no model predicts it"


def _few_groups(table: Table, parts: list[Part]) -> Iterator[str]:
    """That little is known where few groups are tested."""
    n = sum(len(np.unique(table.group[part.test])) for part in parts)
    if n < FEW:
        yield (
            f"{n:,} groups are tested: intervals over so few say little, and no difference of two models can be less "
            f"likely by chance than {2.0 ** (1 - n):.2g}; `folds:` at `split:` tests all groups"
        )


def _units(table: Table) -> Iterator[str]:
    """Units that the spec says otherwise than the dataset, or the column's name."""
    for name in table.model.features.columns:
        said, own = table.model.dataset.units.get(name, ""), table.entries.dataset.fields[name].unit
        if said and own and said != own:
            yield f"{name} is in {said} by the spec's `units:`, and in {own} by the data"


def _on_both_sides(table: Table, parts: list[Part]) -> Iterator[str]:
    """How many samples tested have a formula that is trained on too."""
    formulas = np.array(table.entries.formulas)
    # A table of numbers alone has none.
    tests = (part.test & (formulas != "") for part in parts)
    seen = sum(
        int(np.isin(formulas[test], formulas[part.train]).sum()) for test, part in zip(tests, parts, strict=True)
    )
    if seen:
        told = table.model.split.group_by
        by = f"groups are told by {', '.join(told)}" if told else "no `group_by:` at `split:`"
        yield f"{seen:,} samples tested have a formula that models are trained on too ({by})"


def _columns(table: Table) -> Iterator[str]:
    """Columns that are constant, or say the target in other words, or the same as another column."""
    constant = np.ptp(table.columns, axis=0) == 0 if len(table) else np.zeros(0, bool)
    names = table.names[: table.columns.shape[1]]
    if constant.any():
        named, noun = first(names[i] for i in np.flatnonzero(constant)), "is" if constant.sum() == 1 else "are"
        yield f"{named} {noun} the same in all samples: models learn nothing of it"
    varying = np.flatnonzero(~constant)
    for i in varying:
        if any(
            np.ptp(v) and abs(np.corrcoef(table.columns[:, i], v)[0, 1]) > SAME for v in (table.target, table.learned)
        ):
            yield f"{names[i]} is the target in other words (correlation 1): models only copy it"
    for place, i in enumerate(varying):
        for j in varying[:place]:
            if np.array_equal(table.columns[:, i], table.columns[:, j]):
                yield f"{names[i]} and {names[j]} are equal in all samples"
