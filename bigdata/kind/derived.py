"""A stage that derives data, such as spacegroups, block by block into the cache, where other studies find them too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigdata.data.derived import Derivation
from bigdata.kind.stage import Rate, Stage
from bigdata.spec.study import StudyModel

if TYPE_CHECKING:
    from bigdata.kind.context import Context


def stage(name: str, derivation: Derivation, input_name: str, rate: Rate, memory: int) -> Stage:
    """One task a block of entries. What is in the cache already takes no time.

    The tasks leave their results in the cache, not in the run: whoever reads them gets them by the derivation's
    `made()`, which makes again what was removed from the cache meanwhile. The maker's module says what a task does:
    `def task(ctx): make(ctx, __name__)`.
    """
    blocks, missing = derivation.blocks, set(derivation.missing())
    return Stage(
        name=name,
        version=1,
        function=f"{derivation.by}:task",
        n_tasks=len(blocks),
        fields={"kind": derivation.kind, "setting": dict(derivation.setting), "maker": derivation.maker.version()},
        rate=rate,
        work=lambda i: float(len(blocks[i])) if i in missing else 0.0,
        memory=memory,
        inputs=(input_name,),
        in_run=not missing,
    )


def make(ctx: Context[StudyModel], by: str) -> None:
    """One block of what the module at the address `by` makes."""
    source = ctx.inputs[ctx.stage.inputs[0]]
    Derivation.of(by, source.folder, ctx.stage.fields["setting"]).make(ctx.index)
