"""Zips of packs: read by Python's and by others' programs, of the size that was said before."""

from __future__ import annotations

import io
import struct
import subprocess
import zipfile
from pathlib import Path
from shutil import which

import pytest

from bigdata.store.folder import RunFolder
from bigdata.store.packs import PackWriter, TaskPack
from bigdata.store.shards import StageShards
from bigdata.store.zipped import Member, Packed, Text, _central, _end, n_zip_bytes, zip_stream

FILES = {"INFO.OUT": b"energy " * 5000, "é/ü.txt": b"", "dos/TDOS.OUT": bytes(range(256)) * 9000}


@pytest.fixture
def parts(tmp_path: Path) -> list[Text | Packed]:
    """A text and two packs, one of them in a shard."""
    run = RunFolder(tmp_path)
    for index in (3, 4):
        writer = PackWriter(run.pack("dft", index), print)
        for name, data in FILES.items():
            (tmp_path / "file").write_bytes(data * index)
            writer.add(tmp_path / "file", name)
        writer.finish()
    StageShards(run, "dft").gather([3])
    return [Text("nomad.yaml", b"comment: x\n"), *(Packed(f"dft-{i}", TaskPack(run, "dft", i)) for i in (3, 4))]


def test_the_zip_holds_every_file_below_its_packs_folder(parts: list[Text | Packed]) -> None:
    data = b"".join(zip_stream(parts))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    expected = {f"dft-{i}/{name}": bytes_ * i for i in (3, 4) for name, bytes_ in FILES.items()}
    assert found == {"nomad.yaml": b"comment: x\n", **expected}


def test_its_size_is_known_before(parts: list[Text | Packed]) -> None:
    assert n_zip_bytes(m for part in parts for m in part.members()) == sum(map(len, zip_stream(parts)))


def test_another_program_finds_it_whole(parts: list[Text | Packed], tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    path.write_bytes(b"".join(zip_stream(parts)))
    readers = [[program, *words, path] for program, words in (("unzip", ["-tq"]), ("jar", ["tf"])) if which(program)]
    if not readers:
        pytest.skip("neither unzip nor jar is installed")
    for command in readers:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr


def test_places_and_counts_go_beyond_32_bits(tmp_path: Path) -> None:
    """A list of 70,000 files that begins behind 20 GB, of a file that has holes in front of it."""
    path, at = tmp_path / "large.zip", 20 * 10**9
    lines = [_central(Member(f"{i}", 8, 0, 5_000_000_000, 6_000_000_000), at - 1) for i in range(70_000)]
    with path.open("wb") as file:
        file.seek(at)
        file.writelines([*lines, _end(len(lines), sum(map(len, lines)), at)])
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    assert len(infos) == 70_000
    last = infos[-1]
    assert (last.header_offset, last.compress_size, last.file_size) == (at - 1, 5_000_000_000, 6_000_000_000)
    assert struct.calcsize("<4sQ2H2L4Q") == 56
