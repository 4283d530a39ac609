"""Densities of states on the study's energies, and what a pack tells of a calculation."""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.calculators.calculation import Bands, Outcome, Results, Spectrum, StepRecord
from bigdata.data.materials.structures import Structure
from bigdata.studies.high_throughput.outcomes import (
    bands_bytes,
    calculated,
    on_grid,
    outcome_json,
    reason,
    spectrum_bytes,
    spectrum_of,
    structure_of,
)
from bigdata.studies.high_throughput.quantities import NAMES

GRID = np.linspace(-2.0, 2.0, 41)
CRYSTAL = Structure(np.eye(3) * 3, np.array([5, 7], np.uint8), np.array([[0, 0, 0], [0.5, 0.5, 0.25]]))
STEPS = (
    StepRecord("ground-state", 2, 20, 3.5, 3.0, 100, 4, 1_000),
    StepRecord("density-of-states", 1, 0, 1.5, 1.0, 300, 2, 500),
)


def outcome(status="done", reasons=(), **more):
    return Outcome(status, reasons, Results(CRYSTAL, -10.0, **more), STEPS)


def test_a_spectrum_on_the_study_s_own_energies_is_taken_as_it_is():
    values = np.arange(41.0)
    # Seven digits, as codes write energies.
    spectrum = Spectrum(np.round(GRID + 3.2, 7), np.stack([values, 2 * values]))
    assert on_grid(spectrum, 3.2, GRID).tolist() == (3 * values).tolist()


def test_a_longer_spectrum_on_the_same_energies_is_cut():
    long = np.linspace(-4.0, 4.0, 81)
    assert on_grid(Spectrum(long, long[None] ** 2), 0.0, GRID).tolist() == (long[20:61] ** 2).tolist()


def test_where_the_spectrum_does_not_reach_is_no_number():
    short = np.linspace(-1.0, 1.5, 300)
    found = on_grid(Spectrum(short, np.ones((1, 300))), 0.0, GRID)
    assert np.isnan(found[GRID < -1.06]).all()
    assert np.isnan(found[GRID > 1.56]).all()
    assert np.isfinite(found[(GRID > -1.04) & (GRID < 1.54)]).all()


@given(st.integers(50, 400), st.integers(0, 2**31))
def test_other_energies_neither_lose_nor_make_states(n, seed):
    draw = np.random.default_rng(seed)
    own = np.sort(draw.uniform(-1.9, 1.9, n))
    own[[0, -1]] = -1.9, 1.9
    values = draw.uniform(0, 5, n)
    values[[0, -1]] = 0
    own += np.arange(n) * 1e-9  # strictly ascending
    found = on_grid(Spectrum(own + 7.0, values[None]), 7.0, GRID)
    assert np.nansum(found) * 0.1 == pytest.approx(np.trapezoid(values, own), rel=1e-9)


def test_a_straight_line_stays_one_on_other_energies():
    own = np.linspace(-3.03, 3.07, 173)
    found = on_grid(Spectrum(own, 5 + own[None]), 0.0, GRID)
    np.testing.assert_allclose(found, 5 + GRID, rtol=1e-12)


def test_numbers_are_sums_over_steps_and_the_largest_force():
    forces = np.array([[0.0, 0.3, 0.4], [0.1, 0, 0]])
    numbers = dict(zip(NAMES, calculated(outcome(forces=forces, band_gap=1.5)), strict=True))
    assert numbers["status"] == 0
    assert numbers["max_force"] == pytest.approx(0.5)
    assert numbers["volume"] == pytest.approx(27.0)
    assert {name: numbers[name] for name in ("n_files", "n_bytes", "seconds", "cpu_seconds", "memory", "attempts")} == {
        "n_files": 6, "n_bytes": 1_500, "seconds": 5.0, "cpu_seconds": 4.0, "memory": 300, "attempts": 3,
    }  # fmt: skip


def test_a_failed_calculation_has_costs_and_no_physics():
    numbers = dict(zip(NAMES, calculated(outcome("failed", ("it didn't converge",), band_gap=1.0)), strict=True))
    assert numbers["status"] == 2
    assert np.isnan([numbers[name] for name in ("total_energy", "band_gap", "volume")]).all()
    assert numbers["seconds"] == 5.0


def test_reasons_are_one_short_text_each_said_once():
    assert reason(outcome("doubtful", ("a.", "b.", "a."))) == "a; b"
    assert len(reason(outcome("failed", ("x" * 999,)))) == 300


def test_a_pack_tells_the_hash_of_every_file_and_the_last_structure(tmp_path):
    (tmp_path / "ground-state").mkdir()
    (tmp_path / "ground-state/INFO.OUT").write_bytes(b"converged")
    (tmp_path / "other").write_bytes(b"of no step")
    text = outcome_json(outcome(radii={"B": 0.7}), tmp_path)
    told = json.loads(text)
    assert told["files"] == {"ground-state/INFO.OUT": {"bytes": 9, "sha256": hashlib.sha256(b"converged").hexdigest()}}
    assert told["results"]["total_energy"] == -10.0
    assert told["results"]["band_gap"] is None
    assert told["results"]["radii"] == {"B": 0.7}
    assert all(np.array_equal(a, b) for a, b in zip(structure_of(text), CRYSTAL, strict=True))


def test_spectra_and_bands_come_back_as_they_were():
    spectrum = Spectrum(GRID, np.stack([GRID**2, GRID**4]))
    again = spectrum_of(spectrum_bytes(spectrum))
    assert np.array_equal(again.energies, GRID)
    assert np.array_equal(again.values, spectrum.values)
    bands = Bands(np.zeros((3, 3)), np.arange(3.0), np.ones((1, 3, 4)), ((0.0, "G"), (2.0, "K")))
    with np.load(io.BytesIO(bands_bytes(bands))) as stored:
        assert stored["label"].tolist() == ["G", "K"]
        assert stored["label_distance"].tolist() == [0.0, 2.0]
        assert np.array_equal(stored["energies"], bands.energies)
