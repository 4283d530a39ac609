"""Imports of older readers: never taken for a file that a newer one reads, refused where they stand in for it."""

from __future__ import annotations

import json

import pytest

from bigdata.data import DataProblem
from bigdata.data.materials import dataset as materials
from bigdata.data.materials import importing as material_importing
from bigdata.data.materials import imports as material_imports
from bigdata.data.materials.origin import MaterialsFile
from bigdata.data.spectra import dataset as spectra
from bigdata.data.spectra import imports as spectra_imports
from bigdata.data.spectra.origin import SpectraFile

pytestmark = pytest.mark.usefixtures("no_mirror")

DOS = {"name": "x", "energies_eV": [0.0, 1.0, 2.0], "dos_states_per_eV_cell": [1.0, 2.0, 1.0]}


def of_materials(path):
    return materials.import_file(MaterialsFile(file=str(path)), path.parent)


def of_spectra(path):
    return spectra.import_file(SpectraFile(file=str(path)), path.parent)


@pytest.fixture(params=["materials", "spectra"])
def old(request, tmp_path, monkeypatch):
    """(how a file is opened, the file, the folder of its import by an older reader)."""
    is_material = request.param == "materials"
    path = tmp_path / ("m.csv" if is_material else "s.jsonl")
    path.write_text("formula,x\nMgO,1\n" if is_material else json.dumps(DOS) + "\n")
    opened = of_materials if is_material else of_spectra
    with monkeypatch.context() as older:
        for module in [material_imports, material_importing] if is_material else [spectra_imports]:
            older.setattr(module, "READER_VERSION", 0)
        older.setattr(materials if is_material else spectra, "READER_VERSION", 0)
        folder = opened(path).folder
    return opened, path, folder


def test_a_file_is_read_again_by_a_newer_reader(old):
    opened, path, folder = old
    assert opened(path).folder != folder


def test_an_older_import_does_not_stand_in_for_the_file(old):
    opened, _, folder = old
    with pytest.raises(DataProblem, match=r"an older version of bigdata read .*Give the file itself"):
        opened(folder)
