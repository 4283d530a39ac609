"""Uploads to a server that answers as NOMAD does, whole and with all that goes wrong on the way."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time

import pytest

from bigdata.archives.journal import Uploads
from bigdata.archives.nomad import NomadServer
from bigdata.archives.packages import METADATA_BYTES
from bigdata.archives.uploading import Uploader
from bigdata.data.remote.http import Client, Refused
from bigdata.errors import VerificationFailed
from bigdata.store import open_run
from bigdata.studies.high_throughput.uploads import uploads as shipment_of
from tests.bench import Bench
from tests.nomad_server import APP_TOKEN, TOKEN, NomadStandIn
from tests.studies.high_throughput.test_study import SPEC, write

UPLOAD = {
    "nomad": {
        "url": "${env:NOMAD_URL}",
        "token": "${env:NOMAD_TOKEN}",
        "comment": "Crystals: 3 of them",
        "references": ["https://doi.org/10.1000/1"],
        "coauthors": ["a.person"],
        "embargo": 3,
    }
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    bench = Bench(tmp_path_factory.mktemp("made"))
    bench.submit(write(bench, {**SPEC, "upload": UPLOAD}))
    return bench


@pytest.fixture
def run(made, tmp_path):
    """A run's folder, for one test alone."""
    return shutil.copytree(made.run_folder().path, tmp_path / "run")


@pytest.fixture
def nomad():
    with NomadStandIn() as server:
        yield server


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def uploader(run, nomad, pauses):
    """Makes uploaders of the run, of packages of about two calculations each."""
    shipment = shipment_of(open_run(run).variants[0])
    one = max(sum(m.in_zip for m in c.members()) for c in shipment.calculations)

    def make(per_upload=2, token=TOKEN, **more):
        client = Client(timeout_s=2, per_second=1e6, sleep=pauses.append)
        server = NomadServer(nomad.base, token, client)
        limit = METADATA_BYTES + int((per_upload + 0.5) * one) + 1000
        return Uploader(shipment, Uploads(run / "uploads.jsonl", nomad.base), server, limit=limit, **more)

    return make


def all_files(nomad):
    return {name: data for upload in nomad.stored.values() for name, data in upload.files.items()}


def assert_all_there(run, nomad):
    """Every file of every calculation that didn't fail is at the server, once, as it is in its pack."""
    view = open_run(run).variants[0]
    good = [i for i, status in enumerate(view["status"][...].ravel()) if status != 2]
    sent = {
        f"calculate-{i:06}/{name}": view.packs["calculate"][i].read(name)
        for i in good
        for name in view.packs["calculate"][i]
    }
    there = [name for upload in nomad.stored.values() for name in upload.files if name != "nomad.yaml"]
    assert sorted(there) == sorted(sent)
    assert {name: data for name, data in all_files(nomad).items() if name != "nomad.yaml"} == sent


def test_every_file_comes_once_and_whole_and_stays_unpublished(run, nomad, uploader):
    packages, waiting = uploader().run()
    assert (len(packages), waiting, nomad.n_sent) == (4, 0, 4)
    assert_all_there(run, nomad)
    assert not any(upload.published for upload in nomad.stored.values())
    assert [p.n_bytes for p in packages] == [len(upload.body) for upload in nomad.stored.values()]
    assert [p.state for p in packages] == ["verified"] * 4


def test_metadata_are_those_of_the_spec(nomad, uploader):
    from ruamel.yaml import YAML

    uploader(8).run()
    (upload,) = nomad.stored.values()
    told = YAML(typ="safe").load(upload.files["nomad.yaml"])
    assert told == {
        "upload_name": upload.name,
        "comment": "Crystals: 3 of them",
        "references": ["https://doi.org/10.1000/1"],
        "coauthors": ["a.person"],
        "embargo_length": 3,
    }


def test_a_second_call_sends_nothing_and_publishes_when_told_to(nomad, uploader):
    uploader().run()
    packages, _ = uploader(is_published=True).run()
    assert nomad.n_sent == 4
    assert all(upload.published and upload.embargo == 3 for upload in nomad.stored.values())
    assert [p.state for p in packages] == ["published"] * 4


@pytest.mark.parametrize("how", ["busy", "before", "after", "torn", "failing"])
def test_what_goes_wrong_on_the_way_is_mended_without_sending_anything_twice(run, nomad, uploader, how):
    nomad.sending = ["", how]
    if how in ("torn", "failing"):
        with pytest.raises(VerificationFailed, match="couldn't process the upload upload-2"):
            uploader().run()
    uploader().run()
    assert_all_there(run, nomad)
    assert len({upload.name for upload in nomad.stored.values()}) == len(nomad.stored) == 4
    assert nomad.n_sent == 4 + (how in ("torn", "failing"))


def test_a_busy_server_is_left_alone_as_long_as_it_wants(nomad, uploader, pauses):
    nomad.sending, nomad.n_busy = ["busy"], 1
    uploader(8).run()
    assert {3.0, 7.0} <= {round(p, 6) for p in pauses}


def test_an_entry_that_fails_is_named_and_nothing_of_it_is_published(nomad, uploader):
    nomad.sending = ["entry"]
    with pytest.raises(VerificationFailed, match="1 entries couldn't be processed: calculate-000000/"):
        uploader(is_published=True).run()
    assert [upload.published for upload in nomad.stored.values()] == [False, True, True, True]


