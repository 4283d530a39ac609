"""What is wrong with data is said at the key that names them, whichever that is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bigdata.data.problem import BadEntries, BadEntry, placed
from bigdata.errors import SpecError
from bigdata.planning.workload import check
from bigdata.spec import load_study

ROWS = "id,formula,e\na,MgO,1\nb,Mg?,2\n"
CRYSTAL = """1
Lattice="{} 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3 pbc="T T T"
Cu 0 0 0
"""
ELK = {"calculator": {"code": "elk"}, "settings": [{"xc": "LDA", "k_grid": [1, 1, 1]}]}
STUDIES = {
    "`structures:`": {"study": "high-throughput", "structures": {"file": "bad.xyz"}, **ELK},
    "`datasets.mine:`": {"study": "overlap", "datasets": {n: {"file": "bad.csv"} for n in ("mine", "other")}},
    "`dataset:`": {
        "study": "complexity",
        "dataset": {"file": "bad.csv"},
        "target": {"field": "e"},
        "features": {"composition": "magpie"},
        "models": [{"kind": "ridge"}],
    },
}


@pytest.mark.parametrize("key", STUDIES)
def test_bad_entries_are_skipped_under_the_key_that_names_them(key: str, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(ROWS)
    (tmp_path / "bad.xyz").write_text(CRYSTAL.format(4) + CRYSTAL.format("none"))
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump({"name": "s", **STUDIES[key]}))
    with pytest.raises(SpecError) as refused:
        check(load_study(path))
    assert f"say `on_bad_entry: skip` under {key} to go on without them" in str(refused.value)


def test_a_command_line_says_its_own_way_out() -> None:
    bad = BadEntries([BadEntry("a", "t.csv", 2, "no formula")], "t.csv", 5)
    assert str(bad.told("add --skip-bad")).endswith("1 of 5 entries can't be used. Correct them, or add --skip-bad.")


def test_what_is_placed_keeps_its_reasons() -> None:
    with pytest.raises(BadEntries) as found, placed("structures"):
        raise BadEntries([BadEntry("a", "t.csv", 2, "no formula")], "t.csv", 5)
    first, last = found.value.problems
    assert str(first) == "t.csv:2:1: entry `a`: no formula."
    assert "under `structures:`" in last.right
