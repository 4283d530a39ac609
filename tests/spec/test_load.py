"""Loading studies: layers, sweeps, overrides and what the resolved study holds."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bigdata.errors import SpecError
from bigdata.spec import Study, load_study, study_from_resolved
from bigdata.spec.layers import parsed_path
from bigdata.spec.node import Source
from bigdata.spec.source import read_text
from bigdata.spec.sweep import swept
from bigdata.studies.similarity.model import Above, Blocks, Convergence, Groups, Nearest, Similarity

CONTRACT = """\
study: similarity
name: hbn-dos
description: Convergence of the h-BN density of states with k-points, basis size and functional
dataset: {name: hbn-dos-gpaw, where: {xc: [LDA, PBE]}}
spectrum: {zero: valence-band-maximum, window: [-10 eV, 10 eV]}
fingerprint: {grid: "nonuniform:0:0.05:1.05:0.5:5.5:10:-10:10:56"}
similarity: {measure: tanimoto, keep: matrix}
order_by: [xc, n_kpts_full, mode, n_basis]
groups: {linkage: complete, min_similarity: 0.9}
"""
SMALL = "study: similarity\nname: x\ndataset: {name: hbn-dos-gpaw}\n"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str, name: str = "study.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def model(study: Study) -> Similarity:
    found = study.variants[0].model
    assert isinstance(found, Similarity)
    return found


def message(path: Path, *overrides: str) -> str:
    with pytest.raises(SpecError) as caught:
        load_study(path, overrides)
    return str(caught.value).replace(str(path.parent) + os.sep, "")


def test_the_contract_is_accepted_as_it_stands(write: Write) -> None:
    study = load_study(write(CONTRACT))
    similarity = model(study)
    assert (study.kind, study.name, len(study.variants)) == ("similarity", "hbn-dos", 1)
    assert similarity.spectrum.window == (-10.0, 10.0)
    assert similarity.fingerprint.grid == "nonuniform:0:0.05:1.05:0.5:5.5:10:-10:10:56"
    assert similarity.groups is not None
    assert similarity.groups.min_similarity == 0.9


def test_defaults_that_follow_from_the_order_are_filled(write: Write) -> None:
    similarity = model(load_study(write(CONTRACT)))
    assert similarity.blocks == Blocks(by=["xc", "n_kpts_full"])
    assert similarity.convergence == Convergence(within=["xc"])


def test_a_part_set_to_null_stays_off(write: Write) -> None:
    similarity = model(load_study(write(CONTRACT + "blocks: null\nconvergence: null\n")))
    assert similarity.blocks is None
    assert similarity.convergence is None


def test_a_neighbour_list_has_no_blocks(write: Write) -> None:
    similarity = model(load_study(write(SMALL + "order_by: [xc]\nsimilarity: {keep: {nearest: 3}}\n")))
    assert similarity.blocks is None
    assert similarity.similarity.keep == Nearest(nearest=3)


def test_a_grid_of_fields_is_the_same_as_its_id(write: Write) -> None:
    grid = "{reference: 0 eV, width: 10 eV, cutoff: [-10 eV, 10 eV]}"
    similarity = model(load_study(write(SMALL + f"fingerprint: {{grid: {grid}}}\n")))
    assert similarity.fingerprint.grid == "nonuniform:0:0.05:1.05:0.5:5.5:10:-10:10:56"


def test_an_empty_mapping_of_grid_fields_is_the_default_grid(write: Write) -> None:
    fields = model(load_study(write(SMALL + "fingerprint: {grid: {}}\n")))
    assert fields.fingerprint == model(load_study(write(SMALL))).fingerprint


def test_the_resolved_study_reads_back_equal(write: Write) -> None:
    sweep = "sweep: {grid: {similarity.keep: [matrix, {above: 0.5}]}}\n"
    study = load_study(write(CONTRACT.replace("groups", "# groups") + sweep))
    text = json.dumps(study.resolved())
    back = study_from_resolved(json.loads(text))
    assert back.variants == study.variants
    assert json.dumps(back.resolved()) == text


def test_the_resolved_study_holds_numbers_in_base_units_and_no_paths(write: Write) -> None:
    path = write(SMALL + "spectrum: {window: [-1 Ha, 500 meV]}\n")
    resolved = load_study(path).resolved()
    assert resolved["variants"][0]["study"]["spectrum"]["window"] == [-27.211386245981, 0.5]
    assert str(path.parent) not in json.dumps(resolved)


def test_a_later_problem_finds_its_place(write: Write) -> None:
    path = write(SMALL + "order_by: [xc, mode]\n")
    problem = load_study(path).problem(("order_by", 1), "varies")
    assert (problem.place.line, problem.place.column, problem.path) == (4, 16, "order_by[1]")


# --set


def test_set_overrides_and_adds(write: Write) -> None:
    sets = (
        "similarity.measure=dice",
        "groups.min_similarity=0.5",
        "order_by=[xc, mode]",
        "order_by.1=n_basis",
    )
    similarity = model(load_study(write(SMALL), sets))
    assert similarity.similarity.measure == "dice"
    assert similarity.groups == Groups(min_similarity=0.5)
    assert similarity.order_by == ["xc", "n_basis"]


def test_set_puts_a_mapping_in_place_of_a_word(write: Write) -> None:
    similarity = model(load_study(write(SMALL), ["similarity.keep.above=.5"]))
    assert similarity.similarity.keep == Above(above=0.5)


SETS = {
    "similarity.measure=dyce": "--set similarity.measure=dyce: similarity.measure: `dyce` is not known here. "
    "Write `tanimoto`, `dice`, `cosine` or `integrated-l1`. Did you mean `dice`?",
    "spectrum.window=[1, 2 eV]": "--set spectrum.window=[1, 2 eV]: spectrum.window[0]: 1 has no unit. "
    'Write an energy with its unit, such as "1 eV".',
    "simlarity.measure=dice": "--set simlarity.measure=dice: simlarity: unknown key.",
    "order_by.7=xc": "--set order_by.7=xc: order_by[7]: there is no item 7 in `order_by`. "
    "The list has 1 item, counted from 0.",
    "name": "--set name: names no value. Write --set path.to.key=value.",
    "=3": "--set =3: names no key. Write --set path.to.key=value.",
    "a..b=3": "--set a..b=3: names no key. Write --set path.to.key=value.",
    "extends=x.yaml": "--set extends=x.yaml: extends: can't be set. Write `extends:` into the file.",
    "order_by=[xc": "--set order_by=[xc: order_by: the list that begins here doesn't end with `]`.",
    "name=2018-06-01": '--set name=2018-06-01: name: 2018-06-01 without quotes is a date in YAML. Write "2018-06-01".',
    "order_by=!!set [xc]": "--set order_by=!!set [xc]: order_by: has the tag `!!set`; tags are not allowed in a spec.",
}


@pytest.mark.parametrize("override", SETS)
def test_set_is_named_as_the_origin_of_what_is_wrong_with_it(write: Write, override: str) -> None:
    assert message(write(SMALL + "order_by: [xc]\n"), override).startswith(SETS[override])


# extends


def test_a_child_counts_over_its_parent_key_by_key(write: Write) -> None:
    write(CONTRACT, "base/parent.yaml")
    child = write("extends: base/parent.yaml\nname: child\nsimilarity: {measure: dice}\norder_by: [xc]\n")
    similarity = model(load_study(child))
    assert (similarity.name, similarity.similarity.measure, similarity.similarity.keep) == (
        "child",
        "dice",
        "matrix",
    )
    assert similarity.order_by == ["xc"]
    assert [path.name for path in load_study(child).files] == ["study.yaml", "parent.yaml"]


def test_a_circle_of_parents_is_shown(write: Write) -> None:
    write("extends: study.yaml\n", "parent.yaml")
    text = message(write(SMALL + "extends: parent.yaml\n"))
    assert "parent.yaml:1:10: extends: goes round in a circle" in text
    assert "`study.yaml` → `parent.yaml` → `study.yaml`" in text


def test_problems_of_a_parent_stand_after_those_of_the_child_and_name_its_file(write: Write) -> None:
    write("spectrum: {zero: Fermi}\n", "parent.yaml")
    lines = message(write(SMALL + "extends: parent.yaml\ngroups: {linkage: ward}\n")).splitlines()
    places = [line.split(": ")[0] for line in lines if not line.startswith(" ")]
    assert places == ["study.yaml:5:19", "parent.yaml:1:18"]


# sweep


def test_a_grid_takes_every_combination_and_a_zip_goes_side_by_side(write: Write) -> None:
    sweep = """sweep:
  grid: {similarity.measure: [tanimoto, dice]}
  zip: {spectrum.zero: [fermi, none], order_by: [[xc], [mode]]}
  exclude: [{similarity.measure: dice, spectrum.zero: none}]
