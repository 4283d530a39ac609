"""What networks are told of the elements beside their numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

N_ELEMENTS = 118
# Group, row (f-block elements of rows 6 and 7 count as rows of their own in pymatgen), block.
N_GROUPS, N_ROWS, BLOCKS = 18, 9, "spdf"
# About the mean and spread over the elements: electronegativity, atomic radius (Å), Mendeleev number, first ionisation
# energy (eV). Where one isn't known, the mean stands for it.
MEAN, SPREAD = np.array([1.7, 1.5, 50.0, 7.5]), np.array([0.6, 0.4, 30.0, 2.0])
N_FEATURES = N_GROUPS + N_ROWS + len(BLOCKS) + len(MEAN)


def element_features() -> NDArray[np.float32]:
    """(118, 35) one-hot group, row and block, and four standardised numbers of each element, from pymatgen's table."""
    from pymatgen.core.periodic_table import Element

    return np.array([_features(Element.from_Z(z)) for z in range(1, N_ELEMENTS + 1)], dtype=np.float32)


def _features(element: object) -> NDArray[np.float64]:
    known = {name: getattr(element, name, None) for name in ("group", "row", "block")}
    one_hot = np.zeros(N_GROUPS + N_ROWS + len(BLOCKS))
    one_hot[int(known["group"] or 1) - 1] = 1
    one_hot[N_GROUPS + int(known["row"] or 1) - 1] = 1
    one_hot[N_GROUPS + N_ROWS + BLOCKS.index(str(known["block"] or "s"))] = 1
    return np.append(one_hot, (_numbers(element) - MEAN) / SPREAD)


def _numbers(element: object) -> NDArray[np.float64]:
    import warnings

    names = ("X", "atomic_radius", "mendeleev_no", "ionization_energy")
    with warnings.catch_warnings():
        # pymatgen warns of each element without an electronegativity; the mean is what is meant for those.
        warnings.simplefilter("ignore")
        found = np.array([float(value or np.nan) for value in (getattr(element, name, None) for name in names)])
    return np.where(np.isfinite(found), found, MEAN)
