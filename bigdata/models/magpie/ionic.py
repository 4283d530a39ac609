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
# Sums of charges held at once, and those of one composition from which it is quicker to look for them in two halves.
_SUMS, _MANY = 1 << 20, 1 << 12


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
    states = oxidation_states()
    n_states = np.array([len(own) for own in states])[block.numbers]
    found = np.zeros(len(block), dtype=bool)
    for counts, where in _alike(n_states):
        found[where] = _neutral(block.only(where), counts, states) if all(counts) else False
    return found


def _alike(n_states: NDArray[np.int64]) -> Iterator[tuple[list[int], NDArray[np.int64]]]:
    """The different rows of counts (m, k), each with where it stands."""
    counts, group = np.unique(n_states, axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(group.ravel()))[:-1]
    return zip(counts.tolist(), np.split(order, ends), strict=True)


def _neutral(block: Block, counts: list[int], states: Sequence[Sequence[int]]) -> NDArray[np.bool_]:
    n_sums = math.prod(counts)
    charges = [
        block.fractions[:, j, None] * np.array([states[z] for z in block.numbers[:, j].tolist()])
        for j in range(block.n_elements)
    ]
    if n_sums > _MANY:
        return np.array([_meet([own[i] for own in charges]) for i in range(len(block))])
    step = max(1, _SUMS // n_sums)
    parts = [_any_zero([own[start : start + step] for own in charges]) for start in range(0, len(block), step)]
    return np.concatenate(parts)


def _any_zero(charges: Sequence[Floats]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (np.abs(_sums(charges)) <= _NEUTRAL).any(axis=-1)
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
