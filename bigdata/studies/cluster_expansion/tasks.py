"""What the tasks of a cluster expansion do: enumerate, map and correlate, fit, leave out, and judge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import SpecError
from bigdata.lattices.correlations import correlations
from bigdata.lattices.mapped import Mapped
from bigdata.lattices.mapping import map_structures
from bigdata.models.methods import fit_path
from bigdata.models.monomials import Monomials
from bigdata.models.path import Path
from bigdata.models.validation import bootstrap_coefficients, bootstrap_rmse, recommended
from bigdata.models.validation import errors as judge
from bigdata.studies.cluster_expansion.folds import Folds, dealt, folds_of
from bigdata.studies.cluster_expansion.model import ClusterExpansion
from bigdata.studies.cluster_expansion.refusals import is_constant
from bigdata.studies.cluster_expansion.registered import FEWEST
from bigdata.studies.cluster_expansion.space import STORED, space_of, stored_space
from bigdata.studies.cluster_expansion.stages import is_guessed, n_sizes, open_entries

if TYPE_CHECKING:
    from bigdata.kind import Context

Floats = NDArray[np.float64]
NAMED = 3


def clusters(ctx: Context[ClusterExpansion]) -> None:
    """The parent and its clusters, which all later stages, and predictions, read from the store."""
    space = space_of(ctx.model, ctx.inputs)
    ctx.write("parent_lattice", space.parent.lattice)
    ctx.write("parent_position", space.parent.positions)
    ctx.write("site_class", space.parent.site_class)
    for name, values in space.arrays().items():
        ctx.write(STORED[name], values)


def correlate(ctx: Context[ClusterExpansion]) -> None:
    """Map a block of structures to the parent; their cluster correlations."""
    model = ctx.model
    space, entries = stored_space(model, ctx.read), ctx.opened(open_entries)
    rows = entries.rows[ctx.own("n_cells")]
    parent = model.parent
    structures = entries.dataset.structures.take(rows)
    mapped = map_structures(space.parent, structures, parent.max_displacement, parent.max_strain)
    ctx.write("correlation", correlations(space, mapped))
    ctx.write("supercell", mapped.forms.astype(np.int32))
    ctx.write("n_cells", mapped.n_cells.astype(np.int32))
    if is_guessed(space):
        ctx.write("rival_cells", mapped.rival_cells.astype(np.int32))
    for name in ("volumetric_strain", "distortion", "displacement", "mean_displacement"):
        ctx.write(name, getattr(mapped, name))


def structures(ctx: Context[ClusterExpansion]) -> None:
    """The target of each structure, and which structures models see. Raises SpecError where some can't be mapped and
    are to be refused, where too few are left, and where all have one value."""
    model = ctx.model
    entries, n_cells = ctx.opened(open_entries), ctx.read("n_cells").astype(np.float64)
    used = n_cells > 0
    if model.parent.on_unmapped == "refuse" and not used.all():
        raise SpecError(_refusal(ctx, model, np.flatnonzero(~used)))
    if used.sum() < FEWEST:
        n = f"{used.sum():,} of {len(used):,} structures {'is a decoration' if used.sum() == 1 else 'are decorations'}"
        raise SpecError(f"{n} of the parent lattice, and {FEWEST} are needed at least. Look at `parent:`.")
    divisor = np.ones(len(entries))
    if model.target.divisor is not None:
        n_active = int(stored_space(model, ctx.read).parent.active.sum())
        divisor = n_cells * (n_active if model.target.divisor == "active-site" else 1)
    # A structure that isn't mapped has no cells to divide by; its target is NaN.
    with np.errstate(divide="ignore"):
        target = np.where(used, entries.values / divisor, np.nan)
    if is_constant(target[used]):
        per = f" per {model.target.divisor.replace('-', ' ')}" if model.target.divisor else ""
        what = f"all values of {model.target.field} are {target[used][0]:g}{per}"
        raise SpecError(f"{what}: there is nothing to learn. Name a field that differs between structures.")
    ctx.write("target", target)
    ctx.write("used", used.astype(np.uint8))
    if model.validation.by == "correlations":
        ctx.write("fold", dealt(model, ctx.read("correlation")))


def _refusal(ctx: Context[ClusterExpansion], model: ClusterExpansion, places: NDArray[np.intp]) -> str:
    entries = ctx.opened(open_entries)
    again = unmapped(ctx, model, places[:NAMED])
    first = "; ".join(f"{entries.ids[i]}: {reason}" for i, reason in zip(places, again.reasons, strict=False))
    more = f"; and {len(places) - NAMED:,} more" if len(places) > NAMED else ""
    # What to do comes before the examples: long messages are cut at their end.
    return (
        f"{len(places):,} of {len(entries):,} structures don't map onto the parent lattice. Mend `parent:`, or say "
        f"`on_unmapped: skip` there to leave them out. {first}{more}."
    )


def unmapped(ctx: Context[ClusterExpansion], model: ClusterExpansion, places: NDArray[np.intp]) -> Mapped:
    """Map some structures once more, for the reasons why they can't be."""
    entries = ctx.opened(open_entries)
    structures = entries.dataset.structures.take(entries.rows[places])
    parent = stored_space(model, ctx.read).parent
    return map_structures(parent, structures, model.parent.max_displacement, model.parent.max_strain)


