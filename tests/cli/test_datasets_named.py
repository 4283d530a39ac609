"""Datasets on the command line: what tables call them, and which of them can't be compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bigdata.cli.datasets import command
from bigdata.cli.datasets.named import short
from bigdata.errors import SpecError

TABLE = "id,formula,{column}\na,MgO,1\nb,NaCl,2\n"


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["a/c.csv", "b/c.csv"], ["a/c.csv", "b/c.csv"]),
        (["a/c.csv:x", "b/d.csv:y"], ["c.csv", "d.csv"]),
        (["x/a/c.csv", "y/a/c.csv", "c.csv"], ["x/a/c.csv", "y/a/c.csv", "c.csv"]),
        (["emt-prototypes", "c.csv"], ["emt-prototypes", "c.csv"]),
    ],
)
def test_files_of_one_name_are_told_apart_by_their_folders(given: list[str], names: list[str]) -> None:
    found = short(given)
    assert found[:2] == names[:2]
    assert found[-1].endswith(names[-1])


@pytest.mark.parametrize("given", [["a/c.csv", "a/../a/c.csv"], ["emt-prototypes", "emt-prototypes:volume_per_atom"]])
def test_a_dataset_given_twice_is_refused(given: list[str]) -> None:
    with pytest.raises(SpecError, match="is given twice; compare it with another dataset"):
        short(given)


def overlap(folder: Path, *columns: str) -> tuple[str, BaseException | None]:
    words = []
    for place, column in enumerate(columns):
        (folder / str(place)).mkdir()
        (folder / str(place) / "c.csv").write_text(TABLE.format(column=column))
        words.append(f"{folder / str(place) / 'c.csv'}:{column}")
    done = CliRunner().invoke(
        command, ["overlap", *words, "--by", "reduced_formula", "--figures", str(folder / "figures")]
    )
    return done.stdout, done.exception


def test_values_whose_unit_is_not_known_are_not_drawn_beside_others(tmp_path: Path) -> None:
    _, error = overlap(tmp_path, "e_form", "e_form_meV_per_atom")
    assert isinstance(error, SpecError)
    assert str(error).startswith(
        "the unit of 0/c.csv:e_form isn't known, beside 1/c.csv:e_form_meV_per_atom in meV/atom."
    )


def test_values_in_other_units_are_converted(tmp_path: Path) -> None:
    said, error = overlap(tmp_path, "e_eV_per_atom", "e_meV_per_atom")
    assert error is None
    assert "0/c.csv" in said
    assert "1/c.csv" in said
