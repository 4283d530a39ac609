"""What stands in a CIF text, and at which line."""

from __future__ import annotations

import pytest

from bigdata.data.materials.formats.crystallographic.grammar import crystals
from bigdata.data.materials.formats.crystallographic.reading import structure_of
from bigdata.data.materials.formula import full
from bigdata.data.problem import EntryError

from .texts import P1, SALT, cif, stated

PLAIN = cif(SALT, P1, stated("Na Cl", 1))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PLAIN, id="as it is"),
        pytest.param(
            PLAIN.upper().replace("NA1", "Na1").replace("CL1", "Cl1").replace("NA CL", "Na Cl"), id="capital tags"
        ),
        pytest.param("\ufeff" + PLAIN.replace("\n", "\r\n"), id="a mark and line ends of Windows"),
        pytest.param(PLAIN.replace("\n", "\r"), id="line ends of an old Macintosh"),
        pytest.param(PLAIN + "\x1a", id="the end-of-file mark of DOS"),
        pytest.param(PLAIN.replace("data_a", "data_a\n_author 'M\u00fcller \x01'"), id="bytes that are no ASCII"),
        pytest.param(PLAIN.replace("data_a", "data_a\n_note\n;\ndata_b of a text\nloop_\n;"), id="a text holds data_"),
        pytest.param(PLAIN.replace("data_a", "data_a and more"), id="words behind the block's name"),
        pytest.param(PLAIN.replace("data_a", "data_a\n_space_group_name_H-M_alt P 1"), id="a name without quotes"),
        pytest.param(PLAIN.replace("_fract_", ".fract_").replace("_cell_length", "_cell.length"), id="dots in tags"),
        pytest.param(PLAIN.replace("data_a", "data_a\n_chemical_formula_sum ?"), id="an empty formula before another"),
        pytest.param(PLAIN.replace("data_a", "data_a\n_cell_length_a 5"), id="a tag twice with one value"),
        pytest.param("data_global\n_journal x\n" + PLAIN, id="a block without atoms before"),
        pytest.param(
            PLAIN.replace("Na1 0 0 0", "# a comment\n\n'Na1' \"0\" 0\n0"), id="rows quoted and over two lines"
        ),
    ],
)
def test_one_crystal_is_understood_however_it_is_written(text):
    structure, notes = structure_of(text)
    assert full(structure.numbers) == "NaCl"
    assert structure.positions.tolist() == [[0, 0, 0], [0.5, 0.5, 0.5]]
    assert notes == ()


def test_a_site_needs_no_loop():
    sites = "_atom_site_label Po1\n_atom_site_fract_x 0\n_atom_site_fract_y 0\n_atom_site_fract_z 0.25(3)\n"
    text = cif("", P1, cell=(3, 3, 3, 90, 90, 90))
    structure, notes = structure_of(text[: text.index("loop_\n_atom")] + sites)
    assert structure.positions.tolist() == [[0, 0, 0.25]]
    assert notes == ("not checked against a formula",)


@pytest.mark.parametrize(
    ("text", "sentence", "line"),
    [
        ("", "the file holds no data block", 0),
        ("nothing", "this isn't CIF: expected block header", 1),
        ("\x00\x01 junk", "this isn't CIF", 1),
        ("data_a\n_b 1\nloop_\n_c\n_d\n1 2 3\n", "this isn't CIF: Wrong number of values in loop", 3),
        ("data_a\n_cell_length_a 3\n", "no data block lists atoms: there is no `_atom_site_fract_x`", 1),
        (PLAIN.replace("data_a", "data_a\n_Cell_Length_A 6"), "_cell_length_a` stands twice, with different values", 8),
        (PLAIN.replace("data_a", "data_a\n_chemical_formula_sum KCl"), "stands twice, with different values", 6),
        (PLAIN + PLAIN.replace("data_a", "data_b"), "holds 2 crystals (a, b); one is wanted", 20),
    ],
)
def test_a_text_that_is_not_one_crystal_is_refused_with_the_line(text, sentence, line):
    with pytest.raises(EntryError) as e:
        structure_of(text)
    assert sentence in str(e.value)
    assert e.value.line == line


def test_blocks_of_one_name_get_numbers_and_their_own_lines():
    blocks = crystals("# first\n" + PLAIN + PLAIN + "data_none\n_x 1\n" + PLAIN.replace("data_a", "DATA_b"))
    assert [(block.name, block.line) for block in blocks] == [("a", 2), ("a_2", 21), ("b", 42)]
