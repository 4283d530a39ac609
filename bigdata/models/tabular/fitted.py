"""What is learned from, and what every class of models makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bigdata.models.tabular.size import Size

Floats = NDArray[np.float64]


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Samples:
    """n samples with p columns.

    `features` (n, p) finite float64; `target` (n,) as it is learned, in `unit`; `names` and `units` (p,) of the
    columns, "" where a unit isn't known and "1" for pure numbers. `groups` (n,) int64: samples of one group are left
    out together, also where a model stops early by a part of its own. `tasks` (n,) int64, from 0: models of formulas
    have coefficients for each task. Where classes are to be told apart, `labels` are their names, and the target holds
    their codes: places among the labels, as float64. Some classes may have no sample.
    """

    features: Floats
    target: Floats
    names: Sequence[str]
    units: Sequence[str]
    groups: NDArray[np.int64]
    tasks: NDArray[np.int64]
    unit: str = ""
    labels: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.target)

    def only(self, rows: NDArray[Any]) -> Samples:
        """Some of the samples, by number or mask."""
        return replace(
            self,
            features=self.features[rows],
            target=self.target[rows],
            groups=self.groups[rows],
            tasks=self.tasks[rows],
        )


@dataclass(frozen=True)
class Effort:
    """How a fit may work: its seed, its cores, when to stop (then it raises Paused), and a line for the log."""

    seed: int = 0
    cores: int = 1
    should_stop: Callable[[], bool] = _never
    log: Callable[[str], None] = lambda _text: None


class Fitted(Protocol):
    """A fitted model of any class."""

    @property
    def size(self) -> Size:
        """Counted from what was fitted."""
        ...

    def predict(self, features: Floats, tasks: NDArray[np.int64]) -> Floats:
        """(m,) for features (m, p) in the columns' order and the tasks (m,) of the samples; of classes, the codes."""
        ...

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """All that predictions need, as plain arrays: `restored` of the class makes the same model of them."""
        ...

    def importance(self) -> Floats | None:
        """(p,) how much each column matters to the model, with the sum 1; None where the class has no such measure."""
        ...
