"""Logarithmic axes with plain numbers at places that can be read."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, Locator, LogLocator, NullFormatter


class _Readable(Locator):
    """Ticks of a logarithmic axis at 1, 10 …, at 1, 2, 5 …, or closer: the first of these ways that gives `least`.

    Matplotlib's own ticks are linear where a range is short, and no round numbers then.
    """

    WAYS = ((1,), (1, 2, 5), (1, 2, 3, 4, 5, 6, 8), (1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9))

    def __init__(self, least: int) -> None:
        self.least = least

    def __call__(self) -> list[float]:
        axis: Any = self.axis
        return self.tick_values(*axis.get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        low, high = sorted((vmin, vmax))
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks: list[float] = []
        for way in self.WAYS:
            # From text, since 0.3 is to be 0.3 and not 0.30000000000000004.
            ticks = [tick for e in decades for digit in way if low <= (tick := float(f"{digit}e{e}")) <= high]
            if len(ticks) >= self.least:
                break
        return ticks


def logarithmic(axes: Axes, which: str) -> None:
    """A logarithmic axis with plain numbers at readable places, over a range that has room for some."""
    axis: Any = getattr(axes, f"{which}axis")
    getattr(axes, f"set_{which}scale")("log")
    low, high = axis.get_view_interval()
    if low <= 0:  # of an axis without any points
        low, high = 0.1, 1.0
        getattr(axes, f"set_{which}lim")(low, high)
    if high < 2.6 * low:
        getattr(axes, f"set_{which}lim")(low / 1.3, high * 1.3)
    # Numbers stand beside each other along x, and one above the other along y.
    axis.set_major_locator(_Readable(2 if which == "x" else 3))
    axis.set_major_formatter(FuncFormatter(plain))
    axis.set_minor_locator(LogLocator(subs="all"))
    axis.set_minor_formatter(NullFormatter())


def plain(value: float, _: object = None) -> str:
    """1,000 and 0.02, not powers of ten."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def powers(axes: Axes, which: str) -> None:
    """A logarithmic axis over many decades: 0.001 and 100 as they are, 1e+05 and beyond as powers.

    Matplotlib's own labels of powers are formulas, which figures here don't parse.
    """
    getattr(axes, f"set_{which}scale")("log")
    axis: Any = getattr(axes, f"{which}axis")
    axis.set_major_formatter(FuncFormatter(_power))
    axis.set_minor_formatter(NullFormatter())


def _power(value: float, _: object = None) -> str:
    return f"{value:,.10g}" if 1e-3 <= value < 1e5 else f"{value:.0e}"
