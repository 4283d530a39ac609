"""Real calculations by Elk in jobs that are cancelled, or end at their walltime: all right, little twice, none left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata.store import open_run
from tests.bench import Bench, Running, events
from tests.calculators.machine import needs
from tests.jobs.conftest import CPU, Far
from tests.studies.high_throughput.test_elk import CRYSTALS, HARTREE_EV

pytestmark = pytest.mark.slow

# With less than 3.5 aluminium's self-consistency doesn't end.
RGKMAX = [3.6, 3.7, 3.8, 3.9, 4.0]
N = 40
# One job of two cores has two calculations under way.
IN_HAND = 2
# A calculation that goes on from its restart files ends within this of one that wasn't interrupted.
SAME_HARTREE = 1e-6
# Which calculation it is, is all of the input but the task's number, of those that go on another; and where it is.
TRACED = """\
echo "$(tail -n +4 elk.in | md5sum | cut -c1-32) $PWD" >> {trace}
exec elk-lapw
"""


def study(bench: Bench, trace: Path) -> Path:
    """Two crystals with twenty settings; each Elk that is started leaves a line in `trace`."""
    (bench.folder / "crystals.extxyz").write_text(CRYSTALS)
    (bench.folder / "elk.sh").write_text(TRACED.format(trace=trace))
    grid = {"xc": ["LDA", "PBE"], "k_grid": [[3, 3, 3], [4, 4, 4]], "basis": {"rgkmax": RGKMAX}}
    command = ["sh", str(bench.folder / "elk.sh")]
    spec = {
        "study": "high-throughput",
        "name": "forty",
        "structures": {"file": "crystals.extxyz"},
        "calculator": {"code": "elk", "command": command, "options": {"nempty": 8}},
        "workflow": ["ground-state"],
        "settings": {"grid": grid},
    }
    return bench.write("forty.yaml", spec)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(2, 20) energies in eV of calculations that nothing interrupts, on this machine and without a batch system."""
    needs("elk-lapw")
    bench = Bench(tmp_path_factory.mktemp("alone"))
    run = bench.submit(study(bench, bench.folder / "trace"))
    assert (run["status"][...] == 0).all()
    return run["total_energy"][...]


def start(far: Far, walltime: str) -> Running:
    site = far.site({"cpu": {**CPU, "max_jobs": 1, "walltime": walltime}})
    far.started.append(far.bench.start("submit", study(far.bench, far.trace), "--site", site))
    return far.started[-1]


def check(far: Far, running: Running, alone: Any) -> None:
    """All energies are right, what was begun twice was in hand, and no node holds anything of it."""
    assert running.process.wait(400) == 0, running.err.read_text()
    found = open_run(far.run)
    assert (found["status"][...] == 0).all()
    np.testing.assert_allclose(found["total_energy"][...], alone, rtol=0, atol=SAME_HARTREE * HARTREE_EV)
    done = [e["index"] for e in events(far.run, "done") if e["stage"] == "calculate"]
    assert sorted(done) == list(range(N))
    # One that is lost before its Elk is started leaves no line.
    assert far.n_repeated() <= sum(far.again().values())
    places = {Path(line.split()[1]) for line in far.trace.read_text().splitlines()}
    assert len(places) >= N
    assert not [place for place in places if place.exists() or place.parent.exists()]


def n_jobs(far: Far) -> int:
    return far.started[-1].err.read_text().count(" handed in for pool cpu\n")


def test_a_cancelled_job_costs_no_more_than_the_calculations_in_hand(far: Far, alone: Any) -> None:
    running = start(far, "10 min")
    far.wait_for(10, running)
    far.slurm.cancel(far.jobs("RUNNING"))
    check(far, running, alone)
    assert set(far.again()) == {("lost", "cpu")}
    assert far.again().total() <= IN_HAND
    assert n_jobs(far) == 2


def test_jobs_of_a_minute_end_and_later_ones_go_on(far: Far, alone: Any) -> None:
    running = start(far, "1 min")
    check(far, running, alone)
    assert n_jobs(far) >= 2
    assert set(far.again()) <= {("paused", "cpu")}
    assert far.n_repeated() <= IN_HAND * (n_jobs(far) - 1)


# As where a site limits each process: LDA (xctype 3) has to make do with little where more is to be had, PBE always.
LIMITED = """\
if [ "$BIGDATA_MORE_MEMORY" = 1 ] || ! grep -qx '  3' elk.in; then ulimit -v 98304; fi
exec elk-lapw
"""


def test_what_gets_no_memory_goes_on_in_a_job_with_more_or_fails_with_its_reason(far: Far) -> None:
    needs("elk-lapw")
    spec = json.loads(study(far.bench, far.trace).read_text())
    (far.bench.folder / "elk.sh").write_text(LIMITED)
    # Aluminium needs too little.
    (far.bench.folder / "crystals.extxyz").write_text("".join(CRYSTALS.splitlines(keepends=True)[3:]))
    spec["settings"] = {"grid": {"xc": ["LDA", "PBE"], "k_grid": [[2, 2, 2]], "basis": {"rgkmax": [5.0]}}}
    spec["calculator"]["restarts"] = 0
    running = far.bench.start("submit", far.bench.write("limited.yaml", spec), "--site", far.site())
    far.started.append(running)
    assert running.process.wait(200) == 0, running.err.read_text()
    found = open_run(far.run)
    assert found["status"][...].tolist() == [[0, 2]]
    assert far.again() == {("memory", "cpu.1"): 2}
    assert "ground-state: It got no more memory than" in found.rows("calculate")["reason"][1]
    # Silicon's, of two atoms, as Elk gives it where nothing is limited.
    text = found.packs["calculate"][0].read("ground-state/TOTENERGY.OUT").decode()
    assert found["total_energy"][0, 0] == pytest.approx(float(text.split()[-1]) * HARTREE_EV, rel=1e-12)
