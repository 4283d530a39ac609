"""The groups of a study's entries, as any kind gets them: for a study with the fields of `GroupedStudy`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from bigdata.data.materials.origin import MaterialsFile
from bigdata.kind import Findings, Input
from bigdata.studies.materials.datasets import inputs_of
from bigdata.studies.materials.entries import Entries, entries_by_dataset
from bigdata.studies.materials.grouping import (
    Grouped,
    bin_edges,
    coordinates,
    grouped,
    groups_stage,
    refuse_several_units,
)
from bigdata.studies.materials.model import Identity, Split, Target

ROWS = {
    "a": [("AlNi", 1.0), ("Ni3Al", 2.0), ("NiAl", 3.0), ("TiO2", 4.0)],
    "b": [("Al2Ni2", 5.0), ("NaCl", 0.5)],
}


@dataclass(frozen=True)
class Study:
    """All that grouping asks of a study."""

    datasets: dict[str, MaterialsFile]
    target: Target = field(default_factory=Target)
    identity: Identity = field(default_factory=lambda: Identity(by=("reduced_formula",)))
    split: Split | None = None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grouping")
    for name, rows in ROWS.items():
        (folder / f"{name}.csv").write_text("formula,x_eV\n" + "".join(f"{f},{x}\n" for f, x in rows))
    return folder


@pytest.fixture(scope="module")
def study() -> Study:
    return Study({name: MaterialsFile(file=f"{name}.csv", target="x_eV") for name in ROWS})


@pytest.fixture(scope="module")
def inputs(study: Study, folder: Path) -> dict[str, Input]:
    return inputs_of(study.datasets, study.identity, None, folder)


@pytest.fixture(scope="module")
def entries(study: Study, inputs: dict[str, Input]) -> dict[str, Entries]:
    return entries_by_dataset(study.datasets, inputs, study.target)


def test_entries_of_one_material_have_one_label_and_number_in_all_datasets(
    study: Study, entries: dict[str, Entries], inputs: dict[str, Input]
) -> None:
    found: Grouped = grouped(study, entries, inputs)
    codes = found.shared.codes
    assert found.labels["a"][0] == found.labels["a"][2] == found.labels["b"][0]
    assert codes["a"][0] == codes["a"][2] == codes["b"][0]
    assert len({*codes["a"].tolist(), *codes["b"].tolist()}) == 4
    assert found.shared.matrix.tolist() == [[3, 1], [1, 2]]
    assert found.shared.entries.tolist() == [[4, 2], [1, 2]]


def test_parts_number_each_entrys_part_of_the_split(
    study: Study, entries: dict[str, Entries], inputs: dict[str, Input]
) -> None:
    assert grouped(study, entries, inputs).parts == {}
    found = grouped(replace(study, split=Split(folds=3)), entries, inputs)
    assert found.split is not None
    for name, labels in found.labels.items():
        member_of = [next(i for i, f in enumerate(found.split.folds) if la in found.split.members(f)) for la in labels]
        assert found.parts[name].tolist() == member_of


def test_the_stage_and_the_coordinates_have_a_row_for_each_entry(study: Study, entries: dict[str, Entries]) -> None:
    stage = groups_stage(replace(study, split=Split()), entries, "m:f", {}, (), ())
    shapes = {array.name: array.shape for array in stage.arrays}
    assert shapes["group_a"] == shapes["split_a"] == (4,)
    assert shapes["histogram"] == (2, 60)
    named = Counter(c.dim for c in coordinates(study, entries))
    assert named == {"dataset": 1, "dataset_2": 1, "entry_a": 4, "entry_b": 4, "bin": 1}


def test_bins_go_from_the_least_to_the_greatest_of_all_targets(entries: dict[str, Entries]) -> None:
    np.testing.assert_allclose(bin_edges(entries), 0.5 + np.arange(61) * 4.5 / 60)
    without = {name: replace(e, values=np.empty(0)) for name, e in entries.items()}
    assert len(bin_edges(without)) == 1


def test_targets_of_several_units_are_refused(entries: dict[str, Entries]) -> None:
    refuse_several_units(entries)
    with pytest.raises(Findings, match="a eV, b eV/atom"):
        refuse_several_units({**entries, "b": replace(entries["b"], unit="eV/atom")})
