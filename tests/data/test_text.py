"""Opening files: compressed in any way, damaged anywhere, or of bytes that mean nothing; and telling their formats."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bigdata.data.materials.formats import FORMATS as MATERIALS
from bigdata.data.problem import EntryError
from bigdata.data.spectra.formats import FORMATS as SPECTRA
from bigdata.data.text import HEAD, array_of, head, is_number, lines, opened, plain_name, whole

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    "": bytes,
}
RECOGNISERS = [(kind, name) for kind in (MATERIALS, SPECTRA) for name in kind.modules]
TEXT = "".join(f"{i} {i * 7919 % 1000}\n" for i in range(40_000)).encode()


@pytest.fixture(params=PACKERS, ids=lambda suffix: suffix or "plain")
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, bytes]:
    """A file packed in one of the ways, whose name doesn't say so, and its bytes."""
    data = PACKERS[request.param](TEXT)
    (tmp_path / "a.txt").write_bytes(data)
    return tmp_path / "a.txt", data


def test_packed_files_are_told_by_their_first_bytes(packed: tuple[Path, bytes]) -> None:
    path, _ = packed
    assert opened(path).read() == whole(path) == TEXT
    assert head(path) == TEXT[:HEAD]
    assert [number for number, _ in lines(path)] == list(range(1, 40_001))


def test_of_a_damaged_file_all_before_the_damage_is_had(packed: tuple[Path, bytes]) -> None:
    path, data = packed
    if data == TEXT:
        return
    path.write_bytes(data[: len(data) * 9 // 10])
    assert TEXT.startswith(head(path))
    with pytest.raises(EntryError, match="damaged or cut off"):
        list(lines(path))
    with pytest.raises(EntryError, match="damaged or cut off"):
        whole(path)
    path.write_bytes(data[:8])
    assert head(path) == b""


def test_a_small_file_that_is_cut_off_is_still_recognised(tmp_path: Path) -> None:
    data = gzip.compress(b'{"id": "a", "formula": "MgO", "noise": "' + os.urandom(60_000).hex().encode() + b'"}\n')
    (tmp_path / "a.txt.gz").write_bytes(data[: len(data) // 2])
    assert head(tmp_path / "a.txt.gz").startswith(b'{"id": "a", "formula"')


def test_a_file_that_can_not_be_had_is_no_empty_one(tmp_path: Path) -> None:
    for read in (head, whole):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "none")
        with pytest.raises(IsADirectoryError):
            read(tmp_path)


@pytest.mark.parametrize("suffix", [*PACKERS, ".GZ"])
def test_the_ending_of_packed_files_is_no_part_of_a_name(suffix: str) -> None:
    assert plain_name(f"a.gz.csv{suffix}") == "a.gz.csv"
    assert plain_name("a.csv") == "a.csv"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_end_as_on_any_machine(tmp_path: Path, end: bytes) -> None:
    (tmp_path / "a").write_bytes(end.join([b"a", b"", b" ", b"b"]) + end)
    assert [(number, line.strip()) for number, line in lines(tmp_path / "a")] == [(1, b"a"), (4, b"b")]


@pytest.mark.parametrize(
    ("text", "expected"), [("1.5", True), ("-2e3", True), ("1_1", False), ("x", False), ("", False)]
)
def test_numbers_are_those_of_files_not_of_python(text: str, expected: bool) -> None:
    assert is_number(text) is is_number(text.encode()) is expected


def test_an_underscore_makes_no_array_of_numbers() -> None:
    assert np.array_equal(array_of([(1, b"1 2"), (2, b"3 4D1")]), [[1, 2], [3, 40]])
    with pytest.raises(EntryError, match="these aren't numbers: `3 1_1`"):
        array_of([(1, b"1 2"), (2, b"3 1_1")])


@pytest.mark.parametrize(("formats", "name"), RECOGNISERS, ids=lambda one: one if isinstance(one, str) else "")
@settings(max_examples=25)
@given(
    start=st.sampled_from(
        [b"", b"{", b"[", b"\x1f\x8b", b'{"a": "', b"energy,", b"id;formula\r", b"\xff\xfe", b"\0" * 20]
    ),
    rest=st.binary(max_size=200),
    ending=st.sampled_from([".csv", ".jsonl", ".xyz", ".cif", ".json", ".db", ".npz", ".OUT", ".dat", ".xml", ""]),
)
def test_no_bytes_make_a_recogniser_fail(formats: Any, name: str, start: bytes, rest: bytes, ending: str) -> None:
    for head_ in (start + rest, start + rest + b"\n" + rest, rest.replace(b"\n", b'"')):
        assert formats.named(name).recognises(f"a{ending}", head_) in (True, False)


@pytest.mark.parametrize(
    "data",
    # Without the time of day, which would make other names for these tests in each process.
    [b"", b"\0" * 3000, gzip.compress(b"", mtime=0)[:5], gzip.compress(b"id,formula\n", mtime=0)[:-9], b"\xfd7zXZ\0",
     b"BZh9",
     zlib.compress(TEXT), "id,formula\nä,MgO".encode("utf-16"), b'"', b'id,"formula', b"\n\n\n"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.xyz", "a.cif", "a.dat"])
def test_no_file_makes_telling_its_format_or_reading_it_fail(tmp_path: Path, data: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(data)
    for formats in (MATERIALS, SPECTRA):
        told = formats.tell(tmp_path / name)
        assert told is None or isinstance(list(formats.entries(tmp_path / name, told)), list)
