"""How ionic a compound may be: whether its elements' oxidation states can add up to 0, and the bonds' ionic character.

Ward et al. 2016, doi 10.1038/npjcompumats.2016.28; as matminer's IonProperty with fast=True, which has each element in
one oxidation state, as the paper says: Fe3O4, with Fe in two, isn't neutral so.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bigdata.models.magpie.blocks import Block
from bigdata.models.magpie.elements import ionic_character, oxidation_states

Floats = NDArray[np.float64]
NAMES = ("compound possible", "max ionic char", "avg ionic char")
# A charge per atom that is none, in elementary charges.
_NEUTRAL = 1e-8
# From so many sums of charges of one composition it is quicker, and takes little memory, to look for 0 in two halves.
_MANY = 1 << 10


def ionic(block: Block) -> Floats:
    """(m, 3): 1 where neutral is possible, else 0; the largest ionic character of two elements; and the mean
    Σ_{i<j} f_i f_j I_ij over pairs of them. Pure elements have 1, 0, 0."""
    found = np.zeros((len(block), 3))
    found[:, 0] = neutral(block)
    character = ionic_character()
    for i, j in itertools.combinations(range(block.n_elements), 2):
        bond = character[block.numbers[:, i], block.numbers[:, j]]
        np.maximum(found[:, 1], bond, out=found[:, 1])
        found[:, 2] += block.fractions[:, i] * block.fractions[:, j] * bond
    return found


def neutral(block: Block) -> NDArray[np.bool_]:
    """(m,) whether one common oxidation state for each element makes the charge 0; always for a pure element."""
    if block.n_elements == 1:
        return np.ones(len(block), dtype=bool)
    counts, states = oxidation_states()
    # In this order there are few different rows of counts, and so few groups to go through.
    order = np.argsort(counts[block.numbers], axis=1, kind="stable")
    numbers = np.take_along_axis(block.numbers, order, axis=1)
    fractions = np.take_along_axis(block.fractions, order, axis=1)
    found = np.zeros(len(block), dtype=bool)
    for own, where in _alike(counts[numbers]):
        charges = [fractions[where, j, None] * states[numbers[where, j], :n] for j, n in enumerate(own)]
        found[where] = _any_zero(charges) if all(own) else False
    return found


def _alike(counts: NDArray[np.int64]) -> Iterator[tuple[list[int], NDArray[np.int64]]]:
    """The different rows of counts (m, k), each with where it stands."""
    different, group = np.unique(counts, axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(group.ravel()))[:-1]
    return zip(different.tolist(), np.split(order, ends), strict=True)


def _any_zero(charges: Sequence[Floats]) -> NDArray[np.bool_]:
    """(m,) whether a sum of one charge of each element is 0; the elements' `charges` are (m, c) each."""
    n_sums = math.prod(own.shape[1] for own in charges)
    if n_sums > _MANY:
        return np.array([_meet([own[i] for own in charges]) for i in range(len(charges[0]))])
    found: NDArray[np.bool_] = np.any(np.abs(_sums(charges)) <= _NEUTRAL, axis=1)
    return found


def _meet(charges: Sequence[Floats]) -> bool:
    """The same for one composition with many elements: of each sum of one half the opposite is looked for in the sums
    of the other, which are so many fewer than those of all elements."""
    middle = len(charges) // 2
    ahead, behind = _sums(charges[:middle]), np.sort(_sums(charges[middle:]))
    place = np.searchsorted(behind, -ahead)
    nearest = np.stack([behind[np.maximum(place - 1, 0)], behind[np.minimum(place, len(behind) - 1)]])
    return bool((np.abs(nearest + ahead) <= _NEUTRAL).any())


def _sums(charges: Sequence[Floats]) -> Floats:
    """(…, Π c) all sums of one charge of each element; `charges` are (…, c)."""
    sums = charges[0]
    for own in charges[1:]:
        sums = (sums[..., :, None] + own[..., None, :]).reshape(*own.shape[:-1], -1)
    return sums
