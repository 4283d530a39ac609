"""Numbers of the elements as a periodic table in colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from bigdata.data.materials.elements import SYMBOLS
from bigdata.studies.materials.error_units import three_digits

Floats = NDArray[np.float64]

NOBLE = (0, 2, 10, 18, 36, 54, 86, 118)
N_COLUMNS = 18
# The f-block stands below, after half a row of nothing; its rows are those of periods 6 and 7.
TO_F_BLOCK = 2.5
N_ROWS = 7 + TO_F_BLOCK
GAP = 0.06
NOTHING = "0.88"
# With fewer entries, the mean error is that of a few materials rather than of the element.
FEW = 5


def place(number: int) -> tuple[float, int]:
    """Row, from 1, and column, 1 to 18, of an element by its atomic number.

    Columns are the groups of IUPAC's provisional report on group 3 (doi 10.1515/pac-2021-0105), where Lu and Lr are in
    that group; La to Yb and Ac to No stand in the rows 8.5 and 9.5, from column 3 on.
    """
    row = next(i for i, last in enumerate(NOBLE) if number <= last)
    from_left, to_right = number - NOBLE[row - 1], NOBLE[row] - number
    if from_left <= 2 and number != 2:
        return row, from_left
    return (row, N_COLUMNS - to_right) if to_right < 16 else (row + TO_F_BLOCK, from_left)


def periodic_table(axes: Axes, values: Floats, n: NDArray[np.int64], norm: LogNorm, cmap: Any, texts: bool) -> None:
    """Squares with symbols, coloured by `values` (118,), grey where they are NaN.

    Symbols are in italics where fewer than `FEW` of `n` (118,) entries stand behind a value; `texts` are the values
    themselves, below the symbols, for squares that are large enough.
    """
    mapped = ScalarMappable(norm, cmap)
    places = [place(z) for z in range(1, len(SYMBOLS))]
    faces: list[Any] = [mapped.to_rgba(v) if np.isfinite(v) else NOTHING for v in values]
    squares = [Rectangle((x - 1 + GAP / 2, y - 1 + GAP / 2), 1 - GAP, 1 - GAP) for y, x in places]
    axes.add_collection(PatchCollection(squares, facecolor=faces, edgecolor="none"))
    for z, ((y, x), face) in enumerate(zip(places, faces, strict=True)):
        style: Any = {"color": _ink(face), "ha": "center", "va": "center"}
        known = bool(np.isfinite(values[z]))
        slant = "italic" if known and n[z] < FEW else "normal"
        up = 0.16 if texts and known else 0.0
        axes.text(x - 0.5, y - 0.48 - up, SYMBOLS[z + 1], fontsize=7.5 if texts else 5, fontstyle=slant, **style)
        if texts and known:
            axes.text(x - 0.5, y - 0.22, three_digits(values[z]), fontsize=5, **style)
    axes.set_xlim(0, N_COLUMNS)
    axes.set_ylim(N_ROWS, 0)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _ink(face: Any) -> str:
    """Black or white letters, by the luminance of what is behind them; grey ones where there is nothing."""
    if face == NOTHING:
        return "0.6"
    return "white" if np.dot(face[:3], (0.2126, 0.7152, 0.0722)) < 0.45 else "black"
