"""Queries to databases, whichever: their answers, fetched once, then taken from the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bigdata.data.remote.answers import Answers, Progress, described
from bigdata.data.remote.query import AflowQuery, MaterialsProjectQuery, NomadQuery, OptimadeQuery

Query = OptimadeQuery | AflowQuery | MaterialsProjectQuery | NomadQuery


def answers_of(query: Query, progress: Progress | None = None) -> Path:
    """The file of the answers, one JSON object a line as the database gives them; fetched where it isn't there.

    Raises DataProblem where the query can't be asked or nothing matches it, SiteError where the database
    doesn't answer or the cache can't be written. What came before an error is kept, and the next call goes
    on there.
    """
    match query:
        case OptimadeQuery():
            from bigdata.data.remote import optimade

            return optimade.fetch(query, progress=progress)
        case AflowQuery():
            from bigdata.data.remote import aflux

            return aflux.fetch(query, progress=progress)
        case MaterialsProjectQuery():
            from bigdata.data.remote import materials_project

            return materials_project.fetch(query, progress=progress)
        case NomadQuery():
            from bigdata.data.remote import nomad

            return nomad.fetch(query, progress=progress)


def is_fetched(query: Query) -> bool:
    """Whether all answers are in the cache."""
    return Answers(described(query)).is_done


def answers_about(query: Query) -> dict[str, Any]:
    """What is known of fetched answers, else {}: `query`, `n`, `total` (what the database counts; may be None),
    `started` and `retrieved` (ISO 8601, UTC), `sha256`, `n_bytes`, and more that differs by database."""
    return Answers(described(query)).about


def forget(query: Query) -> None:
    """Remove the answers from the cache, also half of them, so that they are fetched anew."""
    Answers(described(query)).forget()
