"""A search for formulas in steps that several processes may do: for each dimension, parts of the screen, then the step
that joins them. What one leaves for the next are plain arrays, and the formulas are those of `formulas.fit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from bigdata.models.sisso import carrying
from bigdata.models.sisso.fitting import Search, State, advanced, begun, screened
from bigdata.models.sisso.growing import grow
from bigdata.models.sisso.space import Space
from bigdata.models.tabular.fitted import Effort, Samples
from bigdata.models.tabular.formulas import Formula, Told
from bigdata.models.tabular.setting import Point

Arrays = Mapping[str, NDArray[Any]]


class Steps:
    """Of the search for some points, which have one rung and the same options. Its methods raise Paused."""

    def __init__(self, points: Sequence[Point], samples: Samples, effort: Effort) -> None:
        self._told = Told.of(points, samples)
        self._search = Search(effort.should_stop, effort.log)

    def screened(self, before: Arrays | None, part: int, n_parts: int) -> Arrays:
        """What one of so many parts has for the dimension after `before`, the step that came last."""
        found = screened(self._space, self._state(before), self._search, part, n_parts)
        return carrying.of_candidates(found)

    def joined(self, before: Arrays | None, parts: Sequence[Arrays]) -> Arrays:
        """The step after `before`, from all parts."""
        found = [carrying.candidates(part) for part in parts]
        return carrying.of_state(advanced(self._space, self._state(before), found, self._search))

    def formulas(self, last: Arrays) -> list[Formula]:
        """Those of the points, from the step of the highest dimension."""
        return self._told.formulas(carrying.state(last).found[1:])

    @cached_property
    def _space(self) -> Space:
        return grow(self._told.problem, self._told.setting, self._told.rung, self._search.check)

    def _state(self, before: Arrays | None) -> State:
        return begun(self._space) if before is None else carrying.state(before)
