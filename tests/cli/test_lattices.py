"""`bigdata lattices` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

from bigdata.lattices.prototypes import PROTOTYPES
from tests.bench import Bench


def test_all_prototypes_are_listed_with_parameters_and_site_classes(tmp_path: Path) -> None:
    result = Bench(tmp_path).bigdata("lattices")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(PROTOTYPES)
    (perovskite,) = (line for line in lines if line.startswith("perovskite"))
    assert "A, B, X" in perovskite


def test_one_is_shown_with_its_sublattices_sites_and_a_line_for_the_spec(tmp_path: Path) -> None:
    shown = Bench(tmp_path).bigdata("lattices", "spinel").stdout
    assert "lattice: {prototype: spinel, a: … angstrom}" in shown
    assert "tetrahedral" in shown
    assert "octahedral" in shown
    (described,) = json.loads(Bench(tmp_path).bigdata("lattices", "spinel", "--json").stdout)
    assert described["parameters"] == ["a"]
    assert len(described["sublattices"]) == 3


def test_an_unknown_one_is_refused_with_a_guess(tmp_path: Path) -> None:
    result = Bench(tmp_path).bigdata("lattices", "spinell")
    assert result.returncode == 2
    assert "there is no prototype spinell" in result.stderr
    assert "Did you mean `spinel`?" in result.stderr
    assert "Traceback" not in result.stderr
