"""Estimates of a calculation's time, files and bytes, beside what Elk 8.4 took and left on one core."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bigdata.studies.high_throughput.estimates import FILES, Estimate
from bigdata.studies.high_throughput.settings import One

# Atoms, k-points, rgkmax; CPU seconds and MB of the ground state and of the density of states together.
MEASURED = [
    (4, 8, 4.0, 4.4, 7.2), (4, 32, 4.0, 5.6, 7.8), (4, 8, 5.0, 7.3, 7.6), (4, 8, 7.0, 41.5, 9.0),
    (4, 72, 5.0, 17.2, 10.1), (2, 8, 4.0, 1.9, 5.1), (2, 8, 5.0, 2.2, 5.2), (2, 8, 7.0, 2.9, 5.3),
    (2, 72, 5.0, 3.0, 5.7), (2, 72, 7.0, 7.2, 6.5),
]  # fmt: skip


def estimate(atoms, k_points, rgkmax, raw="packed"):
    one = One(xc="LDA", k_grid=(k_points, 1, 1), basis={"rgkmax": rgkmax})
    structures = SimpleNamespace(n_atoms=np.array([atoms]))
    calculations = SimpleNamespace(structures=structures, points=(one,), n_k_points=np.array([[k_points]]))
    workflow, calculator = ("density-of-states",), SimpleNamespace(code="elk", cores=2)
    model = SimpleNamespace(workflow=workflow, calculator=calculator, archive=SimpleNamespace(raw=raw))
    return Estimate(model, calculations)


@pytest.mark.parametrize(("atoms", "k_points", "rgkmax", "seconds", "megabytes"), MEASURED)
def test_estimates_lie_within_a_factor_of_three_of_what_was_measured(atoms, k_points, rgkmax, seconds, megabytes):
    found = estimate(atoms, k_points, rgkmax)
    assert 1 / 3 < found.seconds[0, 0] / seconds < 3
    assert 2 / 3 < found.n_bytes[0, 0] / 1e6 / megabytes < 1.5
    assert found.work(0) == found.seconds[0, 0] / 2


def test_packs_and_files_are_about_those_of_elk():
    assert 0.7 < estimate(4, 8, 4.0).packed_bytes / 312_000 < 1.4
    assert 0.7 < estimate(2, 8, 4.0).packed_bytes / 195_000 < 1.4
    assert estimate(2, 8, 4.0, raw="dropped").packed_bytes < 12_000
    assert 0.9 < sum(FILES[step] for step in estimate(4, 8, 4.0).steps) / 44 < 1.1
