"""Shards of packs: a pack is in its own file or in a shard at every moment, and nothing lost or damaged goes unseen."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from bigdata.errors import DamagedData
from bigdata.store.folder import RunFolder
from bigdata.store.packs import PackWriter, StagePacks, TaskPack, tidy_packs
from bigdata.store.shards import TASKS_PER_SHARD, StageShards, n_shard_files

LAST = TASKS_PER_SHARD + 1


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    return folder


def pack(run: RunFolder, index: int, text: str = "") -> bytes:
    """Leave a pack as a task does; returns its bytes."""
    source = run.path / "INFO.OUT"
    source.write_text(text or f"task {index}\n")
    writer = PackWriter(run.pack("dft", index), print)
    writer.add(source)
    writer.finish()
    source.unlink()
    return run.pack("dft", index).read_bytes()


def gathered(run: RunFolder, *indices: int) -> StageShards:
    for index in indices:
        pack(run, index)
    shards = StageShards(run, "dft")
    shards.gather(indices)
    return shards


def texts(run: RunFolder) -> dict[int, str]:
    return {index: packed.read("INFO.OUT").decode() for index, packed in StagePacks(run, "dft").items()}


def named(*indices: int) -> dict[int, str]:
    return {index: f"task {index}\n" for index in indices}


def test_packs_are_read_from_their_shards_byte_for_byte(run: RunFolder, tmp_path: Path) -> None:
    right = {index: pack(run, index) for index in (0, 3, LAST)}
    StageShards(run, "dft").gather(right)
    files = sorted(path.name for path in (run.packs / "dft").iterdir())
    assert files == ["000.tar", "001.tar", "index.bin"]
    assert len(files) == n_shard_files(LAST + 1)
    assert texts(run) == named(*right)
    for index, data in right.items():
        TaskPack(run, "dft", index).verify()
        TaskPack(run, "dft", index).copy(tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == data


def test_anybody_can_unpack_a_shard(run: RunFolder, tmp_path: Path) -> None:
    gathered(run, 0, 3)
    shard = run.pack_shard("dft", 0)
    done = subprocess.run(["tar", "-xvf", shard, "-C", tmp_path], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("0.zip\n3.zip\n", "")
    with tarfile.open(shard) as archive:
        assert [(m.name, m.mode, m.mtime) for m in archive] == [("0.zip", 0o644, 0), ("3.zip", 0o644, 0)]


def test_a_pack_made_anew_counts_before_and_after_it_is_gathered(run: RunFolder) -> None:
    shards = gathered(run, 0, 1)
    pack(run, 0, "anew\n")
    assert texts(run) == {0: "anew\n", 1: "task 1\n"}
    shards.gather([0])
    assert not run.pack("dft", 0).exists()
    assert texts(run) == {0: "anew\n", 1: "task 1\n"}
    run.pack_index("dft").unlink()
    assert texts(run) == {0: "anew\n", 1: "task 1\n"}


def test_packs_made_anew_again_and_again_do_not_pile_up(run: RunFolder) -> None:
    shards = gathered(run, 0, 1)
    size = run.pack_shard("dft", 0).stat().st_size
    for _ in range(9):
        pack(run, 0)
        pack(run, 1)
        shards.gather([0, 1])
        assert run.pack_shard("dft", 0).stat().st_size <= 2 * size
    assert texts(run) == named(0, 1)


@pytest.mark.parametrize("at", [0, 1, 511, 512, 600])
def test_a_shard_that_a_kill_tore_is_cut_and_gathered_into(at: int, run: RunFolder) -> None:
    """The pack that was being written is still there on its own."""
    shards = gathered(run, 0)
    before = run.pack_shard("dft", 0).read_bytes()
    pack(run, 1)
    shutil.copytree(run.packs, run.path / "then")
    index = run.pack_index("dft").read_bytes()
    shards.gather([1])
    torn = run.pack_shard("dft", 0).read_bytes()[: len(before) + at]
    whole = run.pack_shard("dft", 0).read_bytes()
    shutil.rmtree(run.packs)
    (run.path / "then").rename(run.packs)
    run.pack_shard("dft", 0).write_bytes(torn)
    run.pack_index("dft").write_bytes(index)
    assert texts(run) == named(0, 1)
    tidy_packs(run, {"dft": 2})
    assert texts(run) == named(0, 1)
    assert run.pack_shard("dft", 0).read_bytes() == whole


def test_a_pack_that_was_gathered_when_the_index_was_not_written_is_found(run: RunFolder) -> None:
    shards = gathered(run, 0)
    index = run.pack_index("dft").read_bytes()
    gathered(run, 1)
    run.pack_index("dft").write_bytes(index)
    assert texts(run) == named(0, 1)
    gathered(run, 2)
    assert texts(run) == named(0, 1, 2)
    assert shards.indices() == {0, 1, 2}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[:20], id="cut"),
        pytest.param(lambda data: data[16:32] + data[:16] + data[32:], id="that names other tasks"),
        pytest.param(lambda data: b"\xff" * len(data), id="of nonsense"),
    ],
)
def test_a_wrong_index_gives_no_wrong_pack(wrong: object, run: RunFolder) -> None:
    gathered(run, 0, 1, 2)
    run.pack_index("dft").write_bytes(wrong(run.pack_index("dft").read_bytes()))  # type: ignore[operator]
    assert {i: TaskPack(run, "dft", i).read("INFO.OUT").decode() for i in range(3)} == named(0, 1, 2)


def test_a_damaged_header_hides_its_own_pack_alone(run: RunFolder) -> None:
    shards = gathered(run, 0, 1, 2)
    run.pack_index("dft").unlink()
    shard = run.pack_shard("dft", 0)
    data = shard.read_bytes()
    at = data.index(b"1.zip")
    shard.write_bytes(data[:at] + b"?" + data[at + 1 :])
    assert shards.indices() == {0, 2}
    with pytest.raises(DamagedData, match="`packs/dft`, shard 1, are not there"):
        TaskPack(run, "dft", 1).read("INFO.OUT")


def test_damage_in_a_shard_is_seen(run: RunFolder) -> None:
    gathered(run, 0, 1)
    shard = run.pack_shard("dft", 0)
    data = shard.read_bytes()
    shard.write_bytes(data[:530] + bytes([data[530] ^ 1]) + data[531:])
    (found,) = StagePacks(run, "dft").verify({0, 1})
    assert "`packs/dft`, shard 0, are damaged" in str(found)


def test_a_shard_that_was_cut_lacks_what_is_missing(run: RunFolder) -> None:
    shards = gathered(run, 0, 1)
    os.truncate(run.pack_shard("dft", 0), 1500)
    assert shards.indices() == {0}
    gathered(run, 1)
    assert texts(run) == named(0, 1)


def test_packs_of_tasks_that_are_no_more_go_from_shards_too(run: RunFolder) -> None:
    gathered(run, 0, 1, 2, LAST)
    tidy_packs(run, {"dft": 2})
    assert texts(run) == named(0, 1)
    assert sorted(path.name for path in (run.packs / "dft").iterdir()) == ["000.tar", "index.bin"]
    tidy_packs(run, {"relax": 2})
    assert not [path for path in run.packs.rglob("*") if path.is_file()]
