"""What a crystal graph is made of: how many neighbours, or how far, and what is merged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class GraphSetting:
    """Which neighbours an atom has, and whether equivalent atoms are merged.

    Exactly one of `neighbors` (the k nearest) and `cutoff` (all within so many angstrom) is given. With `whole_shell`
    the shell that holds the k-th neighbour is kept whole, so that the graph doesn't depend on the order of the atoms;
    without, exactly k are kept and ties are cut. `snap` (angstrom) is the gap up to which distances count as one;
    `quotient` merges equivalent atoms and edges, which is exact for networks of scalars that take sums or means.
    `directions` keeps each edge's, for networks of vectors; what is merged has none, so these need `quotient=False`.
    Raises ValueError for a setting that names no graph.
    """

    neighbors: int | None = None
    cutoff: float | None = None
    # In real databases the 24th neighbour's shell goes on beyond it for about half of the atoms.
    whole_shell: bool = True
    # With gaps of 1e-2 Å, the distances of real crystals chain into clusters as wide as 0.15 Å.
    snap: float = 1e-3
    quotient: bool = True
    directions: bool = False

    def __post_init__(self) -> None:
        if (self.neighbors is None) == (self.cutoff is None):
            raise ValueError("a graph has either `neighbors` (how many) or a `cutoff` (angstrom): give one of the two")
        if self.neighbors is not None and self.neighbors < 1:
            raise ValueError(f"`neighbors` is {self.neighbors}; at least 1 is needed")
        if self.cutoff is not None and not (math.isfinite(self.cutoff) and self.cutoff > 0):
            raise ValueError(f"`cutoff` is {self.cutoff}; a length above 0 angstrom is needed")
        if not 0 <= self.snap <= 0.1:
            raise ValueError(f"`snap` is {self.snap}; a length from 0 to 0.1 angstrom is needed")
        if self.directions and self.quotient:
            raise ValueError("edges that are merged point several ways: with `directions`, atoms can't be merged")

    def to_dict(self) -> dict[str, Any]:
        """The setting in words that JSON can hold."""
        words = asdict(self)
        # Graphs are kept under a hash of these words, and most were made before there were directions.
        return words if self.directions else {word: value for word, value in words.items() if word != "directions"}

    @classmethod
    def from_dict(cls, words: Mapping[str, Any]) -> GraphSetting:
        return cls(**words)
