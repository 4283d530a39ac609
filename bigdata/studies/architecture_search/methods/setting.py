"""What a spec says of every search method."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

from pydantic import Field

from bigdata.kind import SpecModel
from bigdata.studies.architecture_search.methods.method import Method
from bigdata.studies.architecture_search.space import Space


class Searching(SpecModel):
    """How many trials there are, and what is random about them.

    `cohort` tasks are begun before the results of the first of them are waited for: it is the `lag` of the stage. More
    workers than that have nothing to do; with fewer, each proposal follows from results that are `cohort` old. Twice
    the number of workers keeps them busy where some trials take longer than others. It is part of the search: the
    number of workers must not be, or else another number of them would find other points.
    """

    trials: int = Field(ge=1, le=1_000_000, description="How many points are tried, at most.")
    seed: Annotated[int, Field(ge=0)] = Field(default=0, description="Of all that is random in the search.")
    cohort: int = Field(
        default=16,
        ge=1,
        le=10_000,
        description="How many tasks run at once, at most: twice the workers. The search depends on it.",
    )

    @abstractmethod
    def on(self, space: Space) -> Method:
        """The method, which proposes points of this space."""
