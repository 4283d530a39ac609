"""The readers, on small files in the real programs' form, and on real ones where a mirror has them."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from bigdata.data.spectra.formats import FORMATS, MODULES
from bigdata.errors import SpecError

HA = 27.211386245981
EV = 1.602176634e-19

AIMS = """# total density of states output by FHI-aims{spin}
# The energy reference for this output is the {reference}
#    Energy (eV)      DOS{columns}
{rows}
"""
AIMS_ROWS = "     -5.5      0.25\n     -5.0      1.50\n     -4.5      0.00"
AIMS_SPIN_ROWS = "     -5.5      0.25   0.5\n     -5.0      1.50   0.25\n     -4.5      0.00  0.0"
TDOS = "  -0.5000000000       0.0000000000\n  -0.4900000000       28.25000000    \n  -0.480E+00  1.0\n"
DOS_XML = """<?xml version="1.0" encoding="UTF-8"?>
<dos>
  <title>BN</title>
  <axis label="Energy" unit="Hartree"/>
  <totaldos>
    <diagram type="totaldos" nspin="1">
      <point e="-0.5" dos="0.0"/><point e="-0.4900000000E+00" dos="28.25"/>
    </diagram>
    <diagram type="totaldos" nspin="2">
      <point e="-0.5" dos="0.0"/><point e="-0.49" dos="-1.75"/>
    </diagram>
  </totaldos>
  <partialdos type="partial"><diagram type="partial"><point e="-0.5" dos="7.0"/></diagram></partialdos>
