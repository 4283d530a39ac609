"""The grid of a DOS fingerprint: columns in energy, and in each the numbers of states that set its bits.

Columns are narrow and low near the reference energy, and grow away from it (Kuban et al., Sci. Data 9, 646
(2022), doi 10.1038/s41597-022-01754-z). NumPy is loaded by the arrays only: a study is checked without it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FORMS = {
    "nonuniform": "nonuniform:e_ref:de_min:de_max:drho_min:drho_max:width:cut_lo:cut_hi:n_pix",
    "uniform": "uniform:e_ref:de_min:drho_min:cut_lo:cut_hi:n_pix",
}
# Edges are rounded to this many digits, as in the reference program: where the step has no more of them,
# every edge is an exact multiple of it, and steps are counted in integers.
_DIGITS = 8


@dataclass(frozen=True)
class Grid:
    """Columns between `edges`, each with `n_pix` thresholds.

    With g(x; w_min, w_max) = int((1 - exp(-x²/2 width²)) (w_max/w_min - 1) + 1), the column that begins at
    energy e above the reference is g(e; de_min, de_max) steps of `de_min` wide, and g(e; drho_min, drho_max)
    times `drho_min` high; below the reference, edges are the mirror image. Energies are in eV, heights in
    states; the cutoffs count from `e_ref`.

    Raises ValueError, with a sentence for the user, where no such grid exists.
    """

    e_ref: float = -2.0
    de_min: float = 0.05
    de_max: float = 1.05
    drho_min: float = 0.5
    drho_max: float = 5.5
    width: float = 7.0
    cut_lo: float = -8.0
    cut_hi: float = 7.0
    n_pix: int = 56
    kind: Literal["nonuniform", "uniform"] = "nonuniform"

    def __post_init__(self) -> None:
        for wrong, message in _rules(self):
            if wrong:
                raise ValueError(message)

    @classmethod
    def from_id(cls, text: str) -> Grid:
        """Read an id such as `nonuniform:-2:0.05:1.05:0.5:5.5:7:-8:7:56`."""
        kind, *fields = text.split(":")
        if kind not in _FORMS:
            raise ValueError(f"`{text}` is not a grid id: it should read {' or '.join(_FORMS.values())}")
        names = _FORMS[kind].split(":")[1:]
        if len(fields) != len(names):
            count = f"{len(fields)} numbers, not {len(names)}"
            raise ValueError(f"`{text}` has {count}: it should read {_FORMS[kind]}")
        values: dict[str, Any] = {n: _number(n, field) for n, field in zip(names, fields, strict=True)}
        if kind == "nonuniform":
            return cls(**values)
        return cls(**values, de_max=values["de_min"], drho_max=values["drho_min"], kind="uniform")

    @cached_property
    def id(self) -> str:
        """The id in its shortest form: two equal grids have equal ids."""
        names = _FORMS[self.kind].split(":")[1:]
        return ":".join([self.kind, *(repr(getattr(self, name)).removesuffix(".0") for name in names)])

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """(n_columns + 1,) edges of the columns in eV, seen from `e_ref`."""
        import numpy as np

        return np.array(self._edges)

    @cached_property
    def n_columns(self) -> int:
        return len(self._edges) - 1

    @cached_property
    def steps(self) -> NDArray[np.int64]:
        """(n_columns + 1,) edges as whole multiples of `de_min`."""
        import numpy as np

        return np.rint(self.edges / self.de_min).astype(np.int64)

    @cached_property
    def thresholds(self) -> NDArray[np.float64]:
        """(n_columns, n_pix) numbers of states at and above which bit 1 … n_pix of a column is set."""
        import numpy as np

        # Python rounds decimally, NumPy doesn't: the reference rounds heights by the one, edges by the other.
        rungs = range(1, self.n_pix + 1)
        rows = {h: [round(m * (h / self.n_pix), 10) for m in rungs] for h in set(self._heights)}
        return np.array([rows[h] for h in self._heights])

    @cached_property
    def ladder(self) -> NDArray[np.float64]:
        """(n_columns, n_pix + 2) thresholds, -inf before them and +inf behind: entry h is that of bit h."""
        import numpy as np

        return np.pad(self.thresholds, ((0, 0), (1, 1)), constant_values=((0, 0), (-np.inf, np.inf)))

    def window(self, low: float, high: float) -> slice:
        """The columns that lie wholly between `low` and `high`, in eV on the spectra's own axis."""
        import numpy as np

        edges = self.edges + self.e_ref
        # An end that is meant to be an edge may miss it by rounding, as edges are sums.
        first = int(np.searchsorted(edges, low - 1e-9))
        last = int(np.searchsorted(edges, high + 1e-9, side="right")) - 1
        if last <= first:
            raise ValueError(
                f"the window from {low:g} to {high:g} eV holds no whole column of the grid, "
                f"whose columns lie between {edges[0]:g} and {edges[-1]:g} eV"
            )
        return slice(first, last)

    @cached_property
    def _edges(self) -> list[float]:
        up = [0.0]
        furthest = max(abs(self.cut_lo), abs(self.cut_hi))
        while (edge := self._next_edge(up[-1])) <= furthest:
            up.append(edge)
        return [-e for e in reversed(up[1:]) if e <= -self.cut_lo] + [e for e in up if e <= self.cut_hi]

    def _next_edge(self, edge: float) -> float:
        import numpy as np

        return float(np.round(self._growth(edge, self.de_min, self.de_max) * self.de_min + edge, _DIGITS))

    @cached_property
    def _heights(self) -> list[float]:
        return [self._growth(e, self.drho_min, self.drho_max) * self.drho_min for e in self._edges[:-1]]

    def _growth(self, x: float, smallest: float, largest: float) -> int:
        import numpy as np

        g = (1 - np.exp(-0.5 * (x / self.width) ** 2)) * (largest / smallest - 1) + 1
        # Truncated, not rounded, as in the reference program.
        return max(int(g), 1)


