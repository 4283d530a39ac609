"""The same study stores the same bytes wherever its tasks run: here, in jobs of one worker or four, in an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import ROOT, Bench, chunks
from tests.jobs.conftest import CPU, Far

STUDY = {
    "study": "similarity",
    "name": "same",
    "dataset": {"name": "hbn-dos-gpaw", "where": {"xc": ["LDA", "PBE"]}},
    "spectrum": {"zero": "valence-band-maximum", "window": ["-10 eV", "10 eV"]},
    "fingerprint": {"grid": "nonuniform:0:0.05:1.05:0.5:5.5:10:-10:10:56"},
    "similarity": {"keep": "matrix"},
    "order_by": ["xc", "n_kpts_full", "mode", "n_basis"],
    "groups": {"linkage": "complete"},
    "sweep": {"grid": {"similarity.measure": ["tanimoto", "integrated-l1"]}},
}
ONE = {**CPU, "cores": 1, "memory": "800 MiB", "max_jobs": 1}
FOUR = {**CPU, "cores": 2, "max_jobs": 2}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of all arrays, reckoned on this machine without jobs."""
    bench = Bench(tmp_path_factory.mktemp("here"))
    bench.submit(bench.write("same.yaml", STUDY))
    return chunks(bench.run_folder().path)


def reckoned(far: Far, site: Path, **variables: str) -> dict[str, bytes]:
    spec = far.bench.write("same.yaml", STUDY)
    done = far.bench.bigdata("submit", spec, "--site", site, **variables)
    assert done.returncode == 0, done.stderr
    return chunks(far.run)


@pytest.mark.parametrize(
    "pool",
    [pytest.param(ONE, id="one worker", marks=pytest.mark.slow), pytest.param(FOUR, id="four workers")],
)
def test_jobs_store_the_same_bytes(far: Far, here: dict[str, bytes], pool: dict[str, object]) -> None:
    assert len(here) > 4
    assert reckoned(far, far.site({"cpu": pool})) == here


EXPANSION = {
    "extends": str(ROOT / "specs/cluster-expansion.yaml"),
    "name": "small",
    "features": [1, 2],
    "clusters": {"cutoffs": {"2": "6 angstrom"}, "keep": 8},
}


def test_a_small_expansion_has_the_same_bytes_in_jobs_and_in_this_process(far: Far, bench: Bench) -> None:
    bench.submit(bench.write("small.yaml", EXPANSION), site="process")
    spec = far.bench.write("small.yaml", EXPANSION)
    done = far.bench.bigdata("submit", spec, "--site", far.site({"cpu": FOUR}))
    assert done.returncode == 0, done.stderr
    assert chunks(far.run) == chunks(bench.run_folder().path)


def test_jobs_in_an_image_store_the_same_bytes(far: Far, here: dict[str, bytes], image: Path) -> None:
    """Of the host's folders only what bigdata names is seen there."""
    site = far.site({"cpu": FOUR}, image={"apptainer": str(image)})
    assert reckoned(far, site, APPTAINER_NO_MOUNT="tmp,home,cwd") == here
