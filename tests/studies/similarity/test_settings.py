"""Settings keep their names, whatever a file calls them: in the store, the tables, and the figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bigdata
from bigdata.kind.drawing import save_as
from bigdata.studies.similarity import captioned
from bigdata.studies.similarity.results import Results
from bigdata.studies.similarity.settings import array_names
from tests.report.made import made
from tests.studies.similarity.test_entries import Folder, folder, own_cache, spectrum

__all__ = ["folder", "own_cache"]

ODD = [
    "k points",
    "a/b",
    "..",
    "",
    "height",
    "setting_height",
    "setting",
    "variant",
    "zarr.json",
    "k_points",
    "$x_{$",
    "ü",
]


@given(st.lists(st.text(max_size=12) | st.sampled_from(ODD), unique=True))
def test_no_two_settings_share_an_array_and_every_array_has_a_plain_name(names: list[str]) -> None:
    found = array_names(names)
    assert list(found) == names
    assert len(set(found.values())) == len(names)
    for name, array in found.items():
        assert array == name or array.startswith("setting_")
        assert array.isascii()
        assert array.replace("_", "").replace(".", "").isalnum()
        assert array not in ("height", "setting", "zarr.json", "entry")


def test_ordinary_names_are_kept() -> None:
    assert array_names(["xc", "n_kpts", "dft.xc"]) == {"xc": "xc", "n_kpts": "n_kpts", "dft.xc": "dft.xc"}


def test_a_study_of_settings_with_odd_names_runs_and_reports(folder: Folder) -> None:
    entries = [spectrum(f"$e{i}_{{$", **{name: 10 * i + k for k, name in enumerate(ODD)}) for i in range(3)]
    study = folder.study(*entries, order_by=["k points", "$x_{$", "height"], groups={"min_similarity": 0.5})
    run = bigdata.submit(study, site="process", runs=folder.path)
    values = {name: [k, 10 + k, 20 + k] for k, name in enumerate(ODD)}
    assert {name: found.tolist() for name, found in run.once(Results).settings.items()} == values
    arrays = array_names(run["setting"][...].tolist())
    assert {name: run[arrays[name]][...].tolist() for name in ODD} == values
    table = next(t for t in made(run).tables if t.title == "Similarity to the most accurate entry")
    assert list(table.columns[1:4]) == ["k points", "$x_{$", "height"]
    for name in ("matrix", "convergence", "groups", "fingerprints"):
        saved = save_as(getattr(captioned, name)(run).draw, folder.path / name)
        assert saved.png.stat().st_size
        assert saved.pdf.stat().st_size


@pytest.mark.parametrize("big", [1 << 70, 1 << 63])
def test_whole_numbers_of_any_size_run(folder: Folder, big: int) -> None:
    run = bigdata.submit(folder.study(spectrum("a", n=big), spectrum("b", n=1)), site="process", runs=folder.path)
    assert run["n"][...].tolist() == [str(big), "1"]
