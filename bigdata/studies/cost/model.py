"""The YAML of a cost study: stages of calculations or of trainings, prices, and limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from bigdata.kind import Bytes, Finding, Money, Seconds, SpecModel, StudyModel

Device = Literal["cpu", "gpu"]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"


# A number, or the three of a range.
Several = float | tuple[float, float, float]


def _form(value: Any) -> str:
    return "range" if isinstance(value, list | tuple) else "value"


# One number, or three: what one in twenty stays below, what half do, and what one in twenty exceeds.
Number = Annotated[
    Annotated[Positive, Tag("value")] | Annotated[tuple[Positive, Positive, Positive], Tag("range")],
    Discriminator(_form),
]
Size = Annotated[
    Annotated[Bytes, Tag("value")] | Annotated[tuple[Bytes, Bytes, Bytes], Tag("range")], Discriminator(_form)
]
Time = Annotated[
    Annotated[Seconds, Tag("value")] | Annotated[tuple[Seconds, Seconds, Seconds], Tag("range")],
    Discriminator(_form),
]


class Grid(SpecModel):
    """Every structure with every setting."""

    structures: Count
    settings: Count = Field(default=1, description="Basis sets, k-grids, functionals … of each structure.")


class _Stage(SpecModel):
    device: Device = Field(default="cpu", description="What its hours are those of.")
    at_once: Count = Field(default=1, description="Cores or GPUs that work at one time, for the wall time.")


class Calculations(_Stage):
    """Calculations of a program that leaves files."""

    calculations: Grid
    files_each: Number = Field(description="Files of a calculation; or [low, middle, high].")
    bytes_each: Size = Field(description="Bytes of a calculation; or [low, middle, high].")
    time_each: Time | None = Field(default=None, description="Time of a calculation, on its cores; or three.")
    cores_each: Count = Field(default=1, description="Cores or GPUs of a calculation.")

    @property
    def n(self) -> int:
        return self.calculations.structures * self.calculations.settings


class Measured(SpecModel):
    """Trainings of the paper's authors, timed by them: 1,450 on CPUs and on an NVIDIA A100."""

    network: Literal["schnet", "mpeu"]
    dataset: Literal["aflow", "qm9"] = "aflow"
    batch: Count = Field(default=32, description="Graphs of a gradient step.")
    batching: Literal["dynamic", "dynamic-64", "static", "static-64"] = Field(
        default="static", description="How batches are padded."
    )


class Trials(_Stage):
    """Trainings of a search: each of so many gradient steps, of times that are given, or as `like` ones were."""

    trials: Count
    steps: Count = Field(description="Gradient steps of a training.")
    seconds_batch: Number | None = Field(
        default=None, description="Seconds to put a batch together; or [low, middle, high]."
    )
    seconds_step: Number | None = Field(default=None, description="Seconds of a gradient step; or [low, middle, high].")
    like: Measured | None = Field(default=None, description="Instead: the times of trainings that were measured.")
    files_each: Number | None = Field(default=None, description="Files that a training leaves.")
    bytes_each: Size | None = Field(default=None, description="Bytes that a training leaves.")

    @property
    def n(self) -> int:
        return self.trials

    def times(self) -> tuple[Several | None, Several | None]:
        """Seconds of a batch and of a step, given or as they were measured. ValueError for what nobody measured."""
        if self.like is None:
            return self.seconds_batch, self.seconds_step
        # The tables of measurements are read where they are asked for.
        from bigdata.models.times.predicted import predicted

        like = self.like
        batch, step = predicted(like.network, like.dataset, like.batch, self.device, like.batching, self.steps)
        return (batch.low, batch.middle, batch.high), (step.low, step.middle, step.high)


