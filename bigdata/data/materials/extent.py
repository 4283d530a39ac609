"""Values of atoms and of whole cells, which are turned into each other only where a spec says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bigdata.data.conversion import extent, refuse_unfit
from bigdata.spec.study import Finding
from bigdata.units import QuantityError


class Per(NamedTuple):
    """Whether values are wanted of an atom or of a cell ("": as their unit has them), and what of these a spec's
    `per:` offers."""

    wanted: str = ""
    offered: tuple[str, ...] = ("atom", "cell")


def other_extent(what: str, own: str, unit: str, per: Per) -> Iterator[Finding]:
    """A finding where `what`, which is in `own`, is asked for in a unit of the other extent, and `per` doesn't say so.

    The cell of an entry need not be the one that its value was computed for: a database may give primitive cells beside
    energies of conventional ones.
    """
    has, asked = extent(own), extent(unit)
    if per.wanted and asked and per.wanted != asked:
        right = f"leave `per:` out, or ask for a unit of values of {_whose(per.wanted)}"
        yield Finding(("per",), f"{unit} is a unit of values of {_whose(asked)}", right)
    elif has and asked and has != asked and per.wanted != asked:
        said = f"{what} is in {own}, of {_whose(has)}, and {unit} is of {_whose(asked)}"
        does = "divides" if asked == "atom" else "multiplies"
        way = f", or write `per: {asked}` beside `units:`, which {does} each by its own cell's atoms"
        yield Finding(("units",), said, f"ask for {own}{way if asked in per.offered else ''}", unit)


def unfit(what: str, own: str, unit: str, per: Per) -> Iterator[Finding]:
    """A finding where `what`, which is in `own`, can't be had in `unit`, or not without `per`."""
    try:
        if own != unit:  # what isn't known here need not be turned
            refuse_unfit(own, unit)
    except QuantityError as e:
        yield Finding(("units",), f"{what}: {e.what}", e.right, e.given, e.known)
    else:
        yield from other_extent(what, own, unit, per)


def _whose(extent: str) -> str:
    return "an atom" if extent == "atom" else "whole cells"
