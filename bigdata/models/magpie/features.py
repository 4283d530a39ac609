"""Features of compositions: matminer's 132 of Magpie, and the 145 of Ward et al. 2016.

L. Ward, A. Agrawal, A. Choudhary, C. Wolverton, npj Comput. Mater. 2, 16028 (2016), doi 10.1038/npjcompumats.2016.28.
`magpie` has six statistics of each of 22 properties of the elements, as matminer's ElementProperty; `ward-2016` has, in
this order, six norms of the fractions, the 132, the fractions of valence electrons in the s, p, d and f shells, and
three ionic descriptors, as matminer's Stoichiometry, ElementProperty, ValenceOrbital and IonProperty.

Values that Magpie's tables don't have are means over all elements, as in matminer (see `filled`); elements beyond the
tables, for which matminer would make all values so, even their number, have no features here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.compositions import Compositions, compositions
from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.problem import N_SHOWN, EntryError
from bigdata.models.magpie import ionic
from bigdata.models.magpie.blocks import Block, blocks
from bigdata.models.magpie.elements import N_ELEMENTS, UNITS, known, properties
from bigdata.models.magpie.statistics import STATISTICS, statistics

Floats = NDArray[np.float64]
Which = Literal["magpie", "ward-2016"]
NORMS = (0, 2, 3, 5, 7, 10)
SHELLS = ("s", "p", "d", "f")
_PROPERTIES = tuple(UNITS)
_MEAN = STATISTICS.index("mean")


def names(which: Which) -> list[str]:
    """The names of the 132 or 145 features, those of matminer."""
    of_elements = [f"MagpieData {statistic} {name}" for name in UNITS for statistic in STATISTICS]
    if which == "magpie":
        return of_elements
    shells = [f"frac {shell} valence electrons" for shell in SHELLS]
    return [*(f"{p}-norm" for p in NORMS), *of_elements, *shells, *ionic.NAMES]


def units(which: Which) -> list[str]:
    """The units of the features, "1" for pure numbers: a statistic has the unit of its property."""
    of_elements = [unit for unit in UNITS.values() for _ in STATISTICS]
    if which == "magpie":
        return of_elements
    return ["1"] * len(NORMS) + of_elements + ["1"] * (len(SHELLS) + len(ionic.NAMES))


def features(formulas: Sequence[str], which: Which) -> Floats:
    """(n, 132) or (n, 145) for n formulas.

    Raises EntryError where some have none, with the different reasons, one a line.
    """
    found = compositions(formulas)
    if reasons := list(dict.fromkeys(faults(found).values())):
        more = [f"… ({len(reasons)} in all)"] if len(reasons) > N_SHOWN else []
        raise EntryError("\n".join([*reasons[:N_SHOWN], *more]))
    return of_compositions(found, which)


def faults(found: Compositions) -> dict[int, str]:
    """Why a composition has no features, by its place: its formula can't be read, or Magpie knows no such element."""
    beyond = {
        int(row): f"{SYMBOLS[max(found.numbers[row])]} has no Magpie features: its tables end at "
        f"{SYMBOLS[N_ELEMENTS]}, element {N_ELEMENTS}"
        for row in np.flatnonzero((found.numbers > N_ELEMENTS).any(axis=1))
    }
    return {**found.bad, **beyond}


def filled(found: Compositions) -> dict[str, list[str]]:
    """The properties, by name, that are the mean over all elements for some elements of these compositions, as the
    tables have no value, with those elements' symbols."""
    present = [z for z in np.unique(found.numbers).tolist() if 0 < z <= N_ELEMENTS]
    missing = {name: [SYMBOLS[z] for z in present if not known()[z, q]] for q, name in enumerate(UNITS)}
    return {name: symbols for name, symbols in missing.items() if symbols}


def of_compositions(found: Compositions, which: Which) -> Floats:
    """(n, 132) or (n, 145) for n compositions; NaN where one has none or an element that `faults` names."""
    out = np.full((len(found), len(names(which))), np.nan)
    table = properties()
    for block in blocks(found):
        usable = block.only(block.numbers.max(axis=1) <= N_ELEMENTS)
        of_elements = statistics(usable, table)
        flat = of_elements.reshape(len(usable), -1)
        out[usable.rows] = flat if which == "magpie" else _ward(usable, of_elements[:, :, _MEAN], flat)
    return out


def _ward(block: Block, mean: Floats, of_elements: Floats) -> Floats:
    electrons = mean[:, [_PROPERTIES.index(f"N{shell}Valence") for shell in SHELLS]]
    shares = electrons / mean[:, [_PROPERTIES.index("NValence")]]
    return np.hstack([norms(block.fractions), of_elements, shares, ionic.ionic(block)])


def norms(fractions: Floats) -> Floats:
    """(m, 6) the p-norms (Σ f^p)^(1/p) of fractions (m, k), and for p = 0 the number of elements."""
    powers = [np.sum(fractions**p, axis=1) ** (1 / p) for p in NORMS if p]
    return np.stack([np.count_nonzero(fractions, axis=1).astype(np.float64), *powers], axis=1)
