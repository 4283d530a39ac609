"""Packs: whole or not there, equal for equal files, readable by anybody, and never wrong unseen."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bigdata.errors import DamagedData, SpecError
from bigdata.store import open_run
from bigdata.store.folder import RunFolder
from bigdata.store.packs import PackWriter, StagePacks, TaskPack, tidy_packs
from bigdata.store.reading import Run
from bigdata.store.shards import StageShards, gathered_bytes
from tests.bench import Bench, events


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    return folder


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """What a DFT code leaves."""
    folder = tmp_path / "raw"
    (folder / "deep/er").mkdir(parents=True)
    (folder / "INFO.OUT").write_text("SCF iteration\n" * 500)
    (folder / "EIGVAL.OUT").write_bytes(random.Random(0).randbytes(3000))
    (folder / "deep/er/empty").touch()
    return folder


def pack(run: RunFolder, source: Path, index: int = 0, log: Callable[[str], None] = print, **more: Any) -> TaskPack:
    writer = PackWriter(run.pack("dft", index), log)
    writer.add(source, **more)
    assert writer.finish() == run.pack("dft", index).stat().st_size
    return TaskPack(run, "dft", index)


def test_files_come_back_as_they_were(run: RunFolder, raw: Path) -> None:
    packed = pack(run, raw)
    assert list(packed) == ["EIGVAL.OUT", "INFO.OUT", "deep/er/empty"]
    assert packed.read("INFO.OUT") == (raw / "INFO.OUT").read_bytes()
    assert {name: packed[name] for name in packed} == {
        str(p.relative_to(raw)): p.read_bytes() for p in raw.rglob("*") if p.is_file()
    }
    assert "INFO.OUT" in packed
    assert "TOTENERGY.OUT" not in packed
    packed.verify()
    assert not list(run.packs.rglob("*.partial"))


def test_anybody_can_read_them(run: RunFolder, raw: Path, tmp_path: Path) -> None:
    """Also with what comes behind the archive's list of files: `unzip` tests and unpacks without a complaint."""
    path = pack(run, raw).path
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    if shutil.which("unzip"):
        done = subprocess.run(["unzip", "-q", path, "-d", tmp_path / "out"], capture_output=True, check=True)
        assert not done.stderr
        assert (tmp_path / "out/deep/er/empty").exists()
        assert (tmp_path / "out/INFO.OUT").read_bytes() == (raw / "INFO.OUT").read_bytes()


def test_equal_files_make_equal_packs(run: RunFolder, raw: Path, tmp_path: Path) -> None:
    """Whoever made them, whenever, and in whatever order."""
    again = tmp_path / "again"
    for file in sorted((p for p in raw.rglob("*") if p.is_file()), reverse=True):
        copy = again / file.relative_to(raw)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
        copy.chmod(0o700)
        os.utime(copy, (0, 0))
    assert pack(run, raw, 0).path.read_bytes() == pack(run, again, 1).path.read_bytes()


def test_files_and_folders_get_other_names_where_one_wants_that(run: RunFolder, raw: Path) -> None:
    writer = PackWriter(run.pack("dft", 0), print)
    writer.add(raw / "INFO.OUT")
    writer.add(raw / "INFO.OUT", "copy.txt")
    writer.add(raw, "scf")
    writer.finish()
    names = ["INFO.OUT", "copy.txt", "scf/EIGVAL.OUT", "scf/INFO.OUT", "scf/deep/er/empty"]
    assert list(TaskPack(run, "dft", 0)) == names


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../b", "a//b", "./a", "", "a/", "a\\b", "a\nb", "\udc80"])
def test_names_that_lead_elsewhere_are_refused(name: str, run: RunFolder, raw: Path) -> None:
    writer = PackWriter(run.pack("dft", 0), print)
    with pytest.raises(ValueError, match="can't be a file's name in a pack: it takes relative paths such as"):
        writer.add(raw / "INFO.OUT", name)


def test_a_name_that_is_there_already_is_refused(run: RunFolder, raw: Path) -> None:
    writer = PackWriter(run.pack("dft", 0), print)
    writer.add(raw)
    with pytest.raises(ValueError, match=r"the pack 0.zip has a file `INFO.OUT` already"):
        writer.add(raw / "INFO.OUT")


