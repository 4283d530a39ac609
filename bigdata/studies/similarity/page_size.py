"""How many bytes the report of a similarity study will take: figures as measured, the panel's data as counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigdata.kind import Drawn, page_bytes

if TYPE_CHECKING:
    from bigdata.studies.similarity.entries import Entries
    from bigdata.studies.similarity.model import Similarity

# The page stays below 20 MB: fingerprints of this many bytes are embedded, and of more entries a regular
# sample is shown.
MOST_BYTES = 9_000_000
BASE64 = 4 / 3
SCRIPTS_BYTES = 30_000
TABLE_ROWS = 500
TABLE_ROW_BYTES = 330
# Measured; a matrix of noise takes a byte a pixel, and has 920² of them at most. Of entries in order, a row is alike
# its neighbours, and takes about as many bytes.
DRAWN = {
    "fingerprints": Drawn(34_500, 27_500),
    "neighbors": Drawn(20_000, 17_000),
}
# Axes, and each entry: up to so many, marks lie beside each other.
PER_ENTRY = {
    "matrix": (Drawn(10_500, 9_700), Drawn(300, 220), 920),
    "convergence": (Drawn(10_500, 12_900), Drawn(103, 47), 300),
    "groups": (Drawn(12_000, 12_600), Drawn(43, 31), 300),
}
CODE_BYTES = 4


def report_bytes(model: Similarity, entries: Entries, n_columns: int) -> int:
    """About what report.html and the figures beside it take."""
    n, has_matrix = len(entries), model.similarity.keep == "matrix"
    drawn = DRAWN | {name: _drawn(n, *of) for name, of in PER_ENTRY.items()}
    words: float = SCRIPTS_BYTES + TABLE_ROW_BYTES * min(n, TABLE_ROWS)
    if has_matrix:
        # On the page the panel stands for the picture of the matrix.
        words += _panel_bytes(model, entries, n_columns) - BASE64 * drawn["matrix"].png
    return page_bytes(model.figures(), drawn, words)


def _drawn(n: int, axes: Drawn, each: Drawn, most: int) -> Drawn:
    """Of n entries, where all beyond `most` lie upon others."""
    return Drawn(*(base + min(n, most) * one for base, one in zip(axes, each, strict=True)))


def _panel_bytes(model: Similarity, entries: Entries, n_columns: int) -> float:
    """Fingerprints, names and settings of the entries shown, as JSON."""
    item = item_bytes(model)
    step = sample_step(len(entries), item * (n_columns + 1), MOST_BYTES)
    codes = CODE_BYTES * (3 + len(entries.settings))
    fingerprints = BASE64 * len(entries) * (item * n_columns + codes)
    words = sum(len(name) + 4 for name in entries.names)
    values = sum(len(str(v)) + 3 for column in entries.settings.values() for v in set(column))
    return (fingerprints + words + values) / step


def item_bytes(model: Similarity) -> int:
    """Bytes of one column of an entry in the panel's data: a height, or states as a float."""
    return 4 if model.similarity.measure == "integrated-l1" else 1


def sample_step(n: int, entry_bytes: int, most_bytes: int) -> int:
    """Every so many-th of n entries is shown, so that they are at most `most_bytes`."""
    return -(-n // max(2, most_bytes // entry_bytes))
