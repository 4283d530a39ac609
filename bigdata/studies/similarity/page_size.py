"""How many bytes the report of a similarity study will take: figures as measured, the panel's data as counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
# PNG at 200 dpi, measured: a matrix of noise takes 1.5 bytes a pixel, and has 920² of them.
FIGURE_BYTES = 100_000
MATRIX_BYTES, MATRIX_PIXELS, PIXEL_BYTES = 120_000, 920, 1.5
# Beside the page lies each figure as PNG and PDF, together as many bytes as the PNG takes in base64.
CODE_BYTES = 4


def report_bytes(model: Similarity, entries: Entries, n_columns: int) -> int:
    """About what report.html and the figures beside it take."""
    n, has_matrix = len(entries), model.similarity.keep == "matrix"
    pictures = len(model.figures()) * FIGURE_BYTES
    matrix = panel = 0.0
    if has_matrix:
        pictures -= FIGURE_BYTES
        matrix = MATRIX_BYTES + PIXEL_BYTES * min(n, MATRIX_PIXELS) ** 2
        panel = _panel_bytes(model, entries, n_columns)
    tables = TABLE_ROW_BYTES * min(n, TABLE_ROWS)
    # On the page the panel stands for the picture of the matrix.
    return round(SCRIPTS_BYTES + BASE64 * (2 * pictures + matrix) + tables + panel)


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
