"""Two thousand calculations: few files, killed once and gone on with, every number where it belongs."""

from __future__ import annotations

import json
import signal
import zipfile

import numpy as np

from bigdata.store import open_run
from bigdata.store.journal import read_history
from bigdata.store.shards import TASKS_PER_SHARD
from tests.bench import Bench, events, until
from tests.plugin.bigdata_test_bulk import FILES, ROWS, energy

N, LINES = 2_000, 3


def test_two_thousand_calculations_survive_a_kill_in_few_files(bench: Bench) -> None:
    study = {"study": "bulk", "name": "many", "calculations": N, "block": 500, "lines": LINES}
    spec = bench.write("many.yaml", study)
    folder = bench.plan(spec, site="process").folder
    running = bench.start("submit", spec, "--site", "process")
    until(lambda: folder.journal.exists() and folder.journal.read_bytes().count(b'"done"') > 2 * TASKS_PER_SHARD)
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()
    assert len(list((folder.packs / "calculate").glob("*.zip"))) <= TASKS_PER_SHARD + 1
    before = len(events(folder.path, "done"))
    run = bench.submit(spec)
    done = [(record["stage"], record["index"]) for record in events(folder.path, "done")]
    # What the killed controller had in hand was not in the journal, and nothing else ran twice.
    assert len(done) == len(set(done)) == N + 4
    assert before < N
    expected = np.array([[energy(0, i, row) for row in range(ROWS)] for i in range(N)])
    assert np.array_equal(run["energies"][...], expected)
    assert np.array_equal(run["energy_3"][...], expected[:, 3])
    assert (run["lines"][...] == LINES).all()
    plan = bench.plan(spec, site="process")
    assert (plan.n_todo, plan.n_packs, plan.n_pack_files) == (0, N, N // TASKS_PER_SHARD + 1)
    assert folder.n_files() == plan.n_files
    assert list(run.packs["calculate"]) == list(range(N))
    assert f"{N:,} packs are whole" in bench.bigdata("verify", folder.path).stdout


def test_a_study_that_overlaps_takes_calculations_over_with_their_packs(bench: Bench) -> None:
    """By what each depends on: its structure and setting, not its number."""
    small = bench.submit(bench.write("small.yaml", {"study": "bulk", "name": "small", "calculations": 20, "lines": 2}))
    large = bench.submit(bench.write("large.yaml", {"study": "bulk", "name": "large", "calculations": 30, "lines": 2}))
    taken = [record for record in events(large.folder.path, "done") if "from" in record]
    assert {record["index"] for record in taken} == set(range(20))
    for index in (0, 19):
        one, other = (dict(run.packs["calculate"][index]) for run in (small, large))
        assert one == other
        assert set(one) == set(FILES)
    assert large.folder.n_files() == bench.plan(bench.folder / "large.yaml").n_files


def test_calculations_of_other_content_are_not_taken_for_known(bench: Bench) -> None:
    """Tasks that write nothing into arrays are told apart by their own fields, however many are asked for at once."""
    bench.submit(bench.write("one.yaml", {"study": "bulk", "name": "one", "calculations": 9, "lines": 2}))
    other = {"study": "bulk", "name": "other", "calculations": 9, "lines": 2, "first": 9}
    run = bench.submit(bench.write("other.yaml", other))
    assert not [
        record for record in events(run.folder.path, "done") if "from" in record and record["stage"] == "calculate"
    ]
    assert run["energies"][0, 0] == energy(0, 9, 0)


def test_records_are_those_of_the_journal(bench: Bench) -> None:
    """Read one by one, stage by stage and all together, they are what its lines say, the last word on each task."""
    spec = bench.write("few.yaml", {"study": "bulk", "name": "few", "calculations": 12, "lines": 2})
    folder = bench.submit(spec).folder
    lines = [json.loads(line) for line in folder.journal.read_text().splitlines()]
    right = {(r["stage"], r["index"]): r for r in lines if r["event"] == "done"}
    done = read_history(folder.journal).done
    assert dict(done.items()) == right == {task: done[task] for task in done}
    assert list(done.values()) == list(right.values())
    assert {task: done.key(task) for task in done} == {task: r["key"] for task, r in right.items()}
    assert done.by_key() == {r["key"]: task for task, r in right.items()}
    assert dict(done.of("calculate", [3, 99, 5])) == {i: right["calculate", i] for i in (3, 5)}
    rows = open_run(folder.path).rows("calculate")
    assert rows["energy_1"].tolist() == [right["calculate", i]["rows"]["energy_1"] for i in range(12)]


def test_a_pack_taken_out_of_a_shard_is_a_plain_zip(bench: Bench) -> None:
    run = bench.submit(bench.write("few.yaml", {"study": "bulk", "name": "few", "calculations": 3, "lines": 2}))
    run.packs["calculate"][2].copy(bench.folder / "2.zip")
    with zipfile.ZipFile(bench.folder / "2.zip") as archive:
        assert archive.testzip() is None
        assert archive.read(FILES[0]).decode().split()[:2] == ["0", f"{energy(0, 2, 0):.6f}"]
