"""The datasets known by name."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest

from bigdata.data import DataProblem
from bigdata.data.materials import dataset as materials
from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.origin import MaterialsFormat, NamedMaterials
from bigdata.data.model import NamedDataset
from bigdata.data.registry import TABLE, Registered, names, of_kind, read, registered
from bigdata.data.spectra import dataset as spectra
from bigdata.data.spectra.origin import SpectraFormat
from bigdata.errors import SpecError

DOCUMENT = """\
---
name: first
kind: materials
title: One
reader: csv
n_entries: 1
licence: CC0
citation: Nobody.
fields: {gap: {unit: eV, meaning: band gap}}
"""


@pytest.fixture(params=names())
def entry(request: pytest.FixtureRequest) -> Registered:
    """Each dataset of the table; one that is wrong there fails with the line that says so."""
    return registered(request.param)


def test_each_says_what_it_holds_and_under_which_terms(entry):
    assert entry.title
    assert entry.n_entries > 0
    assert entry.licence
    assert entry.citation.endswith(".")
    assert all(name == field.name and field.meaning for name, field in entry.fields.items())


def test_each_can_be_had(entry):
    assert entry.shipped or entry.sources or any("mirror" in note for note in entry.notes)
    assert entry.shipped or entry.sources or entry.mirror


def test_each_file_has_a_known_format(entry):
    formats = get_args(SpectraFormat) if entry.kind == "spectra" else get_args(MaterialsFormat)
    assert {file.reader for file in (*entry.sources, *entry.mirror)} | {entry.reader} <= set(formats)


def test_files_of_a_mirror_and_of_the_package_have_a_digest(entry):
    assert all(file.sha256 for file in entry.mirror)
    assert bool(entry.shipped) == bool(entry.sha256)


def test_files_of_a_dataset_have_names_of_their_own(entry):
    kept = [source.file for source in entry.sources]
    assert len(set(kept)) == len(kept)
    assert not any("/" in name for name in kept)
    assert all(source.url.startswith("https://") for source in entry.sources)


def test_every_document_of_the_table_is_told_by_its_first_lines():
    documents = TABLE.read_text(encoding="utf-8").split("\n---\n")[1:]
    assert len(documents) == len(names()) == len(set(names()))
    assert [(name, registered(name).kind) for name in names()] == [
        (name, kind) for kind in ("spectra", "materials") for name in names(kind)
    ]


WRONG = {
    "an unknown key": ("title: One", "titel: One", "13:1: titel: "),
    "an unknown key of a field": ("{unit: eV,", "{units: eV,", "18:16: fields.gap.units: "),
    "a field that is a text": ("{unit: eV, meaning: band gap}", "band gap", "18:15: fields.gap: "),
    "a number in words": ("n_entries: 1", "n_entries: one", "15:12: n_entries: "),
    "half a digest": ("licence:", "sha256: abc\nlicence:", "16:9: sha256: "),
    "a key left out": ("reader: csv\n", "", "11:1: reader: "),
    "not YAML": ("title: One", "title: One: two", "13:11: "),
}


@pytest.mark.parametrize(("right", "wrong", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_in_the_table_is_said_with_its_line(right, wrong, said, tmp_path):
    table = tmp_path / "table.yaml"
    table.write_text(DOCUMENT + DOCUMENT.replace("first", "second").replace(right, wrong))
    assert read("first", table).fields["gap"].unit == "eV"
    with pytest.raises(SpecError) as raised:
        read("second", table)
    assert f"{table}:{said}" in str(raised.value)


def test_data_without_licence_are_marked_and_say_so():
    marked = {name for name in names() if registered(name).fetch_only}
    assert marked == {"aflow-bandgap", "aflow-bandgap-binaries", "nomad2018-algainO"}
    assert all("only ever fetched by the user" in registered(name).licence for name in marked)


def test_all_tasks_of_matbench_are_there():
    tasks = [registered(name) for name in names("materials") if name.startswith("matbench-")]
    assert len(tasks) == 13
    assert sum(task.has_structures for task in tasks) == 9


@pytest.mark.parametrize("name", [name for name in names() if registered(name).shipped])
def test_the_values_that_a_field_is_said_to_have_are_those_of_the_data(name):
    asked = NamedDataset(name=name)
    dataset = spectra.import_named(asked) if registered(name).kind == "spectra" else materials.import_named(asked)
    said = {field: set(about.values) for field, about in registered(name).fields.items() if about.values}
    assert said == {field: {v for v in dataset.columns[field] if v is not None} for field in said}


def test_a_dataset_of_the_other_kind_is_refused_with_those_that_fit():
    with pytest.raises(DataProblem, match=r"`hbn-dos-gpaw` holds spectra, no materials\. Those of materials are emt-"):
        of_kind("hbn-dos-gpaw", "materials")


def test_names_of_a_kind():
    assert names("spectra") == ("hbn-dos-gpaw",)
    assert "mp20-biternary" in names("materials")


def test_an_unknown_name_shows_those_that_exist():
    with pytest.raises(DataProblem) as raised:
        registered("mp-20")
    (finding,) = raised.value.findings
    assert (finding.path, finding.given) == (("name",), "mp-20")
    assert "mp20-biternary" in finding.known


def test_the_registry_loads_nothing_heavy():
    heavy = ["numpy", "zarr", "pymatgen", "moyopy", "scipy", "pooch", "requests", "urllib3", "dask"]
    code = f"import sys, bigdata.data.registry; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


SHIPPED = [name for name in names("materials") if registered(name).shipped]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_elements_of_a_dataset_that_comes_with_the_package_are_those_of_its_structures(name):
    """A spec's species are checked against them without the data being read."""
    found = materials.open_materials(NamedMaterials(name=name), TABLE.parent)
    numbers = set(found.structures.numbers.tolist()) if found.has_structures else set()
    assert {SYMBOLS[n] for n in numbers} == set(registered(name).elements)
    assert found.has_structures == registered(name).has_structures
