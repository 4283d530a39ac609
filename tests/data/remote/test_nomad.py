"""The NOMAD client against a server on loopback that answers as NOMAD's archive query does."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bigdata.data.problem import DataProblem
from bigdata.data.remote import nomad
from bigdata.data.remote.answers import Answers, described
from bigdata.data.remote.http import Refused
from bigdata.data.remote.queries import answers_about, answers_of, is_fetched
from bigdata.data.remote.query import NomadQuery
from bigdata.data.spectra.dataset import open_spectra
from bigdata.data.spectra.origin import NomadDataset
from bigdata.errors import SiteError
from tests.loopback import Fault, Loopback, Question, Reply, busy, busy_for_a_second, cut, slow

EV = 1.602176634e-19
WHERE = "/run/0/calculation/0/dos_electronic"


class Nomad:
    """A small NOMAD: archives by entry id, filtered, paged by `entry_id`, cut down to what is required."""

    def __init__(self, n: int = 23) -> None:
        self.archives = {f"entry-{i:02d}": archive(i) for i in range(n)}

    def respond(self, question: Question) -> Reply:
        if question.path != "/api/v1/entries/archive/query":
            return _json({"detail": "Not Found"}, 404)
        asked = json.loads(question.body)
        if unknown := [key for key in asked["query"] if not key.startswith(("results.", "upload_id"))]:
            words = {"loc": ["body", "query", unknown[0]], "msg": "not a quantity", "type": "value_error"}
            return _json({"detail": [words]}, 422)
        found = [name for name, held in sorted(self.archives.items()) if _matches(held, asked["query"])]
        return _json(self._page(found, asked))

    def _page(self, found: list[str], asked: dict[str, Any]) -> dict[str, Any]:
        pagination = asked["pagination"]
        assert (asked["owner"], pagination["order_by"]) == ("public", "entry_id")
        later = [name for name in found if name > pagination.get("page_after_value", "")]
        page = later[: pagination["page_size"]]
        # Null fields are left out of answers, so the last page has no next value.
        following = {"next_page_after_value": page[-1]} if len(later) > len(page) else {}
        return {
            "owner": "public",
            "query": asked["query"],
            "pagination": {**pagination, "total": len(found), **following},
            "required": asked["required"],
            "data": [self._entry(name, asked["required"]) for name in page],
        }

    def _entry(self, name: str, required: dict[str, Any]) -> dict[str, Any]:
        held, result = self.archives[name], {}
        result |= _required(held, required, held, result)
        return {"entry_id": name, "upload_id": "up-1", "parser_name": "parsers/exciting", "archive": result}


def _json(document: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json"})


def _matches(held: dict[str, Any], query: Mapping[str, Any]) -> bool:
    return all(_fits(_at(held, key), wanted) for key, wanted in query.items())


def _fits(value: Any, wanted: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    if isinstance(wanted, dict):
        (how, these), *_ = wanted.items()
        return {"any": any, "all": all}[how](one in values for one in these)
    return wanted in values


def _at(place: Any, path: str) -> Any:
    for step in path.split("."):
        place = place.get(step) if isinstance(place, dict) else None
    return place


def _required(held: Any, required: Any, root: dict[str, Any], result: dict[str, Any]) -> Any:
    """What NOMAD's reader of archives makes of `required`: a reference stays one unless it is to be resolved."""
    if isinstance(held, list) and held and isinstance(held[0], dict | str):
        return [_required(one, required, root, result) for one in held]
    if required == "include-resolved" and isinstance(held, str):
        _place(result, held, root)
        return held
    if not isinstance(required, dict):
        return held
    kept = {key: held[key] for key in held if "*" in required and required.get(key) != "exclude"}
    asked = {key: held[key] for key in held if isinstance(required.get(key), dict | str)}
    return kept | {
        key: _required(value, required[key], root, result) for key, value in asked.items() if required[key] != "exclude"
    }


def _place(result: dict[str, Any], reference: str, root: Any) -> None:
    steps = [int(s) if s.isdigit() else s for s in reference.lstrip("#").strip("/").split("/")]
    place: Any = result
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        root = root[step]
        if isinstance(step, int):
            place.extend([None] * (step + 1 - len(place)))
        present = place[step] if isinstance(step, int) else place.get(step)
        if following is None:
            place[step] = copy.deepcopy(root)
        elif present is None:
            place[step] = [] if isinstance(following, int) else {}
        place = place[step]


