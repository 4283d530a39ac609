"""Forty calculations by Elk in jobs of Slurm, cancelled once and out of time again and again: right, and once each."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata.store import open_run
from tests.bench import Bench, events, until
from tests.calculators.machine import needs
from tests.jobs.conftest import CPU, Far

pytestmark = pytest.mark.slow

CRYSTALS = """\
1
Lattice="0 2.025 2.025 2.025 0 2.025 2.025 2.025 0" Properties=species:S:1:pos:R:3 pbc="T T T" id=Al
Al 0 0 0
2
Lattice="0 2.715 2.715 2.715 0 2.715 2.715 2.715 0" Properties=species:S:1:pos:R:3 pbc="T T T" id=Si
Si 0 0 0
Si 1.3575 1.3575 1.3575
"""
N = 40
STUDY: dict[str, Any] = {
    "study": "high-throughput",
    "name": "forty",
    "structures": {"file": "crystals.extxyz"},
    "calculator": {"code": "elk", "options": {"nempty": 8}},
    "workflow": ["density-of-states"],
    "settings": {
        "grid": {
            "xc": ["LDA", "PBE"],
            "k_grid": [[2, 2, 2], [3, 3, 3]],
            "basis": {"rgkmax": [3.0, 3.5, 4.0, 4.5, 5.0]},
        }
    },
    "dos": {"window": ["-10 eV", "5 eV"], "step": "0.1 eV"},
}
# A task on each of two cores. Slurm's walltimes have steps of a minute.
POOL = {**CPU, "cores": 2, "memory": "1600 MiB", "max_jobs": 1}
LONG, SHORT = ({"cpu": {**POOL, "walltime": walltime}} for walltime in ("10 min", "1 min"))


def written(bench: Bench) -> Path:
    (bench.folder / "crystals.extxyz").write_text(CRYSTALS)
    return bench.write("forty.yaml", STUDY)


def done(run: Path) -> list[int]:
    return [event["index"] for event in events(run, "done") if event["stage"] == "calculate"]


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Energies and densities of states, computed by one process without interruption."""
    needs("elk-lapw")
    bench = Bench(tmp_path_factory.mktemp("alone"))
    run = bench.submit(written(bench))
    return {name: run[name][...] for name in ("total_energy", "status", "dos", "fermi_energy")}


def test_forty_calculations_are_right_whatever_becomes_of_their_jobs(far: Far, left_alone: dict[str, Any]) -> None:
    before = set(Path(tempfile.gettempdir()).glob("bigdata-*"))
    spec = written(far.bench)
    running = far.bench.start("submit", spec, "--site", far.site(LONG), "--fresh")
    far.started.append(running)
    until(lambda: list(far.bench.folder.glob("runs/*/journal.jsonl")) and len(done(far.run)) >= 6, 300)
    far.slurm.cancel(far.jobs("RUNNING"))
    until(lambda: len(done(far.run)) >= 12, 300)
    running.process.terminate()
    running.process.wait(120)
    # What is left takes longer than a job of a minute has.
    last = far.bench.start("submit", spec, "--site", far.site(SHORT))
    far.started.append(last)
    assert last.process.wait(1200) == 0, last.err.read_text()
    assert sorted(done(far.run)) == [*range(N)]
    run = open_run(far.run)
    assert (run["status"][...] == left_alone["status"]).all()
    # Restarts from a checkpoint converge to other last digits; all else is the same to the bit.
    np.testing.assert_allclose(run["total_energy"][...], left_alone["total_energy"], atol=1e-4, rtol=0)
    np.testing.assert_allclose(run["dos"][...], left_alone["dos"], atol=0.05, rtol=0.02)
    again = [event for event in events(far.run, "again") if event["stage"] == "calculate"]
    # Two in hand at each of the ends: by us, and by walltimes of a minute.
    assert len(again) <= 2 * (2 + 8)
    assert not set(Path(tempfile.gettempdir()).glob("bigdata-*")) - before
    assert os.environ.get("TMPDIR") is None or not list(Path(os.environ["TMPDIR"]).glob("bigdata-*"))