</dos>
"""
PYMATGEN = {
    "@module": "pymatgen.electronic_structure.dos",
    "@class": "Dos",
    "efermi": 1.5,
    "energies": [-1.0, 0.0, 1.0],
    "densities": {"1": [0.0, 1.0, 0.5], "-1": [0.0, 0.5, 0.5]},
}


def calculation(n_spin=1, **more):
    """A NOMAD calculation with a DOS on -1, 0, 1 eV."""
    total = [{"value": [0.0, (1 + s) / EV, 0.5 / EV], "normalization_factor": 2.0, "spin": s} for s in range(n_spin)]
    return {"dos_electronic": [{"energies": [-1 * EV, 0.0, EV], "total": total, **more}]}


def archive(electronic=None, **more):
    return {
        "metadata": {"entry_id": "id-1", "upload_id": "up-1"},
        "run": [{"calculation": [{}, calculation(**more)]}],
        "results": {
            "material": {"chemical_formula_reduced": "BN"},
            "method": {"simulation": {"program_name": "exciting", "dft": {"xc_functional_names": ["LDA_X", "LDA_C"]}}},
            "properties": {"electronic": electronic or {}},
        },
    }


WHERE = "/run/0/calculation/1/dos_electronic/0"


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content", "format_"),
    [
        ("a.jsonl", "{}", "jsonl"),
        ("a.jsonl.gz", "{}", "jsonl"),
        ("a.json", {"name": "x", "dos_states_per_eV_cell": []}, "jsonl"),
        ("t.csv", "name,file\n", "table"),
        ("s.csv", "energy_eV,dos_states_per_eV_cell\n0,1\n", "csv"),
        ("s.tsv", "# Energy (eV)\tDOS (states/eV)\n0\t1\n", "csv"),
        (
            "KS_DOS_total.dat",
            AIMS.format(spin="", reference="vacuum level", columns="", rows=AIMS_ROWS),
            "fhi-aims",
        ),
        ("TDOS.OUT", TDOS, "exciting"),
        ("dos.xml", DOS_XML, "exciting"),
        ("dos.json", PYMATGEN, "pymatgen"),
        ("archive.json", archive(), "nomad"),
        ("answer.json", {"owner": "public", "data": [{"entry_id": "x", "archive": {}}]}, "nomad"),
        ("a.npz", "PK", "npz"),
        ("readme.txt", "words", None),
        ("empty.dat", "", None),
        ("settings.csv", "name,xc\na,LDA\n", None),
    ],
)
def test_a_format_is_told_by_name_and_content(name, content, format_, tmp_path):
    assert FORMATS.tell(write(tmp_path, name, content)) == format_


def test_every_format_is_a_choice_of_the_spec():
    from typing import get_args

    from bigdata.data.spectra.origin import SpectraFormat

    assert set(MODULES) == set(get_args(SpectraFormat))


def test_fhi_aims_with_the_chemical_potential_as_zero(tmp_path, opened):
    reference = "average chemical potential, mu =       -5.302063 eV"
    write(tmp_path, "KS_DOS_total.dat", AIMS.format(spin="", reference=reference, columns="", rows=AIMS_ROWS))
    spectra = opened("KS_DOS_total.dat")
    assert spectra.names == ["KS_DOS_total.dat"]
    assert [a.tolist() for a in spectra.spectrum(0)] == [[-5.5, -5.0, -4.5], [0.25, 1.5, 0.0]]
    assert spectra.shifts("fermi").energies.tolist() == [0.0]
    with pytest.raises(SpecError, match="vbm_eV"):
        spectra.shifts("valence-band-maximum")


def test_fhi_aims_raw_with_two_spin_channels(tmp_path, opened):
    spin = {"spin": ", for a spin polarized system", "columns": "(spin up)   DOS(spin down)"}
    write(tmp_path, "KS_DOS_total_raw.dat", AIMS.format(reference="vacuum level", rows=AIMS_SPIN_ROWS, **spin))
    spectra = opened("KS_DOS_total_raw.dat")
    assert spectra.spectrum(0).dos.tolist() == [0.75, 1.75, 0.0]
    with pytest.raises(SpecError, match="its energies are absolute"):
        spectra.shifts("fermi")


@pytest.mark.parametrize(
    ("reference", "rows", "sentence"),
    [
        ("moon", AIMS_ROWS, "the header doesn't say what the energies are relative to"),
        ("vacuum level", "", "there are no numbers in this file"),
        (
            "vacuum level",
            AIMS_ROWS + "\n 1.0",
            "KS_DOS_total.dat:7.* this line has 1 columns, those before have 2",
        ),
        ("vacuum level", AIMS_ROWS + "\n 1.0 ****", "KS_DOS_total.dat:7.* these aren't numbers"),
        ("vacuum level", AIMS_ROWS + "\n 1.0 NaN", "value of the DOS number 4 is nan"),
    ],
)
def test_fhi_aims_files_that_make_no_sense(reference, rows, sentence, tmp_path, opened):
    write(tmp_path, "KS_DOS_total.dat", AIMS.format(spin="", reference=reference, columns="", rows=rows))
    with pytest.raises(SpecError, match=sentence):
        opened("KS_DOS_total.dat")


def test_exciting_energies_and_states_come_in_hartree(tmp_path, opened):
    write(tmp_path, "TDOS.OUT", TDOS)
    write(tmp_path, "EFERMI.OUT", "  0.1443004417    \n")
    spectra = opened("TDOS.OUT")
    energies, dos = spectra.spectrum(0)
    assert energies == pytest.approx(np.array([-0.5, -0.49, -0.48]) * HA)
    assert dos == pytest.approx(np.array([0.0, 28.25, 1.0]) / HA)
    assert spectra.shifts("fermi").energies.tolist() == [0.0]


def test_exciting_spin_channels_follow_each_other_the_second_negative(tmp_path, opened):
    down = TDOS.replace("28.25", "-1.25").replace("  1.0\n", " -3.0\n")
    write(tmp_path, "TDOS.OUT", f"{TDOS}     \n{down}   \n")
    assert opened("TDOS.OUT").spectrum(0).dos * HA == pytest.approx([0.0, 29.5, 4.0])


def test_exciting_channels_on_different_energies_are_refused(tmp_path, opened):
    write(tmp_path, "TDOS.OUT", "-0.5 1\n-0.4 1\n\n-0.5 -1\n-0.3 -1\n")
    with pytest.raises(SpecError, match="the spin channels are on different energies"):
        opened("TDOS.OUT")


def test_exciting_xml_is_read_up_to_the_total(tmp_path, opened):
    write(tmp_path, "dos.xml", DOS_XML)
    energies, dos = opened("dos.xml").spectrum(0)
    assert energies == pytest.approx(np.array([-0.5, -0.49]) * HA)
    assert dos * HA == pytest.approx([0.0, 30.0])


def test_xml_entities_are_not_expanded(tmp_path, opened):
    bomb = '<!DOCTYPE dos [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>\n' + DOS_XML.split("\n", 1)[1]
    write(tmp_path, "dos.xml", bomb)
    with pytest.raises(SpecError, match="declares a document type"):
        opened("dos.xml")


def test_pymatgen_channels_are_summed_and_efermi_is_known(tmp_path, opened):
    write(tmp_path, "dos.json", PYMATGEN)
    spectra = opened("dos.json")
    assert [a.tolist() for a in spectra.spectrum(0)] == [[-1.0, 0.0, 1.0], [0.0, 1.5, 1.0]]
    assert spectra.shifts("fermi").energies.tolist() == [1.5]


def test_a_list_of_pymatgen_dos_names_entries_and_keeps_settings(tmp_path, opened):
    write(tmp_path, "dos.json", [PYMATGEN | {"name": "one", "xc": "PBE"}, PYMATGEN, {"energies": [1, 2]}])
    spectra = opened("dos.json", on_bad_entry="skip", format="pymatgen")
    assert spectra.names == ["one", "dos.json/1"]
    assert spectra.columns["xc"] == ["PBE", None]
    assert "`densities` missing" in spectra.bad[0].what


NEW = {
    "dos_electronic_new": [
        {
            "spin_polarized": True,
            "data": [{"energies": f"#{WHERE}/energies", "total": f"#{WHERE}/total/{s}"} for s in (0, 1)],
        }
    ]
}
OLD = {"energies": f"{WHERE}/energies", "total": [f"{WHERE}/total/0", f"{WHERE}/total/1"]}
GAPS = {
    "band_gap": [{"energy_highest_occupied": 0.25 * EV}, {"energy_highest_occupied": 0.5 * EV}],
    "energy_fermi": 0.75 * EV,
}


@pytest.mark.parametrize(
    "electronic",
    [
        NEW,
        {"dos_electronic": [OLD]},
        {"dos_electronic": OLD},
        {},
        {"dos_electronic": [{"energy_fermi": 0.0}]},
    ],
    ids=["new form", "list", "object", "calculation alone", "results without spectra"],
)
def test_nomad_spectra_are_found_in_every_form(electronic, tmp_path, opened):
    write(tmp_path, "archive.json", archive(electronic, n_spin=2))
    spectra = opened("archive.json")
    energies, dos = spectra.spectrum(0)
    assert spectra.names == ["id-1"]
    assert energies == pytest.approx([-1.0, 0.0, 1.0])
    # Two channels, 1 and 2 states/eV at 0 eV, each twice by its normalization factor.
    assert dos == pytest.approx([0.0, 3.0, 1.0])
    assert spectra.columns["formula"] == ["BN"]
    assert spectra.columns["xc"] == ["LDA_X, LDA_C"]
    assert spectra.columns["upload_id"] == ["up-1"]


def test_nomad_channels_in_two_sections_are_summed(tmp_path, opened):
    parts = [calculation(spin_channel=s)["dos_electronic"][0] for s in (0, 1)]
    data = archive()
    data["run"][0]["calculation"][1]["dos_electronic"] = parts
    write(tmp_path, "archive.json", data)
    assert opened("archive.json").spectrum(0).dos == pytest.approx([0.0, 2.0, 1.0])


def test_nomad_valence_band_maximum_is_the_highest_occupied_else_the_fermi_energy(tmp_path, opened):
    with_gap, metal, unknown = (
        archive({"dos_electronic": [OLD | more]}, n_spin=2) for more in (GAPS, {"energy_fermi": EV}, {})
    )
    data = [{"entry_id": name, "archive": a} for name, a in zip("gmu", (with_gap, metal, unknown), strict=True)]
    write(tmp_path, "answer.json", {"owner": "public", "data": data})
    spectra = opened("answer.json")
    shifts = spectra.shifts("valence-band-maximum", on_bad_entry="skip")
    assert spectra.names == ["g", "m", "u"]
    assert shifts.energies == pytest.approx([0.5, 1.0])
    assert [bad.name for bad in shifts.bad] == ["u"]
    assert spectra.shifts("fermi", [0, 1]).energies == pytest.approx([0.75, 1.0])


@pytest.mark.parametrize(
    ("electronic", "vbm"),
    [
        ({"band_gap": [{"energy_highest_occupied": 2 * EV}], "dos_electronic": [OLD | GAPS]}, 0.5),
        ({"band_gap": [{"energy_highest_occupied": 2 * EV}], "dos_electronic": [OLD]}, 2.0),
        ({"dos_electronic": [OLD | {"energy_ref": 3 * EV, "energy_fermi": EV}]}, 3.0),
    ],
    ids=["the DOS's own band gap", "the band gap beside it", "the reference energy"],
)
def test_nomad_valence_band_maximum_is_taken_from(electronic, vbm, tmp_path, opened):
    write(tmp_path, "archive.json", archive(electronic, n_spin=2))
    assert opened("archive.json").shifts("valence-band-maximum").energies == pytest.approx([vbm])


def test_nomad_archives_with_a_data_section_are_one_entry(tmp_path, opened):
    write(tmp_path, "archive.json", archive() | {"data": {"m_def": "simulations"}})
    assert opened("archive.json").names == ["id-1"]


def test_nomad_references_to_what_was_not_asked_for_are_explained(tmp_path, opened):
    data = archive({"dos_electronic": [OLD]})
    del data["run"]
    other = {"entry_id": "x", "archive": {"results": {}}}
    write(tmp_path, "answer.json", {"data": [{"entry_id": "y", "archive": data}, other]})
    with pytest.raises(SpecError) as raised:
        opened("answer.json")
    assert "isn't in the archive. Ask NOMAD for it with `include-resolved`" in raised.value.problems[0].what
    assert "holds no electronic density of states" in raised.value.problems[1].what


TABLE = """name,xc,n_kpts,formula,code,gap,file,energy_zero,vbm_eV
one,LDA,32,NaN,007,1,spectra/one.csv,,3.5
two,PBE,128,BN,008,0.5,spectra/two.csv,fermi,
"""


def table(folder):
    write(folder, "table.csv", TABLE)
    write(folder, "spectra/one.csv", "energy_Ha;dos_up_per_Ha;dos_down_per_Ha;idos\n0;1;2;9\n1;3;4;9\n")
    write(folder, "spectra/two.csv", "Energy (eV), DOS [states/eV/cell]\n-1, 0\n1, 5\n")


def test_a_table_of_settings_names_one_spectrum_a_row(tmp_path, opened):
    table(tmp_path)
    spectra = opened("table.csv")
    assert spectra.names == ["one", "two"]
    assert spectra.columns["n_kpts"] == [32, 128]
    assert spectra.columns["gap"] == [1.0, 0.5]
    assert spectra.columns["formula"] == ["NaN", "BN"]
    assert spectra.columns["code"] == ["007", "008"]
    assert spectra.spectrum(0).energies == pytest.approx([0.0, HA])
    assert spectra.spectrum(0).dos == pytest.approx([3 / HA, 7 / HA])
    assert [a.tolist() for a in spectra.spectrum(1)] == [[-1.0, 1.0], [0.0, 5.0]]
    assert spectra.shifts("valence-band-maximum", on_bad_entry="skip").energies.tolist() == [3.5]


def test_a_changed_spectrum_changes_the_digest_of_its_table(tmp_path, opened):
    table(tmp_path)
    before = opened("table.csv").digest
    write(tmp_path, "spectra/two.csv", "energy_eV,dos_per_eV\n-1,0\n1,6\n")
    spectra = opened("table.csv")
    assert spectra.digest != before
    assert spectra.spectrum(1).dos.tolist() == [0.0, 6.0]


@pytest.mark.parametrize(
    ("row", "spectrum", "sentence"),
    [
        ("a,none.csv", "", "`none.csv`: there is no such file beside the table"),
        ("a,", "", "`file` is empty"),
        ("a,s.csv,x", "energy_eV,dos_per_eV\n0,1\n1,1\n", "more cells than the header has names"),
        ("a,s.csv", "energy,dos\n0,1\n1,2\n", "`s.csv`: line 1: the column `dos` doesn't name its unit"),
        ("a,s.csv", "energy_eV,dos_per_eV\n0,1\n1,x\n", "`s.csv`: line 3: these aren't numbers: `1 x`"),
        ("a,s.csv", "words\n", "`s.csv`: its format can't be told"),
        ("a,s.jsonl", "", "`s.jsonl` holds 0 spectra; a table's row names one"),
    ],
)
def test_a_row_of_a_table_that_can_not_be_used(row, spectrum, sentence, tmp_path, opened):
    write(tmp_path, "table.csv", f"name,file\n{row}\n")
    name = row.split(",")[1]
    if name.startswith("s."):
        write(tmp_path, name, spectrum)
    with pytest.raises(SpecError) as raised:
        opened("table.csv")
    problem = raised.value.problems[0]
    assert problem.place.line == 2
    assert sentence in problem.what


@pytest.mark.parametrize(
    "text",
    [
        "name,xc,n_kpts,spin,file\none,LDA,32,TRUE,spectra/one.csv\ntwo,PBE,NA,FALSE,spectra/two.csv\n",
        "Name; XC ; n_kpts; Spin; File\none; LDA; 32; True; spectra/one.csv\ntwo; PBE; ; False; spectra/two.csv\n",
        "name\txc\tn_kpts\tspin\tfile\rone\tLDA\t32\ttrue\tspectra/one.csv\rtwo\tPBE\t<NA>\tfalse\tspectra/two.csv\r",
    ],
)
def test_a_table_follows_the_rules_of_all_tables(text, tmp_path, opened):
    table(tmp_path)
    write(tmp_path, "table.csv", text)
    spectra = opened("table.csv")
    assert (spectra.format, spectra.names) == ("table", ["one", "two"])
    values = {name.lower(): values for name, values in spectra.columns.items()}
    assert values == {"xc": ["LDA", "PBE"], "n_kpts": [32, None], "spin": [True, False]}


def test_what_a_table_s_columns_are_taken_for_is_said(tmp_path, opened):
    table(tmp_path)
    text = "name;xc;cutoff;n_kpts;file;vbm_eV\none;LDA;4,5;32;spectra/one.csv;3,5\ntwo;NA;5;8x8;spectra/two.csv;-\n"
    write(tmp_path, "table.csv", text)
    spectra = opened("table.csv", on_bad_entry="skip")
    assert spectra.columns["cutoff"] == [4.5, 5.0]
    assert spectra.columns["n_kpts"] == ["32", "8x8"]
    assert spectra.shifts("valence-band-maximum", on_bad_entry="skip").energies.tolist() == [3.5]
    assert spectra.remarks.said == [
        "the column `xc` is text, and `NA` (line 3) in it a word: leave cells without a value empty",
        "the column `cutoff` is read as numbers with a decimal comma, such as `4,5` (line 2)",
        "the column `n_kpts` is text, since `8x8` (line 3) doesn't go with `32` (line 2)",
        "the column `vbm_eV` is read as numbers with a decimal comma, such as `3,5` (line 2)",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "energy (eV, absolute);dos (1/eV, total)\n0;1\n1;3\n",
        '"energy, eV"\t"dos, 1/eV"\n0\t1\n1\t3\n',
        "energy_eV, dos_per_eV\r0, 1\r1, 3\r",
    ],
)
def test_a_spectrum_is_cut_into_cells_as_all_tables_are(text, tmp_path, opened):
    write(tmp_path, "s.csv", text)
    assert [a.tolist() for a in opened("s.csv").spectrum(0)] == [[0.0, 1.0], [1.0, 3.0]]


def test_decimal_commas_in_a_spectrum_are_refused_with_their_line(tmp_path, opened):
    write(tmp_path, "s.csv", "energy_eV;dos_per_eV\n0;1\n0,5;3\n")
    with pytest.raises(SpecError, match=r"s\.csv:3:1: .*these aren't numbers: `0,5 3`"):
        opened("s.csv")


def test_a_short_row_of_a_table_is_named_with_its_line(tmp_path, opened):
    table(tmp_path)
    write(tmp_path, "table.csv", "name,file,xc\none,spectra/one.csv,LDA\n\ntwo,spectra/two.csv\n")
    spectra = opened("table.csv", on_bad_entry="skip")
    assert spectra.names == ["one"]
    assert [(bad.name, bad.line) for bad in spectra.bad] == [("two", 4)]
    assert "fewer cells than the header has names: 2, not 3" in spectra.bad[0].what


@pytest.mark.parametrize(
    ("header", "sentence"),
    [("name,xc", "the table has no column `file`"), ("file,xc,xc", "the column `xc` comes twice")],
)
def test_a_table_whose_header_is_wrong(header, sentence, tmp_path, opened):
    write(tmp_path, "table.csv", header + "\n")
    with pytest.raises(SpecError, match=sentence):
        opened("table.csv", format="table")


@pytest.mark.parametrize(
    ("header", "energy", "dos"),
    [
        ("energy_eV,dos_states_per_eV_cell", 1.0, 1.0),
        ("Energy (meV),DOS (states/meV)", 1e-3, 1e3),
        ("energy [Ha],dos [states/Ha/cell]", HA, 1 / HA),
        ("energy_Ry,dos_per_Ry", HA / 2, 2 / HA),
        ("energy (J),dos (1/J)", 1 / EV, EV),
    ],
)
def test_units_stand_in_the_header_of_a_csv(header, energy, dos, tmp_path, opened):
    write(tmp_path, "s.csv", header + "\n1,2\n2,4\n")
    spectrum = opened("s.csv").spectrum(0)
    assert spectrum.energies == pytest.approx([energy, 2 * energy])
    assert spectrum.dos == pytest.approx([2 * dos, 4 * dos])


def test_a_total_in_a_csv_is_not_added_to_its_channels(tmp_path, opened):
    write(tmp_path, "s.csv", "energy_eV,dos_up_per_eV,dos_down_per_eV,dos_total_per_eV\n0,1,1,2\n1,2,2,4\n")
    assert opened("s.csv").spectrum(0).dos.tolist() == [2.0, 4.0]


def test_a_folder_is_all_its_spectra_each_named_by_its_path(tmp_path, opened, entry):
    write(tmp_path, "runs/b/TDOS.OUT", TDOS)
    write(tmp_path, "runs/b/dos.xml", DOS_XML)
    write(
        tmp_path,
        "runs/a/KS_DOS_total.dat",
        AIMS.format(spin="", reference="vacuum level", columns="", rows=AIMS_ROWS),
    )
    write(
        tmp_path,
        "runs/a/KS_DOS_total_raw.dat",
        AIMS.format(spin="", reference="vacuum level", columns="", rows=AIMS_ROWS),
    )
    write(tmp_path, "runs/more.jsonl", json.dumps(entry("x")) + "\n")
    write(tmp_path, "runs/.hidden/TDOS.OUT", TDOS)
    write(tmp_path, "runs/notes.txt", "words")
    assert opened("runs").names == ["more.jsonl/x", "a/KS_DOS_total.dat", "b/TDOS.OUT"]
    assert opened("runs", format="exciting").names == ["b/TDOS.OUT"]


def test_a_bad_file_in_a_folder_is_named_by_its_path(tmp_path, opened):
    write(tmp_path, "runs/a/TDOS.OUT", TDOS + "1 2 3\n")
    write(tmp_path, "runs/b/TDOS.OUT", TDOS)
    (bad,) = opened("runs", on_bad_entry="skip").bad
    assert bad.where == str(tmp_path / "runs/a/TDOS.OUT") + ":4"
    assert bad.name == "a/TDOS.OUT"


def test_npz_holds_many_spectra_on_one_axis(tmp_path, opened):
    dos = np.arange(12.0).reshape(4, 3)
    np.savez(
        tmp_path / "s.npz",
        energies_eV=[0.0, 1.0, 2.0],
        dos_states_per_eV_cell=dos,
        name=["a", "b", "c", "d"],
        xc=["LDA", "PBE", "LDA", ""],
        n=[1, 2, 3, 4],
        gap_eV=[0.5, np.nan, 1.0, 2.0],
        energy_zero="fermi",
    )
    spectra = opened("s.npz")
    assert spectra.names == ["a", "b", "c", "d"]
    assert spectra.columns["n"] == [1, 2, 3, 4]
    assert spectra.columns["gap_eV"] == [0.5, None, 1.0, 2.0]
    assert np.array_equal(spectra.block(range(4))[0].dos, dos)
    assert spectra.shifts("fermi").energies.tolist() == [0.0] * 4


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"energies_eV": np.arange(3.0)}, "no array `dos_states_per_eV_cell`"),
        (
            {"energies_eV": np.arange(4.0), "dos_states_per_eV_cell": np.ones((2, 3))},
            r"`energies_eV` has shape \(4,\)",
        ),
        (
            {
                "energies_eV": np.arange(3.0),
                "dos_states_per_eV_cell": np.ones((2, 3)),
                "xc": np.array(["a", None]),
            },
            "`xc` holds Python objects, which are never read",
        ),
        (
            {"energies_eV": np.arange(3.0), "dos_states_per_eV_cell": np.ones((2, 3)), "n": np.arange(3)},
            r"`n` has shape \(3,\), and there are 2 spectra",
        ),
    ],
)
def test_npz_files_that_make_no_sense(arrays, sentence, tmp_path, opened):
    np.savez(tmp_path / "s.npz", allow_pickle=True, **arrays)
    with pytest.raises(SpecError, match=sentence):
        opened("s.npz")


def test_an_npz_that_is_cut_off(tmp_path, opened):
    np.savez(tmp_path / "s.npz", energies_eV=np.arange(3.0), dos_states_per_eV_cell=np.ones((2, 3)))
    (tmp_path / "s.npz").write_bytes((tmp_path / "s.npz").read_bytes()[:-100])
    with pytest.raises(SpecError, match=r"isn't a whole \.npz file"):
        opened("s.npz")


def test_the_real_elk_run_holds_its_valence_electrons(mirror, opened):
    spectra = opened(str(mirror / "elk_hbn" / "TDOS.OUT"))
    energies, dos = spectra.spectrum(0)
    occupied = energies <= 0
    # 16, less those of the nitrogen 2s band below the first energy, -16.3 eV.
    assert 14 < np.trapezoid(dos[occupied], energies[occupied]) < 16
    assert spectra.shifts("fermi").energies.tolist() == [0.0]


def test_the_mirror_and_the_shipped_file_are_the_same_data(mirror, opened):
    from pathlib import Path

    from bigdata.data.model import NamedDataset
    from bigdata.data.spectra.dataset import open_spectra

    assert (
        opened(str(mirror / "hbn_dos_gpaw" / "spectra.jsonl.gz")).digest
        == open_spectra(NamedDataset(name="hbn-dos-gpaw"), Path()).digest
    )


def test_real_spectra_of_six_codes_pass_or_are_named(mirror, lines):
    with gzip.open(mirror / "dos_mixed_codes" / "spectra.jsonl.gz", "rt") as file:
        raw = [json.loads(line) for line in file]
    spectra = lines(
        *(
            {
                "name": r["id"],
                "code": r["code"],
                "energies_eV": r["energy_eV"],
                "dos_states_per_eV_cell": r["dos"],
            }
            for r in raw
        ),
        on_bad_entry="skip",
    )
    negative = [r["id"] for r in raw if min(map(min, r["dos"])) < 0]
    found = spectra.negative(range(spectra.n))
    assert [spectra.names[row] for row in found] == negative
    assert len(negative) == 8
    assert all("the DOS is negative" in spectra.is_negative(row).what for row in found)
    for row, name in enumerate(spectra.names):
        channels = next(r["dos"] for r in raw if r["id"] == name)
        assert np.array_equal(spectra.spectrum(row).dos, np.sum(channels, axis=0))
