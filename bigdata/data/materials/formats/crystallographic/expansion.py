"""All atoms of the cell out of the sites and the operations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.formats.crystallographic.symmetry import Operations
from bigdata.data.materials.structures import Floats
from bigdata.data.problem import EntryError

SAME_PLACE = 0.1
"""Images of a site within this distance (angstrom) are one atom: positions such as 0.333 stand for special ones."""
# Of the metric's elements, as shares: 1 % in a length.
_METRIC = 0.02
# A power of two, since no decimal number but those that end in many fives lies halfway between two steps of it.
_STEPS = 1 << 20


class Cell(NamedTuple):
    """`positions` (n, 3) of all atoms, fractions; `site` (n,) the place of the site that each is an image of."""

    positions: Floats
    site: NDArray[np.int64]


def expand(positions: Floats, operations: Operations, lattice: Floats, labels: list[str]) -> Cell:
    """The atoms of the cell: images under `operations` of sites at `positions` (n, 3), in a `lattice` (3, 3) angstrom.

    Atoms on a special position are moved onto it. Raises EntryError where the cell hasn't the operations' symmetry, or
    images of a site fall together in unequal numbers: then it lies near to a special position, and neither on nor off.
    """
    if len(operations.rotations) == 1:
        return Cell(positions, np.arange(len(positions)))
    _refuse_metric(operations, lattice)
    images = _images(positions, operations)
    apart = images - positions[:, None]
    apart -= np.round(apart)
    near = ((apart @ lattice) ** 2).sum(axis=2) < SAME_PLACE**2
    n_near = near.sum(axis=1)
    if (n_near > 1).any():
        moved = positions + (apart * near[..., None]).sum(axis=1) / n_near[:, None]
        images = _images(moved, operations)
    kept = _distinct(images, n_near, labels)
    found = images[kept] % 1.0
    # What rounding has put just below 0 is 1 when taken modulo 1.
    found[found == 1.0] = 0.0
    return Cell(found, np.nonzero(kept)[0])


def _refuse_metric(operations: Operations, lattice: Floats) -> None:
    """R^T G R = G for every rotation, of the metric G = L L^T."""
    metric = lattice @ lattice.T
    lengths = np.sqrt(np.diag(metric))
    turned = operations.rotations.transpose(0, 2, 1) @ metric @ operations.rotations
    if np.abs((turned - metric) / np.outer(lengths, lengths)).max() > _METRIC:
        raise EntryError(f"the cell's lengths and angles aren't those of its symmetry, group {operations.number}")


def _images(positions: Floats, operations: Operations) -> Floats:
    """(n, m, 3)"""
    turned = positions @ operations.rotations.reshape(-1, 3).T
    return turned.reshape(len(positions), -1, 3) + operations.translations


def _distinct(images: Floats, n_near: NDArray[np.int64], labels: list[str]) -> NDArray[np.bool_]:
    """(n, m): the first of the images at each place."""
    kept = np.ones(images.shape[:2], dtype=bool)
    steps = np.rint((images % 1.0) * _STEPS).astype(np.int64) % _STEPS
    keys = (steps[..., 0] * _STEPS + steps[..., 1]) * _STEPS + steps[..., 2]
    for site in np.flatnonzero(n_near > 1).tolist():
        _, first, n_equal = np.unique(keys[site], return_index=True, return_counts=True)
        if (n_equal != n_near[site]).any():
            raise EntryError(f"images of site {labels[site]} fall together within {SAME_PLACE} angstrom, but unequally")
        kept[site] = False
        kept[site, first] = True
    return kept
