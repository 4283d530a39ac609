"""What comes back from workers: tokens, tasks that were handed out in vain, and those whose workers went away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bigdata.engine.books import Books
from bigdata.engine.execute import Token
from bigdata.engine.hands import Event, Left, Lost, Pools, Returned, Told
from bigdata.engine.retries import Cause, Retries
from bigdata.kind.stage import TaskId


class Returns:
    """Enters into the books what comes back from some pools. A task that is lost with a job waits for a verdict until
    the batch system says how the job ended.
    """

    def __init__(self, books: Books, pools: Pools) -> None:
        self._books, self._pools, self._retries = books, pools, Retries(pools.larger)
        self._unjudged: list[Lost] = []

    @property
    def has_unjudged(self) -> bool:
        return bool(self._unjudged)

    def enter(self, events: Sequence[Event]) -> None:
        """The tokens first, which are one write to the journal; then what was handed out in vain."""
        self.record(events)
        self._books.put_back(task for event in events if isinstance(event, Returned) for task in event.tasks)
        lost = [Lost(task, event.worker) for event in events if isinstance(event, Left) for task in event.tasks]
        if lost:
            self._lose(lost)
        self._judge()

    def record(self, events: Iterable[Event]) -> None:
        """Write the tokens that came to the journal first, then let the graph and the observer know."""
        tokens = [event.token for event in events if isinstance(event, Told)]
        judged = [self._judged_token(token) for token in tokens]
        places = iter(
            self._books.journal.append([token for token, (lane, _) in zip(tokens, judged, strict=True) if not lane])
        )
        for token, (lane, why) in zip(tokens, judged, strict=True):
            self._enter(token, lane, why, -1 if lane else next(places))

    def _enter(self, token: Token, lane: str, why: str, at: int) -> None:
        task = token["stage"], token["index"]
        self._books.purse.pay(token)
        if lane:
            self._books.try_again(task, lane, why)
        elif token["event"] == "done":
            self._books.pace.note(task[0], token["seconds"])
            self._books.done(task, token, at)
        else:
            self._books.failed(task, token)

    def _judged_token(self, token: Token) -> tuple[str, str]:
        """The lane in which a task goes on that isn't done and hasn't failed for good, and why; else no lane."""
        task = token["stage"], token["index"]
        if token["event"] == "paused":
            verdict = self._retries.after_pause(task, self._books.lane[task], saved=token["saved"])
            if isinstance(verdict, str):
                return verdict, "paused"
            token |= verdict
        elif token["event"] == "failed" and token["class"] == "memory":
            return self._retries.larger(self._books.lane[task]) or "", "memory"
        return "", ""

    def _lose(self, lost: Iterable[Lost]) -> None:
        """Tasks that a worker had in hand and hadn't begun aren't to blame for its end."""
        folder = self._books.plan.folder
        # Who had begun is on disk, since a worker that the kernel kills for its memory can't say it any more.
        begun = folder.marks()
        for each in lost:
            if folder.mark(*each.task).name in begun:
                self._unjudged.append(each)
            else:
                self._books.put_back([each.task])

    def _judge(self) -> None:
        """Decide on lost tasks as soon as it is known what ended their workers."""
        unjudged, self._unjudged = self._unjudged, []
        for each in unjudged:
            ending = self._pools.ending(each)
            if ending is None:
                self._unjudged.append(each)
                continue
            # Or it would be blamed for its next worker's end before it has begun there.
            self._books.plan.folder.mark(*each.task).unlink(missing_ok=True)
            self._judged(each.task, self._retries.after(each.task, self._books.lane[each.task], ending), ending.cause)

    def _judged(self, task: TaskId, verdict: str | Token, cause: Cause) -> None:
        if isinstance(verdict, str):
            self._books.try_again(task, verdict, cause.value)
            return
        self._books.journal.append([verdict])
        self._books.failed(task, verdict)
