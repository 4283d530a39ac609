"""Matching as a stage of a study: entries of two datasets, told apart by what StructureMatcher says of all pairs."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from bigdata.data.materials.structures import Structures
from bigdata.errors import SpecError
from bigdata.store.reading import Run
from bigdata.studies.materials.model import USUAL
from bigdata.studies.overlap.results import Results
from tests.bench import Bench
from tests.report.made import made
from tests.studies.materials.test_matching import (
    by_hand,
    by_pymatgen,
    caesium_chloride,
    of_cells,
    rocksalt,
    shaken,
    turned,
)

LARGE = of_cells(rocksalt(), 2)
CRYSTALS = {
    "a": [rocksalt(), caesium_chloride(), shaken(LARGE, 0.015, 2), shaken(LARGE, 0.1, 3)],
    "b": [
        turned(of_cells(caesium_chloride(), 3)),
        rocksalt()._replace(numbers=np.array([3, 9], np.uint8)),
        rocksalt(6.2),
        shaken(LARGE, 0.02, 4),
    ],
}
SYMBOLS = {3: "Li", 9: "F", 11: "Na", 17: "Cl"}
STRUCTURELESS = {"id": "b-4", "formula": "NaCl"}
SHARES = ("--train", 0.5, "--validation", 0.2, "--test", 0.3)
SPLIT = {"train": 0.5, "validation": 0.2, "test": 0.3, "seed": 1}


def spec(*by: str, **more: Any) -> dict[str, Any]:
    datasets = {name: {"file": f"{name}.jsonl"} for name in CRYSTALS}
    return {"study": "overlap", "name": "matched", "datasets": datasets, "identity": {"by": list(by)}, **more}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("matches"))
    for name, crystals in CRYSTALS.items():
        rows: list[dict[str, Any]] = [
            {
                "id": f"{name}-{i}",
                "lattice": one.lattice.tolist(),
                "species": [SYMBOLS[z] for z in one.numbers.tolist()],
                "frac_coords": one.positions.tolist(),
            }
            for i, one in enumerate(crystals)
        ]
        rows += [STRUCTURELESS] if name == "b" else []
        (bench.folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return bench


@pytest.fixture(scope="module")
def run(bench: Bench) -> Run:
    return bench.submit(bench.write("matched.yaml", spec("matched")))


@pytest.fixture(scope="module")
def right() -> list[int]:
    """The class of each entry of both datasets, by pymatgen on the cells as given; the last has no structure."""
    structures = Structures.of(one for crystals in CRYSTALS.values() for one in crystals)
    same = [pair for pair in combinations(range(8), 2) if 5 not in pair and by_pymatgen(structures, *pair, USUAL)]
    return by_hand(9, same)


def together(run: Run, array: str) -> list[int]:
    return [int(value) for name in CRYSTALS for value in run[f"{array}_{name}"][...]]


def test_groups_are_the_classes_of_entries_of_all_datasets(run: Run, right: list[int]) -> None:
    groups = together(run, "group")
    assert 3 < len(set(right)) < 8
    assert [[a == b for a in groups] for b in groups] == [[a == b for a in right] for b in right]


def test_groups_are_named_by_formula_and_the_order_of_their_first_entries(run: Run, right: list[int]) -> None:
    salts = list(dict.fromkeys(of for entry, of in enumerate(right) if entry != 5))
    names = [f"NaCl#{salts.index(of) + 1}" if of in salts else "LiF#1" for of in right]
    found = run.once(Results)
    assert [*found.labelled["a"].labels, *found.labelled["b"].labels] == names
    assert found.labels(together(run, "group")) == names


def test_an_entry_without_structure_is_a_group_of_its_own_and_named(run: Run) -> None:
    groups = together(run, "group")
    assert groups.count(groups[-1]) == 1
    assert "b: 1 entry has no structure (b-4): each is a group of its own" in run.resolved["notes"]


def test_plan_and_report_say_how_many_pairs_there_are(run: Run) -> None:
    # Seven salts with structures in both datasets.
    said = "21 pairs of entries that have one formula, in all datasets together, are compared by StructureMatcher"
    assert said in run.resolved["notes"]
    assert any("of 21 pairs of entries of one formula for the same crystal" in text for text in made(run).summary)


def test_groups_by_several_parts_agree_in_all_of_them(bench: Bench, right: list[int]) -> None:
    found = bench.submit(bench.write("both.yaml", spec("spacegroup", "matched")))
    groups, numbers = together(found, "group"), together(found, "spacegroup")
    agree = [(a, b) for a, b in combinations(range(8), 2) if right[a] == right[b] and numbers[a] == numbers[b]]
    assert [(a, b) for a, b in combinations(range(8), 2) if groups[a] == groups[b]] == agree
    assert len(agree) < sum(right[a] == right[b] for a, b in combinations(range(8), 2))


def test_what_was_matched_is_known_to_a_study_that_splits_otherwise(bench: Bench, run: Run) -> None:
    asked = spec("reduced_formula", "matched", split={"folds": 3})
    plan = bench.plan(bench.write("known.yaml", asked))
    assert {stage.path: len(stage.known) for stage in plan.variants[0].stages} == {"match": 1, "groups": 0}


@pytest.mark.parametrize(("seed", "any_at_all"), [(3, True), (0, False)])
def test_test_entries_that_match_one_of_training_are_counted(
    bench: Bench, right: list[int], seed: int, any_at_all: bool
) -> None:
    asked = spec("spacegroup", split={**SPLIT, "seed": seed})
    asked["identity"]["cross_check"] = "matched"
    found = bench.submit(bench.write("twins.yaml", asked))
    parts = together(found, "split")
    taught = {of for of, part in zip(right, parts, strict=True) if part == 0}
    twins = [int(part == 2 and of in taught) for of, part in zip(right, parts, strict=True)]
    assert together(found, "twin") == twins
    assert any(twins) == any_at_all
    said = f"By StructureMatcher, {sum(twins)} of {parts.count(2)} test entries"
    assert any(said in text for text in made(found).summary)


def test_a_split_file_of_matched_groups_holds_for_the_same_entries_alone(bench: Bench, run: Run) -> None:
    done = bench.bigdata("datasets", "split", "a.jsonl", "b.jsonl", "--by", "matched", "--out", "m.json", *SHARES)
    assert done.returncode == 0, done.stderr
    asked = spec("matched", split={"file": "m.json"})
    found = bench.submit(bench.write("same.yaml", asked))
    content = json.loads((bench.folder / "m.json").read_text())
    part_of = {label: i for i, part in enumerate(content["folds"].values()) for label in part}
    labels = [label for one in run.once(Results).labelled.values() for label in one.labels]
    assert together(found, "split") == [part_of[label] for label in labels]
    looser = {**asked, "identity": {"by": ["matched"], "stol": 0.5}}
    with pytest.raises(SpecError, match=r"told apart by matched, ltol 0\.2, stol 0\.3, angle_tol 5"):
        bench.plan(bench.write("looser.yaml", looser))
    asked["datasets"] = dict(reversed(asked["datasets"].items()))
    with pytest.raises(SpecError, match="was made for other entries, and `matched` numbers its groups among all"):
        bench.plan(bench.write("other.yaml", asked))