def test_a_file_that_changed_at_the_server_is_found(run, nomad, uploader):
    uploader(8).run()
    (upload,) = nomad.stored.values()
    name = "calculate-000001/dos.npy"
    upload.files[name] = upload.files[name][:-1]
    (run / "uploads.jsonl").unlink()
    with pytest.raises(VerificationFailed, match=r"1 files aren't there as they were sent: calculate-000001/dos\.npy"):
        uploader(8).run()


def test_an_upload_that_the_server_lost_is_sent_again(run, nomad, uploader):
    uploader().run()
    del nomad.stored["upload-4"]
    uploader().run()
    assert nomad.n_sent == 5
    assert_all_there(run, nomad)


def test_without_its_journal_a_run_finds_its_uploads_by_name(run, nomad, uploader):
    uploader().run()
    (run / "uploads.jsonl").unlink()
    uploader().run()
    assert nomad.n_sent == 4


def test_ten_unpublished_uploads_are_a_round(run, nomad, uploader):
    for n in range(8):
        nomad.stored[f"other-{n}"] = dataclasses.replace(_other(), upload_id=f"other-{n}", name=str(n))
    packages, waiting = uploader().run()
    assert (nomad.n_sent, waiting, len(packages)) == (2, 2, 4)
    packages, waiting = uploader(is_published=True).run()
    assert (nomad.n_sent, waiting) == (4, 0)


def _other():
    from tests.nomad_server import Stored

    return Stored("", "", b"PK\5\6" + bytes(18), 0)


def test_a_wrong_token_is_one_sentence_without_the_token(uploader):
    with pytest.raises(Refused) as error:
        uploader(token="not-a-token-of-anybody").run()
    assert "401" in str(error.value)
    assert "not-a-token-of-anybody" not in str(error.value)


def test_tokens_are_renewed_and_are_in_no_file_of_the_run(run, nomad, uploader):
    uploader().run()
    sent = [question.headers["Authorization"] for question in nomad.asked if question.method == "POST"]
    assert sent == [f"Bearer {APP_TOKEN}"] * 4
    held = b"".join(path.read_bytes() for path in run.rglob("*") if path.is_file())
    assert TOKEN.encode() not in held
    assert APP_TOKEN.encode() not in held


def test_a_damaged_pack_is_not_sent(run, nomad, uploader):
    (shard,) = (run / "packs/calculate").glob("*.tar")
    data = bytearray(shard.read_bytes())
    data[700] ^= 255
    shard.write_bytes(data)
    with pytest.raises(VerificationFailed, match="`packs/calculate`, shard 0, are damaged"):
        uploader().run()
    # What else there is has come.
    assert nomad.n_sent == 3
    assert not any(name.startswith("calculate-000000/") for name in all_files(nomad))


def test_a_killed_upload_goes_on_and_sends_nothing_twice(made, nomad, tmp_path):
    folder = shutil.copytree(made.run_folder().path, tmp_path / "killed")
    nomad.delay_s = 30
    environment = {"NOMAD_URL": nomad.base, "NOMAD_TOKEN": TOKEN}
    running = made.start("upload", folder, **environment)
    until = time.monotonic() + 30
    while not nomad.stored and time.monotonic() < until:
        time.sleep(0.05)
    running.process.kill()
    running.process.wait()
    nomad.delay_s = 0
    done = made.bigdata("upload", folder, **environment)
    assert done.returncode == 0, done.stderr
    assert nomad.n_sent == 1
    assert_all_there(folder, nomad)


def test_the_program_says_what_it_would_send_and_what_it_sent(made, nomad, tmp_path):
    folder = shutil.copytree(made.run_folder().path, tmp_path / "told")
    dry = made.bigdata("upload", folder, "--dry-run", NOMAD_URL="", NOMAD_TOKEN="")
    assert "upload: 1 upload of at most 32 GB in 1 round of 10 unpublished; 65 files" in dry.stdout, dry.stderr
    assert "left out: 4 calculations that failed" in dry.stdout
    done = made.bigdata("upload", folder, "--json", NOMAD_URL=nomad.base, NOMAD_TOKEN=TOKEN)
    (told,) = json.loads(done.stdout)["uploads"]
    (stored,) = nomad.stored.values()
    assert (told["files"], told["bytes"], told["state"]) == (len(stored.files), len(stored.body), "verified")
    assert f" {told['bytes']:,} " in dry.stdout
    refused = made.bigdata("upload", folder, NOMAD_URL=nomad.base, NOMAD_TOKEN="")
    assert refused.returncode == 2
    assert "upload.nomad.token: the environment variable NOMAD_TOKEN isn't set" in refused.stderr


def test_a_plan_tells_the_rounds_and_where_it_is_sent_changes_no_key(made):
    plan = made.plan(write(made, {**SPEC, "upload": UPLOAD}))
    assert "upload: 1 upload of at most 32 GB in 1 round of 10 unpublished" in " ".join(plan.notes)
    assert not made.plan(write(made, SPEC, file="without.yaml")).stages[0].todo


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"upload": {"nomad": {"token": "eyJhbGciOi"}}}, "upload.nomad.token: a token doesn't belong into a spec"),
        ({"upload": UPLOAD, "archive": {"raw": "dropped"}}, "upload: has nothing to send"),
    ],
    ids=["a token in a spec is refused", "an upload of nothing is refused"],
)
def test_specs_that_make_no_sense_are_refused(made, fields, words):
    spec = write(made, {**SPEC, **fields}, file="wrong.yaml")
    assert words in made.bigdata("validate", spec.name).stderr
