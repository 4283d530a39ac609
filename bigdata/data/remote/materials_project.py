"""Summaries of the Materials Project's own interface, which holds what its OPTIMADE one doesn't; it wants a key.

    https://api.materialsproject.org/materials/summary/?elements=B,N&_fields=material_id,structure,…&_skip=0&_limit=1000

The key goes into a header, taken from the environment when the question is put, and is kept nowhere. Answers
are sorted by id, so that none moves from page to page. Documentation: https://api.materialsproject.org/docs;
M. K. Horton et al., Nat. Mater. 24, 1522 (2025), doi:10.1038/s41563-025-02272-0.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bigdata.data.problem import DataProblem, first
from bigdata.data.remote.answers import Answers, Progress, fetched
from bigdata.data.remote.http import Client, Refused
from bigdata.data.remote.query import MaterialsProjectQuery
from bigdata.errors import SiteError
from bigdata.spec.study import Finding

ALWAYS = ("material_id", "formula_pretty", "structure")
"""What is asked for besides the wanted properties."""

LOG = logging.getLogger("bigdata")
_AT_FAULT = (400, 422)


def fetch(query: MaterialsProjectQuery, client: Client | None = None, progress: Progress | None = None) -> Path:
    """The file with the summaries that match, one JSON object a line as the database gives it.

    Raises DataProblem where the query can't be asked (no key, a parameter that there isn't) or nothing
    matches, SiteError where the database doesn't answer; what came before is kept, and the next call goes on
    there.
    """
    check(query)
    return fetched(query, lambda answers: _Fetch(query, answers, client or Client(per_second=5), progress).all())


def check(query: MaterialsProjectQuery) -> None:
    """Raise DataProblem where `filter` says what other keys say, or nothing."""
    for name, value in query.filter.items():
        if name.startswith("_"):
            right = "Use `fields`, `page` and `max_entries`; the order is that of the ids"
            raise _problem("filter", f"`{name}` isn't a condition on materials", right)
        if value == () or value == "":
            raise _problem("filter", f"`{name}` is empty", "Give it a value, or leave it out")


def parameters(query: MaterialsProjectQuery) -> dict[str, str | int]:
    """The conditions and fields as the interface wants them: lists joined by commas, `true` and `false`."""
    fields = ",".join(dict.fromkeys((*ALWAYS, *query.fields)))
    conditions = {name: _text(value) for name, value in query.filter.items()}
    return {**conditions, "_fields": fields, "_sort_fields": "material_id"}


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Fetch:
    """One query on its way through the pages."""

    def __init__(
        self, query: MaterialsProjectQuery, answers: Answers, client: Client, progress: Progress | None
    ) -> None:
        self._query, self._answers, self._client, self._progress = query, answers, client, progress
        self._url = query.url.rstrip("/")
        self._headers = {"X-API-KEY": _key(query)}
        self._given: set[str] = set()
        self._ids: set[str] = set()

    def all(self) -> None:
        version = self._version()
        # Between versions entries come and go, so that pages of two don't make up one answer.
        if self._answers.state.get("version", version) != version:
            LOG.info("the Materials Project has a new version, %s, since this query broke off; starting anew", version)
            self._answers.forget()
        self._ids = {self._noted(row) for row in self._answers.rows()}
        state = {"skip": 0, "total": None, "repeated": 0, "version": version, **self._answers.state}
        while not self._are_enough and (state["total"] is None or state["skip"] < state["total"]):
            rows, state["total"] = self._page(state["skip"])
            if not rows:
                break
            self._keep(rows, state)
        if not self._answers.n:
            raise _problem("filter", "nothing in the Materials Project matches", "Try the conditions one at a time")
        self._answers.finish(self._about(state))

    @property
    def _are_enough(self) -> bool:
        return self._query.max_entries is not None and self._answers.n >= self._query.max_entries

    def _version(self) -> str:
        """The version of the database, such as 2025.09.25; "" where it isn't told."""
        try:
            told = self._client.get_json(f"{self._url}/heartbeat", headers=self._headers)
        except Refused as e:
            # A wrong key is said at once; a server without this page is asked all the same.
            if e.status in (401, 403):
                raise
            return ""
        return str(told.get("db_version", "")) if isinstance(told, dict) else ""

    def _page(self, skip: int) -> tuple[list[dict[str, Any]], int]:
        limit = min(self._query.page, (self._query.max_entries or skip + self._query.page) - self._answers.n)
        asked = {**parameters(self._query), "_skip": skip, "_limit": limit}
        try:
            document = self._client.get_json(f"{self._url}/materials/summary/", asked, self._headers)
        except Refused as e:
            if e.status not in _AT_FAULT or not e.words:
                raise
            right = "The parameters are described at https://api.materialsproject.org/docs, under /materials/summary/"
            raise _problem("filter", f"the Materials Project refuses this: {e.words}", right) from e
        return self._read(document)

    def _read(self, document: Any) -> tuple[list[dict[str, Any]], int]:
        rows, meta = (document.get("data"), document.get("meta")) if isinstance(document, dict) else (None, None)
        total = meta.get("total_doc") if isinstance(meta, dict) else None
        whole = isinstance(rows, list) and all(isinstance(r, dict) and r.get("material_id") for r in rows)
        if not whole or not isinstance(rows, list) or not isinstance(total, int):
            host = urlsplit(self._url).netloc.rpartition("@")[2]
            raise SiteError(f"{host} answers, but not with summaries and their number; check `url`.")
        return rows, total

    def _keep(self, rows: list[dict[str, Any]], state: dict[str, Any]) -> None:
        page = {self._noted(row): row for row in rows}
        new = [row for one, row in page.items() if one not in self._ids]
        self._ids |= page.keys()
        state |= {"skip": state["skip"] + len(rows), "repeated": state["repeated"] + len(rows) - len(new)}
        self._answers.append(new, state)
        if self._progress:
            self._progress(self._answers.n, min(self._query.max_entries or state["total"], state["total"]))

    def _noted(self, row: dict[str, Any]) -> str:
        self._given |= {name for name in self._query.fields if row.get(name) is not None}
        return str(row["material_id"])

    def _about(self, state: dict[str, Any]) -> dict[str, Any]:
        n, total = self._answers.n, state["total"]
        lacking = 0 if self._are_enough else total - n
        if lacking:
            LOG.warning("the Materials Project counts %d entries and gave %d different ones", total, n)
        never = [name for name in self._query.fields if name not in self._given]
        if never:
            LOG.warning("the Materials Project gave no entry a value of %s", first(never))
        told = {key: state[key] for key in ("total", "repeated", "version")}
        return {**told, "lacking": lacking, "never_given": never}


def _key(query: MaterialsProjectQuery) -> str:
    key = os.environ.get(query.key, "").strip()
    # A header holds ASCII only, and what is copied from a web page may hold more.
    if not key or not key.isascii() or not key.isprintable():
        what = (
            f"the environment variable {query.key} holds no key" if not key else f"{query.key} holds no key's letters"
        )
        raise _problem("key", what, f"Get one at https://materialsproject.org/api and `export {query.key}=…`")
    return key


def _problem(key: str, what: str, right: str) -> DataProblem:
    return DataProblem(Finding(("materials-project", key), what, right))
