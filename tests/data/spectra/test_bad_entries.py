"""Every way in which an entry can be wrong: named by entry and line, refused or skipped and counted."""

from __future__ import annotations

import json

import pytest

from bigdata.errors import SpecError

DOS = "dos_states_per_eV_cell"
CASES = {
    "unsorted energies": (
        {"energies_eV": [0, 2, 1, 3, 4]},
        "the energies don't ascend: 1 eV (point 3) follows 2 eV",
    ),
    "a repeated energy": (
        {"energies_eV": [0, 1, 1, 2, 3]},
        "the energies don't ascend: 1 eV (point 3) follows 1 eV",
    ),
    "no points": ({DOS: []}, "the spectrum has 0 points; it needs two or more"),
    "one point": ({DOS: [1.0]}, "the spectrum has 1 point; it needs two or more"),
    "NaN in the DOS": ({DOS: [0, 1, float("nan"), 1, 0]}, "value of the DOS number 3 is nan"),
    "infinity in the DOS": ({DOS: [0, 1, float("inf"), 1, 0]}, "value of the DOS number 3 is inf"),
    "NaN in the energies": ({"energies_eV": [0, 1, float("nan"), 3, 4]}, "energy number 3 is nan"),
    "a negative DOS": ({DOS: [0, 1, -0.5, 1, 0]}, "the DOS is negative: -0.5 states/eV at point 3"),
    "a DOS below zero all over": ({DOS: [-1e-9] * 5}, "the DOS is negative"),
    "a DOS of zeros": ({DOS: [0, 0.0, 0, 0, 0]}, "all its values are zero"),
    "lengths that differ": ({"energies_eV": [0, 1, 2]}, "there are 3 energies and 5 values of the DOS"),
    "channels of different length": (
        {DOS: [[1, 2, 3], [1, 2]]},
        "spin channels of `dos_states_per_eV_cell` have 3 and 2",
    ),
    "no DOS": ({DOS: None}, "`dos_states_per_eV_cell` is missing"),
    "no step": ({"energy_step_eV": None}, "`energy_step_eV` missing"),
    "no energies": (
        {"energy_start_eV": None, "energy_step_eV": None},
        "`energy_start_eV` and `energy_step_eV` missing",
    ),
    "a step of zero": ({"energy_step_eV": 0}, "the energy step is 0.0 eV; it must be above 0"),
    "a step that is text": ({"energy_step_eV": "0.5"}, "`energy_step_eV` is `0.5`, not a finite number"),
    "a start that is no number": (
        {"energy_start_eV": float("inf")},
        "`energy_start_eV` is `inf`, not a finite number",
    ),
    "text in the DOS": ({DOS: [0, "1", 2, 1, 0]}, "value 2 of `dos_states_per_eV_cell` is `1`, not a number"),
    "null in the DOS": (
        {DOS: [0, 1, None, 1, 0]},
        "value 3 of `dos_states_per_eV_cell` is null, not a number",
    ),
    "a DOS that is a number": ({DOS: 3}, "`dos_states_per_eV_cell` is `3` where a list of numbers should be"),
    "a number beyond floats": ({DOS: [0, 10**400, 1, 1, 0]}, "value 2 of `dos_states_per_eV_cell` is"),
    "an unknown zero": ({"energy_zero": "vacuum"}, "`energy_zero` is `vacuum`; it may be"),
    "a VBM that is text": ({"vbm_eV": "3.1"}, "`vbm_eV` is `3.1`, not a finite number"),
    "a truth value as Fermi energy": ({"fermi_eV": True}, "`fermi_eV` is `True`, not a finite number"),
}


@pytest.mark.parametrize("case", CASES)
def test_is_refused_by_entry_and_line(case, lines, entry, tmp_path):
    change, sentence = CASES[case]
    with pytest.raises(SpecError) as raised:
        lines(entry("good"), "", entry("wrong", **change))
    problem, summary = raised.value.problems
    assert (problem.place.file, problem.place.line) == (str(tmp_path / "s.jsonl"), 3)
    assert problem.what.startswith("entry `wrong`: ")
    assert sentence in problem.what
    assert "1 of 2 entries can't be used" in summary.what
    assert "on_bad_entry: skip" in summary.right


