"""The stage of a cost study: all of its sums, in one task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bigdata.kind import BUILT_IN, ArraySpec, Coordinate, Input, Rate, Stage, Workload, whole
from bigdata.studies.cost.fitting import excesses
from bigdata.studies.cost.model import Cost
from bigdata.studies.cost.page_size import report_bytes
from bigdata.studies.cost.sums import QUANTILES, QUANTITIES, sums

UNITS = {"files": "1", "bytes": "B", "hours": "h", "wall_hours": "h", "dollars": "USD"}
MEANING = {
    "files": "files",
    "bytes": "bytes on disk",
    "hours": "core-hours, or GPU-hours of a stage on GPUs",
    "wall_hours": "hours with as many cores or GPUs as work at one time",
    "dollars": "price of the hours and of keeping the bytes",
}


def stages(model: Cost, inputs: Mapping[str, Input]) -> Workload:
    """What one variant of the study computes and stores."""
    add = Stage(
        name="sums",
        function="bigdata.studies.cost.tasks:add",
        fields=model.model_dump(mode="json", include={"stages", "prices", "limits", "months"}),
        n_tasks=1,
        rate=Rate("stage", 0.01, BUILT_IN),
        work=lambda _: float(len(model.stages)),
        arrays=tuple(_arrays(model)),
    )
    return Workload(
        stages=(add,),
        coordinates=tuple(_coordinates(model)),
        notes=tuple(_notes(model)),
        report_bytes=report_bytes(model),
    )


def _arrays(model: Cost) -> Iterator[ArraySpec]:
    quantiles, n = {"quantile": len(QUANTILES)}, {"stage": len(model.stages)}
    for name in QUANTITIES:
        yield whole(name, "float64", n | quantiles, UNITS[name], f"{MEANING[name]}; NaN where the plan doesn't say it")
        yield whole(f"total_{name}", "float64", quantiles, UNITS[name], f"{MEANING[name]}, of all stages that say it")
    for name in ("files", "bytes"):
        yield whole(f"limit_{name}", "float64", {"one": 1}, UNITS[name], "what may lie on disk; NaN: no limit")


def _coordinates(model: Cost) -> Iterator[Coordinate]:
    yield Coordinate(name="stage", dim="stage", values=list(model.stages))
    yield Coordinate(name="quantile", dim="quantile", values=list(QUANTILES))


def _notes(model: Cost) -> Iterator[str]:
    for excess in excesses(model, sums(model)):
        yield f"{excess.wanted:,.0f} {excess.quantity} are {excess.times:.1f} times the limit of {excess.limit:,}"
