"""The AFLUX client against a server on loopback that answers in AFLUX's documented form."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from bigdata.data.materials.formats import aflux as materials
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.problem import DataProblem
from bigdata.data.remote import aflux
from bigdata.data.remote.answers import Answers
from bigdata.data.remote.http import Client, Refused
from bigdata.data.remote.queries import answers_about, answers_of, forget, is_fetched
from bigdata.data.remote.query import AflowQuery
from bigdata.errors import SiteError
from tests.loopback import Loopback, Question, Reply, busy, busy_for_a_second, cut, db_fail, slow


class Aflow:
    """A small AFLOW: `rows`, searched by keyword conditions, ordered by the first keyword, ties at random.

    `muted` answers as to `$paging`; `most` is how many rows come at once at most.
    """

    def __init__(self, n: int = 25) -> None:
        self.rows = [self._row(i) for i in range(n)]
        self.muted, self.stable, self.most = False, True, 10_000
        self._random = random.Random(7)

    @staticmethod
    def _row(i: int) -> dict[str, Any]:
        species = ["Cl", "Na"] if i % 5 else ["K"]
        return {
            "compound": "Cl1Na1" if i % 5 else "K1",
            "auid": f"aflow:{i:016x}",
            "aurl": f"aflowlib.duke.edu:AFLOWDATA/ICSD_WEB/FCC/{i}",
            "nspecies": len(species),
            "species": species,
            "composition": [1] * len(species),
            "Egap": i // 5 / 2,
            "enthalpy_formation_atom": None if i % 10 == 3 else -i / 10,
            "geometry": [5.6, 5.6, 5.6, 90, 90, 90],
            "positions_fractional": [[0, 0, 0], [0.5, 0.5, 0.5]][: len(species)],
        }

    def respond(self, question: Question) -> Reply:
        summons = _split(unquote(question.path.partition("?")[2]))
        paging = next(m for s in summons if (m := re.fullmatch(r"\$?paging\((\d+),(\d+)\)", s)))
        assert "format(json)" in summons
        keywords = [s for s in summons if not re.match(r"\$?(paging|format)\(", s)]
        words = [re.fullmatch(r"(\$?)(\w+)(?:\((.*)\))?", keyword) for keyword in keywords]
        conditions = [(m[1], m[2], m[3]) for m in words if m]
        if any(name not in self.rows[0] for _, name, _ in conditions):
            return Reply(b"DB Fail!null")
        found = [row for row in self.rows if all(_fits(row[name], wanted) for _, name, wanted in conditions)]
        if not self.stable:
            self._random.shuffle(found)
        found.sort(key=lambda row: str(row[conditions[0][1]]))
        shown = ["compound", "auid", "aurl", *(name for mute, name, _ in conditions if not mute)]
        size = min(int(paging[2]), self.most)
        start = (int(paging[1]) - 1) * size
        page = [{name: row[name] for name in shown} for row in found[start : start + size]]
        numbered = {f"{start + i + 1} of {len(found)}": row for i, row in enumerate(page)}
        return Reply(json.dumps(page if self.muted else numbered).encode())


def _split(summons: str) -> list[str]:
    parts, depth = [""], 0
    for c in summons:
        depth += (c == "(") - (c == ")")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return parts


def _fits(value: Any, wanted: str | None) -> bool:
    if wanted is None:
        return True
    if wanted == "*":
        return value is not None
    if isinstance(value, list):
        return all(element in value for element in wanted.split(","))
    bounds = wanted.split(",")
    at_least = [float(b[:-1]) for b in bounds if b.endswith("*")]
    at_most = [float(b[1:]) for b in bounds if b.startswith("*")]
    if not at_least and not at_most:
        return bool(value == float(wanted))
    return value is not None and all(value >= b for b in at_least) and all(value <= b for b in at_most)


@pytest.fixture
def aflow() -> Aflow:
    return Aflow()


@pytest.fixture
def server(aflow: Aflow) -> Iterator[Loopback]:
    with Loopback(aflow.respond) as server:
        yield server


@pytest.fixture
def query(server: Loopback) -> Any:
    def make(matchbook: str = "species(Na,Cl),nspecies(2)", **more: Any) -> AflowQuery:
        url = server.url + "/API/aflux/"
        return AflowQuery(**{"matchbook": matchbook, "fields": ("Egap",), "page": 6, "url": url} | more)

    return make


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_address_holds_the_matchbook_as_written_and_what_makes_a_structure():
    book = "species((Na:K),Cl),nspecies(2),Egap(1*,*5),!catalog('icsd'),$energy_cell(*)"
    query = AflowQuery(matchbook=book, fields=("Egap", "energy_cell", "density(*)"))
    assert aflux.address(query, 3, 50) == (
        "https://aflow.org/API/aflux/?species((Na:K),Cl),nspecies(2),Egap(1*,*5),!catalog('icsd'),$energy_cell(*),"
        "geometry,positions_fractional,composition,energy_cell,density(*),paging(3,50),format(json)"
    )


def test_a_matchbook_copied_from_a_browser_is_not_encoded_twice():
    query = AflowQuery(matchbook="compound(%27Al%201%27)")
    assert "?compound('Al%201')," in aflux.address(query, 1, 1)


@pytest.mark.parametrize("muted", [False, True], ids=["numbered object", "list"])
def test_all_pages_are_fetched_once_each(muted, aflow, server, query, client):
    aflow.muted = muted
    told: list[Any] = []
    path = aflux.fetch(query(), client, lambda *at: told.append(at))
    assert sorted(row["auid"] for row in read(path)) == [r["auid"] for r in aflow.rows if r["nspecies"] == 2]
    assert read(path)[0].keys() >= {"compound", "auid", "aurl", "Egap", *aflux.STRUCTURE}
    assert len(server.asked) == 4
    assert told == [(n, None if muted else 20) for n in (6, 12, 18, 20)]
    about = answers_about(query())
    assert (about["n"], about["total"], about["lacking"]) == (20, None if muted else 20, 0)


@pytest.mark.parametrize("muted", [False, True], ids=["numbered object", "list"])
def test_a_last_page_that_is_full_ends_it(muted, aflow, server, query, client):
    aflow.muted = muted
    assert len(read(aflux.fetch(query(page=5), client))) == 20
    assert len(server.asked) == (5 if muted else 4)


def test_answers_come_from_the_cache_once_fetched(server, query, client):
    path = aflux.fetch(query(), client)
    n = len(server.asked)
    assert is_fetched(query())
    assert answers_of(query(page=100)) == path
    assert len(server.asked) == n
    forget(query())
    assert not is_fetched(query())
    assert answers_about(query()) == {}
    assert read(aflux.fetch(query(), client))
    assert len(server.asked) == 2 * n


def test_entries_that_tie_come_once_each_and_none_is_missed(aflow, server, query, client):
    aflow.stable = False
    rows = read(aflux.fetch(query("species(Na,Cl)", page=7), client))
    once = sorted({row["auid"] for row in rows})
    assert len(rows) == len(once)
    about = answers_about(query("species(Na,Cl)"))
    assert about["rounds"] > 1
    assert len(once) + about["lacking"] == 20
    assert len(once) >= 18


def test_entries_that_never_come_are_counted(aflow, query, client, caplog):
    aflow.rows[6] = aflow.rows[7]
    aflux.fetch(query(), client)
    assert answers_about(query())["lacking"] == 1
    assert "AFLOW counts 20 entries, of which 1 never came" in caplog.text


def test_a_server_that_gives_fewer_rows_at_once_than_asked_for_is_asked_on(aflow, query, client):
    aflow.most = 4
    assert len({row["auid"] for row in read(aflux.fetch(query(page=1000), client))}) == 20
    assert answers_about(query())["lacking"] == 0


def test_max_entries_stops_there(server, query, client):
    path = aflux.fetch(query(max_entries=8), client)
    assert len(read(path)) == 8
    assert len(server.asked) == 2
    assert answers_about(query(max_entries=8))["total"] == 20


@pytest.mark.parametrize("fault", [busy, cut, slow, db_fail, busy_for_a_second])
def test_faults_that_pass_are_outlasted(fault, server, query, client, slept):
    server.faults = [None, fault, fault]
    assert len(read(aflux.fetch(query(), client))) == 20
    assert len(slept) == 2
    assert fault is not busy_for_a_second or min(slept) >= 1


def test_a_broken_fetch_goes_on_where_it_broke(server, query, client):
    server.faults = [None, None, *[busy] * 4]
    with pytest.raises(SiteError, match="503"):
        aflux.fetch(query(), client)
    assert not is_fetched(query())
    asked = len(server.asked)
    rows = read(aflux.fetch(query(), client))
    assert len({row["auid"] for row in rows}) == len(rows) == 20
    assert "paging(3,6)" in server.asked[asked].path


def test_a_fetch_goes_on_with_another_page_size(server, query, client):
    server.faults = [None, None, *[slow] * 4]
    with pytest.raises(SiteError, match="in time"):
        aflux.fetch(query(), client)
    asked = len(server.asked)
    rows = read(aflux.fetch(query(page=5), client))
    assert len({row["auid"] for row in rows}) == len(rows) == 20
    assert "paging(3,5)" in server.asked[asked].path


def test_a_kill_between_the_last_page_and_the_end_asks_for_nothing_more(server, query, client, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Answers, "finish", _killed)
        with pytest.raises(KeyboardInterrupt):
            aflux.fetch(query(page=5), client)
    asked = len(server.asked)
    assert len(read(aflux.fetch(query(page=5), client))) == 20
    assert len(server.asked) == asked


def _killed(*_: Any) -> None:
    raise KeyboardInterrupt


def test_a_database_that_keeps_failing_is_told_with_what_it_may_mean(server, query, client):
    server.faults = [db_fail] * 9
    with pytest.raises(SiteError, match=r"DB Fail!.*when it doesn't understand the matchbook"):
        aflux.fetch(query(), client)


def test_nothing_found_is_a_problem_of_the_matchbook_and_is_not_kept(query, client):
    with pytest.raises(DataProblem, match=r"AFLOW has no entry that matches"):
        aflux.fetch(query("Egap(100*)"), client)
    assert not is_fetched(query("Egap(100*)"))


def test_other_answers_are_shown(server, query, client):
    server.faults = [lambda _: Reply(b'{"error": "unknown keyword bandgap"}')]
    with pytest.raises(SiteError, match="unknown keyword bandgap"):
        aflux.fetch(query(), client)


def test_the_wrong_page_is_not_taken(server, query, client):
    first = server.respond
    server.respond = lambda question: first(question._replace(path=question.path.replace("paging(2,", "paging(1,")))
    with pytest.raises(SiteError, match="asked for entries from 7 on and answers with 1 to 6"):
        aflux.fetch(query(), client)


def test_a_list_that_is_always_the_same_page_ends(aflow, server, query, client):
    aflow.muted, first = True, server.respond
    server.respond = lambda question: first(question._replace(path=re.sub(r"paging\(\d+", "paging(1", question.path)))
    assert len(read(aflux.fetch(query(), client))) == 6


def test_a_wrong_address_is_refused_at_once(server, query, client):
    server.faults = [lambda _: Reply(b"<html>not found</html>", 404)]
    with pytest.raises(Refused, match="404"):
        aflux.fetch(query(), client)
    assert len(server.asked) == 1


def test_missing_values_are_counted(query, client):
    asked = query(fields=("enthalpy_formation_atom", "Egap"))
    aflux.fetch(asked, client)
    assert answers_about(asked)["without"] == {"enthalpy_formation_atom": 3}
    assert answers_about(asked)["never_given"] == []


def test_properties_that_no_entry_has_are_told(aflow, query, client, caplog):
    for row in aflow.rows:
        row["enthalpy_formation_atom"] = None
    asked = query(fields=("enthalpy_formation_atom",))
    aflux.fetch(asked, client)
    assert answers_about(asked)["never_given"] == ["enthalpy_formation_atom"]
    assert "AFLOW gave no entry a value of enthalpy_formation_atom" in caplog.text


@pytest.mark.parametrize(
    ("matchbook", "sentence"),
    [
        ("", "the matchbook is empty"),
        (" , ", "the matchbook is empty"),
        ("Egap(1*),$paging(1,100)", "`paging` isn't part of a matchbook"),
        ("Egap,format(json)", "`format` isn't part of a matchbook"),
        ("species(Na,Cl", "brackets or quotes"),
        ("species(Na))", "brackets or quotes"),
        ("compound('Na)", "brackets or quotes"),
    ],
)
def test_matchbooks_that_cannot_be_asked_are_refused_before(matchbook, sentence):
    with pytest.raises(DataProblem, match=sentence):
        aflux.check(AflowQuery(matchbook=matchbook))


def test_quoted_words_are_no_directives():
    aflux.check(AflowQuery(matchbook="prototype('format(1')"))


def test_answers_are_read_as_crystals(query, client):
    entries = [e for e in materials.read(aflux.fetch(query(), client), "aflow") if isinstance(e, MaterialEntry)]
    assert len(entries) == 20
    crystal = entries[0].structure
    assert crystal is not None
    assert crystal.numbers.tolist() == [17, 11]
    assert crystal.lattice.round(9).tolist() == [[5.6, 0, 0], [0, 5.6, 0], [0, 0, 5.6]]
    assert entries[0].properties["Egap"] == 0


def test_a_killed_fetch_goes_on_where_it_was_killed(server, query):
    server.faults = [None, None, lambda reply: reply._replace(delay_s=30)]
    fetching = multiprocessing.get_context("fork").Process(target=aflux.fetch, args=(query(), Client()))
    fetching.start()
    while len(server.asked) < 3:
        time.sleep(0.01)
    os.kill(fetching.pid, signal.SIGKILL)
    fetching.join()
    rows = read(aflux.fetch(query(), Client()))
    assert len({row["auid"] for row in rows}) == len(rows) == 20
    assert ["paging(3,6)" in question.path for question in server.asked[2:4]] == [True, True]


def test_nothing_found_is_asked_for_again(server, query, client):
    server.faults = [lambda _: Reply(b"[]")]
    with pytest.raises(DataProblem):
        aflux.fetch(query(), client)
    assert aflux.fetch(query(), client).stat().st_size


def test_numbered_answers_that_hold_no_rows_are_shown(server, query, client):
    server.faults = [lambda _: Reply(b'{"1 of 3": "out of memory"}')]
    with pytest.raises(SiteError, match="out of memory"):
        aflux.fetch(query(), client)