def test_links_out_of_the_folder_and_what_is_no_file_are_left_out_and_said(
    run: RunFolder, raw: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("not this task's")
    (tmp_path / "others").mkdir()
    (tmp_path / "others/file").write_text("nor this")
    (raw / "out").symlink_to(tmp_path / "secret")
    (raw / "others").symlink_to(tmp_path / "others")
    (raw / "nowhere").symlink_to("nothing")
    (raw / "inside").symlink_to("INFO.OUT")
    os.mkfifo(raw / "pipe")
    said: list[str] = []
    packed = pack(run, raw, log=said.append)
    assert list(packed) == ["EIGVAL.OUT", "INFO.OUT", "deep/er/empty", "inside"]
    assert said == ["not packed, as links that lead elsewhere or no plain files: nowhere, others, out, pipe"]


def test_a_kill_while_it_is_written_leaves_the_pack_before(run: RunFolder, raw: Path) -> None:
    before = pack(run, raw).path.read_bytes()
    child = os.fork()
    if child == 0:
        writer = PackWriter(run.pack("dft", 0), print)
        writer.add(raw / "INFO.OUT")
        os._exit(0)
    os.waitpid(child, 0)
    assert list(run.packs.rglob("*.partial"))
    assert run.pack("dft", 0).read_bytes() == before
    run.sweep()
    assert [p.name for p in run.packs.rglob("*.*")] == ["0.zip"]


def test_a_file_that_can_not_be_read_leaves_the_pack_before(run: RunFolder, raw: Path) -> None:
    before = pack(run, raw).path.read_bytes()
    writer = PackWriter(run.pack("dft", 0), print)
    writer.add(raw / "INFO.OUT")
    with pytest.raises(FileNotFoundError):
        writer.add(raw / "nothing")
    writer.drop()
    assert run.pack("dft", 0).read_bytes() == before
    assert not list(run.packs.rglob("*.partial"))


DAMAGES: dict[str, Callable[[bytes, int], bytes]] = {
    "flipped": lambda data, at: data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :],
    "cut": lambda data, at: data[:at],
    "zeroed": lambda data, at: data[:at] + bytes(len(data) - at),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_damage_goes_unseen(damage: str, run: RunFolder, tmp_path: Path) -> None:
    """Verifying sees all of it; reading a file never gives other bytes than were written, and loses no name."""
    raw = tmp_path / "small"
    raw.mkdir()
    (raw / "INFO.OUT").write_text("converged\n" * 3)
    (raw / "EIGVAL.OUT").write_text("1 2 3\n")
    packed = pack(run, raw)
    good, right = packed.path.read_bytes(), dict(packed)
    for at in range(len(good)):
        data = DAMAGES[damage](good, at)
        if data == good:
            continue
        packed.path.write_bytes(data)
        found = TaskPack(run, "dft", 0)
        with pytest.raises(DamagedData):
            found.verify()
        with suppress(DamagedData):
            assert dict(found) == right


def test_what_is_not_there_is_said_in_words(run: RunFolder, raw: Path) -> None:
    packed = pack(run, raw, 17)
    assert list(StagePacks(run, "dft")) == [17]
    with pytest.raises(SpecError, match=r"17.zip holds no `info.out`. Did you mean `INFO.OUT`\? It has `EIGVAL.OUT`, "):
        packed.read("info.out")
    with pytest.raises(DamagedData, match=r"the stored data of `packs/dft`, shard 18, are not there. Submit the study"):
        StagePacks(run, "dft")[18].read("INFO.OUT")
    assert run.read_damaged() == {("packs/dft", (18,))}


def test_packs_of_tasks_that_are_no_more_are_removed(run: RunFolder, raw: Path) -> None:
    for index in range(3):
        pack(run, raw, index)
    tidy_packs(run, {"dft": 2})
    assert list(StagePacks(run, "dft")) == [0, 1]
    tidy_packs(run, {"relax": 2})
    assert list(StagePacks(run, "dft")) == []


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A run of three tasks that pack, one of which failed."""
    bench = Bench(tmp_path_factory.mktemp("made"))
    spec = {"study": "calls", "name": "packs", "tasks": 3, "pack": True, "rough": [1]}
    assert bench.bigdata("submit", bench.write("calls.yaml", spec)).returncode == 5
    return bench


@pytest.fixture
def ran(made: Bench, tmp_path: Path) -> Bench:
    return Bench(shutil.copytree(made.folder, tmp_path / "ran"))


def size(packed: TaskPack) -> int:
    with packed._found() as file:
        return file.seek(0, os.SEEK_END)


def single(run: RunFolder, index: int) -> Path:
    """A gathered pack, as a file of its own again."""
    path = run.pack("call", index)
    TaskPack(run, "call", index).copy(path)
    StageShards(run, "call").remove(index)
    return path


def opened(ran: Bench) -> Run:
    return open_run(ran.run_folder().path)


def test_a_run_has_the_files_of_its_tasks_also_of_those_that_failed(ran: Bench) -> None:
    run = opened(ran)
    assert list(run.packs) == ["call"]
    assert list(run.packs["call"]) == [0, 1, 2]
    assert run.packs["call"][2].read("deeper/INFO.OUT") == b"converged\n"
    assert run.packs["call"][1].read("INFO.OUT") == b"not converged\n"
    with pytest.raises(SpecError, match=r"no files of a stage `dft` are packed in .*; those that do: `call`"):
        run.packs["dft"]
    done = events(run.folder.path, "done")
    assert all(record["bytes"] > size(run.packs["call"][record["index"]]) for record in done)


def test_a_plan_counts_packs(ran: Bench) -> None:
    spec = ran.folder / "calls.yaml"
    plan = ran.plan(spec)
    assert (plan.n_packs, plan.pack_bytes) == (3, gathered_bytes(3, 600))
    without = ran.plan(ran.write("without.yaml", {"study": "calls", "name": "packs", "tasks": 3}))
    assert plan.n_files == without.n_files + 2  # a shard and its index
    assert abs(plan.other_bytes - without.other_bytes - plan.pack_bytes) < 1_000
    said = ran.bigdata("plan", spec).stdout
    assert "packs  3 in 2 of these files, about 12.9 KiB: the raw files of each task in one\n" in said
    assert "\npacks  " not in ran.bigdata("plan", ran.folder / "without.yaml").stdout


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        pytest.param(lambda path: path.unlink(), "its data are missing", id="missing"),
        pytest.param(lambda path: os.truncate(path, 100), "its data are missing", id="cut"),
    ],
)
def test_a_task_whose_pack_is_gone_is_run_again(damage: Callable[[Path], None], why: str, ran: Bench) -> None:
    damage(single(ran.run_folder(), 2))
    (stage,) = ran.plan(ran.folder / "calls.yaml").stages
    assert stage.todo == {1: "failed before", 2: why}


def test_damage_is_found_by_verify_and_mended_by_submitting_again(bench: Bench) -> None:
    spec = bench.write("calls.yaml", {"study": "calls", "name": "packs", "tasks": 3, "pack": True})
    folder = bench.submit(spec).folder
    assert bench.bigdata("verify", folder.path).stdout.startswith(
        f"{folder.path}: all 1 arrays and 3 packs are whole ("
    )
    assert folder.n_files() == bench.plan(spec).n_files
    right = dict(TaskPack(folder, "call", 2))
    data = single(folder, 2).read_bytes()
    single(folder, 2).write_bytes(data[:40] + b"?" + data[41:])
    single(folder, 0).unlink()
    found = bench.bigdata("verify", folder.path)
    assert found.returncode == 7
    for text in (
        "`packs/call`, shard 0, are not there",
        "`packs/call`, shard 2, are damaged (their checksum disagrees)",
    ):
        assert text in found.stderr
    (stage,) = bench.plan(spec).stages
    assert stage.todo == {0: "its data were found damaged", 2: "its data were found damaged"}
    bench.submit(spec)
    assert dict(TaskPack(folder, "call", 2)) == right
    assert bench.bigdata("verify", folder.path).returncode == 0


def test_a_pack_of_a_stage_that_does_not_speak_of_any_is_an_error(bench: Bench) -> None:
    from tests.kind.test_context import context

    folder = bench.submit(bench.trial()).folder
    with pytest.raises(RuntimeError, match="stage `first` packs files and doesn't say so: `packs=Pack"):
        _ = context(folder).pack
