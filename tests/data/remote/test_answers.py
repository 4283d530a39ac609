"""Answers kept in the cache: whole, resumable, one fetch at a time."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from bigdata.data.remote.answers import Answers, described, fetched
from bigdata.data.remote.query import AflowQuery, MaterialsProjectQuery
from bigdata.errors import SiteError

QUERY = {"kind": "trial", "filter": "nelements=2"}


def rows(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": n} for n in numbers]


def test_rows_come_back_with_the_state_that_they_led_to():
    Answers(QUERY).append(rows(1, 2), {"next": 2})
    again = Answers(QUERY)
    assert (again.n, again.state, list(again.rows()), again.is_done) == (2, {"next": 2}, rows(1, 2), False)


def test_finished_answers_say_when_they_came_and_what_they_are(own_cache):
    answers = Answers(QUERY)
    answers.append(rows(1), {"next": 1})
    answers.finish({"total": 7})
    about = Answers(QUERY).about
    assert about["query"] == QUERY
    assert (about["n"], about["total"]) == (1, 7)
    assert about["sha256"] == hashlib.sha256(b'{"id":1}\n').hexdigest()
    assert about["retrieved"].endswith("+00:00")
    assert answers.path.is_relative_to(own_cache)
    assert sorted(p.name for p in answers.folder.iterdir()) == ["about.json", "answers.jsonl"]


def test_what_a_kill_left_between_rows_and_state_is_cut_off():
    answers = Answers(QUERY)
    answers.append(rows(1), {"next": 1})
    with open(answers.path, "ab") as file:
        file.write(b'{"id":2}\n{"id"')
    again = Answers(QUERY)
    again.append(rows(2, 3), {"next": 3})
    again.finish({})
    assert [json.loads(line) for line in again.path.read_bytes().splitlines()] == rows(1, 2, 3)


def test_a_tail_is_cut_off_even_where_nothing_more_comes():
    answers = Answers(QUERY)
    answers.append(rows(1), {})
    with open(answers.path, "ab") as file:
        file.write(b"torn")
    Answers(QUERY).finish({})
    assert answers.path.read_bytes() == b'{"id":1}\n'


@pytest.mark.parametrize("damage", ["rows lost", "state torn"])
def test_damaged_answers_are_fetched_from_the_start(damage):
    answers = Answers(QUERY)
    answers.append(rows(1, 2), {"next": 2})
    if damage == "rows lost":
        os.truncate(answers.path, 3)
    else:
        (answers.folder / "state.json").write_text("{")
    again = Answers(QUERY)
    assert (again.n, again.state, list(again.rows())) == (0, {}, [])
    again.append(rows(1), {"next": 1})
    assert list(Answers(QUERY).rows()) == rows(1)


def test_finished_answers_whose_rows_are_gone_are_not_taken_for_finished():
    answers = Answers(QUERY)
    answers.append(rows(1), {})
    answers.finish({})
    answers.path.write_bytes(b"")
    assert not Answers(QUERY).is_done
    assert Answers(QUERY).n == 0


def test_forgotten_answers_are_gone():
    answers = Answers(QUERY)
    answers.append(rows(1), {"next": 1})
    answers.finish({})
    answers.forget()
    assert (answers.n, answers.state, answers.is_done, list(answers.rows())) == (0, {}, False, [])


def test_page_size_and_key_name_are_no_part_of_what_is_asked_for():
    small, large = MaterialsProjectQuery(page=10, key="A"), MaterialsProjectQuery(page=1000, key="B")
    assert described(small) == described(large)
    assert described(small) != described(MaterialsProjectQuery(filter={"num_elements": 2}))


def test_passwords_in_addresses_are_not_kept():
    query = AflowQuery(matchbook="species(Na)", url="https://me:secret@aflow.org/API/aflux/")
    Answers(described(query)).append(rows(1), {})
    kept = b"".join(p.read_bytes() for p in Answers(described(query)).folder.iterdir())
    assert described(query)["url"] == "https://aflow.org/API/aflux/"
    assert b"secret" not in kept


def test_a_cache_that_cannot_be_written_is_told(own_cache):
    own_cache.write_text("a file where a folder should be")
    with pytest.raises(SiteError, match="set BIGDATA_CACHE to another folder"):
        Answers(QUERY).append(rows(1), {})


def _fetch_once(log: Path) -> None:
    def fetch(answers: Answers) -> None:
        with open(log, "a") as file:
            file.write("fetched\n")
        answers.append(rows(*range(100)), {})
        answers.finish({})

    fetched(AflowQuery(matchbook="species(Na)"), fetch)


def test_two_processes_fetch_the_same_answers_once(tmp_path):
    log = tmp_path / "log"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_fetch_once, args=(log,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 4
    assert log.read_text() == "fetched\n"
    assert Answers(described(AflowQuery(matchbook="species(Na)"))).n == 100


def test_two_writers_without_a_lock_are_noticed():
    one, other = Answers(QUERY), Answers(QUERY)
    one.append(rows(1), {})
    other.append(rows(1, 2), {})
    with pytest.raises(SiteError, match="another process writes the same answers"):
        one.append(rows(2), {})
