"""A stage that derives data, such as spacegroups, block by block into the cache, where other studies find them too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bigdata.data.derived import Derivation
from bigdata.kind.stage import Rate, Stage, TaskId
from bigdata.spec.study import Input, StudyModel

if TYPE_CHECKING:
    from bigdata.kind.context import Context


def stage(name: str, derivation: Derivation, input_name: str, rate: Rate, memory: int) -> Stage:
    """One task a block of entries. What is in the cache already takes no time.

    The tasks leave their results in the cache, not in the run: whoever reads them gets them by `derived_for`, which
    makes again what was removed from the cache meanwhile.
    """
    blocks, missing = derivation.blocks, set(derivation.missing())
    return Stage(
        name=name,
        version=1,
        function="bigdata.kind.derived:make",
        n_tasks=len(blocks),
        fields={"kind": derivation.kind, "setting": dict(derivation.setting), "maker": derivation.maker.version()},
        rate=rate,
        work=lambda i: float(len(blocks[i])) if i in missing else 0.0,
        memory=memory,
        inputs=(input_name,),
        in_run=not missing,
    )


def make(ctx: Context[StudyModel]) -> None:
    """The task: one block."""
    _of(ctx.stage.fields, ctx.inputs[ctx.stage.inputs[0]]).make(ctx.index)


def _of(fields: Mapping[str, Any], source: Input) -> Derivation:
    return Derivation.of(fields["kind"], source.folder, fields["setting"])


def tasks(stage: Stage) -> Iterator[TaskId]:
    """All tasks of a stage, for whoever needs them all."""
    return ((stage.name, i) for i in range(stage.n_tasks))
