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

    So many tasks, the `cohort`, are begun before the result of the first of them is waited for; it is the `lag` of the
    stage. More workers than that have nothing to do, and each proposal follows from all results but the last ones of a
    cohort. It is part of the search, as the number of workers can't be: another number of them would find other points.

    Measured on eight simulated workers, trials of equal length by a factor of e^±0.5: a cohort of 16 keeps them at work
    for 93 % of the time. Where a rule stops trials, the last rung is some 50 times as long as the first, and what comes
    after it waits: 30 % with a cohort of 16, 75 % with 64.
    """

    trials: int = Field(ge=1, le=1_000_000, description="How many points are tried, at most.")
    seed: Annotated[int, Field(ge=0)] = Field(default=0, description="Of all that is random in the search.")
    cohort: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None,
        description="How many tasks are begun before the first of them has ended, at most: twice the workers, or eight "
        "times with a stopping rule. Left out: 16, or 64. The search depends on it.",
    )

    @abstractmethod
    def on(self, space: Space) -> Method:
        """The method, which proposes points of this space."""
