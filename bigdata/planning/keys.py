"""The content hash of a task: equal keys mean equal results, so a task whose key is recorded as done need not run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from bigdata.planning.stage import Stage
from bigdata.spec.study import Input


def digest(data: Any) -> str:
    """sha256 of a value's canonical JSON, 32 hex digits."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


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
        "arrays": {a.name: [a.dtype, a.shape, a.shard, a.chunk, a.dims] for a in stage.arrays},
    }
    return cast(dict[str, Any], json.loads(json.dumps(data)))


def stage_keys(kind: str, stages: Sequence[Stage], inputs: Mapping[str, Input]) -> dict[str, list[str]]:
    """The keys of every task, by stage. A stage stands after those that it needs."""
    keys: dict[str, list[str]] = {}
    for stage in stages:
        common = hashlib.sha256(digest(ingredients(kind, stage, inputs)).encode())
        keys[stage.name] = [_task_key(common, stage, index, keys) for index in range(stage.n_tasks)]
    return keys


def _task_key(common: Any, stage: Stage, index: int, keys: Mapping[str, list[str]]) -> str:
    hasher = common.copy()
    hasher.update(str(index).encode())
    for needed, i in stage.needs(index):
        hasher.update(keys[needed][i].encode())
    return str(hasher.hexdigest()[:32])
