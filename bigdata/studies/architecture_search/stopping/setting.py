"""What a spec says of every stopping rule, and of rules with several rungs."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bigdata.kind import Seconds, SpecModel, WrongText
from bigdata.studies.architecture_search.stopping.never import Never
from bigdata.studies.architecture_search.stopping.rule import Rule
from bigdata.studies.architecture_search.stopping.rungs import Resource, Rungs

Steps = Annotated[int, Field(ge=1)]
Time = Annotated[Seconds, Field(gt=0)]


class Stopping(SpecModel):
    """How long a trial is trained at most: so many gradient steps, or so long."""

    max_steps: Steps | None = Field(default=None, description="Of a trial that is never stopped.")
    max_seconds: Time | None = Field(default=None, description="The same in time of training, in place of steps.")

    @abstractmethod
    def rule(self, n_trials: int) -> Rule:
        """The rule, for a search of so many trials that it judges."""

    @property
    def resource(self) -> Resource:
        return "steps" if self.max_seconds is None else "seconds"

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.max_steps is None) == (self.max_seconds is None):
            raise WrongText("a trial's length is either in steps or in seconds", "Write `max_steps` or `max_seconds`")
        return self


class NoStopping(Stopping):
    """All trials are trained to their end."""

    method: Literal["none"] = "none"

    def rule(self, n_trials: int) -> Rule:
        return Never(Rungs((self.max_steps or self.max_seconds or 0,), self.resource))
