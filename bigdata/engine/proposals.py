"""What the proposers of a run have asked for, in its journal: a decision can be read there, and replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bigdata.planning.plan import Plan
from bigdata.planning.planned import PlannedStage
from bigdata.store.journal import History, Journal


class Proposals:
    """Notes each task that is asked for, before it is begun, unless an earlier submission has asked the same."""

    def __init__(self, plan: Plan, past: History, journal: Journal, say: Callable[[str], None]) -> None:
        self._past, self._journal, self._say = past, journal, say
        self._growing = {s.path: s for s in plan.stages if s.growth and not s.growth.closed}
        for stage in plan.stages:
            for index in range(len(stage.growth.asked) if stage.growth else 0):
                self.note(stage, index)

    def growing(self) -> list[PlannedStage]:
        """The stages of which more may be asked for."""
        return list(self._growing.values())

    def end(self, stage: PlannedStage) -> None:
        """Nothing more will be asked for."""
        del self._growing[stage.path]

    def note(self, stage: PlannedStage, index: int) -> None:
        assert stage.growth is not None
        ask = stage.growth.asked[index]
        asked: dict[str, Any] = {"stage": stage.path, "index": index, "payload": ask.payload, "after": ask.after}
        before = self._past.asked.get((stage.path, index))
        if before is not None and before["key"] == stage.key(index):
            return
        if before is not None:
            self._say(f"{stage.path}/{index} is another task than an earlier submission asked for; it is run anew")
        self._journal.append([{"event": "asked", **asked, "key": stage.key(index)}])
