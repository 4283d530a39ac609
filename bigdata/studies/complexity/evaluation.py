"""Errors of all models on the samples tested, of the best of each class, at matched sizes, and what is chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.complexity.choice import best_places, spread_rows
from bigdata.studies.complexity.metrics import Judged, chance, drawn, draws, errors, interval
from bigdata.studies.complexity.model import Complexity
from bigdata.studies.complexity.packed import OVERLAP, PREDICTION, packed_array
from bigdata.studies.complexity.parts import Mask, parts_of
from bigdata.studies.complexity.stages import pairs_of
from bigdata.studies.complexity.table import Table, open_table

if TYPE_CHECKING:
    from bigdata.kind import Context

Floats = NDArray[np.float64]
TRAINED, TESTED = 0, 2


def tested(data: Table, prediction: Floats, overlap: Floats, rows: Mask) -> Judged:
    """What is compared at some samples: predictions (n,) in the target's unit; of classes, whether each overlaps."""
    scale = data.scale
    # A prediction of 0 has no logarithm; its error is infinite.
    with np.errstate(divide="ignore"):
        said = np.log10(prediction[rows]) if scale.is_logarithmic else prediction[rows]
    target, learned, group = data.target[rows], data.learned[rows], data.group[rows]
    return Judged(target, prediction[rows], learned, said, scale.is_logarithmic, group, overlap[rows], len(data.labels))


def write(ctx: Context[Complexity]) -> None:
    """Write all arrays of the stage."""
    model, data = ctx.model, ctx.opened(open_table)
    parts = parts_of(model, data.group)
    rows = np.any([part.test for part in parts], axis=0)
    counts = draws(data.group[rows], model.bootstrap, model.split.seed)
    judge = _Judge(model, data, rows, counts)
    prediction, overlap = _packed(ctx, PREDICTION), _packed(ctx, OVERLAP) if data.labels else None
    chosen = best_places(model.points, [*model.classes], spread_rows(ctx.rows("model"), "cv_rmse", len(model.points)))
    tests = [part.test for part in parts]
    by_class = _of_classes(prediction, chosen, tests)
    of_class = _of_classes(overlap, chosen, tests) if overlap is not None else None
    ctx.write("prediction", prediction)
    ctx.write("chosen", chosen)
    ctx.write("split", np.where(rows, TESTED, TRAINED).astype(np.uint8))
    judge.write(ctx, "", prediction, overlap)
    judge.write(ctx, "class_", by_class, of_class)
    judge.compare(ctx, by_class)
    if pairs_of(model):
        judge.write(ctx, "matched_", _matched(ctx, "prediction"), _matched(ctx, "overlap") if data.labels else None)


def _packed(ctx: Context[Complexity], name: str) -> Floats:
    """(models, n) what their tasks have packed by a name; NaN for those that failed."""
    found = np.full((len(ctx.model.points), len(ctx.opened(open_table))), np.nan)
    for i in ctx.rows("model").numbers:
        found[i] = packed_array(ctx.packs["model"][i], name)
    return found


def _matched(ctx: Context[Complexity], name: str) -> Floats:
    found = np.full((len(pairs_of(ctx.model)), len(ctx.opened(open_table))), np.nan)
    for i in ctx.rows("matched").numbers:
        found[i] = ctx.read(f"matched_{name}", i)
    return found


def _of_classes(prediction: Floats, chosen: NDArray[np.int64], tests: list[Mask]) -> Floats:
    """(classes, n) at each sample tested, the prediction of the model that its class chose without having seen it."""
    found = np.full((len(chosen), prediction.shape[1]), np.nan)
    for c, places in enumerate(chosen):
        for place, test in zip(places, tests, strict=True):
            if place >= 0:
                found[c, test] = prediction[place, test]
    return found


class _Judge:
    """Errors of predictions at the samples tested, with the same draws of groups for all."""

    def __init__(self, model: Complexity, data: Table, rows: Mask, counts: NDArray[np.int64]) -> None:
        self.model, self.data, self.rows, self.counts = model, data, rows, counts

    def of(self, prediction: Floats, overlap: Floats | None = None) -> Judged:
        known = np.full(len(prediction), np.nan) if overlap is None else overlap
        return tested(self.data, prediction, known, self.rows)

    def write(self, ctx: Context[Complexity], prefix: str, predictions: Floats, overlap: Floats | None) -> None:
        """The errors of predictions (m, n), with their intervals; of classes, with `overlap` (m, n)."""
        found = np.full((3, len(predictions), len(self.model.metrics)), np.nan)
        for i, prediction in enumerate(predictions):
            of = self.of(prediction, None if overlap is None else overlap[i])
            found[0, i] = errors(self.model.metrics, of)
            for j, metric in enumerate(self.model.metrics):
                found[1:, i, j] = interval(drawn(metric, of, self.counts))
        for name, values in zip(("error", "error_low", "error_high"), found, strict=True):
            ctx.write(prefix + name, values)

    def compare(self, ctx: Context[Complexity], by_class: Floats) -> None:
        """Differences of the first error between classes: on the same draws, so that what is common to both drops
        out."""
        metric, n = self.model.metrics[0], len(by_class)
        all_of = [self.of(prediction) for prediction in by_class]
        error = np.array([errors([metric], of)[0] for of in all_of])
        drawn_of = np.array([drawn(metric, of, self.counts) for of in all_of])
        found = {
            "difference": error[:, None] - error,
            "difference_low": np.zeros((n, n)),
            "difference_high": np.zeros((n, n)),
        }
        odds = np.full((n, n), np.nan)
        for i in range(n):
            for j in range(n):
                ends = interval(drawn_of[i] - drawn_of[j])
                found["difference_low"][i, j], found["difference_high"][i, j] = ends
                odds[i, j] = chance(metric, all_of[i], all_of[j], self.model.bootstrap, self.model.split.seed)
        for name, values in {**found, "chance": odds}.items():
            ctx.write(name, values)
