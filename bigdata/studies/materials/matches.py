"""The stage that asks StructureMatcher about all pairs of entries of one formula, and what follows for the entries.

match   (a task for each block of pairs) ──▶ groups
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.structures import Structures
from bigdata.data.problem import placed
from bigdata.kind import BUILT_IN, PROCESS_BYTES, Rate, Stage, blocks, by_rows
from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.identity import reduced_formulas
from bigdata.studies.materials.matching import SAME, Pairs, classes, judged, numbered
from bigdata.studies.materials.model import Identity

if TYPE_CHECKING:
    from bigdata.kind import Context

# 8 ms a pair of mp20 and AFLOW, 12 ms of oxides of aluminium, gallium and indium, 2 ms of ordered alloys.
MATCH_RATE = Rate("pair", 8e-3, BUILT_IN)
# A block takes some 20 s.
BLOCK_PAIRS = 2_000
# A reduced cell in pymatgen's objects; a block of pairs has no more than two for each.
CELL_BYTES = 50_000
Read = Callable[[str], NDArray[Any]]


def match_stages(
    identity: Identity, entries: Mapping[str, Entries], function: str, fields: Mapping[str, Any]
) -> list[Stage]:
    """The stage `match`, whose tasks at the address `function` call `write_matches`; none where nothing is matched, or
    no formula is met twice. `fields` are a dump of those that choose `entries`."""
    if not (identity.needs_matches and (n := len(pairs_of(entries)))):
        return []
    from pymatgen.core import __version__

    rows, _ = blocks(n, BLOCK_PAIRS)
    about = "what StructureMatcher says of a pair of entries; 0: apart, 1: same, 2: same by earlier pairs, 3: unjudged"
    array = by_rows(rows, "match", "uint8", {"pair": n}, about=about)
    return [
        Stage(
            name="match",
            function=function,
            # Near the tolerances, another version may judge otherwise.
            fields={**fields, "matcher": identity.tolerances._asdict(), "pymatgen": __version__},
            rate=MATCH_RATE,
            work=lambda i: float(min(rows, n - i * rows)),
            memory=PROCESS_BYTES + 2 * rows * CELL_BYTES,
            arrays=(array,),
            inputs=tuple(entries),
        )
    ]


def match_notes(stages: Iterable[Stage]) -> Iterator[str]:
    """A sentence on how much the stages of `match_stages` compare."""
    for stage in stages:
        (n,) = stage.arrays[0].shape
        noun = "pair of entries that have" if n == 1 else "pairs of entries that have"
        yield f"{n:,} {noun} one formula, in all datasets together, are compared by StructureMatcher"


def pairs_of(entries: Mapping[str, Entries]) -> Pairs:
    """The pairs of one formula among the entries of all datasets, counted one dataset after the other. Raises Findings
    where a formula can't be read."""
    n_atoms = [e.dataset.structures.n_atoms[e.rows] for e in entries.values()]
    return Pairs(_formulas(entries), np.concatenate(n_atoms))


def _formulas(entries: Mapping[str, Entries]) -> list[str]:
    found = []
    for name, e in entries.items():
        with placed("datasets", name):
            found += reduced_formulas(e.dataset.structures.take(e.rows), e.formulas)
    return found


def write_matches(ctx: Context[Any], identity: Identity, entries: Mapping[str, Entries]) -> None:
    """The task of `match`: one block of pairs."""
    own = ctx.own("match")
    first, second = pairs_of(entries).at(np.arange(own.start, own.stop))
    places, both = np.unique(np.concatenate([first, second]), return_inverse=True)
    some = _structures(entries, places)
    one, other = both.reshape(2, -1)
    ctx.write("match", judged(some, one, other, identity.tolerances))


def _structures(entries: Mapping[str, Entries], places: NDArray[np.int64]) -> Structures:
    """Of entries by their places among those of all datasets, sorted."""
    ends = np.cumsum([len(e) for e in entries.values()])
    parts = np.split(places, np.searchsorted(places, ends[:-1]))
    found = (
        e.dataset.structures.take(e.rows[part - (end - len(e))])
        for e, part, end in zip(entries.values(), parts, ends.tolist(), strict=True)
    )
    return Structures.of(structure for some in found for structure in some)


class Matched(NamedTuple):
    """By dataset, (n,) each: `classes` of all entries, common to all datasets, and the `numbers` that name them among
    those of their formula."""

    classes: dict[str, NDArray[np.int64]]
    numbers: dict[str, NDArray[np.int64]]


def matched(read: Read, entries: Mapping[str, Entries]) -> Matched:
    """What the pairs that `match` found join the entries into."""
    pairs, formulas = pairs_of(entries), _formulas(entries)
    same = np.flatnonzero(read("match") == SAME) if len(pairs) else np.empty(0, np.int64)
    found = classes(len(formulas), *pairs.at(same))
    return Matched(_by_dataset(found, entries), _by_dataset(numbered(found, formulas), entries))


def _by_dataset(values: NDArray[np.int64], entries: Mapping[str, Entries]) -> dict[str, NDArray[np.int64]]:
    ends = np.cumsum([len(e) for e in entries.values()])[:-1]
    return dict(zip(entries, np.split(values, ends), strict=True))
