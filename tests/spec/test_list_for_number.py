"""Several numbers where one belongs: each of them can be run by a sweep."""

from __future__ import annotations

import pytest

from bigdata.errors import SpecError
from bigdata.spec import load_study

STUDY = """study: similarity
name: x
dataset: {name: hbn-dos-gpaw}
spectrum: {zero: valence-band-maximum, window: [-10 eV, 10 eV]}
fingerprint: {grid: "nonuniform:0:0.05:1.05:0.5:5.5:10:-10:10:56"}
similarity: {measure: tanimoto}
groups: {linkage: complete, min_similarity: GIVEN}
"""


def _problem(given: str) -> str:
    with pytest.raises(SpecError) as caught:
        load_study("x.yaml", text=STUDY.replace("GIVEN", given))
    (problem,) = caught.value.problems
    return problem.sentences


def test_a_list_of_numbers_for_one_is_told_how_to_run_each() -> None:
    assert "To run each of them: `sweep: {grid: {groups.min_similarity: [0.8, 0.9]}}`" in _problem("[0.8, 0.9]")


@pytest.mark.parametrize("given", ["[]", "[0.8, a]", "[true, 0.9]", "{a: 1}"])
def test_what_no_sweep_could_run_is_told_no_sweep(given: str) -> None:
    assert "sweep" not in _problem(given)
