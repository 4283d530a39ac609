"""Fingerprints: equal to the definition and to the reference program, bit for bit."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bigdata.studies.similarity.fingerprint import Fingerprints, heights
from bigdata.studies.similarity.grid import Grid
from tests.examples import examples
from tests.studies.similarity.definition import (
    DEFAULT,
    FOCUSED_ON_VBM,
    GRIDS,
    NO_ORACLE,
    bits_by_definition,
    hbn_spectra,
    oracle,
)

Floats = NDArray[np.float64]


@st.composite
def spectra(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """An energy axis, even or not, with points on step edges or not, and a few densities on it."""
    n = draw(st.integers(3, 60))
    spacing = draw(st.lists(st.sampled_from([0.01, 0.05, 0.1, 0.123, 0.7, 2.3]), min_size=n, max_size=n))
    start = draw(st.sampled_from([-20.0, -7.31, -3.0, -0.05, 0.0, 4.2]))
    levels = st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.7, 20.0, 9e5])
    dos = draw(st.lists(st.lists(levels, min_size=n, max_size=n), min_size=1, max_size=3))
    return start + np.cumsum(spacing), np.array(dos)


def same(fingerprints: Fingerprints, i: int, energies: Floats, dos: Floats, shift: float, grid: Grid) -> None:
    first, last, bits, states = bits_by_definition(energies.tolist(), dos.tolist(), shift, grid)
    assert (fingerprints.first[i], fingerprints.last[i]) == (first, last)
    height = np.zeros(grid.n_columns, int)
    height[first:last] = [sum(column) for column in bits]
    assert all(column == sorted(column, reverse=True) for column in bits)
    assert fingerprints.height[i].tolist() == height.tolist()
    assert fingerprints.states is not None
    assert fingerprints.states[i, first:last].tolist() == states


@settings(max_examples=examples(150), deadline=None)
@given(spectra(), st.sampled_from(GRIDS), st.sampled_from([0.0, 2.9978056574493572, -1.37, 9.9]))
def test_heights_and_states_are_those_of_the_definition(
    spectrum: tuple[Floats, Floats], grid_id: str, shift: float
) -> None:
    energies, dos = spectrum
    grid = Grid.from_id(grid_id)
    made = heights(energies, dos, shift, grid, keep_states=True)
    for i, row in enumerate(dos):
        same(made, i, energies, row, shift, grid)


@pytest.mark.parametrize("grid_id", GRIDS)
def test_the_h_bn_spectra_have_the_fingerprints_of_the_definition(grid_id: str) -> None:
    energies, dos = hbn_spectra()
    grid = Grid.from_id(grid_id)
    made = heights(energies, dos[::12], 0.0, grid, keep_states=True)
    for i, row in enumerate(dos[::12]):
        same(made, i, energies, row, 0.0, grid)


GOLDEN = [
    (
        "nonuniform:0:0.05:1.05:0.5:5.5:10:-10:10:56",
        "43af417968146b0f8bb851b107dee3c4c9f1cb1a17dfbc8a893e01ae04911a65",
    ),
    (
        "nonuniform:-2:0.05:1.05:0.5:5.5:7:-8:7:56",
        "996ba8b747fd3a380715f3eb5ecd9311deafd737529de4df951302997ff6c613",
    ),
    (
        "uniform:-1:0.1:0.8:-5:5:32",
        "ad67206a563905ea611986a745bead864216d119ea8c464cb0d44fc58d7fc1f2",
    ),
    (
        "nonuniform:0:0.03:0.5:0.2:3:3:-7.3:4.1:255",
        "5331805aeb104777133a80770b306550b69b1d5846ee3f39468bd72208d1933c",
    ),
]


@pytest.mark.parametrize(("grid_id", "digest"), GOLDEN)
def test_the_heights_of_all_h_bn_spectra_have_not_changed(grid_id: str, digest: str) -> None:
    energies, dos = hbn_spectra()
    made = heights(energies, dos, 0.0, Grid.from_id(grid_id))
    assert hashlib.sha256(made.height.tobytes()).hexdigest() == digest


def against_oracle(energies: Floats, dos: Floats, shift: Floats | float, grid_id: str) -> int:
    """Compare all numbers of all spectra; how many the reference could make (it needs a covered column)."""
    made = heights(energies, dos, shift, Grid.from_id(grid_id))
    grid, n_compared = oracle().Grid.create(grid_id=grid_id), 0
    for i, (row, zero) in enumerate(zip(dos, np.broadcast_to(shift, len(dos)), strict=True)):
        first, last = made.first[i], made.last[i]
        if first == last:
            with pytest.raises((ValueError, IndexError, ZeroDivisionError)):
                oracle().DOSFingerprint().calculate(energies - zero, row, grid=grid)
            continue
        n_compared += 1
        with np.errstate(invalid="ignore"):
            expected = oracle().DOSFingerprint().calculate(energies - zero, row, grid=grid)
        bits = np.array(expected.get_bitarray().tolist()).reshape(-1, grid.n_pix)
        assert expected.indices == [first, last]
        assert bits.sum(axis=1).tolist() == made.height[i, first:last].tolist()
        assert not made.height[i, :first].any()
        assert not made.height[i, last:].any()
        assert made.filling[i] == expected.filling_factor
        assert made.overflow[i] == expected.overflow
        np.testing.assert_array_equal(made.undersampling[i], expected.undersampling)
    return n_compared


@pytest.mark.skipif(oracle() is None, reason=NO_ORACLE)
@pytest.mark.parametrize("grid_id", [FOCUSED_ON_VBM, DEFAULT])
def test_all_h_bn_spectra_equal_the_reference(grid_id: str) -> None:
    energies, dos = hbn_spectra()
    assert against_oracle(energies, dos, 0.0, grid_id) == 108


@pytest.mark.skipif(oracle() is None, reason=NO_ORACLE)
@pytest.mark.parametrize("grid_id", GRIDS)
def test_shifted_spectra_equal_the_reference(grid_id: str) -> None:
    energies, dos = hbn_spectra()
    shift = np.random.default_rng(1).uniform(-12, 12, 12)
    assert against_oracle(energies, dos[::9], shift, grid_id) > 0


@pytest.mark.skipif(oracle() is None, reason=NO_ORACLE)
@settings(max_examples=examples(60), deadline=None)
@given(spectra(), st.sampled_from(GRIDS))
def test_random_spectra_equal_the_reference(spectrum: tuple[Floats, Floats], grid_id: str) -> None:
    against_oracle(*spectrum, 0.0, grid_id)


MIXED = Path(os.environ.get("BIGDATA_MIRROR", "")) / "dos_mixed_codes" / "spectra.jsonl.gz"


@pytest.mark.skipif(oracle() is None, reason=NO_ORACLE)
@pytest.mark.skipif(not MIXED.is_file(), reason="needs dos_mixed_codes in the folder BIGDATA_MIRROR")
@pytest.mark.parametrize("grid_id", GRIDS)
def test_spectra_of_several_codes_equal_the_reference(grid_id: str) -> None:
    records = [json.loads(line) for line in gzip.decompress(MIXED.read_bytes()).splitlines()]
    compared = 0
    for record in records:
        dos = np.array(record["dos"], float).reshape(-1, len(record["energy_eV"])).sum(axis=0)
        compared += against_oracle(np.array(record["energy_eV"]), dos[None], 0.0, grid_id)
    assert compared > 20


def test_the_order_of_spectra_and_their_company_do_not_matter() -> None:
    energies, dos = hbn_spectra()
    shift = np.tile([0.0, 0.3, -1.7], 36)
    grid = Grid.from_id(FOCUSED_ON_VBM)
    together = heights(energies, dos, shift, grid, keep_states=True)
    for i in (0, 1, 2, 77, 107):
        alone = heights(energies, dos[i : i + 1], shift[i], grid, keep_states=True)
        assert together.states is not None
        assert alone.states is not None
        np.testing.assert_array_equal(alone.states[0], together.states[i])
        assert (alone.overflow[0], alone.filling[0]) == (together.overflow[i], together.filling[i])


def test_a_window_keeps_columns_that_are_integrated_in_full() -> None:
    energies, dos = hbn_spectra()
    grid = Grid.from_id(FOCUSED_ON_VBM)
    kept = grid.window(-6, 3)
    whole, part = (heights(energies, dos, 0.0, grid, columns, keep_states=True) for columns in (None, kept))
    np.testing.assert_array_equal(part.height, whole.height[:, kept])
    assert whole.states is not None
    assert part.states is not None
    np.testing.assert_array_equal(part.states, whole.states[:, kept])
    assert set(part.first) == {0}
    assert set(part.last) == {kept.stop - kept.start}
    np.testing.assert_allclose(part.filling, part.height.sum(axis=1) / (56 * part.height.shape[1]))


def test_a_spectrum_beside_the_grid_covers_nothing() -> None:
    made = heights(np.linspace(50, 60, 101), np.ones((2, 101)), 0.0, Grid())
    assert made.first.tolist() == made.last.tolist() == [0, 0]
    assert not made.height.any()
    assert np.isnan(made.filling).all()


def test_a_spectrum_shorter_than_a_step_covers_nothing() -> None:
    made = heights(np.array([0.01, 0.02, 0.03]), np.ones((1, 3)), 0.0, Grid())
    assert made.first == made.last


def test_an_empty_spectrum_has_no_undersampling() -> None:
    made = heights(np.linspace(-12, 8, 401), np.zeros((1, 401)), 0.0, Grid())
    assert (made.filling[0], made.overflow[0], made.last[0]) == (0.0, 0.0, 144)
    assert np.isnan(made.undersampling[0])


def test_no_spectra_make_no_fingerprints() -> None:
    assert heights(np.linspace(-1, 1, 11), np.zeros((0, 11)), 0.0, Grid()).height.shape == (0, 144)
