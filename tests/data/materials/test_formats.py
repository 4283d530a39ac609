from __future__ import annotations

import gzip
import json
from importlib.util import find_spec

import numpy as np
import pytest

from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.formats import FORMATS, MODULES
from bigdata.data.materials.origin import AflowDataset, MaterialsProjectDataset, OptimadeDataset
from bigdata.data.remote.answers import Answers, described
from bigdata.data.remote.query import AflowQuery, MaterialsProjectQuery, OptimadeQuery

LATTICE = [[0.0, 2.82, 2.82], [2.82, 0.0, 2.82], [2.82, 2.82, 0.0]]
CARTESIAN = [[0.0, 0.0, 0.0], [2.82, 2.82, 2.82]]
CIF = """# generated using pymatgen
data_NaCl
_cell_length_a   3.98808
_cell_length_b   3.98808
_cell_length_c   3.98808
_cell_angle_alpha   60.0
_cell_angle_beta   60.0
_cell_angle_gamma   60.0
_symmetry_Int_Tables_number   1
loop_
 _atom_site_type_symbol
 _atom_site_label
 _atom_site_fract_x
 _atom_site_fract_y
 _atom_site_fract_z
  Na  Na0  0.0  0.0  0.0
  Cl  Cl1  0.5  0.5  0.5
"""
CIF_VOLUME = 3.98808**3 / 2**0.5


def sites(*species):
    places = [[0, 0, 0], [0.5, 0.5, 0.5]]
    return [{"species": s, "abc": abc, "label": "x"} for s, abc in zip(species, places, strict=True)]


NA, CL = [{"element": "Na", "oxidation_state": 1, "occu": 1}], [{"element": "Cl", "occu": 1.0}]
PYMATGEN = {
    "@module": "pymatgen.core.structure",
    "@class": "Structure",
    "lattice": {"matrix": LATTICE},
    "sites": sites(NA, CL),
}
DISORDERED = {**PYMATGEN, "sites": sites([{"element": "Na", "occu": 0.5}, {"element": "K", "occu": 0.5}], CL)}
ENTRY = {
    "@class": "ComputedStructureEntry",
    "entry_id": "e-1",
    "energy": -6.8,
    "correction": 0.0,
    "parameters": {"run_type": "GGA"},
    "data": {"band_gap": 5.0},
    "structure": PYMATGEN,
}
RESOURCE = {
    "id": "oqmd-1",
    "type": "structures",
    "attributes": {
        "chemical_formula_reduced": "ClNa",
        "lattice_vectors": LATTICE,
        "cartesian_site_positions": CARTESIAN,
        "species": [
            {"name": "Na1", "chemical_symbols": ["Na"], "concentration": [1.0]},
            {"name": "Cl1", "chemical_symbols": ["Cl"], "concentration": [1.0]},
        ],
        "species_at_sites": ["Na1", "Cl1"],
        "dimension_types": [1, 1, 1],
        "nsites": 2,
        "_oqmd_delta_e": -2.1,
    },
}
AFLUX = {
    "compound": "Na1Cl1",
    "auid": "aflow:1",
    "aurl": "aflowlib.duke.edu:AFLOWDATA/1",
    "geometry": [3.98808, 3.98808, 3.98808, 60, 60, 60],
    "species": ["Na", "Cl"],
    "composition": [1, 1],
    "positions_fractional": [[0, 0, 0], [0.5, 0.5, 0.5]],
    "Egap": 5.0,
}
JARVIS = {
    "jid": "JVASP-1",
    "formula": "NaCl",
    "optb88vdw_bandgap": 5.0,
    "mbj_bandgap": "na",
    "atoms": {"lattice_mat": LATTICE, "coords": CARTESIAN, "elements": ["Na ", "Cl"], "cartesian": True},
}
MATBENCH = {"index": [7, 9], "columns": ["structure", "e_form"], "data": [[PYMATGEN, -2.1], [PYMATGEN, -2.2]]}


@pytest.fixture
def write(tmp_path, opened):
    """Write a text, or an object as JSON, to a file and open it."""

    def make(name, content, **more):
        text = content if isinstance(content, str) else json.dumps(content)
        data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
        (tmp_path / name).write_bytes(data)
        return opened(name, **more)

    return make