def _data(ctx: Context[ClusterExpansion]) -> tuple[NDArray[np.intp], Floats, Floats]:
    """The structures that are used, their correlations (n, p) and targets (n,)."""
    used = np.flatnonzero(ctx.read("used"))
    return used, ctx.read("correlation")[used], ctx.read("target")[used]


def _folds(ctx: Context[ClusterExpansion]) -> Folds:
    """The folds, structures dealt to them by their correlations where that is asked for."""
    planned = folds_of(ctx.model, ctx.opened(open_entries))
    return replace(planned, of=ctx.read("fold")) if ctx.model.validation.by == "correlations" else planned


def _path(model: ClusterExpansion, correlation: Floats, degree: int, target: Floats) -> Path:
    asked = model.selection
    options = {key: value for key in ("alpha", "l1_ratio") if (value := getattr(asked, key)) is not None}
    return fit_path(asked.method, correlation, degree, target, asked.max_features, **options)


def fit(ctx: Context[ClusterExpansion]) -> None:
    """The path of one degree, fitted to all structures."""
    model = ctx.model
    degree = model.features[ctx.index]
    _, correlation, target = _data(ctx)
    sizes = n_sizes(model, correlation.shape[1])
    path = _path(model, correlation, degree, target).within(sizes)
    if path.ended:
        ctx.log(f"degree {degree}: {len(path)} features. {path.ended}")
    features, k = Monomials(correlation, degree), len(path.selected)
    factors = np.full((sizes, max(model.features)), -1, dtype=np.int32)
    factors[:k, :degree] = features.factors(path.selected)
    ctx.write("rmse", _padded(path.rmse, sizes)[None])
    ctx.write("selected", _padded(path.selected, sizes, -1)[None])
    ctx.write("factor", factors[None])
    ctx.write("coefficient", _square(path.coefficients, sizes)[None])
    ctx.write("intercept", _padded(path.intercepts, sizes)[None])


def _padded(values: NDArray[np.generic], size: int, fill: float = np.nan) -> NDArray[np.generic]:
    out = np.full(size, fill, dtype=values.dtype)
    out[: len(values)] = values
    return out


def _square(coefficients: Floats, size: int) -> Floats:
    """Coefficients (sizes, steps): 0 for features that a size doesn't have, NaN for sizes that weren't reached."""
    out = np.full((size, size), np.nan)
    n, k = coefficients.shape
    out[:n] = 0.0
    out[:n, :k] = coefficients
    return out


def validate(ctx: Context[ClusterExpansion]) -> None:
    """Paths of one degree without some folds, and what they predict for those."""
    model = ctx.model
    folds = _folds(ctx)
    _, (degree_index, block, _, _) = next(iter(sorted(ctx.unwritten)))
    spec = ctx.stage.arrays[0]
    n_folds, sizes = spec.shard[1], spec.shape[3]
    used, correlation, target = _data(ctx)
    of = folds.of[used]
    predictions = np.full((1, min(n_folds, folds.n - block * n_folds), folds.largest, sizes), np.nan)
    for i in range(predictions.shape[1]):
        members, out = folds.members(block * n_folds + i), of == block * n_folds + i
        # Of a fold all structures may be unmapped, and those of all others.
        if not out.any() or out.all():
            continue
        path = _path(model, correlation[~out], model.features[degree_index], target[~out])
        left_out = Monomials(correlation[out], model.features[degree_index])
        rows = np.flatnonzero(np.isin(members, used))
        predictions[0, i, rows, : len(path)] = path.predict(left_out.columns(path.selected))
    ctx.write("fold_prediction", predictions)


