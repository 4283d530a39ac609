"""What a study's YAML means: who is trained on what, and tested on what."""

from __future__ import annotations

from bigdata.studies.transferability.model import Transferability

DATASET = {"name": "emt-prototypes", "target": "formation_energy_per_atom"}


def study(**combined: object) -> Transferability:
    datasets = {"a": DATASET, "b": DATASET}
    return Transferability.model_validate(
        {"name": "s", "datasets": datasets, "combined": combined, "model": {"kind": "schnet"}}
    )


def test_combinations_of_the_same_datasets_have_one_test_part():
    of = study(mixed=["a", "b"], together={"of": ["b", "a"], "references": "elements"})
    assert list(of.members) == ["a", "b", "mixed", "together"]
    assert of.test_sets == {"a": ("a",), "b": ("b",), "mixed": ("a", "b")}


def test_strangers_are_models_with_datasets_that_they_are_not_trained_on():
    assert study(mixed=["a", "b"]).strangers == [("a", "b"), ("b", "a")]
