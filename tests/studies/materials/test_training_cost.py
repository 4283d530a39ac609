"""What the plan says of time and memory, beside what was measured of the shipped study and of larger ones."""

from __future__ import annotations

import pytest

from bigdata.kind import PROCESS_BYTES
from bigdata.studies.materials.training_cost import step_seconds, training_bytes
from bigdata.studies.transferability.model import Transferability
from tests.bench import ROOT, Bench

GIB = 2**30
# Peaks of resident memory, by tests/benchmarks/training_memory.py: network, crystals, bytes.
PEAKS = [
    ("edge-gated", 5_000, 0.71 * GIB),
    ("mpeu", 5_000, 0.72 * GIB),
    ("painn", 5_000, 1.36 * GIB),
    ("edge-gated", 60_000, 0.90 * GIB),
    ("painn", 60_000, 2.15 * GIB),
]


def study(kind: str) -> Transferability:
    one = {"name": "emt-prototypes", "target": "formation_energy_per_atom"}
    given = {"name": "s", "datasets": {"a": one}, "graph": {"neighbors": 24}, "model": {"kind": kind}}
    return Transferability.model_validate(given)


@pytest.mark.parametrize(("kind", "n", "peak"), PEAKS, ids=[f"{kind}, {n:,} crystals" for kind, n, _ in PEAKS])
def test_memory_is_never_less_than_a_training_takes_and_not_half_as_much_again(kind: str, n: int, peak: float) -> None:
    assert 1.0 <= (PROCESS_BYTES + training_bytes(study(kind).model, n)) / peak <= 1.5


def test_trainings_of_the_shipped_study_take_about_what_they_took(bench: Bench) -> None:
    """47 s of CPU time on two workers: nine trainings of 800 steps, and TensorFlow loaded twice."""
    plan = bench.plan(ROOT / "specs/transferability.yaml")
    (train,) = [stage.stage for stage in plan.stages if stage.path == "train"]
    assert train.rate.seconds * sum(map(train.work, range(9))) == pytest.approx(46.6, rel=0.3)


def seconds(one: Transferability) -> float:
    return step_seconds(one.model, one.graph, one.training)


def test_a_step_is_as_long_as_its_batch_and_longer_for_larger_networks() -> None:
    small = study("mpeu")
    larger = small.model_copy(update={"model": small.model.model_copy(update={"latent": 128})})
    twice = small.model_copy(update={"training": small.training.model_copy(update={"batch": 64})})
    assert seconds(twice) == pytest.approx(2 * seconds(small))
    assert seconds(larger) > 2 * seconds(small)
