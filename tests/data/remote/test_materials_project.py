"""The Materials Project's client against a server on loopback that answers in the documented form."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from bigdata.data import DataProblem
from bigdata.data.materials.formats import FORMATS
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.problem import BadEntry
from bigdata.data.remote.http import Client
from bigdata.data.remote.materials_project import fetch, parameters
from bigdata.data.remote.queries import answers_about, is_fetched
from bigdata.data.remote.query import MaterialsProjectQuery
from bigdata.errors import SiteError
from tests.loopback import Loopback, Question, Reply, cut

KEY = "0123456789abcdefghijklmnopqrstuv"
VERSION = "2025.09.25"


def summary(i: int) -> dict[str, Any]:
    metal = ("Li", "Na", "K")[i % 3]
    structure = Structure(Lattice.cubic(4 + 0.01 * i), [metal, "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    return {
        "material_id": f"mp-{i:03}",
        "formula_pretty": f"{metal}Cl",
        "structure": structure.as_dict(),
        "formation_energy_per_atom": -2 - 0.01 * i,
        "band_gap": 0.1 * i,
        "energy_above_hull": 0.0,
        "is_stable": i % 2 == 0,
    }


ROWS = json.loads(json.dumps([summary(i) for i in range(55)]))


class Database:
    """What the service does with a question: the key, some conditions, fields, pages of 1000 at most."""

    version = VERSION

    def respond(self, question: Question) -> Reply:
        address = urlsplit(question.path)
        if address.path == "/heartbeat":
            return self.say(200, {"status": "OK", "db_version": self.version})
        if question.headers.get("X-API-KEY") != KEY:
            return self.say(401, {"message": f"Invalid authentication credentials {KEY}"})
        assert address.path == "/materials/summary/"
        return self.say(*self.answer(dict(parse_qsl(address.query))))

    def answer(self, asked: dict[str, str]) -> tuple[int, Any]:
        fields, order = asked.pop("_fields").split(","), asked.pop("_sort_fields")
        skip, limit = int(asked.pop("_skip")), int(asked.pop("_limit"))
        if limit > 1000:
            return 400, {"detail": "Requested more data per query than allowed by this endpoint"}
        wanted = {
            "elements": lambda row, text: all(e in row["formula_pretty"] for e in text.split(",")),
            "band_gap_min": lambda row, text: row["band_gap"] >= float(text),
            "is_stable": lambda row, text: row["is_stable"] == {"true": True, "false": False}[text],
        }
        for name in asked:
            if name not in wanted:
                return 400, {"detail": f"Request contains query parameters which cannot be used: {name}"}
        found = [row for row in ROWS if all(wanted[name](row, text) for name, text in asked.items())]
        page = sorted(found, key=lambda row: row[order])[skip : skip + limit]
        return 200, {
            "data": [{name: row[name] for name in fields if name in row} for row in page],
            "meta": {"total_doc": len(found)},
        }

    @staticmethod
    def say(status: int, document: Any) -> Reply:
        return Reply(json.dumps(document).encode(), status)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def server(database: Database) -> Iterator[Loopback]:
    with Loopback(database.respond) as server:
        yield server


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MP_API_KEY", KEY)


@pytest.fixture
def query(server: Loopback) -> Callable[..., MaterialsProjectQuery]:
    return lambda **more: MaterialsProjectQuery(**{"url": server.url, "page": 20} | more)


def quick(attempts: int = 4) -> Client:
    return Client(timeout_s=10, attempts=attempts, per_second=1e6, sleep=lambda _: None)


def answered(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_all_summaries_come_with_the_fields_wanted(query):
    found = answered(fetch(query(), quick()))
    assert found == [{key: value for key, value in row.items() if key != "is_stable"} for row in ROWS]


def test_conditions_are_written_as_the_interface_wants_them(query):
    asked = parameters(query(filter={"elements": ["B", "N"], "is_stable": True, "band_gap_min": 1.5}, fields=("cbm",)))
    assert asked == {
        "elements": "B,N",
        "is_stable": "true",
        "band_gap_min": "1.5",
        "_fields": "material_id,formula_pretty,structure,cbm",
        "_sort_fields": "material_id",
    }


def test_conditions_hold(query):
    found = answered(fetch(query(filter={"elements": ["Na", "Cl"], "band_gap_min": 2, "is_stable": False}), quick()))
    wanted = [r for r in ROWS if "Na" in r["formula_pretty"] and r["band_gap"] >= 2 and not r["is_stable"]]
    assert [r["material_id"] for r in found] == [r["material_id"] for r in wanted] != []


def test_pages_and_progress(query, server):
    told: list[tuple[int, int | None]] = []
    fetch(query(), quick(), lambda n, total: told.append((n, total)))
    assert told == [(20, 55), (40, 55), (55, 55)]
    assert [("_skip=40&_limit=20" in path) for _, path, _, _ in server.asked] == [False, False, False, True]


def test_no_more_come_than_are_wanted(query):
    assert len(answered(fetch(query(max_entries=25), quick()))) == 25


def test_a_broken_fetch_goes_on_where_it_broke(query, server):
    server.faults = [None, None, cut]
    with pytest.raises(SiteError):
        fetch(query(), quick(attempts=1))
    server.asked.clear()
    assert [r["material_id"] for r in answered(fetch(query(), quick()))] == [r["material_id"] for r in ROWS]
    assert [path.partition("_skip=")[2] for _, path, _, _ in server.asked] == ["", "20&_limit=20", "40&_limit=20"]


def test_a_new_version_of_the_database_begins_anew(query, server, database):
    server.faults = [None, None, cut]
    with pytest.raises(SiteError):
        fetch(query(), quick(attempts=1))
    database.version = "2026.02.01"
    assert len(answered(fetch(query(), quick()))) == len(ROWS)
    assert answers_about(query())["version"] == "2026.02.01"
    assert sum("_skip=0&" in path for _, path, _, _ in server.asked) == 2


def test_answers_are_fetched_once_and_need_no_key_then(query, server, monkeypatch):
    path = fetch(query(), quick())
    n_asked = len(server.asked)
    monkeypatch.delenv("MP_API_KEY")
    assert (fetch(query(), quick()), len(server.asked), is_fetched(query())) == (path, n_asked, True)
    about = answers_about(query())
    assert (about["total"], about["lacking"], about["never_given"], about["version"]) == (55, 0, [], VERSION)


def test_a_property_that_no_entry_has_is_told(query, caplog):
    fetch(query(fields=("band_gap", "total_hardness")), quick())
    assert "gave no entry a value of total_hardness" in caplog.text


def test_without_a_key_it_is_said_where_to_get_one(query, monkeypatch, server):
    monkeypatch.delenv("MP_API_KEY")
    with pytest.raises(DataProblem, match=r"environment variable MP_API_KEY holds no key.*materialsproject\.org/api"):
        fetch(query(), quick())
    assert server.asked == []


def test_the_key_may_have_another_name(query, monkeypatch):
    monkeypatch.setenv("OUR_KEY", KEY)
    monkeypatch.delenv("MP_API_KEY")
    assert len(answered(fetch(query(key="OUR_KEY", max_entries=1), quick()))) == 1


def test_the_key_is_nowhere_but_in_the_header(query, server, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    fetch(query(), quick())
    assert all(headers["X-API-KEY"] == KEY and KEY not in path for _, path, headers, _ in server.asked)
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY not in caplog.text


def test_a_wrong_key_is_said_without_showing_it(query, monkeypatch):
    monkeypatch.setenv("MP_API_KEY", KEY.upper())
    with pytest.raises(SiteError, match="Check the key or password in the environment") as raised:
        fetch(query(), quick())
    assert KEY.upper() not in str(raised.value)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"filter": {"element": "B"}}, "refuses this: Request contains query parameters which cannot be used: element"),
        ({"filter": {"elements": ["Og"]}}, "nothing in the Materials Project matches"),
        ({"filter": {"_limit": 5}}, "`_limit` isn't a condition"),
        ({"filter": {"elements": []}}, "`elements` is empty"),
    ],
    ids=["unknown parameter", "nothing matches", "paging", "empty list"],
)
def test_a_query_that_cannot_be_asked_is_the_spec_s_matter(query, more, words):
    with pytest.raises(DataProblem) as raised:
        fetch(query(**more), quick())
    (finding,) = raised.value.findings
    assert finding.path == ("materials-project", "filter")
    assert words in finding.what


def test_another_service_is_noticed(query, server):
    server.faults = [lambda _: Reply(b'{"hello": 1}')] * 2
    with pytest.raises(SiteError, match="not with summaries"):
        fetch(query(), quick())


def test_answers_are_read_as_materials(query):
    path = fetch(query(), quick())
    assert FORMATS.tell(path) == "materials-project"
    entries = list(FORMATS.named("materials-project").read(path, "answers.jsonl"))
    for row, entry in zip(ROWS, entries, strict=True):
        assert isinstance(entry, MaterialEntry)
        assert (entry.name, entry.formula, entry.line) == (row["material_id"], row["formula_pretty"], entry.line)
        assert entry.properties == {
            key: row[key] for key in ("formation_energy_per_atom", "band_gap", "energy_above_hull")
        }
        wanted = Structure.from_dict(row["structure"])
        assert entry.structure is not None
        assert entry.structure.numbers.tolist() == list(wanted.atomic_numbers)
        np.testing.assert_allclose(entry.structure.lattice, wanted.lattice.matrix, atol=1e-12)
        np.testing.assert_allclose(entry.structure.positions, wanted.frac_coords, atol=1e-12)


def test_a_line_that_is_no_summary_is_a_bad_entry(tmp_path):
    (tmp_path / "answers.jsonl").write_text('{"material_id": "mp-1", "structure": {}}\n{"a": 1}\n', encoding="utf-8")
    found = list(FORMATS.named("materials-project").read(tmp_path / "answers.jsonl", "answers.jsonl"))
    assert [(bad.name, bad.line) for bad in found if isinstance(bad, BadEntry)] == [("mp-1", 1), ("", 2)]