"""
    study = load_study(write(SMALL + sweep))
    assert [v.label for v in study.variants] == [
        "similarity.measure=tanimoto, spectrum.zero=fermi",
        "similarity.measure=tanimoto, spectrum.zero=none",
        "similarity.measure=dice, spectrum.zero=fermi",
    ]
    assert study.variants[2].settings == {
        "similarity.measure": "dice",
        "spectrum.zero": "fermi",
        "order_by": ["xc"],
    }
    assert len({v.model.model_dump_json() for v in study.variants}) == 3


@pytest.mark.parametrize(
    ("excluded", "dropped"),
    [("1", "1"), ("true", "True"), ("2", "2.0"), ("[1.0]", "[1]"), ("{a: 1.0}", "{'a': 1}")]
    + [(never, "") for never in ("[true]", "{a: true}", "{a: 2}", "false", "[1, 1]")],
)
def test_one_and_true_are_two_values_to_an_exclude(excluded: str, dropped: str) -> None:
    text = f"sweep: {{grid: {{a.b: [1, 2.0, true, [1], {{a: 1}}]}}, exclude: [{{a.b: {excluded}}}]}}\n"
    root, problems = read_text(text, Source("s.yaml", tuple(text.split("\n"))))
    node = root.child("sweep")
    assert node is not None
    left = {repr(s.values.get("a.b")) for s in swept(root, node, problems)}
    if dropped:
        assert not problems
        assert {"1", "2.0", "True", "[1]", "{'a': 1}"} - left == {dropped}
    else:
        assert "never has the value" in problems[0].problem.what


def test_a_key_of_a_path_keeps_its_text() -> None:
    assert parsed_path("a.007.0.12.00") == ("a", "007", 0, 12, "00")


def test_a_problem_of_several_variants_is_said_once(write: Write) -> None:
    text = message(write(SMALL + "groups: {linkage: ward}\nsweep: {grid: {similarity.measure: [dice, cosine]}}\n"))
    assert text.count("ward") == 2  # in the sentence and in the line shown


# what YAML says


def test_aliases_and_merges_are_followed(write: Write) -> None:
    text = "dataset: {name: hbn-dos-gpaw}\nsimilarity: {<<: {measure: dice}, keep: matrix}\n"
    similarity = model(
        load_study(write("study: similarity\nname: x\n" + text + "order_by: &o [xc]\nblocks: {by: *o}\n"))
    )
    assert similarity.similarity.measure == "dice"
    assert similarity.blocks == Blocks(by=["xc"])


@pytest.mark.parametrize("name", ["'2018-06-01'", '"2018"', "1e5x", "yes", "0x1g", "12.5.1"])
def test_text_that_is_not_a_number_or_a_date_is_a_name(write: Write, name: str) -> None:
    assert load_study(write(SMALL.replace("name: x", f"name: {name}"))).name == name.strip("'\"")


@pytest.mark.parametrize(("text", "value"), [("1", 1.0), ("9e-1", 0.9), (".5", 0.5), ("0", 0.0), ("1E-5", 1e-5)])
def test_numbers_are_numbers_without_a_point_too(write: Write, text: str, value: float) -> None:
    similarity = model(load_study(write(SMALL), [f"groups.min_similarity={text}"]))
    assert similarity.groups == Groups(min_similarity=value)


def test_a_file_with_windows_line_ends_and_a_byte_order_mark_is_read(write: Write) -> None:
    path = write(SMALL)
    path.write_bytes(b"\xef\xbb\xbf" + (SMALL + "groups: {linkage: ward}\n").replace("\n", "\r\n").encode())
    assert message(path).startswith("study.yaml:4:19: groups.linkage: `ward` is not known here.")


def test_a_missing_file_suggests_its_neighbour(write: Write) -> None:
    path = write(SMALL)
    text = message(path.with_name("studdy.yaml"))
    assert text.startswith("studdy.yaml: there is no such file. Did you mean `study.yaml`?")


def test_a_folder_is_no_spec(tmp_path: Path) -> None:
    assert message(tmp_path).endswith("is a folder, and not that of a run. Name a YAML file in it.")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_said_to_be_so(write: Write) -> None:
    path = write(SMALL)
    path.chmod(0)
    assert "can't be read (Permission denied)" in message(path)


def test_a_large_file_is_no_spec(write: Write) -> None:
    assert "is larger than 1 MB" in message(write("# " + "x" * 1_000_000))


def test_a_sweep_over_mappings_is_labelled_by_the_words_that_tell_variants_apart(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "study: similarity\nname: s\ndataset: {name: hbn-dos-gpaw}\n"
        "sweep:\n  zip:\n    similarity.measure: [tanimoto, dice]\n    similarity.keep: [{nearest: 5}, {above: 0.9}]\n"
    )
    labels = [v.label for v in load_study(tmp_path / "s.yaml").variants]
    assert labels == ["similarity.measure=tanimoto", "similarity.measure=dice"]
    text = (tmp_path / "s.yaml").read_text().replace("[tanimoto, dice]", "[dice, dice]")
    (tmp_path / "s.yaml").write_text(text)
    labels = [v.label for v in load_study(tmp_path / "s.yaml").variants]
    assert labels[0] == 'similarity.measure=dice, similarity.keep={"nearest": 5}'


def test_words_where_lists_belong_are_one_problem_that_shows_the_shape(write: Write) -> None:
    spec = """study: cluster-expansion
name: x
dataset: {name: emt-copper-gold}
target: {field: mixing_energy, units: eV/atom}
parent: {lattice: {prototype: fcc, a: 3.85 angstrom}, sublattices: [Cu, Au]}
clusters: {cutoffs: {2: 9 angstrom}}
"""
    lines = message(write(spec)).splitlines()
    assert [line for line in lines if "study.yaml" in line] == [
        "study.yaml:5:68: parent.sublattices: has words where lists belong. "
        "Write lists in the list, in brackets of their own: [[Cu, Au]]."
    ]