@pytest.mark.parametrize("case", CASES)
def test_is_skipped_and_counted_where_told_so(case, lines, entry):
    change, sentence = CASES[case]
    spectra = lines(entry("a"), entry("wrong", **change), entry("z"), on_bad_entry="skip")
    assert (spectra.n, spectra.n_all, spectra.names) == (2, 3, ["a", "z"])
    (bad,) = spectra.bad
    assert (bad.name, bad.line) == ("wrong", 2)
    assert bad.where.endswith("s.jsonl:2")
    assert sentence in bad.what
    assert spectra.spectrum(1).dos.tolist() == [0.0, 1.0, 2.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"name": "x", ', "this isn't JSON"),
        ("[1, 2]", "this line isn't a JSON object"),
        ("[" * 100_000, "this can't be read as JSON"),
        ('{"energy_start_eV": 0}', "`name` is missing"),
        ('{"name": ["x"]}', "`name` isn't text"),
        (
            '{"name": "\\ud800", "energies_eV": [0, 1], "dos_states_per_eV_cell": [1, 2]}',
            "`name` holds half a surrogate pair",
        ),
    ],
)
def test_a_line_without_an_entry_is_named_by_its_number(line, sentence, lines, entry):
    spectra = lines(entry("a"), line, on_bad_entry="skip")
    (bad,) = spectra.bad
    assert bad.line == 2
    assert sentence in bad.what


def test_a_line_that_is_not_utf8_is_named(tmp_path, opened, entry):
    (tmp_path / "s.jsonl").write_bytes(json.dumps(entry("a")).encode() + b'\n{"name": "\xff"}\n')
    (bad,) = opened("s.jsonl", on_bad_entry="skip").bad
    assert bad.line == 2
    assert "isn't UTF-8" in bad.what


def test_a_name_that_comes_twice_points_at_its_first_place(lines, entry):
    (bad,) = lines(entry("a"), entry("b"), entry("a"), on_bad_entry="skip").bad
    assert (bad.name, bad.line) == ("a", 3)
    assert "line 1 has it already" in bad.what


def test_a_reason_is_said_once_with_the_entries_that_share_it(lines, entry):
    bad = [entry(f"b{i}", energy_step_eV=-1) for i in range(50)]
    with pytest.raises(SpecError) as raised:
        lines(entry("good"), *bad)
    reason, count = raised.value.problems
    assert reason.right == "The same holds for b1, b2, b3, b4, b5, … (49 in all)"
    assert count.what == "50 of 51 entries can't be used"


def test_twenty_reasons_are_shown_and_all_counted(lines, entry):
    bad = [entry(f"b{i}", energy_step_eV=-1 - i) for i in range(50)]
    with pytest.raises(SpecError) as raised:
        lines(entry("good"), *bad)
    assert len(raised.value.problems) == 21
    count = raised.value.problems[-1].what
    assert count == "50 of 51 entries can't be used, for 50 reasons, the first 20 of them above"


def test_tiny_dips_below_zero_are_kept_as_they_are_and_counted(lines, entry):
    spectra = lines(entry("a", dos_states_per_eV_cell=[0.0, 1.0, -1e-7, 1.0, 0.0]), entry("b"))
    assert spectra.n_dips == 1
    assert spectra.spectrum(0).dos[2] == -1e-7


def test_a_compressed_file_that_is_cut_off_says_where(tmp_path, opened, entry):
    import gzip

    text = "".join(json.dumps(entry(str(i), x=i * 0.37)) + "\n" for i in range(500))
    (tmp_path / "s.jsonl.gz").write_bytes(gzip.compress(text.encode())[:-200])
    with pytest.raises(SpecError, match="damaged or cut off"):
        opened("s.jsonl.gz")


def test_nothing_but_bad_entries_is_an_error_even_when_skipped(lines, entry):
    with pytest.raises(SpecError, match="holds no spectrum that can be used"):
        lines(entry("a", energy_step_eV=-1), on_bad_entry="skip")
