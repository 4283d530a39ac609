"""Tokens in a spec are refused, and neither messages nor tracebacks show them."""

from __future__ import annotations

import json
import traceback

import pytest
from click.testing import CliRunner

from bigdata.cli.main import cli
from bigdata.errors import SpecError
from bigdata.spec import load_study
from bigdata.spec.secrets import hidden, secrets
from tests.bench import Bench

SECRET = "s3cr3t-Word.77"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoiYSJ9.c2lnbmF0dXJl"
SPECS = {
    "beside other keys": f"nomad: {{token: {SECRET}, tokn: 5}}\n",
    "in quotes": f'nomad:\n  token: "{SECRET}"\n',
    "as JSON": f'"nomad": {{"token": "{SECRET}", "x": 1}}\n',
    "in the line below its key": f"nomad:\n  token:\n    {SECRET}\n",
    "as a block of text": f"nomad:\n  token: >-\n    {SECRET}\n    {SECRET}\n",
    "under an anchor": f"comment: &t {SECRET}\nnomad: {{token: *t}}\n",
    "in a list": f"nomad:\n  token: [{SECRET}, other]\n",
    "at a key that is none": f"nomad:\n  tokens: {SECRET}\n",
    "at another key, known by its form": f"nomad: {{tokn: {JWT}}}\n",
    "in an address": f"nomad: {{url: 'https://me:{SECRET}@host/api'}}\n",
    "before what isn't YAML": f"nomad:\n  token: {SECRET}\n x: [\n",
    "in the line that isn't YAML": f"nomad: {{token: {SECRET}\n",
}


@pytest.mark.parametrize("where", SPECS)
def test_a_secret_is_not_shown(where: str, bench: Bench) -> None:
    text = "study: high-throughput\nname: s\nupload:\n" + "".join(f"  {line}\n" for line in SPECS[where].splitlines())
    path = bench.folder / "s.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as refused:
        load_study(path)
    told = "".join(traceback.format_exception(refused.value)) + repr(refused.value.problems)
    for form in ([], ["--json"]):
        told += CliRunner().invoke(cli, ["validate", str(path), *form]).output
    assert "upload" in told or "line" in told
    assert not any(word in told for word in (SECRET, JWT))


def test_a_secret_of_the_command_line_is_not_shown(bench: Bench) -> None:
    path = bench.folder / "s.yaml"
    path.write_text("study: high-throughput\nname: s\n")
    with pytest.raises(SpecError) as refused:
        load_study(path, [f"upload.nomad.token={SECRET}"])
    assert "a token doesn't belong into a spec" in str(refused.value)
    assert SECRET not in str(refused.value) + json.dumps([p.place.file for p in refused.value.problems])


def test_what_stands_beside_a_secret_keeps_its_place() -> None:
    text = "a: {token: abcd, x: 1}\npassword: 'efgh' # why\n"
    assert hidden(text) == "a: {token: ****, x: 1}\npassword: '****' # why\n"
    assert secrets(text) == {"abcd", "efgh"}


OPEN = {
    "a variable": 'token: "${env:NOMAD_TOKEN}"\n',
    "a key below an empty one": "token:\n  embargo: 3\n",
    "the next key": "token:\nembargo: 3\n",
    "an address without a password": "url: https://host:8080/a@b\n",
    "a key of another meaning": "keys: abcd\n",
}


@pytest.mark.parametrize("what", OPEN)
def test_what_is_no_secret_is_shown(what: str) -> None:
    assert hidden(OPEN[what]) == OPEN[what]
    assert secrets(OPEN[what]) == frozenset()