def archive(i: int, **electronic: Any) -> dict[str, Any]:
    """BN with one spin channel of i + 1 states/eV at 0 eV; the valence-band maximum lies at 0.5 eV."""
    values = [0.0, (i + 1) / EV, 1 / EV]
    dos = {"energies": [-EV, 0.0, EV], "total": [{"value": values, "normalization_factor": 1.0}], "n_energies": 3}
    old = {"dos_electronic": [{"energies": f"#{WHERE}/0/energies", "total": [f"#{WHERE}/0/total/0"]}]}
    properties = {
        "available_properties": ["dos_electronic", "band_gap"],
        "electronic": {"band_gap": [{"energy_highest_occupied": 0.5 * EV}], **(electronic or old)},
    }
    return {
        "metadata": {"entry_id": f"entry-{i:02d}"},
        "run": [{"calculation": [{"dos_electronic": [dos], "eigenvalues": ["heavy"] * 50}]}],
        "results": {
            "material": {"elements": ["B", "N"], "chemical_formula_reduced": "BN", "topology": ["heavy"] * 50},
            "method": {"simulation": {"program_name": "exciting" if i % 2 else "VASP"}},
            "properties": properties,
        },
    }


@pytest.fixture
def database() -> Nomad:
    return Nomad()


@pytest.fixture
def server(database: Nomad) -> Iterator[Loopback]:
    with Loopback(database.respond) as server:
        yield server


@pytest.fixture
def query(server: Loopback) -> Any:
    def make(**more: Any) -> NomadQuery:
        return NomadQuery(**{"url": server.url + "/api/v1", "page": 5} | more)

    return make


def ids(path: Path) -> list[str]:
    return [json.loads(line)["entry_id"] for line in path.read_text().splitlines()]


def test_all_pages_are_fetched_in_order(server, query, client):
    told: list[Any] = []
    path = nomad.fetch(query(), client, lambda *at: told.append(at))
    assert ids(path) == [f"entry-{i:02d}" for i in range(23)]
    assert told == [(n, 23) for n in (5, 10, 15, 20, 23)]
    about = answers_about(query())
    assert (about["n"], about["total"], about["lacking"]) == (23, 23, 0)
    first = json.loads(server.asked[0].body)
    assert first["query"] == {nomad.AVAILABLE: {"any": ["dos_electronic", "dos_electronic_new"]}}
    assert "page_after_value" not in first["pagination"]
    assert json.loads(server.asked[1].body)["pagination"]["page_after_value"] == "entry-04"


def test_conditions_of_the_user_are_sent_beside_that_for_a_dos(query, client):
    asked = {"results.method.simulation.program_name": "exciting", "results.material.elements": {"all": ["B", "N"]}}
    assert ids(nomad.fetch(query(query=asked), client)) == [f"entry-{i:02d}" for i in range(1, 23, 2)]


NEW = {
    "dos_electronic_new": [
        {
            "spin_polarized": False,
            "data": [{"energies": f"{WHERE}/0/energies", "total": f"{WHERE}/0/total/0", "energy_ref": 0.25 * EV}],
        }
    ]
}


def test_answers_are_read_as_spectra(tmp_path, database, server, query, client):
    database.archives["entry-01"] = archive(1, **NEW)
    database.archives["entry-02"] = archive(2, band_structure=[])
    nomad.fetch(query(), client)
    asked = len(server.asked)
    dataset = NomadDataset(nomad=query(), on_bad_entry="skip")
    spectra = open_spectra(dataset, tmp_path)
    assert len(server.asked) == asked
    assert spectra.names == [f"entry-{i:02d}" for i in range(23) if i != 2]
    energies, dos = spectra.spectrum(2)
    assert energies == pytest.approx([-1.0, 0.0, 1.0])
    assert dos == pytest.approx([0.0, 4.0, 1.0])
    assert spectra.spectrum(1).dos == pytest.approx([0.0, 2.0, 1.0])
    assert spectra.columns["formula"][0] == "BN"
    assert spectra.shifts("valence-band-maximum", [0]).energies == pytest.approx([0.5])
    assert [(b.name, b.line) for b in spectra.bad] == [("entry-02", 3)]


def test_what_is_not_needed_stays_there(query, client):
    assert b"heavy" not in nomad.fetch(query(), client).read_bytes()


