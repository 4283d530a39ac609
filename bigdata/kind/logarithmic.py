"""Logarithmic axes with plain numbers at places that can be read."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, Locator, LogLocator, NullFormatter

# Inches that a label takes along its axis, with the room to the next one.
_ROOM = {"x": 0.5, "y": 0.2}
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class _Readable(Locator):
    """Ticks of a logarithmic axis at 1, 10 …, at 1, 2, 5 …, or closer: the first of these ways that gives `least`.

    Over so many decades that labels would meet, at every second one, every third, or fewer. Matplotlib's own ticks are
    linear where a range is short, and no round numbers then.
    """

    WAYS = ((1,), (1, 2, 5), (1, 2, 3, 4, 5, 6, 8), (1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9))

    def __init__(self, which: str) -> None:
        # Numbers stand beside each other along x, and one above the other along y.
        self.which, self.least = which, 2 if which == "x" else 3

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
        return self._thinned(ticks)

    def _thinned(self, ticks: list[float]) -> list[float]:
        step = math.ceil(len(ticks) / max(self.least, self._most()))
        if step < 2:
            return ticks
        return [tick for tick in ticks if round(math.log10(tick), 9) % step == 0]

    def _most(self) -> int:
        """For how many labels the axis has room, as long as it is drawn."""
        axis: Any = self.axis
        box, dpi = axis.axes.get_window_extent(), axis.figure.dpi
        return int((box.width if self.which == "x" else box.height) / dpi / _ROOM[self.which])


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
    axis.set_major_locator(_Readable(which))
    axis.set_major_formatter(FuncFormatter(plain))
    axis.set_minor_locator(LogLocator(subs="all"))
    axis.set_minor_formatter(NullFormatter())


def plain(value: float, _: object = None) -> str:
    """0.02, 1,000, and 2×10⁷ where there would be too many zeros.

    Matplotlib's own labels of powers are formulas, which figures here don't parse.
    """
    size = abs(value)
    if size and not 1e-4 <= size < 1e6:
        digits, exponent = f"{value:.2e}".split("e")
        power = f"10{str(int(exponent)).translate(_RAISED)}"
        digits = digits.rstrip("0").rstrip(".")
        return {"1": power, "-1": f"-{power}"}.get(digits, f"{digits}×{power}")
    return f"{value:,.0f}" if size >= 100 else f"{value:.3g}"
