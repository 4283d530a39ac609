"""`bigdata datasets show` of files: what a reader understood, in words and as data (the contract's keys)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bigdata.cli.datasets import command
from bigdata.errors import SpecError

pytestmark = pytest.mark.usefixtures("no_mirror")

CSCL = {"lattice": [[4.1, 0, 0], [0, 4.1, 0], [0, 0, 4.1]], "frac_coords": [[0, 0, 0], [0.5, 0.5, 0.5]]}


@pytest.fixture
def materials(tmp_path):
    lines = [
        {"id": "a", **CSCL, "species": ["Cs", "Cl"], "e_form_eV_per_atom": -1.0, "gap": 2.5, "tags": [[1], [2]]},
        {"id": "b", **CSCL, "species": ["Cs", "Xx"], "e_form_eV_per_atom": -1.0},
        {"id": "c", "formula": "SiO2"},
    ]
    path = tmp_path / "own.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def spectra(tmp_path):
    dos = {"dos_states_per_eV_cell": [[0.5, 1.0, 0.0], [0.5, 1.0, 0.0]], "energies_eV": [-1.0, 0.0, 2.0]}
    path = tmp_path / "dos.jsonl"
    path.write_text(json.dumps({"name": "x", "xc": "PBE", "energy_zero": "fermi", **dos}) + "\n")
    return path


def run(*words, code=0):
    done = CliRunner().invoke(command, ["show", *map(str, words)])
    if code:
        assert isinstance(done.exception, SpecError)
        assert done.exception.exit_code == code
    else:
        assert done.exception is None, done.exception
    return done


def test_entries_are_shown_with_what_the_reader_kept(materials):
    said = json.loads(run(materials, "--json").stdout)
    assert {key: said[key] for key in ("kind", "format", "n_entries", "n_bad")} == {
        "kind": "materials", "format": "jsonl", "n_entries": 2, "n_bad": 1,
    }  # fmt: skip
    assert said["entries"][0] == {
        "id": "a",
        "formula": "Cl1 Cs1",
        "n_atoms": 2,
        "periodic": [True, True, True],
        "spacegroup": 221,
        "properties": {
            "e_form_eV_per_atom": {"value": -1.0, "units": "eV/atom", "units_from": "name"},
            "gap": {"value": 2.5, "units": "", "units_from": ""},
        },
        "line": 1,
        "notes": [],
    }
    assert said["ignored"] == {"columns": ["tags"], "files": []}


def test_an_entry_without_structure_has_no_atoms_and_no_spacegroup(materials):
    entry = json.loads(run(materials, "--json").stdout)["entries"][1]
    assert entry["formula"] == "O2 Si1"
    assert (entry["n_atoms"], entry["periodic"], entry["spacegroup"]) == (None, None, None)


def test_what_cant_be_used_is_named_with_its_line(materials):
    (bad,) = json.loads(run(materials, "--json").stdout)["bad"]
    assert (bad["id"], bad["line"], Path(bad["file"])) == ("b", 2, materials)
    assert bad["why"] == "atom 2 is `Xx`, which is no element"
    assert f"not used: {materials}:2: entry `b`: atom 2 is `Xx`, which is no element" in run(materials).stdout


def test_spectra_are_shown_with_their_range_zero_channels_and_settings(spectra):
    said = json.loads(run(spectra, "--json").stdout)
    assert said["kind"] == "spectra"
    assert said["entries"] == [
        {"id": "x", "n_points": 3, "energy_min_eV": -1.0, "energy_max_eV": 2.0, "zero": "fermi", "spin_channels": 2,
         "scale": "cell", "settings": {"xc": "PBE"}, "line": 1, "notes": []}
    ]  # fmt: skip


def test_the_first_twenty_are_shown_unless_all_are_asked_for(tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("id,formula\n" + "".join(f"m{i},MgO\n" for i in range(23)))
    assert len(json.loads(run(path, "--json").stdout)["entries"]) == 20
    assert len(json.loads(run(path, "--json", "--all").stdout)["entries"]) == 23
    assert "… and 3 more: --all shows them" in run(path).stdout


def test_a_folder_names_the_files_that_it_passes_over(tmp_path, materials):
    (tmp_path / "plot.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "notes.md").write_text("mine")
    (tmp_path / "gone").symlink_to("nowhere")
    said = json.loads(run(tmp_path, "--json").stdout)
    assert (said["format"], said["ignored"]["files"]) == ("folder", ["gone", "plot.png", "deep/notes.md"])
    assert "passed over: files gone, plot.png, deep/notes.md" in run(tmp_path).stdout


def test_a_file_of_which_nothing_can_be_used_says_why_and_ends_with_2(tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"id": "a", "formula": "Xx"}\n')
    done = run(path, "--json", code=2)
    assert json.loads(done.stdout)["bad"][0]["why"] == "`Xx` isn't a chemical formula: there is no element `Xx`"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.bin", b"\0\1\2", "is of no format that its name or content tells"),
        ("empty.txt", b"", "is of no format that its name or content tells"),
    ],
)
def test_a_file_of_no_known_format_is_a_sentence(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    assert words in str(run(path, code=2).exception)


def test_a_shipped_dataset_shows_its_entries_beside_its_terms():
    said = json.loads(run("hbn-dos-gpaw", "--json").stdout)
    assert said["kind"] == "spectra"
    assert said["licence"]
    assert said["n_entries"] == 108
    assert len(said["entries"]) == 20
    assert said["entries"][0]["scale"] == "cell"


def test_a_dataset_that_isnt_here_isnt_fetched_to_be_shown():
    assert "entries" not in json.loads(run("mp20-biternary", "--json").stdout)
