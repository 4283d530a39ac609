"""`bigdata datasets`: what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bigdata.cli.datasets import command
from bigdata.errors import SpecError

pytestmark = pytest.mark.usefixtures("no_mirror")


def run(*words):
    return CliRunner().invoke(command, words, catch_exceptions=False)


def test_list_is_a_quiet_table_that_says_where_the_data_are():
    head, *rows = run("list").stdout.splitlines()
    assert head.split() == ["name", "entries", "data", "title"]
    homes = {row.split()[0]: row.split()[2] for row in rows}
    assert homes["hbn-dos-gpaw"] == homes["emt-prototypes"] == "package"
    assert homes["mp20-biternary"] == "web"
    assert homes["aflow-structures-thermal"] == "nowhere"


def test_list_as_json():
    found = {d["name"]: d for d in json.loads(run("list", "--json").stdout)}
    assert (found["hbn-dos-gpaw"]["n_entries"], len(found["hbn-dos-gpaw"]["sha256"])) == (108, 64)


def test_show_names_origin_terms_and_fields():
    shown = run("show", "hbn-dos-gpaw").stdout
    assert "GPAW 22.8.0" in shown
    assert "free to redistribute" in shown
    assert any(line.split()[:2] == ["ecut", "eV"] for line in shown.splitlines())
    assert "\x1b" not in shown


def test_show_as_json_has_units():
    fields = json.loads(run("show", "hbn-dos-gpaw", "--json").stdout)["fields"]
    assert {"name": "vbm_eV", "unit": "eV", "meaning": "valence-band maximum, absolute"} in fields


def test_show_says_what_values_are_by():
    shown = run("show", "mp20-biternary").stdout.splitlines()
    assert [line.split(maxsplit=1)[1] for line in shown if line.startswith("label ")] == ["PBE(+U), VASP"]
    (row,) = [line for line in shown if line.startswith("formation_energy_per_atom")]
    assert row.endswith("corrections: the Materials Project's")
    described = json.loads(run("show", "mp20-biternary", "--json").stdout)
    assert described["label"] == {"functional": "PBE(+U)", "corrections": "", "program": "VASP"}
    (field,) = [f for f in described["fields"] if f["name"] == "formation_energy_per_atom"]
    assert field["label"]["corrections"] == "the Materials Project's"
    assert "label" not in json.loads(run("show", "icet-agpd", "--json").stdout)


def test_what_may_only_be_fetched_by_the_user_is_said():
    assert "only ever fetched by the user" in run("show", "nomad2018-algainO").stdout


def test_fetch_says_where_the_file_is():
    name, path = run("fetch", "hbn-dos-gpaw").stdout.split()
    assert (name, Path(path).is_file()) == ("hbn-dos-gpaw", True)


def test_formats_of_one_name_are_described_for_spectra_and_for_materials():
    shown = run("formats", "jsonl").stdout
    assert "frac_coords" in shown
    assert "dos_states_per_eV_cell" in shown


def test_overlap_counts_groups_and_draws_figures(tmp_path):
    words = ("overlap", "emt-prototypes:formation_energy_per_atom", "emt-random-alloys:formation_energy_per_atom")
    shown = run(*words, "--figures", str(tmp_path / "figures"))
    rows = {tuple(line.split()[:2]): line.split() for line in shown.stdout.splitlines()}
    assert rows["emt-prototypes", "emt-random-alloys"][2:] == ["70", "0.1961", "70"]
    assert {p.name for p in (tmp_path / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("overlap", "group_sizes", "histograms") for kind in ("png", "pdf")
    }


def test_overlap_as_json_by_another_identity():
    words = ("overlap", "emt-prototypes", "emt-random-alloys", "--by", "reduced_formula", "--groups", "3", "--json")
    data = json.loads(run(*words).stdout)
    assert data["identity"] == {"by": ["reduced_formula"], "symprec": None}
    assert len(data["groups"]) == 3
    assert data["common"][0]["groups"] == data["common"][1]["groups"] == data["in_all"]


@pytest.mark.slow
def test_overlap_checked_with_a_second_program_names_those_judged_differently():
    pytest.importorskip("spglib", reason="spglib isn't installed: no second opinion on symmetry")
    shown = run("overlap", "emt-prototypes", "emt-random-alloys", "--cross-check").stdout
    assert "emt-prototypes: moyopy and spglib find different spacegroups for 0 entries" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("overlap", "emt-prototypes"), "needs two datasets or more"),
        (("overlap", "emt-prototypes:energy", "emt-random-alloys"), "emt-prototypes has no field `energy`; it has"),
        (("overlap", "emt-prototypes", "emt-prototypes"), "given twice"),
        (("overlap", "emt-prototype", "emt-random-alloys"), "Did you mean `emt-prototypes`?"),
        (("overlap", "emt-prototypes", "emt-random-alloys", "--by", "colour"), "colour"),
        (("split", "emt-prototypes", "--out", "s.json", "--folds", "5", "--by-date", "x"), "give one of them"),
        (
            ("split", "emt-prototypes", "--out", "s.json", "--by-date", "year", "--until", "2000", "2010"),
            "no field `year`",
        ),
        (
            ("split", "emt-prototypes", "--out", "s.json", "--train", "0.9", "--test", "0.3"),
            "make 1.3. Let them make 1",
        ),
        (("split", "emt-prototypes", "--out", "s.json", "--without-element", "Xx"), "`Xx` is no element"),
        (("graphs", "emt-prototypes", "--cutoff", "5"), "5 has no unit"),
        (("graphs", "emt-prototypes", "--cutoff", "5 angstrom", "--neighbors", "3"), "one of the two"),
        (("graphs", "emt-prototypes", "--directions"), "with `directions`, atoms can't be merged"),
    ],
)
def test_mistakes_are_sentences(words, said):
    with pytest.raises(SpecError) as raised:
        run(*words)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("how", "parts"),
    [
        ((), ["train", "validation", "test"]),
        (("--folds", "4"), ["fold-0", "fold-1", "fold-2", "fold-3"]),
        (("--without-element", "Au"), ["train", "validation", "test"]),
    ],
)
def test_split_writes_a_file_in_which_every_group_has_one_part(tmp_path, how, parts):
    out = tmp_path / "split.json"
    made = json.loads(run("split", "emt-prototypes", "emt-random-alloys", *how, "--out", str(out), "--json").stdout)
    assert [p["part"] for p in made["parts"][: len(parts)]] == parts
    folds = json.loads(out.read_text())["folds"]
    labels = [label for fold in folds.values() for label in fold]
    assert len(labels) == len(set(labels)) == 966
    if "Au" in how:
        assert all(("Au" in label) == (part == "test") for part, inside in folds.items() for label in inside)


def test_graphs_with_directions_are_others_than_those_without():
    plain, with_directions = (
        json.loads(run("graphs", "emt-prototypes", "--plain", *more, "--json").stdout)[0]
        for more in ([], ["--directions"])
    )
    assert with_directions["folder"] != plain["folder"]
    assert with_directions["edges"] == plain["edges"]
    assert with_directions["bytes"] >= plain["bytes"] + 12 * plain["edges"]


def test_graphs_are_built_once():
    first = json.loads(run("graphs", "emt-random-alloys", "--json").stdout)[0]
    again = json.loads(run("graphs", "emt-random-alloys", "--json").stdout)[0]
    assert first["structures"] == 1470
    assert first["neighbours"] >= 24 * first["atoms"]
    assert first["edges"] < first["neighbours"] / 3
    assert (again["folder"], again["seconds"]) == (first["folder"], 0.0)


def test_an_unknown_name_is_an_error_of_the_command_line():
    with pytest.raises(SpecError) as raised:
        run("show", "hbn-dos-gpw")
    assert raised.value.exit_code == 2
    what = "`hbn-dos-gpw` is neither a dataset known by name nor a file. Did you mean `hbn-dos-gpaw`?"
    assert str(raised.value) == what
