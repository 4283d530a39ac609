"""Features of compositions: as matminer has them, by hand, and what must hold whatever the formula."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.data.materials.compositions import Compositions, compositions
from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.problem import EntryError
from bigdata.models.magpie.elements import N_ELEMENTS, UNITS
from bigdata.models.magpie.features import faults, features, filled, names, of_compositions, units

# Of matminer's sums and ours the order differs.
SAME = 1e-9
AMOUNTS = st.dictionaries(st.integers(1, N_ELEMENTS), st.integers(1, 60), min_size=1, max_size=7)


def matminer() -> Mapping[str, list]:
    """What `matminer_features.py` printed."""
    return json.loads((Path(__file__).parent / "matminer.json").read_text())


def of(formula: str, which="ward-2016") -> dict[str, float]:
    return dict(zip(names(which), features([formula], which)[0].tolist(), strict=True))


def written(amounts: Mapping[int, int]) -> str:
    return "".join(f"{SYMBOLS[z]}{n}" for z, n in amounts.items())


def test_the_145_are_those_of_matminer_in_name_and_value():
    reference = matminer()
    assert names("ward-2016") == reference["names"]
    found = features(reference["formulas"], "ward-2016")
    np.testing.assert_allclose(found, reference["values"], rtol=0, atol=SAME)


def test_the_132_are_the_middle_of_the_145():
    formulas = matminer()["formulas"]
    assert names("magpie") == names("ward-2016")[6:138]
    assert units("magpie") == units("ward-2016")[6:138]
    np.testing.assert_array_equal(features(formulas, "magpie"), features(formulas, "ward-2016")[:, 6:138])


@pytest.mark.parametrize(("which", "p"), [("magpie", 132), ("ward-2016", 145)])
def test_each_feature_has_a_name_of_its_own_and_a_unit(which, p):
    assert len(set(names(which))) == len(units(which)) == p
    by_name = dict(zip(names(which), units(which), strict=True))
    assert by_name["MagpieData mean MeltingT"] == "K"
    assert by_name["MagpieData avg_dev GSvolume_pa"] == "angstrom^3/atom"
    assert by_name["MagpieData mode SpaceGroupNumber"] == "1"


def test_magnesium_fluoride_by_hand():
    found = of("MgF2")
    # AtomicWeight: Mg 24.305, F 18.9984032; f = 1/3, 2/3.
    mean = (24.305 + 2 * 18.9984032) / 3
    assert found["MagpieData mean AtomicWeight"] == pytest.approx(mean, abs=1e-12)
    assert found["MagpieData avg_dev AtomicWeight"] == pytest.approx(
        ((24.305 - mean) + 2 * (mean - 18.9984032)) / 3, abs=1e-12
    )
    assert found["MagpieData range Number"] == 3
    assert found["MagpieData mode Number"] == 9
    assert found["0-norm"] == 2
    assert found["2-norm"] == pytest.approx(np.sqrt(5) / 3, abs=1e-15)
    # Mg 3s2, F 2s2 2p5: of 2 + 2·7 electrons 6 are s and 10 are p.
    shells = [found[f"frac {shell} valence electrons"] for shell in "spdf"]
    assert shells == pytest.approx([6 / 16, 10 / 16, 0, 0], abs=1e-15)
    bond = 1 - np.exp(-((3.98 - 1.31) ** 2) / 4)
    assert found["compound possible"] == 1
    assert found["max ionic char"] == pytest.approx(bond, abs=1e-15)
    assert found["avg ionic char"] == pytest.approx(2 / 9 * bond, abs=1e-15)


def test_a_tie_gives_the_smaller_property_as_the_mode():
    found = of("NaCl", "magpie")
    assert found["MagpieData mode Number"] == 11
    assert found["MagpieData mode MeltingT"] == 171.6  # chlorine's


def test_magnetite_is_no_neutral_compound_of_one_oxidation_state_each():
    assert [of(f)["compound possible"] for f in ("Fe2O3", "FeO", "Fe3O4", "Fe", "NeAr")] == [1, 1, 0, 1, 0]


def test_an_element_alone_deviates_from_nothing():
    found = of("Fe")
    assert all(value == 0 for name, value in found.items() if "avg_dev" in name or "range" in name)
    assert {found["max ionic char"], found["avg ionic char"]} == {0.0}


def test_a_missing_value_is_the_mean_over_all_elements_and_is_said():
    every = [SYMBOLS[z] for z in range(1, N_ELEMENTS + 1)]
    column = names("magpie").index("MagpieData mean MeltingT")
    temperatures = features(every, "magpie")[:, column]
    lacking = [symbol in filled(compositions(every))["MeltingT"] for symbol in every]
    assert temperatures[lacking] == pytest.approx(temperatures[~np.array(lacking)].mean())
    assert filled(compositions(["MgO", "He", "HeNe"])) == {"MeltingT": ["He"], "Electronegativity": ["He", "Ne"]}


def test_formulas_that_cannot_be_used_are_named_each_with_its_reason():
    with pytest.raises(EntryError, match="there is no element `Xx`") as caught:
        features(["MgO", "Xx2", "CuSO4.5H2O", "OgF2"], "magpie")
    assert "two meanings" in str(caught.value)
    assert "Og has no Magpie features: its tables end at Cn, element 112" in str(caught.value)
    assert str(caught.value).count("\n") == 2


def test_of_very_many_reasons_the_first_are_shown_and_all_are_counted():
    with pytest.raises(EntryError, match=r"… \(30 in all\)$") as caught:
        features([f"Xx{n}" for n in range(30)] * 2, "magpie")
    assert str(caught.value).count("there is no element") == 20


def test_compositions_that_cannot_be_used_are_nan_and_the_others_are_as_ever():
    found = compositions(["MgO", "Xx2", "OgF2", "FeO"])
    assert sorted(faults(found)) == [1, 2]
    values = of_compositions(found, "magpie")
    assert np.isnan(values[[1, 2]]).all()
    np.testing.assert_array_equal(values[[0, 3]], features(["MgO", "FeO"], "magpie"))


def test_no_formulas_have_no_features():
    assert features([], "ward-2016").shape == (0, 145)


def test_padded_arrays_give_what_formulas_give():
    numbers = np.array([[12, 9, 0], [26, 0, 0], [19, 26, 8]], dtype=np.uint8)
    fractions = np.array([[1 / 3, 2 / 3, 0], [1, 0, 0], [0.2, 0.2, 0.6]])
    given_ = of_compositions(Compositions(numbers, fractions), "ward-2016")
    np.testing.assert_allclose(given_, features(["MgF2", "Fe", "KFeO3"], "ward-2016"), rtol=0, atol=1e-12)


@given(AMOUNTS, st.integers(2, 9), st.randoms())
def test_a_multiple_in_any_order_has_the_same_features(amounts, factor, shuffled):
    items = list(amounts.items())
    shuffled.shuffle(items)
    one, other = features([written(amounts), written({z: n * factor for z, n in items})], "ward-2016")
    np.testing.assert_allclose(one, other, rtol=0, atol=SAME)


@given(AMOUNTS)
def test_statistics_stand_in_their_order_of_size(amounts):
    low, high, spread, mean, deviation, mode = features([written(amounts)], "magpie").reshape(len(UNITS), 6).T
    assert (low <= mode).all()
    assert (mode <= high).all()
    assert (np.abs(mean - (low + high) / 2) <= spread / 2 + SAME).all()
    assert (np.abs(deviation - spread / 4) <= spread / 4 + SAME).all()
