"""What a study says of its spectra before it computes: dips, scales, columns that are full or not covered."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import bigdata
from bigdata.data.spectra.dataset import open_import
from bigdata.errors import SpecError
from bigdata.studies.similarity.fingerprint import heights
from bigdata.studies.similarity.grid import Grid
from tests.report.made import made
from tests.studies.similarity.test_entries import GRID, Folder, folder, own_cache, spectrum

__all__ = ["folder", "own_cache"]

N = 65
DIPPED = np.where(np.arange(N) % 9 == 0, -0.06, 2.0)


def run(folder: Folder, policy: str) -> Any:
    dipped = spectrum("dipped", dos_states_per_eV_cell=DIPPED.tolist())
    given = {"zero": "none", "negative": policy}
    study = folder.study(spectrum("a"), dipped, spectrum=given, dataset={"file": "s.jsonl"})
    return bigdata.submit(study, site="process", runs=folder.path)


@pytest.mark.parametrize("policy", ["clip", "keep"])
def test_dips_are_clipped_or_kept_as_the_study_says(folder: Folder, policy: str) -> None:
    found = run(folder, policy)["height"][1]
    energies = np.array(spectrum("a")["energies_eV"])
    dos = DIPPED.clip(0) if policy == "clip" else DIPPED
    right = heights(energies, dos[None], 0.0, Grid.from_id(GRID))
    assert found.tolist() == right.height[0].tolist()
    other = heights(energies, (DIPPED if policy == "clip" else DIPPED.clip(0))[None], 0.0, Grid.from_id(GRID))
    assert found.tolist() != other.height[0].tolist()


def test_dips_are_refused_where_the_study_says_nothing(folder: Folder) -> None:
    with pytest.raises(SpecError, match=r"the DOS is negative: -0\.06 states/eV at point 1, its maximum being 2"):
        run(folder, "refuse")


def test_dips_are_skipped_with_other_bad_entries(folder: Folder) -> None:
    plan = folder.plan(spectrum("a"), spectrum("dipped", dos_states_per_eV_cell=DIPPED.tolist()))
    assert plan.variants[0].workload.sizes["entries"] == 1
    assert "1 entry (dipped): the DOS dips below zero" in plan.notes
    assert any("say `spectrum.negative: clip` or `keep`" in note for note in plan.notes)


def table(folder: Folder, *units: str) -> dict[str, Any]:
    """A table of spectra whose states are counted in these units."""
    rows = "".join(f"{e / 4},2\n" for e in range(-32, 33))
    for i, unit in enumerate(units):
        (folder.path / f"f{i}.csv").write_text(f"energy_eV,dos (states/eV/{unit})\n{rows}")
    lines = "".join(f"e{i},f{i}.csv,{i % 2}\n" for i in range(len(units)))
    (folder.path / "t.csv").write_text(f"name,file,kind\n{lines}")
    given = {"study": "similarity", "name": "s", "spectrum": {"zero": "none"}, "fingerprint": {"grid": GRID}}
    return given | {"dataset": {"file": "t.csv"}}


def planned(folder: Folder, given: dict[str, Any]) -> bigdata.Study:
    (folder.path / "s.yaml").write_text(json.dumps(given))
    return bigdata.load_study(folder.path / "s.yaml")


def test_states_per_cell_and_per_atom_are_not_compared(folder: Folder) -> None:
    with pytest.raises(SpecError) as caught:
        bigdata.plan(planned(folder, table(folder, "cell", "atom", "cell")), runs=folder.path)
    assert "the states of 3 entries are counted differently: 2 per cell (first e0) and 1 per atom (first e1)" in str(
        caught.value
    )


def test_the_scale_is_that_of_the_entries_that_are_left(folder: Folder) -> None:
    given = table(folder, "cell", "atom", "cell", "atom")
    given["dataset"]["where"] = {"kind": 1}
    found = bigdata.submit(planned(folder, given), site="process", runs=folder.path)
    assert found["overflow"].units == "states/atom"
    assert any("in states per atom" in sentence for sentence in made(found).summary)


def test_full_columns_are_said_with_a_grid_on_which_none_is_full(folder: Folder) -> None:
    large = [spectrum(n, dos_states_per_eV_cell=[d] * N) for n, d in (("a", 900.0), ("b", 1200.0))]
    (note,) = folder.plan(*large).notes
    assert note.startswith("100% of the columns of 2 entries are full, and full columns are equal whatever is above")
    grid = note.split("of the grid ")[1].split(",")[0]
    assert folder.plan(*large, fingerprint={"grid": grid}).notes == ()
    study = folder.study(*large, fingerprint={"grid": grid})
    found = bigdata.submit(study, site="process", runs=folder.path)
    assert found["height"][...].max() < Grid.from_id(grid).n_pix
    assert found["similarity"][0, 1] == pytest.approx(0.75, abs=0.1)


def test_entries_that_cover_little_and_pairs_without_a_common_column_are_named(folder: Folder) -> None:
    entries = [spectrum("left", -8, -2), spectrum("right", 0, 8), spectrum("full")]
    notes = folder.plan(*entries).notes
    # Six of the 20 columns end at or below -2 eV; the last of them counts only where a spectrum goes on behind it.
    assert "1 of 3 entries cover less than 50% of the columns: left 25%" in notes
    assert any("no column in common, left and right among them: their similarity is 0" in note for note in notes)


def test_what_the_reader_noted_and_passed_over_is_in_the_notes_of_the_plan(folder: Folder) -> None:
    (folder.path / "d").mkdir()
    (folder.path / "d" / "s.jsonl").write_text("".join(json.dumps(spectrum(n, vbm_eV=99.0)) + "\n" for n in ("a", "b")))
    (folder.path / "d" / "TDOS_k12.dat").write_text("0 1\n")
    open_import.cache_clear()
    notes = folder.plan(spectrum("x"), dataset={"file": "d"}).notes
    assert "2 entries (s.jsonl/a, s.jsonl/b): the valence-band maximum is outside of the energies" in notes
    assert "1 file is of no known format and passed over (TDOS_k12.dat)" in notes


def test_nothing_but_dips_is_an_error(folder: Folder) -> None:
    with pytest.raises(SpecError, match="no spectrum that can be used is left"):
        folder.plan(spectrum("dipped", dos_states_per_eV_cell=DIPPED.tolist()))
