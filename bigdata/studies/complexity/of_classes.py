"""What of a spec goes with classes of samples, which have no order and no unit, and what goes with numbers alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bigdata.kind import Finding, SpecModel

OF_NUMBERS = ("rmsle", "rmse", "mae", "r2")
OF_CLASSES = ("accuracy", "balanced-accuracy", "overlap")
# Said where a spec says nothing.
USUAL = OF_CLASSES[:2]
CLASSIFIERS = ("sisso", "forest", "tree", "dense", "boosting")
# Fields of `target:` that are about numbers.
_NUMERIC = ("transform", "drop", "units", "range", "per")


def findings(fields: Mapping[str, Any]) -> Iterator[Finding]:
    """What doesn't go together in a spec with a target."""
    if not fields["target"].classes:
        yield from _metrics(fields, OF_NUMBERS, "is of classes, and the target is a number", "add `classes: true`, or ")
        return
    for name in _said(fields["target"], _NUMERIC):
        what = "is about numbers, and `classes: true` stands beside it"
        yield Finding(("target", name), what, "Leave one of the two out", at_key=True)
    yield from _metrics(fields, OF_CLASSES, "is an error of numbers, and the target is a class", "")
    for i, grid in enumerate(fields.get("models", ())):
        yield from _model(grid, i)
    yield from _overlap(fields)


def _metrics(fields: Mapping[str, Any], known: tuple[str, ...], what: str, else_: str) -> Iterator[Finding]:
    for i, name in enumerate(fields.get("metrics", ())):
        if name not in known:
            right = f"{else_}write some of {', '.join(known)}"
            yield Finding(("metrics", i), f"{name} {what}", right[0].upper() + right[1:])


def _model(grid: Any, i: int) -> Iterator[Finding]:
    if grid.kind not in CLASSIFIERS:
        right = f"For classes there are {', '.join(CLASSIFIERS)}"
        yield Finding(("models", i, "kind"), f"`{grid.kind}` predicts numbers", right)
    for name in _said(grid, grid.OF_NUMBERS):
        what = "is about numbers that are predicted, and does nothing for classes"
        yield Finding(("models", i, name), what, "Leave it out", at_key=True)


def _said(part: SpecModel, names: tuple[str, ...]) -> Iterator[str]:
    """Those that aren't as they are by default: a study that was written down whole has all fields."""
    return (name for name in names if getattr(part, name) != type(part).model_fields[name].default)


def _overlap(fields: Mapping[str, Any]) -> Iterator[Finding]:
    """Formulas alone have descriptors, so it can't be what classes of models are compared by."""
    metrics, kinds = fields.get("metrics", ()), [grid.kind for grid in fields.get("models", ())]
    if "overlap" not in metrics:
        return
    at = ("metrics", metrics.index("overlap"))
    if kinds and "sisso" not in kinds:
        yield Finding(at, "overlap is of formulas, and `models:` has no `sisso`", "Leave it out, or add `kind: sisso`")
    elif metrics[0] == "overlap":
        what = "overlap is of formulas alone, and the first of `metrics:` decides comparisons of all models"
        yield Finding(at, what, "Write `accuracy` or `balanced-accuracy` before it")
