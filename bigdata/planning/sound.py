"""Whether what a study kind wants done can be done at all: mistakes of its author, told before anything is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from itertools import chain

from bigdata.kind.stage import Stage, Workload
from bigdata.spec.study import Input
from bigdata.spec.words import each


def unsound(workload: Workload, inputs: Mapping[str, Input]) -> Iterator[str]:
    """Sentences about names given twice (one thing would be written over the other), lengths that contradict each
    other, and stages that need, read or call what isn't there.
    """
    yield from _named_twice(workload)
    yield from _lengths(workload)
    before: dict[str, Stage] = {}
    for stage in workload.stages:
        yield from _needs(stage, before)
        yield from _inputs(stage, inputs)
        yield from _function(stage)
        before[stage.name] = stage


def _listed(names: Mapping[str, object]) -> str:
    return each(names) or "none"


def _inputs(stage: Stage, inputs: Mapping[str, Input]) -> Iterator[str]:
    for name in (*stage.inputs, *stage.parts_of):
        if name not in inputs:
            yield f"stage `{stage.name}` reads `{name}`, and the inputs are {_listed(inputs)}"


def _named_twice(workload: Workload) -> Iterator[str]:
    for word, names in (
        ("stages", [s.name for s in workload.stages]),
        (
            "arrays, rows and coordinates",
            [
                *(a.name for s in workload.stages for a in s.arrays),
                *(row for s in workload.stages for row in s.rows),
                *(c.name for c in workload.coordinates),
            ],
        ),
    ):
        if twice := [name for name, n in Counter(names).items() if n > 1]:
            yield f"two {word} have one name: {each(twice)}"


def _lengths(workload: Workload) -> Iterator[str]:
    lengths: dict[str, dict[int, str]] = {}
    for array in (a for s in workload.stages for a in s.arrays):
        for dim, n in zip(array.dims, array.shape, strict=True):
            lengths.setdefault(dim, {}).setdefault(n, array.name)
    for coordinate in workload.coordinates:
        lengths.setdefault(coordinate.dim, {}).setdefault(len(coordinate.values), coordinate.name)
    for dim, found in lengths.items():
        if len(found) > 1:
            said = ", ".join(f"{n:,} in `{name}`" for n, name in found.items())
            yield f"the dimension `{dim}` has several lengths: {said}"


def _needs(stage: Stage, before: Mapping[str, Stage]) -> Iterator[str]:
    """Of the first and the last task: nobody asks a million; the others are asked when their keys are made."""
    if strangers := set(stage.whole) - set(before):
        yield f"stage `{stage.name}` needs {each(sorted(strangers))} whole; before it are {_listed(before)}"
    if stage.n_tasks < 1 or stage.proposer:
        return
    for name, index in chain(stage.needs(0), stage.needs(stage.n_tasks - 1)):
        if name != stage.name and name not in before:
            yield f"stage `{stage.name}` needs a task of `{name}`; the stages before it are {_listed(before)}"
            return
        of = stage if name == stage.name else before[name]
        if not (of.proposer or 0 <= index < of.n_tasks):
            yield f"stage `{stage.name}` needs {name}/{index}, and `{name}` has {of.n_tasks} tasks, from 0 on"
            return


def _function(stage: Stage) -> Iterator[str]:
    module, _, name = stage.function.partition(":")
    try:
        # This imports the packages around a module, but not the module: it may need what only workers have.
        is_there = bool(name) and find_spec(module) is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        yield f'stage `{stage.name}` names no function by `{stage.function}`: write "module:function"'
