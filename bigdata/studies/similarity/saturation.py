"""Whether a grid's columns are high enough for the spectra: full columns are equal, whatever the states above them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bigdata.kind import Input
    from bigdata.studies.similarity.entries import Entries
    from bigdata.studies.similarity.grid import Grid
    from bigdata.studies.similarity.model import Similarity

# So many entries, evenly chosen, are looked at before anything is computed.
SAMPLE = 64
# A larger share of full columns is said.
MUCH = 0.1


def at_the_top(model: Similarity, data: Input, entries: Entries, grid: Grid, columns: slice) -> Iterator[str]:
    """A note where a tenth of the columns that spectra cover are full, with a grid that is high enough."""
    if model.similarity.measure == "integrated-l1":
        return
    import numpy as np

    from bigdata.data.spectra.dataset import open_import
    from bigdata.studies.similarity.fingerprint import heights

    chosen = np.arange(0, len(entries), -(-len(entries) // SAMPLE))
    rows, top = np.asarray(entries.rows)[chosen], grid.thresholds[columns, -1]
    n_full = n_covered = 0
    times = 1.0
    for block in open_import(data.folder).block(rows):
        shift = entries.shift[chosen[block.positions]]
        found = heights(block.energies, block.dos, shift, grid, columns, keep_states=True)
        assert found.states is not None
        n_full += int((found.height == grid.n_pix).sum())
        n_covered += int((found.last - found.first).sum())
        times = max(times, float((found.states / top).max()))
    if n_full > MUCH * n_covered:
        factor = _round(times)
        high = replace(grid, drho_min=_short(grid.drho_min * factor), drho_max=_short(grid.drho_max * factor))
        yield (
            f"{n_full / n_covered:.0%} of the columns of {_entries(len(chosen), len(entries))} are full, and full "
            f"columns are equal whatever is above them; of the grid {high.id}, none would be full"
        )


def _entries(n: int, of: int) -> str:
    return f"{n} entries" if n == of else f"{n} entries (of {of:,}, evenly chosen)"


def _round(times: float) -> int:
    """The next number of one digit and zeros that is larger."""
    digit = int(10 ** math.floor(math.log10(times)))
    return (math.floor(times / digit) + 1) * digit


def _short(value: float) -> float:
    return float(f"{value:.12g}")
