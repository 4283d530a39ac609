"""A real calculation by Elk, sent to a server that answers as NOMAD does."""

from __future__ import annotations

from tests.bench import Bench
from tests.calculators.machine import needs
from tests.nomad_server import TOKEN, NomadStandIn
from tests.studies.high_throughput.test_elk import SPEC, write

SETTINGS = {"grid": {"xc": ["LDA"], "k_grid": [[2, 2, 2]], "basis": {"rgkmax": [3.5]}}}
UPLOAD = {"nomad": {"url": "${env:NOMAD_URL}", "token": "${env:NOMAD_TOKEN}"}}


def test_elks_own_main_files_are_at_the_server_and_published(tmp_path):
    needs("elk-lapw")
    bench = Bench(tmp_path)
    run = bench.submit(write(bench, {**SPEC, "workflow": ["ground-state"], "settings": SETTINGS, "upload": UPLOAD}))
    with NomadStandIn() as nomad:
        done = bench.bigdata("upload", run.folder.path, "--publish", NOMAD_URL=nomad.base, NOMAD_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    (stored,) = nomad.stored.values()
    assert stored.published
    for index, name in enumerate(("Al", "Si")):
        sent = stored.files[f"calculate-{index:06}/ground-state/INFO.OUT"]
        assert sent == run.packs["calculate"][index].read("ground-state/INFO.OUT"), name
    assert [entry["mainfile"][:16] for entry in stored.entries] == ["calculate-000000", "calculate-000001"]
