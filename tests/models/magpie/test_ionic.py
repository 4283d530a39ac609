"""Whether oxidation states can add up to 0: all ways of it tried one after the other."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bigdata.data.materials.compositions import Compositions, compositions
from bigdata.models.magpie import ionic
from bigdata.models.magpie.blocks import blocks
from bigdata.models.magpie.elements import ionic_character, oxidation_states
from bigdata.models.magpie.ionic import neutral

# Carbon has nine states, others up to five: so many elements have more sums than are tried all at once.
RICH = "C7S2Mn3Re1N5Br3I2Cl3P4O9"


def tried(numbers, fractions) -> bool:
    counts, states = oxidation_states()
    each = [states[z, : counts[z]] for z in numbers]
    return any(abs(np.dot(charges, fractions)) <= 1e-8 for charges in itertools.product(*each))


def found(of: Compositions) -> np.ndarray:
    out = np.zeros(len(of), dtype=bool)
    for block in blocks(of):
        out[block.rows] = neutral(block)
    return out


@given(
    st.lists(st.dictionaries(st.integers(1, 112), st.integers(1, 6), min_size=2, max_size=4), min_size=1, max_size=9)
)
def test_all_ways_tried_one_by_one_give_the_same(amounts):
    k = max(map(len, amounts))
    numbers, fractions = np.zeros((len(amounts), k), dtype=np.uint8), np.zeros((len(amounts), k))
    for row, own in enumerate(amounts):
        numbers[row, : len(own)], fractions[row, : len(own)] = list(own), np.array([*own.values()]) / sum(own.values())
    of = Compositions(numbers, fractions)
    expected = [tried(z[z > 0], f[z > 0]) for z, f in zip(numbers, fractions, strict=True)]
    assert found(of).tolist() == expected


def test_many_elements_are_met_from_two_halves_with_the_same_answer(monkeypatch):
    of = compositions([RICH, "CMnCl", "C2Mn3Cl7O5S1N1", "NaMgAlSiPClKCaTi", "CaTiO3", "C3Cl7P2"])
    halves = {}
    for many in (0, 1 << 40):
        monkeypatch.setattr(ionic, "_MANY", many)
        halves[many] = found(compositions(["C2Mn3Cl7O5S1N1", "NaMgAlSiPClKCaTi", "CaTiO3", "C3Cl7P2"]))
    np.testing.assert_array_equal(halves[0], halves[1 << 40])
    monkeypatch.undo()
    assert found(of)[0]


def test_the_ionic_character_grows_with_the_difference_of_electronegativity():
    character = ionic_character()
    assert (np.diag(character) == 0).all()
    np.testing.assert_array_equal(character, character.T)
    assert character[55, 9] > character[11, 17] > character[14, 6] > 0