def json_lines(*rows) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "content", "format", "id", "property", "value", "unit"),
    [
        ("a.json", [ENTRY], "pymatgen", "e-1", "band_gap", 5.0, ""),
        ("a.json", [ENTRY], "pymatgen", "e-1", "energy", -6.8, "eV"),
        ("a.json", [ENTRY], "pymatgen", "e-1", "parameters.run_type", "GGA", ""),
        ("a.json.gz", ENTRY, "pymatgen", "e-1", "band_gap", 5.0, ""),
        ("a.json", [{"material_id": "m-1", "gap_eV": 5, "structure": PYMATGEN}], "pymatgen", "m-1", "gap_eV", 5, "eV"),
        ("a.json.gz", MATBENCH, "matbench", "7", "e_form", -2.1, "eV/atom"),
        ("a.json", [JARVIS], "jarvis", "JVASP-1", "optb88vdw_bandgap", 5.0, "eV"),
        ("a.json", [JARVIS], "jarvis", "JVASP-1", "mbj_bandgap", None, "eV"),
        ("a.jsonl", json_lines(RESOURCE), "optimade", "oqmd-1", "_oqmd_delta_e", -2.1, "eV/atom"),
        ("a.jsonl", json_lines(RESOURCE), "optimade", "oqmd-1", "nsites", 2, ""),
        ("a.jsonl", json_lines({"id": "m", "structure": PYMATGEN, "gap": 5}), "jsonl", "m", "gap", 5, ""),
    ],
)  # fmt: skip
def test_a_material_is_read(name, content, format, id, property, value, unit, write, is_salt):
    dataset = write(name, content)
    assert dataset.format == format
    assert dataset.ids[0] == id
    is_salt(dataset)
    assert dataset.columns[property][0] == value
    assert dataset.units[property] == unit


@pytest.mark.parametrize(
    ("name", "content", "format", "id"),
    [
        ("a.json", [{"material_id": "mp-1", "structure": CIF, "band_gap": 5.0}], "mp-crystals", "mp-1"),
        ("a.csv", f'material_id,band_gap,cif\nmp-1,5.0,"{CIF}"\n', "csv", "mp-1"),
        ("a.csv.gz", f',cif,band_gap,material_id\n0,"{CIF}",5.0,mp-1\n', "csv", "mp-1"),
        ("a.jsonl", json_lines({**AFLUX, "band_gap": 5.0}), "aflux", "aflow:1"),
        (
            "a.jsonl",
            json_lines({**AFLUX, "band_gap": 5.0, "geometry": "3.98808,3.98808,3.98808,60,60,60", "species": "Na,Cl",
                        "composition": "1,1", "positions_fractional": "0,0,0;0.5,0.5,0.5"}),
            "aflux",
            "aflow:1",
        ),
    ],
)  # fmt: skip
def test_a_material_given_by_lengths_and_angles_is_read(name, content, format, id, write):
    dataset = write(name, content)
    assert (dataset.format, dataset.ids) == (format, [id])
    structure = dataset.structures[0]
    assert structure.numbers.tolist() == [11, 17]
    assert structure.volume == pytest.approx(CIF_VOLUME)
    assert structure.positions.tolist() == [[0, 0, 0], [0.5, 0.5, 0.5]]
    assert dataset.columns["band_gap"] == [5.0]


def changed(resource, **attributes):
    return {**resource, "attributes": {**resource["attributes"], **attributes}}


MIXED = [{"name": "Na1", "chemical_symbols": ["Na", "vacancy"], "concentration": [0.5, 0.5]}]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.json", [{**ENTRY, "structure": DISORDERED}, ENTRY], "disordered: site 1 holds Na 0.5, K 0.5"),
        ("a.json", [{**ENTRY, "structure": {"sites": []}}, ENTRY], "`lattice` is missing"),
        ("a.json", [{**ENTRY, "structure": 5}, ENTRY], "isn't built like one"),
        ("a.json", {**MATBENCH, "data": [[PYMATGEN], [PYMATGEN, 1.0]]}, "doesn't have the 2 values"),
        ("a.json", [{**JARVIS, "atoms": {"lattice_mat": LATTICE, "elements": []}}, JARVIS], "`coords` is missing"),
        ("a.jsonl", json_lines(changed(RESOURCE, dimension_types=[1, 1, 0]), RESOURCE), "periodic in three directions"),
        ("a.jsonl", json_lines(changed(RESOURCE, species=MIXED), RESOURCE), "disordered: site 1 holds `Na1`"),
        ("a.jsonl", json_lines(changed(RESOURCE, species_at_sites=None), RESOURCE), "isn't whole"),
        ("a.jsonl", json_lines({**AFLUX, "composition": [1]}, AFLUX), "names 2 elements, `composition` 1"),
        ("a.jsonl", json_lines({**AFLUX, "geometry": [1, 2]}, AFLUX), "isn't whole"),
        ("a.jsonl", json_lines({**AFLUX, "geometry": [4, 4, 4, 90, 90, np.inf]}, AFLUX), "aren't all finite"),
        ("a.csv", "id,formula\na,Xx2\nb,MgO\n", "no element `Xx`"),
        ("a.csv", "id,formula\na,MgO,3\nb,MgO\n", "more cells than the header"),
        ("a.csv", "id,formula\n,MgO\nb,MgO\n", "`id` is empty"),
        ("a.csv", "id,formula\na,\nb,MgO\n", "neither a structure nor a formula"),
    ],
)  # fmt: skip
def test_an_entry_that_can_not_be_used_is_named_and_the_next_is_read(name, content, sentence, write):
    dataset = write(name, content, on_bad_entry="skip")
    assert dataset.n == 1
    (bad,) = dataset.bad
    assert sentence in bad.what