def test_answers_come_from_the_cache_once_fetched(server, query, client):
    path = nomad.fetch(query(), client)
    asked = len(server.asked)
    assert answers_of(query(page=100)) == path
    assert len(server.asked) == asked


def test_max_entries_stops_there(server, query, client):
    assert len(ids(nomad.fetch(query(max_entries=7), client))) == 7
    assert [json.loads(q.body)["pagination"]["page_size"] for q in server.asked] == [5, 2]
    assert answers_about(query(max_entries=7))["total"] == 23


@pytest.mark.parametrize("fault", [busy, busy_for_a_second, cut, slow])
def test_faults_that_pass_are_outlasted(fault: Fault, server, query, client, slept):
    server.faults = [None, fault, fault]
    assert len(ids(nomad.fetch(query(), client))) == 23
    assert len(slept) == 2


def test_a_broken_fetch_goes_on_where_it_broke(server, query, client):
    server.faults = [None, None, *[cut] * 4]
    with pytest.raises(SiteError, match="what has come so far is kept"):
        nomad.fetch(query(), client)
    assert not is_fetched(query())
    asked = len(server.asked)
    assert ids(nomad.fetch(query(page=50), client)) == [f"entry-{i:02d}" for i in range(23)]
    assert len(server.asked) == asked + 1


def test_a_kill_between_rows_and_state_repeats_nothing(server, query, client):
    server.faults = [None, None, *[busy] * 4]
    with pytest.raises(SiteError):
        nomad.fetch(query(), client)
    with open(Answers(described(query())).path, "ab") as file:
        file.write(b'{"entry_id":"entry-10"}\n{"entr')
    assert ids(nomad.fetch(query(), client)) == [f"entry-{i:02d}" for i in range(23)]


def test_queries_that_nomad_does_not_take_are_problems_of_the_spec(server, query, client):
    with pytest.raises(DataProblem, match=r"NOMAD doesn't take the query: .*not a quantity"):
        nomad.fetch(query(query={"elements": "B"}), client)
    assert len(server.asked) == 1


def test_nothing_found_is_a_problem_of_the_query_and_is_not_kept(query, client):
    asked = query(query={"results.material.elements": {"all": ["Xe"]}})
    with pytest.raises(DataProblem, match="no published entry with a density of states that matches"):
        nomad.fetch(asked, client)
    assert not is_fetched(asked)


def test_a_wrong_address_is_refused_at_once(server, query, client):
    with pytest.raises(Refused, match="404"):
        nomad.fetch(query(url=server.url + "/elsewhere"), client)
    assert len(server.asked) == 1


def test_other_answers_are_shown(server, query, client):
    server.faults = [lambda _: Reply(b'{"data": "maintenance"}')]
    with pytest.raises(SiteError, match=r"other than a page of entries: .*maintenance"):
        nomad.fetch(query(), client)


def test_a_server_that_stands_still_is_told(server, query, client):
    first = server.respond

    def stuck(question: Question) -> Reply:
        asked = json.loads(question.body)
        asked["pagination"].pop("page_after_value", None)
        return first(question._replace(body=json.dumps(asked).encode()))

    server.respond = stuck
    with pytest.raises(SiteError, match="the same page again and again"):
        nomad.fetch(query(), client)


def test_entries_that_come_twice_are_kept_once_and_counted(server, query, client):
    first = server.respond

    def doubled(question: Question) -> Reply:
        page = json.loads(first(question).body)
        page["data"] += page["data"][:1]
        return Reply(json.dumps(page).encode())

    server.respond = doubled
    assert ids(nomad.fetch(query(), client)) == [f"entry-{i:02d}" for i in range(23)]
    assert answers_about(query())["repeated"] == 5


def test_entries_that_never_come_are_counted(server, query, client, caplog):
    first = server.respond

    def thinned(question: Question) -> Reply:
        page = json.loads(first(question).body)
        return Reply(json.dumps(page | {"data": page["data"][1:]}).encode())

    server.respond = thinned
    assert len(ids(nomad.fetch(query(), client))) == 18
    assert answers_about(query())["lacking"] == 5
    assert "NOMAD counts 23 entries and gave 18 different ones" in caplog.text


def test_nothing_found_is_asked_for_again(server, query, client):
    server.faults = [lambda _: Reply(json.dumps({"data": [], "pagination": {"total": 0}}).encode())]
    with pytest.raises(DataProblem):
        nomad.fetch(query(), client)
    assert nomad.fetch(query(), client).stat().st_size
