"""A study kind for tests of extras: its tasks would import TensorFlow, and so it must be there before they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from bigdata.kind import Input, Rate, Stage, StudyModel, Workload, whole


class Networked(StudyModel):
    """One task that needs the extra `networks`, as its kind says; it doesn't use it, which would take seconds."""

    stages_at: ClassVar[str] = "bigdata_test_networks:stages"

    @property
    def extra(self) -> str:
        return "networks"


class Stranger(Networked):
    """The same with an extra that bigdata hasn't."""

    @property
    def extra(self) -> str:
        return "nets"


def stages(model: Networked, inputs: Mapping[str, Input]) -> Workload:
    train = Stage(
        name="train",
        function="bigdata_test_networks:train",
        rate=Rate("training", 1e-4, "the test"),
        memory=1,
        arrays=(whole("answer", "int64", {"one": 1}),),
    )
    return Workload(stages=(train,))


def train(ctx: Any) -> None:
    ctx.write("answer", np.array([42]))
