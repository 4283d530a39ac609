"""What a run keeps beside its arrays' data has about the bytes that its plan counts, part by part."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigdata.planning import record_bytes as counted
from tests.bench import Bench

COST = {
    "study": "cost",
    "name": "sum",
    "stages": {"dft": {"calculations": {"structures": 9, "settings": 2}, "files_each": 4, "bytes_each": "3 MB"}},
}
STUDIES = {
    "of one variant": COST,
    "of three": COST | {"sweep": {"grid": {"stages.dft.files_each": [4, 8, 12]}}},
}


def on_disk(folder: Path, pattern: str) -> int:
    return sum(file.stat().st_size for file in folder.rglob(pattern) if file.is_file())


@pytest.mark.parametrize("study", STUDIES)
def test_each_part_is_as_large_as_was_counted(study: str, bench: Bench) -> None:
    spec = bench.write("s.yaml", STUDIES[study])
    plan = bench.plan(spec)
    folder = bench.submit(spec).folder.path
    parts = {
        counted.metadata_bytes(plan): on_disk(folder, "zarr.json"),
        counted.journal_bytes(plan): on_disk(folder, "journal.jsonl"),
        counted.study_bytes(plan): on_disk(folder, "study.yaml") + on_disk(folder, "resolved.json"),
    }
    for said, found in parts.items():
        assert said == pytest.approx(found, rel=0.25, abs=400)
    assert counted.metadata_bytes(plan) == pytest.approx(on_disk(folder, "zarr.json"), rel=0.03)
    whole = on_disk(folder, "*")
    assert plan.n_bytes.holds(whole)
    assert plan.n_bytes.middle == pytest.approx(whole, rel=0.1)
