"""What every reader yields: a spectrum with its settings, or what is wrong with one."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data.problem import EntryError

Floats = NDArray[np.float64]
# What the states are counted for.
Scale = Literal["cell", "atom", "formula-unit"]
Zero = Literal["none", "valence-band-maximum", "fermi"]
SCALES: tuple[Scale, ...] = ("cell", "atom", "formula-unit")
ZEROS: tuple[Zero, ...] = ("none", "valence-band-maximum", "fermi")


class Uniform(NamedTuple):
    """Equidistant energies start + i·step (eV), as many as the DOS has values."""

    start: float
    step: float


@dataclass(slots=True)
class Entry:
    """One spectrum as read.

    `energies` (eV) and `dos` (states/eV/cell, spin channels summed, float64, 1-D) are not checked yet.
    `zero` says where the file's energies are 0 (`none`: absolute); `vbm` and `fermi` (eV) are absolute.
    `line` is 0 where the whole file is the entry. `n_channels` are the spin channels that were summed. `scale` says
    what the states are counted for. `notes` say what its reader took for granted or left out: equal ones are counted
    together, by their words before the first `: `.
    """

    name: str
    file: str
    line: int
    energies: Floats | Uniform
    dos: Floats
    settings: Mapping[str, Any] = field(default_factory=dict)
    zero: Zero = "none"
    vbm: float = math.nan
    fermi: float = math.nan
    n_channels: int = 1
    scale: Scale = "cell"
    notes: tuple[str, ...] = ()


def numbers(values: Any, what: str) -> Floats:
    """A list of numbers as float64; raises EntryError naming `what` and the first value that isn't one."""
    if not isinstance(values, list):
        raise EntryError(f"`{what}` is {_kind(values)} where a list of numbers should be")
    try:
        # NumPy would take the text "1" for a number, which `array` doesn't.
        return np.frombuffer(array("d", values)) if values else np.empty(0)
    except (TypeError, OverflowError):
        at, value = next((i, v) for i, v in enumerate(values) if not _is_number(v))
        raise EntryError(f"value {at + 1} of `{what}` is {_kind(value)}, not a number") from None


class Total(NamedTuple):
    """The sum over spin channels, how many there were, and a note where it took more than adding them."""

    dos: Floats
    n_channels: int
    notes: tuple[str, ...]


# A channel whose positive values are smaller than this share of its negative ones is a density with its sign turned.
_NOISE = 0.05
_DOWN_TURNED = "the second spin channel is written negative, and was added by its amount"
_SUMS = {"total", "tot", "sum", "integrated"}


def total(channels: Any, what: str) -> Total:
    """The sum over spin channels: a list of numbers, a list of one or two such lists, or a mapping of them."""
    if isinstance(channels, dict):
        if len(channels) > 1 and (sums := [name for name in channels if str(name).lower() in _SUMS]):
            raise EntryError(f"`{what}` holds `{sums[0]}` beside {_others(channels, sums[0])}: give one of the two")
        channels = list(channels.values())
    if not (isinstance(channels, list) and channels and isinstance(channels[0], list)):
        return Total(numbers(channels, what), 1, ())
    return summed([numbers(channel, f"{what}[{i}]") for i, channel in enumerate(channels)], what)


def _others(channels: Mapping[str, Any], name: str) -> str:
    return ", ".join(f"`{other}`" for other in channels if other != name)


def summed(channels: Sequence[Floats], what: str) -> Total:
    """The sum of one or two spin channels; by a convention of many programs, the second may be written negative."""
    if len({channel.size for channel in channels}) > 1:
        raise EntryError(f"the spin channels of `{what}` have {' and '.join(str(c.size) for c in channels)} values")
    if len(channels) > 2:
        raise EntryError(f"`{what}` has {len(channels)} spin channels, and there are one or two: up and down")
    if len(channels) == 1:
        return Total(channels[0], 1, ())
    up, down = channels
    if _is_turned(down) and not _is_turned(up):
        return Total(up - down, 2, (_DOWN_TURNED,))
    return Total(up + down, 2, ())


def _is_turned(channel: Floats) -> bool:
    """Whether a channel is a density but for its sign; what isn't finite is said elsewhere."""
    if not channel.size:
        return False
    low, high = float(channel.min()), float(channel.max())
    return low < 0 and high <= _NOISE * -low


def number(value: Any, what: str) -> float:
    """A finite number, or NaN where there is none; raises EntryError for anything else."""
    if value is None:
        return math.nan
    if not _is_number(value) or not math.isfinite(value):
        raise EntryError(f"`{what}` is {_kind(value)}, not a finite number")
    return float(value)


def zero(value: Any) -> Zero:
    """Where the energies of a file are 0, from what stands in it."""
    words: dict[Any, Zero] = {None: "none", "absolute": "none", **{z: z for z in ZEROS}}
    if isinstance(value, list | dict) or value not in words:
        raise EntryError(
            f"`energy_zero` is `{value}`; it may be `valence-band-maximum`, `fermi`, or absent for absolute energies"
        )
    return words[value]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # Whole numbers beyond some 1e308 don't fit into a float64.
    return isinstance(value, float) or abs(value) < 1 << 1023


def _kind(value: Any) -> str:
    names = {type(None): "null", dict: "an object", list: "a list"}
    return names.get(type(value)) or f"`{str(value)[:40]}`"
