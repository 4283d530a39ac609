"""One search of the shipped alloys, which all tests that look at a run share."""

from __future__ import annotations

from typing import Any

import pytest

from bigdata.store.reading import Run
from tests.bench import Bench

SPEC: dict[str, Any] = {
    "study": "architecture-search",
    "name": "small",
    "dataset": {"name": "emt-prototypes", "target": "formation_energy_per_atom", "sample": {"entries": 120}},
    "graph": {"neighbors": 12},
    "training": {"batch": 16, "evaluate_every": 10, "baseline": "elements"},
    # Each network more has to be traced by TensorFlow, which takes as long as training it.
    "space": {
        "model.kind": ["schnet", "dense"],
        "model.latent": [8],
        "model.nodes": [16],
        "training.learning_rate": {"log_uniform": [1e-3, 3e-2]},
    },
    "search": {"method": "random", "trials": 8, "seed": 3},
    "stopping": {"method": "successive-halving", "min_steps": 20, "max_steps": 80, "factor": 2, "through": 0.4},
    "reward": {"beside": ["n_parameters", "seconds"]},
    "final": {"retrain": 2},
}


@pytest.fixture(scope="session")
def bench_of_search(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("search"))


@pytest.fixture(scope="session")
def run(bench_of_search: Bench) -> Run:
    pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")
    return bench_of_search.submit(bench_of_search.write("small.yaml", SPEC))
