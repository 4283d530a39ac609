"""The datasets known by name."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest

from bigdata.data import DataProblem
from bigdata.data.materials.origin import MaterialsFormat
from bigdata.data.registry import names, registered
from bigdata.data.spectra.origin import SpectraFormat

EVERY = pytest.mark.parametrize("entry", [registered(name) for name in names()], ids=lambda entry: entry.name)


@EVERY
def test_each_says_what_it_holds_and_under_which_terms(entry):
    assert entry.title
    assert entry.n_entries > 0
    assert entry.licence
    assert entry.citation.endswith(".")
    assert all(name == field.name and field.meaning for name, field in entry.fields.items())


@EVERY
def test_each_can_be_had(entry):
    assert entry.shipped or entry.sources or any("mirror" in note for note in entry.notes)
    assert entry.shipped or entry.sources or entry.mirror


@EVERY
def test_each_file_has_a_known_format(entry):
    formats = get_args(SpectraFormat) if entry.kind == "spectra" else get_args(MaterialsFormat)
    assert {file.reader for file in (*entry.sources, *entry.mirror)} | {entry.reader} <= set(formats)


@EVERY
def test_digests_are_whole(entry):
    digests = [entry.sha256, *(file.sha256 for file in (*entry.sources, *entry.mirror))]
    assert all(digest == "" or (len(digest) == 64 and set(digest) <= set("0123456789abcdef")) for digest in digests)
    assert all(file.sha256 for file in entry.mirror)


@EVERY
def test_files_of_a_dataset_have_names_of_their_own(entry):
    kept = [source.file for source in entry.sources]
    assert len(set(kept)) == len(kept)
    assert not any("/" in name for name in kept)
    assert all(source.url.startswith("https://") for source in entry.sources)


def test_data_without_licence_are_marked_and_say_so():
    marked = {name for name in names() if registered(name).fetch_only}
    assert marked == {"aflow-bandgap", "aflow-bandgap-binaries", "nomad2018-algainO"}
    assert all("only ever fetched by the user" in registered(name).licence for name in marked)


def test_all_tasks_of_matbench_are_there():
    tasks = [registered(name) for name in names("materials") if name.startswith("matbench-")]
    assert len(tasks) == 13
    assert sum(task.has_structures for task in tasks) == 9


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
