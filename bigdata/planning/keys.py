"""The content hash of a task: equal keys mean equal results, so a task whose key is known anywhere need not run.

Into a key goes all that can change the task's numbers, and nothing else: not the study's name, the site, its pools, the
total shape of an array or how many tasks the stage has, since task 17 of 200 is task 17 of 300.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from bigdata.errors import SpecError
from bigdata.kind.stage import Stage, TaskId
from bigdata.spec.study import Input

# 128 bits: the chance that any two of 10^12 tasks share a key is about 10^-15.
KEY_DIGITS = 32
# Made once: `json.dumps` makes an encoder for each call, which takes half of the time of a small value.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def digest(data: Any) -> str:
    """sha256 of a value's canonical JSON, 32 hex digits."""
    return hashlib.sha256(_canonical(data).encode()).hexdigest()[:KEY_DIGITS]


def ingredients(kind: str, stage: Stage, inputs: Mapping[str, Input]) -> dict[str, Any]:
    """What all tasks of a stage depend on, beside the tasks before them: nothing of source text, time, path or host.

    Plain JSON data, as they come back from the run's journal.
    """
    data = {
        "kind": kind,
        "stage": stage.name,
        "version": stage.version,
        "fields": dict(stage.fields),
        "data": {name: inputs[name].digest for name in stage.inputs},
        "arrays": {a.name: [a.dtype, a.shard, a.chunk, a.dims] for a in stage.arrays},
        # What follows is left out where it isn't used: keys of results from before there was such a thing still hold.
        # Another number of BLAS threads sums in another order.
        **({"cores": stage.cores} if stage.cores > 1 else {}),
        **({"packs": True} if stage.packs else {}),
        **({"rows": {name: [r.dtype, r.length] for name, r in stage.row_specs.items()}} if stage.rows else {}),
    }
    return cast(dict[str, Any], json.loads(json.dumps(data)))


class Keys:
    """The keys of one variant's tasks, each made when it is asked for: nobody hashes a million that nobody needs.

    Those of an earlier plan of the same study, `before`, hold where what they were made from is the same.

    The tasks of stages that grow are made known by `ask`. `absent` are tasks that have failed or won't be run: those
    that go on without them have other data, and so another key.
    """

    def __init__(
        self, kind: str, stages: Sequence[Stage], inputs: Mapping[str, Input], before: Keys | None = None
    ) -> None:
        self._kind, self._inputs, self._before = kind, inputs, before
        self.absent: set[TaskId] = set()
        self._stages = {stage.name: stage for stage in stages}
        self._specs = {stage.name: {a.name: a for a in stage.arrays} for stage in stages}
        self._common: dict[str, Any] = {}
        self._made: dict[TaskId, str] = {}
        self._wholes: dict[str, bytes] = {}
        self._lists: dict[str, list[str]] = {}
        self._asked: dict[str, list[str]] = {s.name: [] for s in stages if s.proposer}

    def __getitem__(self, task: TaskId) -> str:
        if task[0] in self._lists:
            return self._lists[task[0]][task[1]]
        if task not in self._made:
            stage = self._of(task)
            self._made[task] = self._asked[task[0]][task[1]] if stage.proposer else self._key(stage, task[1])
        return self._made[task]

    def _of(self, task: TaskId) -> Stage:
        """The stage of a task. SpecError for a task that isn't there, which only a kind's own `needs` can name."""
        name, index = task
        if name not in self._stages or not 0 <= index < self.n_tasks(name):
            raise SpecError(f"a task of this kind needs {name}/{index}, which isn't there. That is for its author.")
        return self._stages[name]

    def of(self, name: str, indices: Iterable[int]) -> list[str]:
        """The keys of many tasks of a stage that doesn't grow."""
        stage = self._stages[name]
        if stage.arrays or stage.whole or stage.needs is not Stage.needs:
            return [self[name, i] for i in indices]
        # Of hundreds of thousands that write and need nothing, in half the time and memory.
        if name not in self._lists:
            self._lists[name] = self._made_before(stage) or list(self._plain(stage))
        return [self._lists[name][i] for i in indices]

    def _made_before(self, stage: Stage) -> list[str] | None:
        """What an earlier plan made; its study is the same, and so are the tasks' own fields if the inputs are."""
        before = self._before
        if before is None or stage.name not in before._lists or before._inputs != self._inputs:
            return None
        made = before._lists[stage.name]
        is_same = len(made) == stage.n_tasks and before._begun(stage).digest() == self._begun(stage).digest()
        return made if is_same else None

    def _plain(self, stage: Stage) -> Iterator[str]:
        begun = self._begun(stage)
        fields = stage.task_fields
        for i in range(stage.n_tasks):
            hasher = begun.copy()
            # What `_key` takes of a task without shards.
            hasher.update((f"({i}, [])" if fields is None else f"('{digest(fields(i))}', [])").encode())
            yield hasher.hexdigest()[:KEY_DIGITS]

    def ask(self, name: str, payload: Any, after: int | None) -> str:
        """The key of the next task of a stage that grows, which has this payload and trains on after that task."""
        stage, asked = self._stages[name], self._asked[name]
        hasher = self._begun(stage)
        # Which number it has doesn't count: the same trial may be the 17th of one search and the 3rd of another.
        shapes = [(array, self._specs[name][array].shape_of(s)) for array, s in stage.shards(len(asked))]
        hasher.update(repr((digest(payload), asked[after] if after is not None else "", shapes)).encode())
        self._add_needs(hasher, stage, len(asked))
        asked.append(str(hasher.hexdigest()[:KEY_DIGITS]))
        self._wholes.clear()
        return asked[-1]

    def reset(self) -> None:
        """Forget what was made, since other tasks are `absent` now."""
        self._made.clear()
        self._wholes.clear()

    def _begun(self, stage: Stage) -> Any:
        if stage.name not in self._common:
            common = digest(ingredients(self._kind, stage, self._inputs))
            self._common[stage.name] = hashlib.sha256(common.encode())
        return self._common[stage.name].copy()

    def _key(self, stage: Stage, index: int) -> str:
        hasher = self._begun(stage)
        specs = self._specs[stage.name]
        # The shape of what a shard holds: the last one of 250 rows holds 50 where the same of 300 rows holds 100.
        shards = [(n, s, specs[n].shape_of(s)) for n, s in stage.shards(index)]
        if stage.task_fields is None:
            hasher.update(repr((index, shards)).encode())
        else:
            shapes = [(name, shape) for name, _, shape in shards]
            hasher.update(repr((digest(stage.task_fields(index)), shapes)).encode())
        self._add_needs(hasher, stage, index)
        return str(hasher.hexdigest()[:KEY_DIGITS])

    def _add_needs(self, hasher: Any, stage: Stage, index: int) -> None:
        for needed in stage.needs(index):
            hasher.update(self._needed(needed).encode())
        for name in stage.whole:
            if name not in self._wholes:
                self._wholes[name] = self._all_of(name)
            hasher.update(self._wholes[name])

    def _needed(self, task: TaskId) -> str:
        return "absent" if task in self.absent else self[task]

    def _all_of(self, name: str) -> bytes:
        n_tasks = self.n_tasks(name)
        if not self.absent and name not in self._asked:
            return hashlib.sha256("".join(self.of(name, range(n_tasks))).encode()).digest()
        return hashlib.sha256("".join(self._needed((name, i)) for i in range(n_tasks)).encode()).digest()

    def n_tasks(self, stage: str) -> int:
        """How many tasks a stage has; of one that grows, those that were asked for."""
        return len(self._asked[stage]) if stage in self._asked else self._stages[stage].n_tasks