def _stage(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((key for key in ("calculations", "trials") if key in value), None)
    return "calculations" if isinstance(value, Calculations) else "trials" if isinstance(value, Trials) else None


Stage = Annotated[
    Annotated[Calculations, Tag("calculations")] | Annotated[Trials, Tag("trials")],
    Discriminator(
        _stage,
        custom_error_type="cost_stage",
        custom_error_message="says neither `calculations:` nor `trials:`",
    ),
]


class Prices(SpecModel):
    """What things cost."""

    core_hour: Money | None = None
    gpu_hour: Money | None = None
    tb_month: Money | None = Field(default=None, description="Of a decimal terabyte kept for a month.")


class Limits(SpecModel):
    """What may lie on disk at one time."""

    files: Count | None = None
    bytes: Bytes | None = None


class Cost(StudyModel):
    """What does a plan cost in files, bytes, hours and dollars, and does it fit?"""

    stages_at: ClassVar[str] = "bigdata.studies.cost.stages:stages"
    report_at: ClassVar[str] = "bigdata.studies.cost.report:report"
    starter_at: ClassVar[str] = "bigdata.studies.cost:starter.yaml"

    study: Literal["cost"] = "cost"
    stages: dict[Annotated[str, Field(pattern=NAME)], Stage] = Field(
        min_length=1, description="What is done, each under a name: calculations, or trainings of a search."
    )
    prices: Prices = Prices()
    limits: Limits = Limits()
    months: Positive = Field(default=1.0, description="How long the bytes are kept, for their price.")

    @classmethod
    def check(cls, fields: Mapping[str, Any], folder: Path) -> Iterable[Finding]:
        """Ranges rise, and what has hours has a price where prices are given."""
        for name, stage in fields.get("stages", {}).items():
            yield from _ranges(name, stage)
            if isinstance(stage, Trials):
                yield from _times(name, stage)
        prices = fields.get("prices")
        if prices is not None and prices.model_fields_set:
            yield from _unpriced(fields.get("stages", {}), prices)

    def figures(self) -> dict[str, str]:
        at = "bigdata.studies.cost.captioned"
        has = {type(stage) for stage in self.stages.values()}
        shown = {"limits": Calculations in has, "search": Trials in has}
        return {name: f"{at}:{name}" for name, is_shown in shown.items() if is_shown}


def _ranges(name: str, stage: Calculations | Trials) -> Iterator[Finding]:
    for field in type(stage).model_fields:
        value = getattr(stage, field)
        if isinstance(value, tuple) and list(value) != sorted(value):
            what = f"{', '.join(f'{v:g}' for v in value)} don't rise"
            yield Finding(("stages", name, field), what, "Write [low, middle, high]")


def _times(name: str, stage: Trials) -> Iterator[Finding]:
    """A training has both of its times, or those of one that was measured."""
    given = [key for key in ("seconds_batch", "seconds_step") if getattr(stage, key) is not None]
    if stage.like is not None and given:
        yield Finding(("stages", name, given[0]), "stands beside `like:`", "Give one of the two", at_key=True)
    elif stage.like is None and len(given) < 2:
        what = "says not how long a training takes"
        right = "Write `seconds_batch:` and `seconds_step:`, or `like: {network: schnet, batch: 32}`"
        yield Finding(("stages", name), what, right, at_key=True)
    elif stage.like is not None:
        try:
            stage.times()
        except ValueError as e:
            yield Finding(("stages", name, "like"), str(e), "Write one that was measured, or the times themselves")


def _unpriced(stages: Mapping[str, Calculations | Trials], prices: Prices) -> Iterator[Finding]:
    for name, stage in stages.items():
        has_hours = isinstance(stage, Trials) or stage.time_each is not None
        key = "gpu_hour" if stage.device == "gpu" else "core_hour"
        if has_hours and getattr(prices, key) is None:
            what = f"{name} works on {'GPUs' if stage.device == 'gpu' else 'cores'}, and `{key}:` has no price"
            yield Finding(("prices",), what, f"Write `{key}: 0.02 USD`, or 0 USD where it costs nothing")
