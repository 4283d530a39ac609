"""Test entries that are the same crystal as one of training, though what identifies materials tells them apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.materials.matching import JOINED, SAME, UNJUDGED
from bigdata.studies.materials.model import SHARES, Identity, Split

if TYPE_CHECKING:
    from bigdata.kind import View

TRAIN, TEST = (SHARES.index(name) for name in ("train", "test"))


def twins(
    classes: Mapping[str, NDArray[np.int64]], parts: Mapping[str, NDArray[np.int32]], names: Iterable[str]
) -> dict[str, NDArray[np.bool_]]:
    """Whether an entry of the test part is in a class with one of training, in whichever dataset; of folds, in a class
    with an entry of another fold. `parts` are numbers of the parts `names`."""
    if tuple(names) == SHARES:
        taught = np.unique(np.concatenate([classes[name][of == TRAIN] for name, of in parts.items()]))
        return {name: np.isin(classes[name], taught) & (of == TEST) for name, of in parts.items()}
    every, of_all = (np.concatenate([*some.values()]) for some in (classes, parts))
    least, most = np.full(every.max() + 1, np.iinfo(np.int32).max), np.full(every.max() + 1, -1)
    np.minimum.at(least, every, of_all)
    np.maximum.at(most, every, of_all)
    return {name: least[classes[name]] < most[classes[name]] for name in parts}


def said_of_twins(view: View, split: Split, identity: Identity, names: Iterable[str]) -> str:
    """How many there are, by dataset."""
    is_folds = split.folds is not None
    counts = {name: int(view[f"twin_{name}"][...].sum()) for name in names}
    tested = {name: len(of) if is_folds else int((of == TEST).sum()) for name, of in _parts(view, counts)}
    n, of = sum(counts.values()), sum(tested.values())
    one, other = ("entries", "an entry of another fold") if is_folds else ("test entries", "a training entry")
    listed = ", ".join(f"{count:,} of {tested[name]:,} of {name}" for name, count in counts.items())
    return (
        f"By StructureMatcher, {n:,} of {of:,} {one} ({n / max(1, of):.2%}) are the same crystal as {other}, of "
        f"whichever dataset, though they don't agree in {identity.said}: {listed}."
    )


def _parts(view: View, names: Iterable[str]) -> Iterable[tuple[str, NDArray[np.int32]]]:
    return ((name, view[f"split_{name}"][...]) for name in names)


def said_of_matches(view: View) -> str:
    """How many pairs of entries were compared, and match."""
    if "match" not in view:
        return "No two entries with a structure have one formula: there was nothing for StructureMatcher to compare."
    counts = np.bincount(view["match"][...], minlength=UNJUDGED + 1)
    said = (
        f"StructureMatcher takes {counts[SAME]:,} of {counts.sum():,} pairs of entries of one formula for the same "
        f"crystal; {counts[JOINED]:,} more are of one class by such pairs, and weren't compared themselves."
    )
    if n := counts[UNJUDGED]:
        said += f" {n:,} pairs can't be judged, as a cell can't be reduced: they count as different."
    return said
