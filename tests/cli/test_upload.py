"""`bigdata upload`: a whole run of the instant code, sent to a server that answers as NOMAD documents."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.archives.server import TOKEN, served
from tests.bench import Bench
from tests.studies.high_throughput.test_study import SPEC, write

UPLOAD = {"nomad": {"url": "${env:NOMAD_URL}", "token": "${env:NOMAD_TOKEN}", "comment": "of tests"}}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    bench = Bench(tmp_path_factory.mktemp("upload"))
    return bench.submit(write(bench, SPEC | {"upload": UPLOAD}))


def upload(run, *options, **environment):
    words = [sys.executable, "-m", "bigdata", "upload", str(run.folder.path), *options]
    return subprocess.run(words, env=os.environ | environment, capture_output=True, text=True)


def test_a_dry_run_says_what_would_be_sent(run):
    packs = [pack for stage in run.packs.values() for pack in stage.values()]
    n_files = sum(len(pack) for pack in packs)
    said = upload(run, "--dry-run").stdout
    assert said.startswith(f"upload: 1 upload of at most 32 GB in 1 round of 10 unpublished; {n_files:,} files, ")


def test_a_missing_token_is_named(run):
    done = upload(run, NOMAD_URL="http://127.0.0.1:9", NOMAD_TOKEN="")
    assert (done.returncode, done.stderr) == (
        2, "the environment has no NOMAD_TOKEN, which `upload` names. Set it, and start again.\n"
    )  # fmt: skip


def test_a_run_is_sent_then_published_and_the_token_is_in_no_file(run):
    packed = {
        f"{run.packs.path(stage)}/{index}/{name}": pack[name]
        for stage, packs in run.packs.items()
        for index, pack in packs.items()
        for name in pack
    }
    with served() as stand:
        stand.main = next(iter(packed)).rpartition("/")[2]
        secrets = {"NOMAD_URL": stand.url, "NOMAD_TOKEN": TOKEN}
        first = upload(run, **secrets)
        assert first.stdout.splitlines()[1].startswith("1/1: upload-1 verified"), first.stderr
        assert "1 not published" in first.stdout
        second = upload(run, "--publish", **secrets)
        assert second.stdout.splitlines()[1] == "1/1: upload-1 published"
        assert stand.n_whole_bodies == 1
        there = dict(stand.files["upload-1"])
    assert json.loads(there.pop("nomad.json"))["comment"] == "of tests"
    assert there == packed
    files = [path for path in run.folder.path.rglob("*") if path.is_file()]
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()]