def test_an_entry_without_lattice_is_one_without_structure(write):
    plain = {
        "id": "p",
        "type": "structures",
        "attributes": {"chemical_formula_reduced": "MgO", "lattice_vectors": None},
    }
    dataset = write("a.jsonl", json_lines(RESOURCE, plain))
    assert dataset.structures.n_atoms.tolist() == [2, 0]
    assert (dataset.n, dataset.n_structures, dataset.formulas) == (2, 1, ["ClNa", "MgO"])


def test_a_table_of_formulas_keeps_its_texts(write):
    table = "formula,target,label,code,flag,empty\nNaN,1.5,NaN,007,True,\nMgO,nan,b,008,False,\nNaN,3,,009,,\n"
    dataset = write("a.csv", table)
    assert not dataset.has_structures
    assert dataset.ids == ["1", "2", "3"]
    assert dataset.formulas == ["NaN", "MgO", "NaN"]
    assert dict(dataset.columns) == {
        "target": [1.5, None, 3.0],
        "label": ["NaN", "b", None],
        "code": ["007", "008", "009"],
        "flag": [True, False, None],
        "empty": [None, None, None],
    }


def test_a_column_name_identifies_rows_only_where_it_is_unique(write):
    assert write("a.csv", "name,formula\na,MgO\nb,MgO\n").ids == ["a", "b"]
    dataset = write("b.csv", "name,formula\na,MgO\na,MgO\n")
    assert (dataset.ids, dataset.columns["name"]) == (["1", "2"], ["a", "a"])


def test_a_table_without_formulas_is_refused(write):
    with pytest.raises(Exception, match="no column of formulas"):
        write("a.csv", "id,gap\na,1\n", format="csv")


MP = {"material_id": "mp-22862", "formula_pretty": "NaCl", "structure": PYMATGEN, "band_gap": 5.0}
QUERIES = {
    "optimade": (OptimadeDataset(optimade=OptimadeQuery(provider="oqmd")), RESOURCE, "OPTIMADE oqmd"),
    "aflow": (AflowDataset(aflow=AflowQuery(matchbook="species(Na,Cl)")), AFLUX, "AFLOW"),
    "materials-project": (
        MaterialsProjectDataset.model_validate({"materials-project": MaterialsProjectQuery()}),
        MP,
        "Materials Project",
    ),
}


@pytest.mark.parametrize("key", QUERIES)
def test_a_database_s_answers_are_a_dataset(key, tmp_path):
    dataset, row, label = QUERIES[key]
    answers = Answers(described(getattr(dataset, key.replace("-", "_"))))
    answers.append([row], {})
    answers.finish({})
    opened = open_materials(dataset, tmp_path)
    assert (opened.label, opened.n, opened.formulas[0]) in [
        (label, 1, formula) for formula in ("NaCl", "ClNa", "Na1Cl1")
    ]
    assert opened.structures.numbers.tolist() == [11, 17]


@pytest.mark.parametrize("name", MODULES)
def test_every_format_says_what_it_is(name):
    reader = FORMATS.named(name)
    assert len(reader.__doc__.strip()) > 100
    assert not reader.recognises("a.dat", b"nothing of note")


def test_a_format_that_can_not_be_told_is_asked_for(tmp_path, opened):
    (tmp_path / "a.dat").write_text("nothing of note")
    assert FORMATS.tell(tmp_path / "a.dat") is None
    with pytest.raises(Exception, match="Say `format:` with one of"):
        opened("a.dat")


def periodic_atoms():
    ase = pytest.importorskip("ase", reason="ase isn't installed")
    return ase.Atoms("NaCl", positions=CARTESIAN, cell=LATTICE, pbc=True)


