from __future__ import annotations

import json

import pytest

from bigdata.data.materials.formats import cif, csv, mp_crystals
from bigdata.data.materials.formats.entry import MaterialEntry, cell
from bigdata.data.problem import BadEntry

P1 = """data_test
_symmetry_space_group_name_H-M   'P 1'
_cell_length_a   4.0(1)
_cell_length_b   5.0
_cell_length_c   6.0
_cell_angle_alpha   80.0
_cell_angle_beta   95.5
_cell_angle_gamma   110.0
_symmetry_Int_Tables_number   1
loop_
 _symmetry_equiv_pos_site_id
 _symmetry_equiv_pos_as_xyz
  1  'x, y, z'
loop_
 _atom_site_type_symbol
 _atom_site_label
 _atom_site_fract_x
 _atom_site_fract_y
 _atom_site_fract_z
 _atom_site_occupancy
  Na+  Na0  0.0  0.0  0.0  1
  Cl-  Cl1  0.5  0.41(2)  0.5  1.0
"""
FACE_CENTRED = """data_salt
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'F m -3 m'
_space_group_IT_number 225
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 0 0 0
Cl1 0.5 0.5 0.5
"""


def test_a_cell_of_lengths_and_angles_is_that_of_pymatgen():
    from pymatgen.core import Lattice

    parameters = (3.1, 4.2, 5.3, 77.0, 101.0, 93.0)
    assert cell(*parameters) == pytest.approx(Lattice.from_parameters(*parameters).matrix, abs=1e-12)


def test_each_block_with_atoms_is_an_entry(tmp_path, opened):
    (tmp_path / "two.cif").write_text("data_global\n_journal x\n" + P1 + FACE_CENTRED)
    dataset = opened("two.cif")
    assert dataset.ids == ["two/test", "two/salt"]
    assert dataset.structures.n_atoms.tolist() == [2, 8]


def test_a_folder_of_cifs_is_read_by_path(tmp_path, opened):
    (tmp_path / "cifs" / "oxides").mkdir(parents=True)
    (tmp_path / "cifs" / "a.cif").write_text(P1)
    (tmp_path / "cifs" / "oxides" / "b.cif").write_text(FACE_CENTRED)
    (tmp_path / "cifs" / "c.cif").write_text("data_empty\n")
    dataset = opened("cifs", format="cif", on_bad_entry="skip")
    assert dataset.ids == ["a", "oxides/b"]
    (bad,) = dataset.bad
    assert (bad.name, bad.where) == ("c", str(tmp_path / "cifs" / "c.cif") + ":1")


def test_notes_on_crystals_are_kept(tmp_path):
    (tmp_path / "a.cif").write_text(FACE_CENTRED)
    (entry,) = cif.read(tmp_path / "a.cif", "a.cif")
    assert entry.notes == (
        "the operations aren't listed, those of the group by its name are used: F m -3 m",
        "not checked against a formula",
    )


def test_one_block_that_can_not_be_used_leaves_the_others(tmp_path):
    (tmp_path / "two.cif").write_text(P1 + FACE_CENTRED.replace("Cl1 0.5 0.5 0.5", "Cl1 ? ? ?"))
    good, bad = cif.read(tmp_path / "two.cif", "two.cif")
    assert good.name == "two/test"
    assert isinstance(bad, BadEntry)
    assert (bad.name, bad.line) == ("two/salt", 38)


@pytest.mark.parametrize("text", ["", "\x00\x01 junk", "data_x\nloop_\n_atom_site_label\n_atom_site_fract_x\nNa 0\n"])
def test_a_file_that_holds_no_structure_is_a_bad_entry(tmp_path, text):
    (tmp_path / "a.cif").write_text(text)
    (bad,) = cif.read(tmp_path / "a.cif", "a.cif")
    assert bad.what
    assert bad.file == "a.cif"


def test_a_cell_that_is_not_told_is_a_bad_entry(tmp_path):
    sites = "loop_\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nNa 0 0 0\n"
    (tmp_path / "a.cif").write_text("data_x\n_symmetry_Int_Tables_number 1\n" + sites)
    (bad,) = cif.read(tmp_path / "a.cif", "a.cif")
    assert bad.what == "there is no `_cell_length_a`"
    assert bad.where == "a.cif:1"


def test_notes_on_crystals_in_tables_are_kept(tmp_path):
    (tmp_path / "a.csv").write_text(f'id,cif\nm,"{FACE_CENTRED}"\n')
    (tmp_path / "a.json").write_text(json.dumps([{"material_id": "m", "structure": FACE_CENTRED}]))
    (alone,) = read(csv, tmp_path / "a.csv")
    (listed,) = read(mp_crystals, tmp_path / "a.json")
    assert alone.notes == listed.notes == next(cif.read(written(tmp_path / "a.cif"), "a.cif")).notes


def read(form, path):
    return [entry for entry in form.read(path, path.name) if isinstance(entry, MaterialEntry)]


def written(path):
    path.write_text(FACE_CENTRED)
    return path
