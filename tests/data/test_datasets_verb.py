"""`bigdata datasets`: what is printed."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from bigdata.cli.datasets import command
from bigdata.data import DataProblem


def run(*words):
    return CliRunner().invoke(command, words, catch_exceptions=False)


def test_list_is_a_quiet_table():
    head, row = run("list").stdout.splitlines()
    assert head.split() == ["name", "entries", "data", "title"]
    assert row.split()[:3] == ["hbn-dos-gpaw", "108", "shipped"]


def test_list_as_json():
    (found,) = json.loads(run("list", "--json").stdout)
    assert (found["name"], found["n_entries"], len(found["sha256"])) == ("hbn-dos-gpaw", 108, 64)


def test_show_names_origin_terms_and_fields():
    shown = run("show", "hbn-dos-gpaw").stdout
    assert "GPAW 22.8.0" in shown
    assert "free to redistribute" in shown
    assert any(line.split()[:2] == ["ecut", "eV"] for line in shown.splitlines())
    assert "\x1b" not in shown


def test_show_as_json_has_units():
    fields = json.loads(run("show", "hbn-dos-gpaw", "--json").stdout)["fields"]
    assert {"name": "vbm_eV", "unit": "eV", "meaning": "valence-band maximum, absolute"} in fields


def test_fetch_of_a_shipped_dataset_has_nothing_to_do():
    assert "nothing needs fetching" in run("fetch", "hbn-dos-gpaw").stdout


def test_an_unknown_name_is_an_error_of_the_command_line():
    with pytest.raises(DataProblem) as raised:
        run("show", "hbn")
    assert raised.value.exit_code == 2
    assert "there is no dataset `hbn`" in str(raised.value)
