"""Spectra as they come out of the cache: columns, blocks, selections, energy zeros."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from bigdata.data import DataProblem, fields, registered
from bigdata.data.model import NamedDataset, Range
from bigdata.data.spectra.dataset import open_import, open_spectra
from bigdata.data.spectra.origin import SpectraFile
from bigdata.errors import SiteError, SpecError

SHIPPED = NamedDataset(name="hbn-dos-gpaw")


def raw_shipped():
    with gzip.open(registered("hbn-dos-gpaw").path, "rt") as file:
        return [json.loads(line) for line in file]


def test_the_shipped_dataset_is_what_its_registration_says():
    import hashlib

    about, spectra = registered("hbn-dos-gpaw"), open_spectra(SHIPPED, Path())
    assert hashlib.sha256(about.path.read_bytes()).hexdigest() == about.sha256
    assert spectra.n == about.n_entries == 108
    assert set(spectra.columns) == set(about.fields) == set(fields(SHIPPED, Path()))
    assert spectra.units == {name: field.unit for name, field in about.fields.items()}
    assert (spectra.bad, spectra.n_dips, spectra.ignored) == ([], 0, [])


def test_spectra_and_settings_come_out_as_they_stand_in_the_file():
    spectra = open_spectra(SHIPPED, Path())
    for row, raw in enumerate(raw_shipped()):
        energies, dos = spectra.spectrum(row)
        assert np.array_equal(dos, raw["dos_states_per_eV_cell"])
        assert np.array_equal(energies, raw["energy_start_eV"] + raw["energy_step_eV"] * np.arange(801))
        assert spectra.names[row] == raw["name"]
        assert spectra.columns["kpts"][row] == "x".join(map(str, raw["kpts"]))
        for key in ("xc", "n_basis", "h", "ecut", "gap_eV", "wall_s"):
            assert spectra.columns[key][row] == raw.get(key)
            assert type(spectra.columns[key][row]) is type(raw.get(key))


def test_sixteen_valence_electrons_lie_below_the_gap():
    spectra = open_spectra(SHIPPED, Path())
    (block,) = spectra.block(range(spectra.n))
    valence = block.energies <= 2.0
    electrons = np.trapezoid(block.dos[:, valence], block.energies[valence], axis=1)
    # Six of the coarsest bases reach below -20 eV.
    assert np.sum(np.abs(electrons - 16) < 0.01) == 102
    assert electrons.max() < 16.01


def test_a_worker_opens_the_import_by_its_folder_alone():
    spectra = open_spectra(SHIPPED, Path())
    again = open_import(spectra.folder)
    assert (again.digest, again.names, again.units) == (spectra.digest, spectra.names, spectra.units)
    assert np.array_equal(again.spectrum(7).dos, spectra.spectrum(7).dos)
    assert open_import(spectra.folder) is again


def test_a_folder_that_is_no_import_is_refused(tmp_path):
    with pytest.raises(SiteError, match="isn't there or isn't whole"):
        open_import(tmp_path)


def test_blocks_group_rows_by_axis_and_say_where_they_belong(lines, entry):
    other = {"energies_eV": [0.0, 1.0, 3.0], "dos_states_per_eV_cell": [1.0, 2.0, 3.0]}
    listed = {"energies_eV": [-1.0, -0.5, 0.0, 0.5, 1.0]}
    spectra = lines(entry("a"), entry("b", **other), entry("c"), entry("d", **listed), entry("e", **other))
    blocks = spectra.block([4, 3, 0, 2, 1])
    assert [b.positions.tolist() for b in blocks] == [[1, 2, 3], [0, 4]]
    assert blocks[1].energies.tolist() == [0.0, 1.0, 3.0]
    for block in blocks:
        for position, dos in zip(block.positions, block.dos, strict=True):
            assert np.array_equal(dos, spectra.spectrum([4, 3, 0, 2, 1][position]).dos)
    assert spectra.block([]) == []


def test_rows_that_follow_each_other_are_not_copied(lines, entry):
    spectra = lines(*(entry(str(i)) for i in range(5)))
    assert not spectra.block([1, 2, 3])[0].dos.flags.owndata
    assert not spectra.block([1, 2, 3])[0].dos.flags.writeable


def test_settings_keep_their_types_and_absent_ones_are_none(lines, entry):
    spectra = lines(
        entry(
            "a",
            n=1,
            x=1,
            kpts=[4, 4, 2],
            ok=True,
            deep={"er": 1},
            elements=["B", "N"],
            mixed=1,
            gap=float("nan"),
        ),
        entry("b", n=2, x=0.5, formula="NaN", mixed="two", long=list(range(100)), gap=1.5),
    )
    columns = {name: list(values) for name, values in spectra.columns.items()}
    assert columns == {
        "n": [1, 2],
        "x": [1.0, 0.5],
        "kpts": ["4x4x2", None],
        "ok": [True, None],
        "deep.er": [1, None],
        "elements": ["B, N", None],
        "mixed": [1, "two"],
        "gap": [None, 1.5],
        "formula": [None, "NaN"],
    }
    assert columns["ok"][0] is True
    assert spectra.ignored == ["long"]


def test_spin_channels_are_summed(lines, entry):
    up, down = [1.0, 2.0, 0.0, 0.0, 1.0], [0.5, 0.25, 0.0, 0.0, 1.0]
    given = ([up, down], {"up": up, "down": down}, [up])
    spectra = lines(*(entry(str(i), dos_states_per_eV_cell=dos) for i, dos in enumerate(given)))
    assert spectra.spectrum(0).dos.tolist() == [1.5, 2.25, 0.0, 0.0, 2.0]
    assert spectra.spectrum(1).dos.tolist() == [1.5, 2.25, 0.0, 0.0, 2.0]
    assert spectra.spectrum(2).dos.tolist() == up


def test_the_digest_is_of_content_not_of_name_place_or_time(lines, entry, tmp_path, opened):
    first = lines(entry("a"), entry("b"))
    (tmp_path / "elsewhere.jsonl").write_bytes((tmp_path / "s.jsonl").read_bytes())
    assert opened("elsewhere.jsonl").digest == first.digest
    assert lines(entry("b"), entry("a")).digest != first.digest


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ({}, "abcd"),
        ({"xc": "LDA"}, "ac"),
        ({"xc": ("LDA", "PBE")}, "abc"),
        ({"n": 2.0}, "b"),
        ({"n": Range(at_least=2)}, "bc"),
        ({"n": Range(above=1, below=3)}, "b"),
        ({"n": Range(at_most=2), "xc": "PBE"}, "b"),
        ({"ok": True}, "d"),
    ],
)
def test_where_keeps(where, names, lines, entry):
    spectra = lines(
        entry("a", xc="LDA", n=1), entry("b", xc="PBE", n=2), entry("c", xc="LDA", n=3), entry("d", ok=True)
    )
    assert [spectra.names[row] for row in spectra.select(where).rows] == list(names)


def test_what_where_drops_is_counted_once_per_condition(lines, entry):
    spectra = lines(*(entry(f"e{i}", xc="LDA" if i % 2 else "PBE", n=i) for i in range(20)))
    dropped = spectra.select({"xc": "LDA", "n": Range(below=10)}).dropped
    assert [(d.field, d.condition, d.n) for d in dropped] == [("xc", "LDA", 10), ("n", "< 10", 5)]
    assert dropped[0].names == ["e0", "e2", "e4", "e6", "e8"]


@pytest.mark.parametrize(
    ("where", "path", "sentence", "known"),
    [
        ({"xc": "PBEsol"}, ("where", "xc"), "no entry has xc = PBEsol", ("LDA", "PBE")),
        ({"xc": ("LDA", "PBEsol")}, ("where", "xc", 1), "no entry has xc = PBEsol", ("LDA", "PBE")),
        ({"n": True}, ("where", "n"), "no entry has n = True", ("1", "2", "12")),
        ({"xy": 1}, ("where", "xy"), "no entry has a field `xy`", ("xc", "n")),
        ({"n": Range(above=99)}, ("where",), "none of the 3 entries is left", ()),
    ],
)
def test_a_condition_that_can_not_be_met_says_what_there_is(where, path, sentence, known, lines, entry):
    spectra = lines(entry("a", xc="LDA", n=1), entry("b", xc="PBE", n=2), entry("c", n=12))
    with pytest.raises(DataProblem) as raised:
        spectra.select(where)
    (finding,) = raised.value.findings
    assert (finding.path, finding.known) == (path, known)
    assert sentence in finding.what


ZEROS = {
    "absolute": {"vbm_eV": 3.0, "fermi_eV": 4.5},
    "vbm": {"energy_zero": "valence-band-maximum", "vbm_eV": 3.0, "fermi_eV": 4.5},
    "fermi": {"energy_zero": "fermi", "vbm_eV": 3.0, "fermi_eV": 4.5},
    "vbm-only": {"energy_zero": "valence-band-maximum"},
}


@pytest.mark.parametrize(
    ("zero", "expected"),
    [
        ("none", [0.0, 0.0, 0.0, 0.0]),
        ("valence-band-maximum", [3.0, 0.0, -1.5, 0.0]),
        ("fermi", [4.5, 1.5, 0.0, None]),
    ],
)
def test_the_shift_to_a_zero_is_where_it_lies_in_the_file(zero, expected, lines, entry):
    spectra = lines(*(entry(name, **how) for name, how in ZEROS.items()))
    shifts = spectra.shifts(zero, on_bad_entry="skip")
    known = [row for row, value in enumerate(expected) if value is not None]
    assert shifts.rows == known
    assert shifts.energies.tolist() == [expected[row] for row in known]
    assert [bad.name for bad in shifts.bad] == [
        ["absolute", "vbm", "fermi", "vbm-only"][r] for r in range(4) if r not in known
    ]


def test_an_unknown_zero_is_refused_and_says_what_to_give(lines, entry):
    spectra = lines(entry("a"), entry("b", energy_zero="fermi", vbm_eV=3.0))
    with pytest.raises(SpecError) as raised:
        spectra.shifts("valence-band-maximum")
    first, second, summary = raised.value.problems
    assert (first.place.line, second.place.line) == (1, 2)
    assert "entry `a`: its energies are absolute" in first.what
    assert "Give `vbm_eV`, or set `spectrum.zero` to `none`" in first.what
    assert "Give `fermi_eV`, or set `spectrum.zero` to `fermi`" in second.what
    assert "2 of 2 entries" in summary.what


@pytest.mark.parametrize(
    ("dataset", "path", "sentence"),
    [
        (NamedDataset(name="hbn-dos"), ("name",), "there is no dataset `hbn-dos`"),
        (SpectraFile(file="missing.jsonl"), ("file",), "there is no file"),
        (SpectraFile(file="notes.txt"), ("file",), "can't be told"),
        (SpectraFile(file="empty"), ("file",), "holds no file of a known format"),
    ],
)
def test_data_that_can_not_be_had_are_a_finding(dataset, path, sentence, tmp_path):
    (tmp_path / "notes.txt").write_text("not a spectrum\n")
    (tmp_path / "present.jsonl").write_text("")
    (tmp_path / "empty").mkdir()
    for use in (fields, open_spectra):
        with pytest.raises(DataProblem) as raised:
            use(dataset, tmp_path)
        (finding,) = raised.value.findings
        assert finding.path == path
        assert sentence in finding.what
    if path == ("name",):
        assert "hbn-dos-gpaw" in finding.known


def test_naming_a_registered_dataset_loads_no_numpy():
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from bigdata.data import fields;"
        "from bigdata.data.model import NamedDataset;"
        "fields(NamedDataset(name='hbn-dos-gpaw'), Path()); sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_limits_are_the_ends_of_each_row_s_axis(lines, entry):
    spectra = lines(entry("a"), entry("b", energy_start_eV=3.0), entry("c"))
    assert spectra.limits([2, 1]).tolist() == [[-1.0, 1.0], [3.0, 5.0]]
