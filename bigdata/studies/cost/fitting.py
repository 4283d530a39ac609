"""Whether a plan fits its limits, and what would make it fit: waves with archiving between them, or packs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bigdata.studies.cost.model import Calculations, Cost
from bigdata.studies.cost.sums import Sums


@dataclass(frozen=True)
class Share:
    """A quantity, files or bytes, beside its limit: `wanted` in all, in the middle of its range."""

    quantity: str
    wanted: float
    limit: int

    @property
    def times(self) -> float:
        return self.wanted / self.limit

    @property
    def is_broken(self) -> bool:
        return self.wanted > self.limit


@dataclass(frozen=True)
class Waves:
    """So many waves of at most `size` calculations of a stage, each archived elsewhere before the next begins."""

    stage: str
    n: int
    size: int


def shares(model: Cost, found: Sums) -> list[Share]:
    """Of each limit, what the plan takes of it; none where the plan doesn't say how much that is."""
    wanted = {"files": model.limits.files, "bytes": model.limits.bytes}
    return [
        Share(quantity, found.middle(quantity), limit)
        for quantity, limit in wanted.items()
        if limit is not None and math.isfinite(found.middle(quantity))
    ]


def excesses(model: Cost, found: Sums) -> list[Share]:
    """The limits that the plan breaks."""
    return [share for share in shares(model, found) if share.is_broken]


def unsaid(model: Cost, found: Sums) -> list[str]:
    """The quantities that have a limit and of which no stage says how much it takes."""
    wanted = {"files": model.limits.files, "bytes": model.limits.bytes}
    return [name for name, limit in wanted.items() if limit is not None and not math.isfinite(found.middle(name))]


def waves(model: Cost, name: str) -> Waves | None:
    """How a stage of calculations goes in waves that each keep within both limits; None where it fits in one, or where
    a
    single calculation doesn't fit."""
    stage = model.stages[name]
    if not isinstance(stage, Calculations):
        return None
    each = {"files": _middle(stage.files_each), "bytes": _middle(stage.bytes_each)}
    limits = {"files": model.limits.files, "bytes": model.limits.bytes}
    sizes = [math.floor(limit / each[q]) for q, limit in limits.items() if limit is not None]
    size = min([stage.n, *sizes])
    return Waves(name, math.ceil(stage.n / size), size) if 0 < size < stage.n else None


def pack_of(model: Cost, name: str) -> int | None:
    """How many calculations of a stage share an archive so that its files alone keep within the limit; None where they
    do without, or where there is no limit."""
    stage, limit = model.stages[name], model.limits.files
    if not isinstance(stage, Calculations) or limit is None or stage.n * _middle(stage.files_each) <= limit:
        return None
    return math.ceil(stage.n / limit)


def _middle(value: float | tuple[float, float, float]) -> float:
    return value[1] if isinstance(value, tuple) else value