def test_a_database_of_ase_is_read_without_ase(tmp_path, opened, is_salt):
    atoms = periodic_atoms()
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.db import connect

    with connect(tmp_path / "a.db") as database:
        atoms.calc = SinglePointCalculator(atoms, energy=-6.8, forces=np.zeros((2, 3)))
        database.write(atoms, tag="salt", gap=5.0, data={"source": "test", "forces": np.zeros((2, 3))})
        atoms.pbc = [True, True, False]
        database.write(atoms, tag="layer")
    dataset = opened("a.db", on_bad_entry="skip")
    assert (dataset.format, dataset.ids, dataset.formulas) == ("ase", ["1"], ["NaCl"])
    is_salt(dataset)
    expected = {"tag": ["salt"], "gap": [5.0], "data.source": ["test"], "energy": [-6.8]}
    assert {key: dataset.columns[key] for key in expected} == expected
    assert dataset.units["energy"] == "eV"
    assert [bad.name for bad in dataset.bad] == ["2"]
    assert "periodic along a and b only" in dataset.bad[0].what


def test_a_file_that_is_no_database_of_ase_is_refused(tmp_path, opened):
    import sqlite3

    sqlite3.connect(tmp_path / "a.db").execute("CREATE TABLE t (x)").connection.commit()
    with pytest.raises(Exception, match="isn't an ASE database"):
        opened("a.db")


EXTXYZ = """2
Lattice="0 2.82 2.82 2.82 0 2.82 2.82 2.82 0" Properties=species:S:1:pos:R:3 id=a gap_eV=5.0 note="rock salt" ok=T
Na 0.0 0.0 0.0
Cl 2.82 2.82 2.82
"""


def test_frames_of_extended_xyz_are_read(write, is_salt):
    molecule = "1\nProperties=species:S:1:pos:R:3\nH 0 0 0\n"
    layer = EXTXYZ.replace("id=a", 'id=layer pbc="T T F"')
    dataset = write("a.xyz", EXTXYZ + molecule + EXTXYZ.replace("id=a", "id=b") + layer, on_bad_entry="skip")
    assert dataset.ids == ["a", "b"]
    is_salt(dataset, 1)
    assert {name: values[0] for name, values in dataset.columns.items()} == {
        "gap_eV": 5.0,
        "note": "rock salt",
        "ok": True,
    }
    assert [(bad.name, bad.line) for bad in dataset.bad] == [("", 5), ("layer", 12)]


def test_frames_that_ase_writes_are_read(tmp_path, opened, is_salt):
    atoms = periodic_atoms()
    from ase.io import write

    atoms.info.update({"gap": 5.0, "source": "made here", "tensor": np.eye(3)})
    atoms.set_array("extra", np.ones((2, 3)))
    write(tmp_path / "a.extxyz", [atoms, atoms])
    dataset = opened("a.extxyz")
    assert (dataset.ids, dataset.columns["source"]) == (["1", "2"], ["made here"] * 2)
    is_salt(dataset)
    is_salt(dataset, 1)


@pytest.mark.parametrize(
    ("text", "sentence"), [(EXTXYZ[:-20], "within this frame"), (EXTXYZ + "two\n", "number of atoms")]
)
def test_a_broken_frame_of_extended_xyz_is_named(text, sentence, write):
    with pytest.raises(Exception, match=sentence):
        write("a.xyz", EXTXYZ.replace("id=a", "id=first") + text)


@pytest.mark.parametrize(
    ("name", "format", "text"),
    [
        ("a.csv.gz", "csv", "formula,gap\n" + "".join(f"MgO,{i * 7919 % 1000}\n" for i in range(5000))),
        ("a.xyz.gz", "extxyz", "".join(EXTXYZ.replace("id=a", f"id={i * 7919}") for i in range(2000))),
        ("a.jsonl.gz", "jsonl", "".join(json_lines({"id": i, "formula": "MgO", "x": i * 7919}) for i in range(5000))),
        ("a.json.gz", "pymatgen", json.dumps([{**ENTRY, "entry_id": str(i * 7919)} for i in range(500)])),
    ],
)
def test_compressed_data_that_are_cut_off_are_told(name, format, text, tmp_path, opened):
    packed = gzip.compress(text.encode())
    (tmp_path / name).write_bytes(packed[: len(packed) * 3 // 4])
    dataset = opened(name, format=format, on_bad_entry="skip")
    assert dataset.n > 100
    assert "cut off" in dataset.bad[-1].what


def test_readers_need_no_ase():
    assert find_spec("ase") is None or "ase" not in vars(FORMATS.named("ase"))
