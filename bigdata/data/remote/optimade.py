"""Structures of any database that speaks OPTIMADE, with properties of its own.

    <base>/v1/structures?filter=elements HAS ALL "B","N"&response_fields=lattice_vectors,…&page_limit=100

Answers come in pages, each with a link to the next. Specification: C. W. Andersen et al., Sci. Data 8, 217
(2021), doi:10.1038/s41597-021-00974-z; M. L. Evans et al., Digital Discovery 3, 1509 (2024),
doi:10.1039/D4DD00039K.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

from bigdata.data.problem import DataProblem, first
from bigdata.data.remote.answers import Answers, Progress, fetched
from bigdata.data.remote.http import Client, Refused
from bigdata.data.remote.providers import bare, base_url
from bigdata.data.remote.query import OptimadeQuery
from bigdata.errors import SiteError
from bigdata.spec.study import Finding

STRUCTURE = (
    "chemical_formula_reduced",
    "chemical_formula_descriptive",
    "nsites",
    "lattice_vectors",
    "cartesian_site_positions",
    "species",
    "species_at_sites",
    "dimension_types",
    "structure_features",
    "last_modified",
)
"""The standard's own properties that make a crystal; asked for always."""

LOG = logging.getLogger("bigdata")
# What a server says of a query that it can't carry out, whichever of them it chooses.
_AT_FAULT = (400, 403, 422, 501)


class Page(NamedTuple):
    """The entries of one answer; the address of the next page, "" after the last; what the server tells of all."""

    rows: list[dict[str, Any]]
    next: str
    meta: Mapping[str, Any]

    @property
    def total(self) -> int | None:
        """How many entries match, where the server says that."""
        total = self.meta.get("data_returned")
        return total if isinstance(total, int) else None


def fetch(query: OptimadeQuery, client: Client | None = None, progress: Progress | None = None) -> Path:
    """The file with the structures that match, one resource a line as the database gives it.

    Raises DataProblem where the query can't be asked or nothing matches, SiteError where the database doesn't
    answer; what came before is kept, and the next call goes on there.
    """
    check(query)
    return fetched(query, lambda answers: _Fetch(query, answers, client or Client(per_second=5), progress).all())


def check(query: OptimadeQuery) -> None:
    """Raise DataProblem unless it is said, once, which database is asked."""
    if bool(query.provider) == bool(query.url):
        what = "both `provider` and `url` are given" if query.url else "neither `provider` nor `url` is given"
        raise _problem("provider", what, "Name a provider, such as `oqmd`, or give the address of a database")


def address(query: OptimadeQuery, base: str) -> str:
    """Where to ask for the first page."""
    asked = {
        "filter": query.filter.strip(),
        # A provider's own properties come only where they are named.
        "response_fields": ",".join(dict.fromkeys((*STRUCTURE, *query.fields))),
        "page_limit": min(query.page, query.max_entries or query.page),
    }
    return f"{base}/v1/structures?{urlencode({key: value for key, value in asked.items() if value})}"


