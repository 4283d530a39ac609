"""NOMAD, asked for densities of states by its archive query.

Published entries that match the user's query and have an electronic density of states come page by page, in
the order of `entry_id`; each row is what NOMAD gives: `entry_id`, `upload_id`, `parser_name`, and of the
`archive` the material, the method and the spectra, references followed. The reader `nomad` of
`bigdata.data.spectra.formats` takes it from there.

M. Scheidgen et al., J. Open Source Softw. 8, 5388 (2023), doi:10.21105/joss.05388.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bigdata.data.problem import DataProblem
from bigdata.data.remote.answers import Answers, Progress, fetched
from bigdata.data.remote.http import Client, Refused
from bigdata.data.remote.query import NomadQuery
from bigdata.errors import SiteError
from bigdata.spec.study import Finding

LOG = logging.getLogger("bigdata")
AVAILABLE = "results.properties.available_properties"
# NOMAD turns away (503) who asks more than some 30 times a second.
PER_SECOND = 5
# `*` leaves a reference as the path it is; only `include-resolved` brings what it points at.
_SPECTRUM = {"energies": "include-resolved", "total": "include-resolved", "energy_fermi": "*", "band_gap": "*"}
REQUIRED = {
    "results": {
        "material": {"*": "*", "topology": "exclude"},
        "method": "*",
        "properties": {
            "electronic": {
                "dos_electronic": _SPECTRUM,
                "dos_electronic_new": {"data": {**_SPECTRUM, "spin_channel": "*", "energy_ref": "*"}},
                "band_gap": "*",
            }
        },
    }
}


def fetch(query: NomadQuery, client: Client | None = None, progress: Progress | None = None) -> Path:
    """The file with the entries of NOMAD that match, one JSON object a line as NOMAD gives them.

    Raises DataProblem where NOMAD doesn't take the query or nothing matches it, SiteError where NOMAD
    doesn't answer; what came before is kept, and the next call goes on there.
    """
    asked = client or Client(timeout_s=180, per_second=PER_SECOND)
    return fetched(query, lambda answers: _fetch(query, answers, asked, progress))


def body(query: NomadQuery, n_rows: int, after: str | None) -> dict[str, Any]:
    """What to ask for: so many entries after the one with the given `entry_id`."""
    pagination = {"page_size": n_rows, "order_by": "entry_id", "order": "asc"}
    return {
        "owner": "public",
        "query": {AVAILABLE: {"any": ["dos_electronic", "dos_electronic_new"]}, **query.query},
        # By the last value seen: NOMAD's page numbers end at 10,000 entries.
        "pagination": pagination | ({"page_after_value": after} if after else {}),
        "required": REQUIRED,
    }


def _fetch(query: NomadQuery, answers: Answers, client: Client, progress: Progress | None) -> None:
    state = {"after": None, "total": None, "ended": False, "repeated": 0, **answers.state}
    seen = {row["entry_id"] for row in answers.rows()}
    while not state["ended"] and (left := _left(query, answers)) > 0:
        page = _page(client, query, min(query.page, left), state["after"])
        new = {row["entry_id"]: row for row in page["data"] if row["entry_id"] not in seen}
        after = page["pagination"].get("next_page_after_value")
        _check_advance(query, after, state["after"])
        repeated = state["repeated"] + len(page["data"]) - len(new)
        total = page["pagination"].get("total", state["total"])
        state |= {"after": after, "total": total, "ended": after is None, "repeated": repeated}
        seen.update(new)
        answers.append(list(new.values())[: left if query.max_entries else None], state)
        if progress:
            progress(answers.n, min(filter(None, (query.max_entries, total)), default=None))
    if not answers.n:
        # A passing fault may look like this, so it isn't remembered.
        answers.forget()
        what = "NOMAD has no published entry with a density of states that matches"
        raise _problem(what, "take away a condition, or try the query at nomad-lab.eu")
    answers.finish(_about(query, answers, state))


def _left(query: NomadQuery, answers: Answers) -> int:
    return query.page if query.max_entries is None else query.max_entries - answers.n


def _page(client: Client, query: NomadQuery, n_rows: int, after: str | None) -> dict[str, Any]:
    try:
        page = client.post_json(f"{query.url.rstrip('/')}/entries/archive/query", body(query, n_rows, after))
    except Refused as e:
        if e.status in (400, 422):
            right = "its keys are paths such as results.material.elements, its values as NOMAD's documentation says"
            raise _problem(f"NOMAD doesn't take the query: {e.words or e}", right) from None
        raise
    if not _is_page(page):
        raise SiteError(f"{query.url} answers something other than a page of entries: `{str(page)[:200]}`.")
    return dict(page)


def _is_page(page: Any) -> bool:
    return (
        isinstance(page, dict)
        and isinstance(page.get("pagination"), dict)
        and isinstance(page.get("data"), list)
        and all(isinstance(row, dict) and isinstance(row.get("entry_id"), str) for row in page["data"])
    )


def _check_advance(query: NomadQuery, after: str | None, before: str | None) -> None:
    if after is not None and after == before:
        raise SiteError(f"{query.url} answers with the same page again and again. Start again later.")


def _about(query: NomadQuery, answers: Answers, state: Mapping[str, Any]) -> dict[str, Any]:
    wanted = min(filter(None, (query.max_entries, state["total"])), default=0)
    lacking = max(0, wanted - answers.n)
    if lacking:
        LOG.warning("NOMAD counts %d entries and gave %d different ones", state["total"], answers.n)
    return {"total": state["total"], "lacking": lacking, "repeated": state["repeated"]}


def _problem(what: str, right: str) -> DataProblem:
    return DataProblem(Finding(("nomad", "query"), what, right))
