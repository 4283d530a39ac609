"""What the tasks of a complexity study do: features, tuning inside the training part, fits, and comparisons."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.tabular import classes
from bigdata.models.tabular.fitted import Fitted, Samples
from bigdata.models.tabular.matching import CLOSE, near
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.size import COMPONENTS
from bigdata.studies.complexity import evaluation, searches
from bigdata.studies.complexity.choice import best_place, choice, parameters_of_best
from bigdata.studies.complexity.metrics import drawn, draws, errors, interval
from bigdata.studies.complexity.model import Complexity
from bigdata.studies.complexity.packed import (
    FOLDS,
    IMPORTANCE,
    LEFT_OUT,
    MODEL,
    NEAR,
    OVERLAP,
    PREDICTION,
    pack_array,
    pack_arrays,
    pack_json,
)
from bigdata.studies.complexity.parts import Mask, Part, parts_of, share_of
from bigdata.studies.complexity.samples import effort_of, samples_of
from bigdata.studies.complexity.stages import curve_of, pairs_of
from bigdata.studies.complexity.table import open_table
from bigdata.studies.complexity.trials import n_terms, trials_of
from bigdata.studies.complexity.tuning import said, tried

if TYPE_CHECKING:
    from bigdata.kind import Context

Floats = NDArray[np.float64]
# What a task returns is short: of formulas with coefficients for each task, those of so many.
SHOWN_TASKS = 3


def table(ctx: Context[Complexity]) -> None:
    """All features, the target, and the target as it is learned."""
    data = ctx.opened(open_table)
    ctx.write("feature", data.features())
    ctx.write("target", data.target)
    ctx.write("learned", data.learned)


def tune(ctx: Context[Complexity]) -> dict[str, Any]:
    """One choice of options, for the models that one fit serves: errors of samples left out inside each training
    part."""
    trials, samples, model = trials_of(ctx.model), samples_of(ctx), ctx.model
    parts = parts_of(model, samples.groups)
    known = partial(searches.formulas, ctx) if searches.are_done(ctx) else None
    found = tried(model, trials[ctx.index], samples, parts, n_terms(trials), effort_of(ctx), ctx.checkpoint, known)
    # Of the last part, whose models are kept, it is kept what was said.
    pack_array(ctx, LEFT_OUT, found.left_out[-1])
    pack_json(ctx, FOLDS, found.folds)
    errors_inside = found.errors(parts, samples).ravel()
    return {"cv_error": errors_inside, "cv_fits": len(found.folds), "cv_seconds": found.seconds}


def model(ctx: Context[Complexity]) -> dict[str, Any]:
    """One model with the options that did best inside the training part: its predictions, size, and itself."""
    point, samples, data = ctx.model.points[ctx.index], samples_of(ctx), ctx.opened(open_table)
    parts = parts_of(ctx.model, samples.groups)
    choices = [choice(ctx, point, i, len(parts)) for i in range(len(parts))]
    values, overlap = np.full((2, len(samples)), np.nan)
    seconds = 0.0
    are_done = searches.are_done(ctx)
    for i, (part, chosen) in enumerate(zip(parts, choices, strict=True)):
        begin = time.perf_counter()
        (kept,), spent = searches.formulas(ctx, i) if are_done else _fit(ctx, chosen.point, part, samples)
        seconds = spent + time.perf_counter() - begin
        rows = part.test if len(parts) > 1 else np.ones(len(samples), bool)
        values[rows] = said(kept, samples, rows)
        overlap[rows] = _overlap(kept, samples, part, rows)
    pack_array(ctx, PREDICTION, data.scale.values(values))
    if samples.labels:
        pack_array(ctx, OVERLAP, overlap)
    _keep(ctx, kept)
    return {
        "parameters": [int(n) for n in (kept.size.additive, kept.size.linear, kept.size.nonlinear)],
        "complexity": [float(kept.size.components.get(name, np.nan)) for name in COMPONENTS],
        "formula": _formula(kept, data.task_labels),
        "cv_rmse": [chosen.error for chosen in choices],
        "cv_standard_error": choices[-1].standard_error,
        "trial": [chosen.trial for chosen in choices],
        "fit_seconds": seconds,
    }


def _fit(ctx: Context[Complexity], point: Point, part: Part, samples: Samples) -> tuple[list[Fitted], float]:
    """A model of the training part, and no seconds that others took for it."""
    return classes.fit((point,), samples.only(part.train), effort_of(ctx)), 0.0


def _overlap(one: Fitted, samples: Samples, part: Part, rows: Mask) -> Floats:
    """(m,) 1 where one of the rows lies in the hull of another class of the training part, else 0; NaN where a model
    has no descriptors in which there are hulls."""
    if not hasattr(one, "overlapping"):
        return np.full(int(rows.sum()), np.nan)
    found: Floats = one.overlapping(samples.only(part.train), samples.only(rows))
    return found


def _formula(one: Fitted, tasks: Sequence[str]) -> str:
    """A formula in words, of the first tasks where it has coefficients for each; "" of other models."""
    if not hasattr(one, "text"):
        return ""
    if len(tasks) == 1:
        return str(one.text())
    more = f"; and of {len(tasks) - SHOWN_TASKS:,} more" if len(tasks) > SHOWN_TASKS else ""
    return "; ".join(f"{label}: {one.text(task)}" for task, label in enumerate(tasks[:SHOWN_TASKS])) + more


def _keep(ctx: Context[Complexity], one: Fitted) -> None:
    """Put the model that is kept into the task's pack."""
    pack_arrays(ctx, MODEL, one.arrays())
    matters = one.importance()
    pack_json(ctx, IMPORTANCE, None if matters is None else matters.tolist())
    pack_json(
        ctx, NEAR, [[terms, coefficients.tolist(), rmse] for terms, coefficients, rmse in getattr(one, "near", ())]
    )