def errors(ctx: Context[ClusterExpansion]) -> None:
    """Errors on structures left out at every size, the size to take, its predictions and intervals."""
    model = ctx.model
    folds = _folds(ctx)
    used, correlation, target = _data(ctx)
    sizes = n_sizes(model, correlation.shape[1])
    found = {a.name: np.full(a.shape, np.nan if a.dtype == "float64" else 0, a.dtype) for a in ctx.stage.arrays}
    for d, degree in enumerate(model.features):
        left_out = _left_out(ctx, d, folds.of, sizes)[used]
        squared = (left_out - target[:, None]) ** 2
        # A path that shrinks coefficients has sizes that only some folds reach, or all folds and not the whole.
        squared[:, ~np.isfinite(ctx.read("rmse", d))] = np.nan
        if np.isnan(squared).any(axis=0).all():
            what = (
                f"no number of features of degree {degree} has a model in every fold and in the fit to all structures"
            )
            raise SpecError(f"{what}. Give `selection:` more features or another method, or fewer `folds:`.")
        best = recommended(squared, folds.of[used])
        found["cv_rmse"][d] = best.rmse
        found["size_of_least_cv"][d], found["recommended_size"][d] = best.size_of_least, best.size
        prediction = _prediction(ctx, d, Monomials(correlation, degree), best.size)
        found["prediction"][d, used], found["cv_prediction"][d, used] = prediction, left_out[:, best.size - 1]
        bound = np.zeros(len(used), bool) if model.target.bound is None else target <= model.target.bound
        for i, values in enumerate((prediction, left_out[:, best.size - 1])):
            found["error"][d, i] = _summary(target, values, bound)
        _intervals(ctx, d, squared, Monomials(correlation, degree), target, best.size, found)
    for name, values in found.items():
        ctx.write(name, values)


def _summary(target: Floats, prediction: Floats, bound: NDArray[np.bool_]) -> list[list[float]]:
    """Errors in the order of WHERE and MEASURES."""
    judged = judge(target, prediction, bound)
    return [[e.rmse, e.mae, e.greatest] for e in (judged.all, judged.rest, judged.at_bound)]


def _left_out(ctx: Context[ClusterExpansion], degree_index: int, of: NDArray[np.int64], sizes: int) -> Floats:
    """(n, sizes) predictions for every structure by the model that hasn't seen it."""
    by_fold = ctx.read("fold_prediction", degree_index)
    out = np.full((len(of), sizes), np.nan)
    for fold in range(len(by_fold)):
        members = np.flatnonzero(of == fold)
        out[members] = by_fold[fold, : len(members)]
    return out


def _prediction(ctx: Context[ClusterExpansion], degree_index: int, features: Monomials, size: int) -> Floats:
    """(n,) predictions of the model of one size."""
    chosen = ctx.read("selected", degree_index)
    steps = np.flatnonzero(chosen >= 0)
    coefficient = ctx.read("coefficient", (degree_index, size - 1))[steps]
    constant = float(ctx.read("intercept", (degree_index, size - 1)))
    return np.asarray(features.columns(chosen[steps]) @ coefficient + constant)


def _intervals(
    ctx: Context[ClusterExpansion],
    d: int,
    squared: Floats,
    features: Monomials,
    target: Floats,
    size: int,
    found: dict[str, NDArray[np.generic]],
) -> None:
    draws, seed = ctx.model.validation.bootstrap, ctx.model.validation.seed
    if not draws:
        return
    found["cv_rmse_low"][d], found["cv_rmse_high"][d] = bootstrap_rmse(squared, draws, seed)
    chosen = ctx.read("selected", d)
    coefficient = ctx.read("coefficient", (d, size - 1))
    steps = np.flatnonzero((chosen >= 0) & (coefficient != 0))
    # For these features: how sure their choice is, the draws don't say.
    low, high = bootstrap_coefficients(features.columns(chosen[steps]), target, draws, seed)
    found["coefficient_low"][d, steps], found["coefficient_high"][d, steps] = low, high