class _Fetch:
    """One query on its way through the pages."""

    def __init__(self, query: OptimadeQuery, answers: Answers, client: Client, progress: Progress | None) -> None:
        self._query, self._answers, self._client, self._progress = query, answers, client, progress
        self._given: set[str] = set()
        self._ids = {self._noted(row) for row in answers.rows()}
        # What has come on this walk through the pages; an aged link makes it begin anew.
        self._walk = set(self._ids)

    def all(self) -> None:
        state = {"total": None, "repeated": 0, **self._answers.state}
        start = state.get("start") or self._start()
        state = {"next": start, **state, "start": start}
        walked: set[str] = set()
        while state["next"] and not self._are_enough:
            if state["next"] in walked:
                host = _host(start)
                raise SiteError(f"the pages of {host} lead in a circle; tell the database, or set `max_entries`.")
            page = self._page(state["next"], is_resumed=bool(self._answers.n) and not walked)
            if page is None:
                state["next"], self._walk = start, set()
                continue
            walked.add(state["next"])
            self._keep(page, state)
        if not self._answers.n:
            raise _problem("filter", f"nothing in {_host(start)} matches", "Try the filter a part at a time")
        self._answers.finish(self._about(state, start))

    def _start(self) -> str:
        base = bare(self._query.url) if self._query.url else base_url(self._query.provider, self._client)
        return address(self._query, base)

    @property
    def _are_enough(self) -> bool:
        return self._query.max_entries is not None and self._answers.n >= self._query.max_entries

    def _page(self, url: str, is_resumed: bool) -> Page | None:
        """A page; None where a link into the middle of the pages has aged since the fetch broke off."""
        try:
            return page_of(self._client.get_json(url), url)
        except Refused as e:
            if not is_resumed or url == self._answers.state["start"]:
                raise _refused(e) from e
            LOG.info("%s doesn't know any more where this query broke off; starting at the first page", _host(url))
            return None

    def _keep(self, page: Page, state: dict[str, Any]) -> None:
        ids = [self._noted(row) for row in page.rows]
        new = [row for row, is_new in zip(page.rows, _first_seen(ids, self._ids), strict=True) if is_new]
        state["repeated"] += len(ids) - sum(_first_seen(ids, self._walk))
        if self._query.max_entries is not None:
            new = new[: self._query.max_entries - self._answers.n]
        total = page.total if page.total is not None else state["total"]
        state |= {"next": page.next, "total": total}
        state |= {"provider": page.meta.get("provider"), "api_version": page.meta.get("api_version")}
        self._answers.append(new, state)
        if self._progress:
            self._progress(self._answers.n, min(filter(None, (self._query.max_entries, total)), default=None))

    def _noted(self, row: dict[str, Any]) -> str:
        """The entry's id; which of the wanted properties it has is taken note of."""
        attributes = row.get("attributes") or {}
        self._given |= {name for name in self._query.fields if attributes.get(name) is not None}
        return str(row["id"])

    def _about(self, state: dict[str, Any], start: str) -> dict[str, Any]:
        n, total = self._answers.n, state["total"]
        lacking = 0 if self._are_enough or total is None else total - n
        if lacking:
            LOG.warning("%s counts %d entries and gave %d different ones", _host(start), total, n)
        never = [name for name in self._query.fields if name not in self._given]
        if never:
            LOG.warning("%s gave no entry a value of %s", _host(start), first(never))
        told = {key: state.get(key) for key in ("total", "repeated", "provider", "api_version")}
        return {**told, "lacking": lacking, "never_given": never, "address": start}


def _first_seen(ids: list[str], seen: set[str]) -> list[bool]:
    """Which of the ids weren't among those seen; they are afterwards."""
    first_seen = []
    for one in ids:
        first_seen.append(one not in seen)
        seen.add(one)
    return first_seen


def page_of(document: Any, url: str) -> Page:
    """A page as the standard has it; raises SiteError for anything else. `url` is where it came from."""
    rows = document.get("data") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(_is_entry(row) for row in rows):
        raise SiteError(
            f"{_host(url)} answers, but not as OPTIMADE has it: there is no list of entries in `data`. "
            "Check the address: it ends before `/v1`."
        )
    links, meta = document.get("links") or {}, document.get("meta") or {}
    following = links.get("next")
    # The standard allows an address and an object with one.
    href = following.get("href") if isinstance(following, dict) else following
    if not href and rows and meta.get("more_data_available") is True:
        raise SiteError(f"{_host(url)} says that there is more, but not where: no `next` in its links.")
    return Page(rows, urljoin(url, href) if href else "", meta)


def _is_entry(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"] != ""


def _refused(e: Refused) -> Exception:
    """A query that the server can't carry out is the spec's matter; anything else isn't."""
    if e.status not in _AT_FAULT or not e.words:
        return e
    where = next((key for key, word in _WORDS.items() if word in e.words.lower()), "filter")
    return _problem(where, f"the database refuses this: {e.words}", "See its own documentation of what it can do")


_WORDS = {"page": "page_limit", "fields": "response_fields"}


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _problem(key: str, what: str, right: str) -> DataProblem:
    return DataProblem(Finding(("optimade", key), what, right))