def _number(name: str, text: str) -> float:
    try:
        return int(text) if name == "n_pix" else float(text)
    except ValueError:
        kind = "a whole number" if name == "n_pix" else "a number"
        raise ValueError(f"`{text}` should be {kind}: {name} of the grid") from None


def _rules(grid: Grid) -> list[tuple[bool, str]]:
    """What must not be, each with the sentence that says so; a later rule may count on the earlier ones."""
    de, drho, low, high = grid.de_min, grid.drho_min, grid.cut_lo, grid.cut_hi
    numbers = (grid.e_ref, de, grid.de_max, drho, grid.drho_max, grid.width, low, high)
    furthest = max(-low, high)
    return [
        (not all(map(math.isfinite, numbers)), "every number of a grid must be finite"),
        (not 1 <= grid.n_pix <= 255, f"n_pix is {grid.n_pix}; it must be 1 to 255, to fit in a byte"),
        (de < 1e-4, f"de_min is {de:g} eV; it must be at least 0.0001 eV"),
        (round(de, _DIGITS) != de, f"de_min is {de!r} eV; it must have at most {_DIGITS} decimals"),
        (grid.de_max < de, f"de_max, {grid.de_max:g} eV, must not be smaller than de_min, {de:g} eV"),
        (drho <= 1e-6 * grid.n_pix, f"drho_min is {drho:g} states; it must be larger than n_pix / 1,000,000"),
        (grid.drho_max < drho, f"drho_max, {grid.drho_max:g}, must not be smaller than drho_min, {drho:g}"),
        (grid.width <= 0, f"width is {grid.width:g} eV; it must be positive"),
        (
            not low <= 0 <= high,
            f"the cutoffs {low:g} and {high:g} eV count from e_ref, the reference energy, and must enclose 0",
        ),
        (furthest < de, f"the cutoffs {low:g} and {high:g} eV leave no room for a column of {de:g} eV"),
        (furthest > 1e5 * de, f"the cutoffs {low:g} and {high:g} eV exceed 100,000 steps of {de:g} eV"),
    ]
