"""AFLOW, asked in its search language AFLUX.

    https://aflow.org/API/aflux/?species(Na,Cl),nspecies(2),Egap(1*),geometry,…,paging(1,1000),format(json)

The matchbook goes out as it was written, with the keywords that describe the structure and the wanted
properties behind it. Unmuted `paging` is answered by an object whose keys number the rows (`65 of 1220`);
a list, which is what muted paging gives, is read as well. Rows are ordered by the first keyword, and rows
that tie in it may change places between two pages: some then come twice and others not at all. Each is kept
once, by its `auid`, and as long as some lack, the pages are asked for again.

Syntax: F. Rose et al., Comput. Mater. Sci. 137, 362 (2017), doi:10.1016/j.commatsci.2017.04.036.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from bigdata.data.problem import DataProblem, first
from bigdata.data.remote.answers import Answers, Progress, fetched
from bigdata.data.remote.http import Client
from bigdata.data.remote.query import AflowQuery
from bigdata.errors import SiteError
from bigdata.spec.study import Finding

STRUCTURE = ("geometry", "positions_fractional", "species", "composition")
"""The keywords that make a crystal: lengths (angstrom) and angles (degrees), positions, elements, their counts."""

MAX_ROUNDS = 3
# AFLOW gives these with every row, whether asked for or not.
_ALWAYS = {"auid", "aurl", "compound"}
_DIRECTIVES = {"paging", "format", "help", "schema"}
# Signs of the language itself: they go out as they are written.
_PLAIN = "(),:;!*'$._-"
_KEYWORD = re.compile(r"'[^']*'|(\$?)([A-Za-z]\w*)")
_POSITION = re.compile(r"(\d+) of (\d+)")
LOG = logging.getLogger("bigdata")


class Page(NamedTuple):
    """Rows of one answer; `last` is the number of the last of them among all, `total` how many there are (None: the
    answer doesn't say)."""

    rows: list[dict[str, Any]]
    last: int
    total: int | None


def fetch(query: AflowQuery, client: Client | None = None, progress: Progress | None = None) -> Path:
    """The file with the rows of AFLOW that match, one JSON object a line as AFLOW gives them.

    Raises DataProblem where the matchbook can't be asked, SiteError where AFLOW doesn't answer; what came
    before is kept, and the next call goes on there.
    """
    check(query)
    return fetched(query, lambda answers: _fetch(query, answers, client or Client(timeout_s=180), progress))


def check(query: AflowQuery) -> None:
    """Raise DataProblem unless the matchbook can be asked, as far as that can be told without asking."""
    book = query.matchbook
    if not book.strip(" ,"):
        right = "name what you want, such as `species(Na,Cl),nspecies(2)`; all of AFLOW is some million entries"
        raise _problem("the matchbook is empty", right)
    directives = sorted(_DIRECTIVES & {name for _, name in _keywords(book)})
    if directives:
        right = "leave it out: `page` and `max_entries` say how many entries come"
        raise _problem(f"`{directives[0]}` isn't part of a matchbook", right)
    if _unbalanced(book):
        raise _problem("the brackets or quotes of the matchbook aren't closed", "count them")


def _problem(what: str, right: str) -> DataProblem:
    return DataProblem(Finding(("aflow", "matchbook"), what, right))


def _keywords(book: str) -> list[tuple[str, str]]:
    """(`$` where muted, name) of all words outside of quotes; element symbols are among them."""
    return [(m[1], m[2]) for m in _KEYWORD.finditer(unquote(book)) if m[2]]


def _unbalanced(book: str) -> bool:
    depth = 0
    text = re.sub(r"'[^']*'", "", unquote(book))
    for c in text:
        depth += (c == "(") - (c == ")")
        if depth < 0:
            return True
    return depth > 0 or "'" in text


def address(query: AflowQuery, page: int, n_rows: int) -> str:
    """Where to ask for a page, counted from 1, of so many rows."""
    # A matchbook copied from a browser's address is encoded already.
    book = unquote(query.matchbook).strip(" ,")
    shown = {name for mute, name in _keywords(book) if not mute} | _ALWAYS
    wanted = [word for word in dict.fromkeys((*STRUCTURE, *query.fields)) if _name(word) not in shown]
    summons = ",".join([book, *wanted, f"paging({page},{n_rows})", "format(json)"])
    return query.url.rstrip("?") + "?" + quote(summons, safe=_PLAIN)


def _fetch(query: AflowQuery, answers: Answers, client: Client, progress: Progress | None) -> None:
    rows = _Rows(answers, query.max_entries)
    state = {"position": 0, "total": None, "ended": False, "round": 1, "n_before": 0, **answers.state}
    n_rows = min(query.page, query.max_entries or query.page)
    while not rows.are_enough and not (state["ended"] and not _again(state, answers)):
        # AFLOW numbers pages, not rows: one that broke off is asked for as a whole, and its new rows are kept.
        page = _page(client, address(query, state["position"] // n_rows + 1, n_rows), state["position"], n_rows)
        new = rows.new(page.rows)
        # A list doesn't count its rows: it ends with a short page, or one that brings nothing.
        short = len(page.rows) < n_rows
        ended = page.last >= page.total if page.total else short or not new
        state |= {"position": page.last, "total": page.total or state["total"], "ended": ended}
        answers.append(new, state)
        if progress:
            progress(answers.n, _expected(query, state["total"]))
        # Where the server gives fewer rows at once than it is asked for, its pages have that size.
        n_rows = len(page.rows) if short and not ended else n_rows
    if not answers.n:
        # A passing fault may look like this, so it isn't remembered.
        answers.forget()
        raise _problem("AFLOW has no entry that matches", "try the matchbook in a browser, a part of it at a time")
    answers.finish(_about(query, answers, state))


def _again(state: dict[str, Any], answers: Answers) -> bool:
    """Whether the pages are worth another round: rows lack, and the last round brought new ones."""
    total, came = state["total"], answers.n - state["n_before"]
    if not total or answers.n >= total or not came or state["round"] >= MAX_ROUNDS:
        return False
    LOG.info("%d of AFLOW's %d entries didn't come; asking again", total - answers.n, total)
    state |= {"position": 0, "ended": False, "round": state["round"] + 1, "n_before": answers.n}
    answers.append([], state)
    return True


def _expected(query: AflowQuery, total: int | None) -> int | None:
    return min(filter(None, (query.max_entries, total)), default=None)


class _Rows:
    """Tells new rows from those that came before."""

    def __init__(self, answers: Answers, most: int | None) -> None:
        self._left = None if most is None else most - answers.n
        self._seen = {_identity(row) for row in answers.rows()}

    @property
    def are_enough(self) -> bool:
        return self._left is not None and self._left <= 0

    def new(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        new = []
        for row in rows:
            key = _identity(row)
            if key not in self._seen and not self.are_enough:
                self._seen.add(key)
                self._left = self._left and self._left - 1
                new.append(row)
        return new


def _identity(row: Mapping[str, Any]) -> str:
    return str(row.get("auid") or row.get("aurl") or sorted(row.items()))


def _page(client: Client, url: str, position: int, n_rows: int) -> Page:
    start = position // n_rows * n_rows
    try:
        document = client.get_json(url)
    except SiteError as e:
        if "DB Fail" not in str(e):
            raise
        raise SiteError(
            f"{e} AFLOW says `DB Fail!` when its database is busy, and also when it doesn't understand the matchbook "
            "or finds nothing: try the matchbook in a browser."
        ) from None
    if not document:
        return Page([], position, None)
    rows = list(document.values()) if isinstance(document, dict) else document
    are_rows = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    if are_rows and isinstance(document, dict) and all(map(_POSITION.fullmatch, document)):
        return _numbered(document, position, start)
    if are_rows and isinstance(document, list):
        return Page(document, start + len(document), None)
    shown = str(document)[:200]
    raise SiteError(f"AFLOW answers something other than entries: `{shown}`. Check the matchbook and the fields.")


def _numbered(document: Mapping[str, Any], position: int, start: int) -> Page:
    """The page in an answer whose keys number the rows from 1."""
    numbers = {int(m[1]): key for key in document if (m := _POSITION.fullmatch(key))}
    in_order = sorted(numbers)
    if in_order[0] > position + 1 or in_order[-1] <= start:
        raise SiteError(
            f"AFLOW was asked for entries from {start + 1} on and answers with {in_order[0]} to {in_order[-1]}. "
            "Start again; if it stays so, try another `page`."
        )
    rows = [document[numbers[number]] for number in in_order]
    total = max(int(m[2]) for key in document if (m := _POSITION.fullmatch(key)))
    return Page(rows, max(in_order[-1], position), total)


def _about(query: AflowQuery, answers: Answers, state: Mapping[str, Any]) -> dict[str, Any]:
    total = state["total"]
    lacking = max(0, (_expected(query, total) or 0) - answers.n)
    if lacking:
        LOG.warning("AFLOW counts %d entries, of which %d never came", total, lacking)
    fields = (*STRUCTURE, *query.fields)
    without = Counter(field for row in answers.rows() for field in _missing(row, fields))
    never = [name for name in map(_name, fields) if without[name] == answers.n]
    if never:
        LOG.warning("AFLOW gave no entry a value of %s", first(never))
    told = {"total": total, "lacking": lacking, "rounds": state["round"]}
    return {**told, "without": dict(sorted(without.items())), "never_given": never}


def _missing(row: Mapping[str, Any], fields: tuple[str, ...]) -> Iterator[str]:
    return (name for name in dict.fromkeys(map(_name, fields)) if row.get(name) in (None, "", []))


def _name(keyword: str) -> str:
    """A keyword without its condition."""
    return keyword.partition("(")[0].lstrip("$")
