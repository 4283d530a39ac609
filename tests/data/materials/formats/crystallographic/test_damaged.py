"""Texts damaged in any way are read or refused in a sentence; nothing else is raised."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bigdata.data.materials.formats.crystallographic.grammar import crystals
from bigdata.data.materials.formats.crystallographic.reading import crystal
from bigdata.data.problem import EntryError
from tests.examples import examples

from .texts import INVERSION, cif, stated

TEXT = cif(
    "Na1 Na+ 1 . 0 0 0\nCl1 Cl- 1 1 0.5 0.5 0.5(1)",
    INVERSION,
    stated("Na Cl", 1),
    "_space_group_IT_number 2\n_space_group_name_H-M_alt 'P -1'\n_cell_volume 125\n_exptl_crystal_density_diffrn 0.776",
    columns="label type_symbol occupancy disorder_group",
)
PIECES = [
    "",
    "?",
    ".",
    "-1",
    "0",
    "nan",
    "1e400",
    "'",
    ";",
    "loop_",
    "data_b",
    "save_x",
    "_x",
    "\u00e9",
    "x,y,z",
    "(",
    "9" * 30,
]


@settings(max_examples=examples(500), deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_a_damaged_text_raises_nothing_but_a_sentence(seed, n):
    rng = np.random.default_rng(seed)
    words = TEXT.replace("\n", " \n ").split(" ")
    for _ in range(n):
        place = int(rng.integers(len(words)))
        words[place : place + int(rng.integers(0, 3))] = [str(rng.choice(PIECES)), str(rng.choice(words))][
            : rng.integers(3)
        ]
    with suppress(EntryError):
        for block in crystals(" ".join(words)):
            with suppress(EntryError):
                assert np.isfinite(crystal(block).structure.positions).all()
