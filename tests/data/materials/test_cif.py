from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bigdata.data.materials.formats import cif_text
from bigdata.data.materials.formats.cif_text import structure_of
from bigdata.data.materials.formats.entry import cell
from bigdata.data.problem import EntryError
from tests.examples import examples

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


def test_a_cif_that_lists_all_atoms_is_read_without_pymatgen(monkeypatch):
    monkeypatch.setattr(cif_text, "_by_pymatgen", None)
    structure = structure_of(P1)
    assert structure.numbers.tolist() == [11, 17]
    assert structure.positions.tolist() == [[0, 0, 0], [0.5, 0.41, 0.5]]
    assert np.linalg.norm(structure.lattice, axis=1) == pytest.approx([4, 5, 6])


def test_symmetry_is_applied():
    structure = structure_of(FACE_CENTRED)
    assert sorted(structure.numbers.tolist()) == [11] * 4 + [17] * 4
    assert structure.volume == pytest.approx(5.64**3)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (P1.replace("0.5  1.0", "0.5  0.7"), "disordered: site 2 holds Cl"),
        (P1.replace("Cl-  Cl1", "Xq  Xq1"), "is `Xq`, which is no element"),
        (P1[: P1.index("_cell_length_c")], "CIF can't be read"),
        ("data_x\n_cell_length_a 3\n", "CIF can't be read"),
        ("nothing", "CIF can't be read"),
        (P1.replace("80.0", "10.0"), "no cell has the angles"),
    ],
)
def test_a_cif_that_can_not_be_used_is_refused_with_the_reason(text, sentence):
    with pytest.raises(EntryError, match=sentence):
        structure_of(text)


@pytest.mark.filterwarnings("ignore:No Pauling")
@settings(max_examples=examples(40), deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_own_reading_equals_that_of_pymatgen(seed, n):
    from pymatgen.core import Lattice, Structure
    from pymatgen.io.cif import CifWriter

    rng = np.random.default_rng(seed)
    lattice = Lattice.from_parameters(*rng.uniform(4, 9, 3), *rng.uniform(65, 115, 3))
    # pymatgen takes thirds for what is within 1e-4 of them, and merges atoms that are as close.
    positions = rng.permutation(20)[:n, None] / 20 + rng.uniform(0.001, 0.01, (n, 3))
    text = str(CifWriter(Structure(lattice, rng.integers(1, 90, n), positions)))
    own, other = cif_text._plain(text), cif_text._by_pymatgen(text)
    assert sorted(own.numbers.tolist()) == sorted(other.numbers.tolist())
    assert own.lattice == pytest.approx(other.lattice, abs=1e-9)
    # pymatgen orders atoms by element; here all differ in their first coordinate.
    difference = own.positions[own.positions[:, 0].argsort()] - other.positions[other.positions[:, 0].argsort()]
    assert (own.numbers[own.positions[:, 0].argsort()] == other.numbers[other.positions[:, 0].argsort()]).all()
    assert np.abs(difference - np.round(difference)).max() < 1e-8


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


@pytest.mark.parametrize("text", ["", "\x00\x01 junk", "data_x\nloop_\n_atom_site_label\n_atom_site_fract_x\nNa 0\n"])
def test_a_file_that_holds_no_structure_is_a_bad_entry(tmp_path, text):
    from bigdata.data.materials.formats import cif

    (tmp_path / "a.cif").write_text(text)
    (bad,) = cif.read(tmp_path / "a.cif", "a.cif")
    assert bad.what
    assert bad.file == "a.cif"


def test_a_cell_that_is_not_told_is_a_bad_entry(tmp_path):
    from bigdata.data.materials.formats import cif

    sites = "loop_\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nNa 0 0 0\n"
    (tmp_path / "a.cif").write_text("data_x\n_symmetry_Int_Tables_number 1\n" + sites)
    (bad,) = cif.read(tmp_path / "a.cif", "a.cif")
    assert "can't be read" in bad.what