def matched(ctx: Context[Complexity]) -> dict[str, Any]:
    """A class at the number of parameters that the best of another class has: the nearest of its settings, with the
    options that the class's best has in each training part."""
    one, other = pairs_of(ctx.model)[ctx.index]
    samples, data = samples_of(ctx), ctx.opened(open_table)
    parts, wanted = parts_of(ctx.model, samples.groups), parameters_of_best(ctx, other)
    kept, own = samples.only(parts[-1].train), [_own(ctx, one, i, len(parts)) for i in range(len(parts))]
    tried = [(p, classes.fit((p,), kept, effort_of(ctx))[0]) for p in near(own[-1], wanted, kept)]
    # Of settings that are near alike, the first is most like the class's own: a network of five layers of one node has
    # few parameters, and learns nothing.
    off = [max(CLOSE, abs(fitted.size.n_parameters / wanted - 1)) for _, fitted in tried]
    point, fitted = tried[off.index(min(off))]
    values, overlap = np.full((2, len(samples)), np.nan)
    for i, part in enumerate(parts):
        if not part.test.any():
            continue
        there = point.with_options(own[i].options)
        use = fitted if i == len(parts) - 1 else classes.fit((there,), samples.only(part.train), effort_of(ctx))[0]
        values[part.test] = said(use, samples, part.test)
        overlap[part.test] = _overlap(use, samples, part, part.test)
    ctx.write("matched_prediction", data.scale.values(values)[None])
    if samples.labels:
        ctx.write("matched_overlap", overlap[None])
    return {"wanted_parameters": wanted, "n_parameters": int(fitted.size.n_parameters), "setting": point.name}


def _own(ctx: Context[Complexity], kind: str, part: int, n_parts: int) -> Point:
    """The model of a class that did best inside one training part, with the options that did."""
    return choice(ctx, ctx.model.points[best_place(ctx, kind, part)], part, n_parts).point


def curve(ctx: Context[Complexity]) -> dict[str, Any]:
    """The best model of a class in each training part, fitted to a share of its groups: errors of samples tested."""
    one, share = curve_of(ctx.model)[ctx.index]
    samples, data = samples_of(ctx), ctx.opened(open_table)
    (values, overlap), sizes = np.full((2, len(samples)), np.nan), []
    parts = parts_of(ctx.model, samples.groups)
    for i, part in enumerate(parts):
        if not part.test.any():
            continue
        some = share_of(samples.groups, part.train, share, ctx.model.split.seed)
        made = classes.fit((_own(ctx, one, i, len(parts)),), samples.only(some), effort_of(ctx))[0]
        values[part.test] = said(made, samples, part.test)
        overlap[part.test] = _overlap(made, samples, Part(some, part.test), part.test)
        sizes.append(int(some.sum()))
    rows = np.isfinite(values)
    tested = evaluation.tested(data, data.scale.values(values), overlap, rows)
    # The same draws of groups as for all other intervals.
    counts = draws(samples.groups[rows], ctx.model.bootstrap, ctx.model.split.seed)
    low, high = interval(drawn(ctx.model.metrics[0], tested, counts))
    found = errors(ctx.model.metrics, tested)
    return {"curve_error": found, "curve_low": low, "curve_high": high, "curve_n": sizes[0]}


def evaluate(ctx: Context[Complexity]) -> None:
    """All errors, intervals and comparisons."""
    evaluation.write(ctx)
