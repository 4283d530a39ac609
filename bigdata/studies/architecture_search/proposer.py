"""What leads the stage of trainings: the search, with the work of each rung as its network takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from bigdata.kind import Ask, Input
from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.search import Objective, Search
from bigdata.studies.architecture_search.work import work_of


def search_of(study: ArchitectureSearch) -> Search:
    """The search of a study, at its beginning."""
    objectives = [Objective(f"rung_{metric}") for metric in study.reward.metrics]
    return Search.of(study.searched, study.search, study.stops, objectives)


class Led:
    """A `Proposer`: the tasks of the search, each with its own work."""

    def __init__(self, study: ArchitectureSearch, inputs: Mapping[str, Input]) -> None:
        self._study, self._search = study, search_of(study)

    def ask(self) -> Sequence[Ask]:
        return [replace(ask, work=work_of(self._study, cast(Any, ask.payload))) for ask in self._search.ask()]

    def tell(self, number: int, rows: Mapping[str, Any] | None) -> None:
        self._search.tell(number, rows)

    def spent(self) -> bool:
        return self._search.spent()
