"""Stores that others made: what Zarr would run, wait for or trip over, in one sentence each."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from bigdata.errors import BigdataError, DamagedData, SiteError, VerificationFailed
from bigdata.store import open_run
from bigdata.store.folder import RunFolder
from tests.bench import Bench


@pytest.fixture
def folder(bench: Bench) -> RunFolder:
    bench.submit(bench.trial(tasks=2))
    return bench.run_folder()


@pytest.fixture
def about(folder: RunFolder) -> Path:
    """The metadata of one of its arrays."""
    return folder.store / "value/zarr.json"


def _with(**changes: Any) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))

    return change


def _codec(name: Any) -> Callable[[Path], None]:
    return _with(codecs=[{"name": "bytes", "configuration": {"endian": "little"}}, {"name": name}])


def _inner(file: Path) -> None:
    said = json.loads(file.read_text())
    said["codecs"][0]["configuration"]["codecs"].append({"name": "numcodecs.pickle"})
    file.write_text(json.dumps(said))


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


FOREIGN: dict[str, tuple[Callable[[Path], None], str]] = {
    "a codec of nobody's": (_codec("nobody.knows"), "names the codec 'nobody.knows', and runs are written with none"),
    "a codec inside of shards": (_inner, "names the codec 'numcodecs.pickle', and runs"),
    "a codec without a name": (_codec(7), "names the codec 'int'"),
    "codecs that are no list": (_with(codecs="pickle"), "names the codec 'pickle'"),
    "an unknown type": (_with(data_type="object"), "can't be read by Zarr ("),
    "a shape of words": (_with(shape=["many"]), "can't be read by Zarr ("),
    "no shape": (lambda file: file.write_text('{"node_type": "array"}'), "can't be read by Zarr ("),
    "chunks of nothing": (
        _with(chunk_grid={"name": "regular", "configuration": {"chunk_shape": [0]}}),
        "can't be read by Zarr (",
    ),
    "a list": (lambda file: file.write_text("[]"), "is no description of an array or a group"),
    "brackets without end": (lambda file: file.write_text("[" * 100_000), "is nested too deep"),
    "text that isn't UTF-8": (lambda file: file.write_bytes(b"\xff"), "byte 0 is not UTF-8 text"),
    "a pipe": (_pipe, "is a pipe, and no plain file"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_metadata_that_no_run_wrote(case: str, bench: Bench, folder: RunFolder, about: Path) -> None:
    change, said = FOREIGN[case]
    change(about)
    with pytest.raises(VerificationFailed) as error:
        open_run(folder.path)["value"][...]
    assert str(error.value).startswith(f"{about} {said}")
    for verb in ("verify", "results"):
        done = bench.bigdata(verb, folder.path)
        assert "Traceback" not in done.stderr
    done = bench.bigdata("verify", folder.path)
    assert done.returncode == 7


def test_an_older_store_of_pickles_is_no_store(folder: RunFolder) -> None:
    """Zarr itself would open it."""
    shutil.rmtree(folder.store)
    folder.store.mkdir()
    (folder.store / ".zgroup").write_text('{"zarr_format": 2}')
    (folder.store / "value").mkdir()
    about = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "<f8", "fill_value": 0, "order": "C"}
    (folder.store / "value/.zarray").write_text(json.dumps({**about, "compressor": None, "filters": None}))
    assert "value" in zarr.open_group(folder.store, mode="r")
    assert list(open_run(folder.path)) == []


def test_data_in_a_pipe_are_not_waited_for(bench: Bench, folder: RunFolder, about: Path) -> None:
    for shard in (about.parent / "c").rglob("*"):
        if shard.is_file():
            _pipe(shard)
    with pytest.raises(DamagedData, match="are in no plain file"):
        open_run(folder.path)["value"][...]
    assert bench.bigdata("verify", folder.path).returncode == 7


@pytest.mark.parametrize("group", ["../elsewhere", "/etc", "variant-1/../..", "variant-", "x"])
def test_a_variant_lies_in_the_store(group: str, folder: RunFolder) -> None:
    _resolved(folder, lambda said: said["variants"][0].update(group=group))
    with pytest.raises(SiteError, match=r"isn't what bigdata writes \(`variants.0.group`"):
        open_run(folder.path)


WRONG: dict[str, Callable[[Any], object]] = {
    "no study": lambda said: said.pop("study"),
    "no variants": lambda said: said.update(variants=[]),
    "another number of variants": lambda said: said["variants"].append(said["variants"][0]),
    "a kind of somebody's": lambda said: said["study"].update(study="os:system"),
    "a kind that is no word": lambda said: said["study"].update(study=["trial"]),
    "fields of another kind": lambda said: said["study"]["variants"][0]["study"].update(colour="red"),
    "an input with more": lambda said: said["variants"][0]["inputs"].update(a={"digest": "", "folder": "", "run": "x"}),
    "packs elsewhere": lambda said: said["variants"][0].update(packs=["../../etc"]),
    "a file's digest that leads elsewhere": lambda said: said.update(files=[{"path": "a", "sha256": "../../x"}]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_record_that_no_run_wrote(case: str, bench: Bench, folder: RunFolder) -> None:
    _resolved(folder, WRONG[case])
    with pytest.raises(BigdataError):
        open_run(folder.path)
    for words in (("results",), ("verify",), ("status",), ("logs",), ("submit", "--site", "process"), ("report",)):
        done = bench.bigdata(words[0], folder.path, *words[1:])
        assert "Traceback" not in done.stderr, done.stderr[-1500:]


def _resolved(folder: RunFolder, change: Callable[[Any], object]) -> None:
    said = json.loads(folder.resolved.read_text())
    change(said)
    folder.resolved.write_text(json.dumps(said))


def test_a_layout_is_compared_with_what_is_there(bench: Bench, folder: RunFolder, about: Path) -> None:
    """An array that isn't understood is made anew, and its data are calculated again."""
    right = np.asarray(open_run(folder.path)["value"])
    _codec("nobody.knows")(about)
    (folder.store / "value/c").rename(folder.store / "gone")
    shutil.rmtree(folder.store / "gone")
    done = bench.bigdata("submit", bench.trial(tasks=2), "--site", "process")
    assert done.returncode == 0, done.stderr
    assert np.array_equal(np.asarray(open_run(folder.path)["value"]), right)
