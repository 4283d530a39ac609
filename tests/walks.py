"""Walks through the code: from a key of a spec to the array in the store, function by function.

A step is taken where one of two functions names the other, by a call or by an address "module:function".
`python -m tests.walks` prints them with their jumps from module to module.
"""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import dataclass
from typing import Any

SIMILARITY = "bigdata.studies.similarity"
EXPANSION = "bigdata.studies.cluster_expansion"


@dataclass(frozen=True)
class Walk:
    """`steps` begin at the model that has the `key`; one of them writes the `array`."""

    name: str
    key: str
    steps: tuple[str, ...]
    array: str

    @property
    def modules(self) -> list[str]:
        return [step.partition(":")[0] for step in self.steps]

    @property
    def n_jumps(self) -> int:
        """From one module to another."""
        return sum(a != b for a, b in zip(self.modules, self.modules[1:], strict=False))

    def broken(self) -> list[str]:
        """Steps that the code doesn't take."""
        sources = {step: inspect.getsource(found(step)) for step in self.steps}
        pairs = zip(self.steps, self.steps[1:], strict=False)
        lost = [f"{a} → {b}" for a, b in pairs if not (_names(sources[a], b) or _names(sources[b], a))]
        lost += [] if self.key in sources[self.steps[0]] else [f"{self.steps[0]} has no key {self.key}"]
        is_written = any(re.search(rf'write\(("{self.array}"|name),', source) for source in sources.values())
        return lost + ([] if is_written else [f"nobody writes {self.array}"])


def _names(source: str, step: str) -> bool:
    return re.search(rf"\b{step.rpartition(':')[2]}\b", source) is not None


def found(step: str) -> Any:
    """The function or class at "module:name"."""
    module, _, name = step.partition(":")
    return getattr(importlib.import_module(module), name)


WALKS = (
    Walk(
        "`dataset` of a similarity study, to the fingerprints",
        "dataset",
        (
            f"{SIMILARITY}.model:Similarity",
            f"{SIMILARITY}.stages:stages",
            f"{SIMILARITY}.entries:open_entries",
            f"{SIMILARITY}.stages:stages",
            f"{SIMILARITY}.stages:_fingerprint",
            f"{SIMILARITY}.tasks:fingerprint",
        ),
        "height",
    ),
    Walk(
        "`similarity: {keep: matrix}`, to one block of the matrix",
        "similarity",
        (
            f"{SIMILARITY}.model:Similarity",
            f"{SIMILARITY}.stages:stages",
            f"{SIMILARITY}.stages:_similarity",
            f"{SIMILARITY}.stages:_matrix",
            f"{SIMILARITY}.tasks:matrix",
        ),
        "similarity",
    ),
    Walk(
        "`clusters: {keep: …}` of a cluster expansion, to the clusters in the store",
        "keep",
        (
            f"{EXPANSION}.model:Clusters",
            f"{EXPANSION}.model:ClusterExpansion",
            f"{EXPANSION}.stages:stages",
            f"{EXPANSION}.stages:_clusters",
            f"{EXPANSION}.tasks:clusters",
            f"{EXPANSION}.space:space_of",
        ),
        "parent_lattice",
    ),
)


def main() -> None:
    for walk in WALKS:
        print(f"{walk.name}: {walk.n_jumps} jumps")
        for step in walk.steps:
            print(f"    {step}")


if __name__ == "__main__":
    main()
