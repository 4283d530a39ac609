"""A standard expansion written for icet gives icet the same energies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata.errors import SpecError
from bigdata.lattices.clusters import cluster_space
from bigdata.lattices.correlations import correlations
from bigdata.lattices.prototypes import prototype
from bigdata.studies.cluster_expansion.icet_export import _atoms, _random, as_icet
from bigdata.studies.cluster_expansion.results import Expansion

CASES: dict[str, tuple[str, dict[str, float], Any, dict[int, float]]] = {
    "binary": ("fcc", {"a": 4.0}, [["Pd", "Ag"]], {2: 5.0, 3: 4.5}),
    "ternary": ("fcc", {"a": 4.0}, [["Pd", "Cu", "Ag"]], {2: 4.5, 3: 3.5}),
    "two sublattices, vacancies": (
        "rocksalt",
        {"a": 4.2},
        [["Li", "vacancy", "Mn"], ["O", "F"]],
        {2: 4.4, 3: 3.1},
    ),
}


def expansion(n_clusters: int, degree: int = 1) -> Expansion:
    """Every cluster with a random coefficient."""
    factors = np.full((n_clusters, degree), -1)
    factors[:, 0] = np.arange(n_clusters)
    if degree > 1:
        factors[0] = 0
    return Expansion(degree, factors, np.random.default_rng(1).normal(size=n_clusters), 0.3, "eV/atom")


@pytest.mark.parametrize("case", CASES)
def test_icet_predicts_what_the_expansion_predicts(case: str, tmp_path: Path) -> None:
    icet = pytest.importorskip("icet", reason="icet isn't installed")
    name, parameters, species, cutoffs = CASES[case]
    parent = prototype(name).parent(parameters, species)
    space = cluster_space(parent, cutoffs)
    ours = expansion(len(space))
    as_icet(space, cutoffs, ours).write(str(tmp_path / "expansion.ce"))
    theirs = icet.ClusterExpansion.read(str(tmp_path / "expansion.ce"))
    rng = np.random.default_rng(5)
    for _ in range(5):
        new = _random(parent, rng)
        expected = ours.predict(correlations(space, new))[0]
        assert theirs.predict(_atoms(parent, new)) == pytest.approx(expected, abs=1e-8)


def test_a_nonlinear_expansion_is_none_for_icet() -> None:
    parent = prototype("fcc").parent({"a": 4.0}, [["Pd", "Ag"]])
    space = cluster_space(parent, {2: 4.5})
    with pytest.raises(SpecError, match="icet's expansions are linear, and this one has features of degree 2"):
        as_icet(space, {2: 4.5}, expansion(len(space), 2))
