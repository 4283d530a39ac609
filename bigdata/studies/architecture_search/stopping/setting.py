"""What a spec says of every stopping rule: how long trials are trained, and where their rungs are."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Self

from pydantic import Field, model_validator

from bigdata.kind import Seconds, SpecModel, WrongText
from bigdata.studies.architecture_search.stopping.rule import Rule
from bigdata.studies.architecture_search.stopping.rungs import Resource, Rungs

Steps = Annotated[int, Field(ge=1)]
Time = Annotated[Seconds, Field(gt=0)]


class Stopping(SpecModel):
    """How long a trial is trained at most: so many gradient steps, or so long."""

    max_steps: Steps | None = Field(default=None, description="Of a trial that is never stopped.")
    max_seconds: Time | None = Field(default=None, description="The same in time of training, in place of steps.")

    @property
    def share_through(self) -> float:
        """Of the trials, those that aren't judged, and are never stopped; 0 where a rule stops none."""
        return 0.0

    @abstractmethod
    def rule(self, n_trials: int) -> Rule:
        """The rule, for a search of so many trials that it judges."""

    @property
    def resource(self) -> Resource:
        return "steps" if self.max_seconds is None else "seconds"

    @property
    def longest(self) -> float:
        """Of a trial's training, in its resource."""
        return self.max_steps or self.max_seconds or 0

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.max_steps is None) == (self.max_seconds is None):
            raise WrongText("a trial's length is either in steps or in seconds", "Write `max_steps` or `max_seconds`")
        return self


class Halving(Stopping):
    """Rungs from `min_steps` to `max_steps`, each `factor` times the one before.

    All of a rung's trials are as old, so that their errors can be compared. Nothing guarantees that early ranks are the
    final ones; the share `through` measures it.
    """

    min_steps: Steps | None = Field(default=None, description="The first rung: after so many steps trials are judged.")
    min_seconds: Time | None = Field(default=None, description="The same in time of training, with `max_seconds`.")
    factor: int = Field(default=4, ge=2, le=100, description="From rung to rung so many times as long.")
    through: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="The share of trials that are never stopped, to see how well early ranks predict final ones.",
    )

    @property
    def share_through(self) -> float:
        return self.through

    @property
    def rungs(self) -> Rungs:
        least = self.min_steps if self.resource == "steps" else self.min_seconds
        return Rungs.geometric(least or 0, self.longest, self.factor, self.resource)

    @model_validator(mode="after")
    def _first_rung(self) -> Self:
        given = {"steps": self.min_steps, "seconds": self.min_seconds}
        least = given.pop(self.resource)
        if least is None or any(given.values()):
            raise WrongText(f"the first rung has to be in {self.resource}", f"Write `min_{self.resource}` alone")
        if least >= self.longest:
            what = f"the first rung is at {least:g} {self.resource}, where trials end at {self.longest:g}"
            raise WrongText(what, f"Write a smaller `min_{self.resource}`, or `method: none`")
        return self
