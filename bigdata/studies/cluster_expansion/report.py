"""What a cluster expansion shows: section 4 of doi 10.1039/d4fd00102h with its Fig. 5, beside cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bigdata.kind import Headline, ReportParts, Table, View
from bigdata.lattices.mapping import map_structures
from bigdata.models.monomials import n_monomials
from bigdata.studies.cluster_expansion.results import Results, feature_name

MOST_ROWS = 40
MOST_LEFT_OUT = 200
# Structures named in a sentence; a table has more.
NAMED = 3
# Beyond this, the parent's lattice parameters aren't those of the structures.
FAR_VOLUME = 0.1
# Sizes at which models of all degrees are compared.
COMPARED = (5, 10, 20, 50, 100, 150, 200)
SOURCES = (
    "D. Speckhard et al., How big is big data?, Faraday Discuss. 2024, doi 10.1039/d4fd00102h: section 4, Fig. 5.",
    "A. van de Walle, Calphad 33, 266 (2009), doi 10.1016/j.calphad.2008.12.005: functions of several species.",
    "Y. C. Pati, R. Rezaiifar, P. S. Krishnaprasad, Proc. 27th Asilomar Conf. 40 (1993), "
    "doi 10.1109/ACSSC.1993.342465: orthogonal matching pursuit.",
)


def report(view: View) -> ReportParts:
    """Summary, tables and what tells variants apart."""
    results = view.once(Results)
    return ReportParts(
        summary=_sentences(results),
        tables=_tables(results),
        sources=SOURCES,
        headline=[partial(_headline, results)],
    )


def _headline(results: Results) -> Headline:
    """The best model of each degree, for sweeps."""
    found: dict[str, float | int] = {"structures": len(results.used), "clusters": len(results.space)}
    unit = f" ({results.unit})" if results.unit else ""
    for d, degree in enumerate(results.degrees):
        found[f"degree {degree}: features"] = results.sizes[d]
        found[f"degree {degree}: CV RMSE{unit}"] = float(results.cv_rmse[d, results.sizes[d] - 1])
    return found


def _sentences(results: Results) -> Iterator[Callable[[], str]]:
    yield lambda: _said_of_best(results)
    yield lambda: _said_of_gain(results)
    if len(results.degrees) > 1:
        yield lambda: _said_of_features(results)
    yield lambda: _said_of_largest(results)
    yield lambda: _said_of_structures(results)
    yield lambda: _said_of_doubts(results)
    yield lambda: _said_of_overfitting(results)


def _said_of_structures(results: Results) -> str:
    used, n = len(results.used), len(results.view["n_cells"][...])
    far, strain = (results.view[name][...][results.used].round(9) for name in ("displacement", "distortion"))
    left_out = f" {n - used:,} can't be mapped and are left out." if used < n else ""
    n_twins = used - results.n_distinct
    if n_twins:
        left_out += f" {n_twins:,} have the same correlations as another one, {_said_of_twins(results)}."
    volume = float(np.median(results.view["volumetric_strain"][...][results.used]))
    scale = ""
    if abs(volume) > FAR_VOLUME:
        longer = (1 + volume) ** (1 / 3)
        scale = (
            f" In volume they differ from it by {volume:+.0%} (median): lattice parameters {longer:.3f} times as long "
            "would fit, and with them the lengths of clusters."
        )
    return (
        f"{used:,} of {n:,} structures map onto the parent lattice: their atoms lie at most {far.max():.2g} Å from "
        f"their sites (half of them within {np.median(far):.2g} Å), their cells are distorted by at most "
        f"{strain.max():.2g}.{scale}{left_out}"
    )


def _said_of_twins(results: Results) -> str:
    match results.model.validation.by:
        case "structure":
            seen = "so that a structure left out may have been seen"
            return f"{seen}: `validation: {{by: correlations}}` leaves such twins out together"
        case "composition":
            return "and are left out together with it, as all of its composition"
        case "correlations":
            return "and are left out together with it"


def _said_of_doubts(results: Results) -> str:
    """How many structures may be other decorations, and the farthest of them."""
    if not results.doubts:
        return ""
    names = results.view["structure"][...]
    shown = "; ".join(f"{names[i]}: {why}" for i, why in results.doubts[:NAMED])
    more = f"; and {len(results.doubts) - NAMED:,} more" if len(results.doubts) > NAMED else ""
    return f"{len(results.doubts):,} of them may be other decorations than they are taken for ({shown}{more})."


def _said_of_largest(results: Results) -> str:
    """That the error still falls at the largest models that were made."""
    p, most = len(results.space), results.model.selection.max_features
    least = dict(zip(results.degrees, results.view["size_of_least_cv"][...].tolist(), strict=True))
    cut = [d for d, n in least.items() if n == most < n_monomials(p, d)]
    full = [d for d, n in least.items() if n == n_monomials(p, d)]
    ways = (
        (cut, f"at `max_features`, {most:,}: larger models may do better, so raise it"),
        (full, "with all features there are: more clusters may do better"),
    )
    return " ".join(
        f"{_for(some)} the least error on structures left out lies {where}." for some, where in ways if some
    )


def _for(degrees: list[int]) -> str:
    return f"For degree {' and '.join(map(str, degrees))}"


def _said_of_best(results: Results) -> str:
    d = results.best
    size, unit = results.sizes[d], results.unit
    low, high = (float(results.view[f"cv_rmse_{end}"][d, size - 1]) for end in ("low", "high"))
    interval = f", 95 %: {low:.3g} to {high:.3g}" if np.isfinite([low, high]).all() else ""
    return (
        f"Take degree {results.degrees[d]} with {size:,} features: the error on structures left out is "
        f"{results.cv_rmse[d, size - 1]:.4g} {unit} (RMSE{interval}), that of the fit "
        f"{results.rmse[d, size - 1]:.4g} {unit}. "
        "It is the smallest model within one standard error of the least error on structures left out."
    )


def _said_of_gain(results: Results) -> str:
    """What the model to take gains: against the mean of the target, and against the standard expansion's own model."""
    d = results.best
    own, spread = float(results.cv_rmse[d, results.sizes[d] - 1]), float(results.target.std())
    said = f"The mean of all structures would be wrong by {spread:.4g} {results.unit}".rstrip()
    said += f": the model takes {_less(own, spread)}" if spread > 0 else ""
    if 1 in results.degrees and (standard := results.degrees.index(1)) != d:
        size = results.sizes[standard]
        beside = float(results.cv_rmse[standard, size - 1])
        said += (
            f". The standard expansion's own model, of {size:,} features, has {beside:.4g} {results.unit}".rstrip()
            + f": features of degree {results.degrees[d]} take {_less(own, beside)}"
        )
    return f"{said}."


def _less(error: float, before: float) -> str:
    """How much of an earlier error a model takes away."""
    return f"{1 - error / before:.0%} of that away" if error < before else f"nothing of that away ({error:.4g})"


def _said_of_features(results: Results) -> str:
    """Whether nonlinear features help at equal size: by the fit, as in the paper, and by structures left out."""
    if 1 not in results.degrees:
        return ""
    standard = results.degrees.index(1)
    return " ".join(_compared(results, standard, d) for d in range(len(results.degrees)) if d != standard)


def _compared(results: Results, standard: int, d: int) -> str:
    both = np.isfinite(results.rmse[[standard, d]]).all(axis=0)
    better = results.rmse[d, both] < results.rmse[standard, both]
    seen = np.isfinite(results.cv_rmse[[standard, d]]).all(axis=0)
    agrees = results.cv_rmse[d, seen] < results.cv_rmse[standard, seen]
    least, own = (np.nanmin(results.cv_rmse[i]) for i in (standard, d))
    says = f"lowers the least error on structures left out by {1 - own / least:.0%}"
    if own >= least:
        says = f"doesn't lower the least error on structures left out ({own:.4g} against {least:.4g} {results.unit})"
    return (
        f"At equal size, features of degree {results.degrees[d]} fit better than the standard expansion at "
        f"{int(better.sum()):,} of {len(better):,} sizes; on structures left out they are better at "
        f"{int(agrees.sum()):,} of {len(agrees):,}. Degree {results.degrees[d]} {says}."
    )


def _said_of_overfitting(results: Results) -> str:
    """Where the fit gets better and what it predicts gets worse."""
    said = []
    for d, degree in enumerate(results.degrees):
        finite = np.flatnonzero(np.isfinite(results.cv_rmse[d]))
        if not finite.size:
            continue
        last, least = int(finite[-1]), int(np.nanargmin(results.cv_rmse[d]))
        ratio = results.cv_rmse[d, last] / results.cv_rmse[d, least]
        if ratio > 1.25:
            said.append(f"{ratio:.2g} times its least (at {least + 1:,} features) with {last + 1:,} of degree {degree}")
    return f"More features overfit: the error on structures left out is {'; '.join(said)}." if said else ""


def _tables(results: Results) -> Iterator[Callable[[], Table]]:
    yield lambda: _models(results)
    if len(results.degrees) > 1:
        yield lambda: _sizes(results)
    if results.model.target.bound is not None:
        yield lambda: _at_bound(results)
    yield lambda: _chosen(results)
    yield lambda: _clusters(results)
    yield lambda: _lattice(results)
    yield lambda: _mapped(results)
    if results.doubts:
        yield lambda: _doubtful(results)
    if results.unmapped.size and results.has_import:
        yield lambda: _left_out(results)


def _units(results: Results, *columns: str) -> dict[str, str]:
    return dict.fromkeys(columns, results.unit) if results.unit else {}


def _models(results: Results) -> Table:
    error, least = results.view["error"][...], results.view["size_of_least_cv"][...]
    low, high = (results.view[f"cv_rmse_{end}"][...] for end in ("low", "high"))
    rows = []
    for d, degree in enumerate(results.degrees):
        n = results.sizes[d]
        at = int(least[d])
        rows.append(
            (degree, n, results.rmse[d, n - 1], results.cv_rmse[d, n - 1], low[d, n - 1], high[d, n - 1],
             error[d, 1, 0, 1], results.cv_rmse[d, at - 1], at)
        )  # fmt: skip
    columns = (
        "degree",
        "features",
        "RMSE of the fit",
        "CV RMSE",
        "from",
        "to",
        "CV MAE",
        "least CV RMSE",
        "with features",
    )
    caption = (
        "CV: on structures left out, each predicted by a model that hasn't seen it. The number of features is the one "
        "to take: the fewest within one standard error of the least CV error. From, to: 95 % interval by bootstrap."
    )
    return Table("Models", columns, rows, _units(results, *columns[2:8]), caption)


def _sizes(results: Results) -> Table:
    p, n_sizes = len(results.space), results.rmse.shape[1]
    reached = np.atleast_1d(np.isfinite(results.rmse).any(axis=0))
    sizes = sorted({n for n in (*COMPARED, p) if n <= n_sizes and reached[n - 1]})
    rows = [
        (n, *(results.rmse[d, n - 1] for d in range(len(results.degrees))),
         *(results.cv_rmse[d, n - 1] for d in range(len(results.degrees))))
        for n in sizes
    ]  # fmt: skip
    columns = (
        "features",
        *(f"fit, degree {degree}" for degree in results.degrees),
        *(f"CV, degree {degree}" for degree in results.degrees),
    )
    caption = f"RMSE of models with equally many features; {p} is the number of cluster functions."
    return Table("Errors at equal size", columns, rows, _units(results, *columns[1:]), caption)


def _at_bound(results: Results) -> Table:
    error = results.view["error"][...]
    n = int(results.bound.sum())
    rows = [
        (degree, on, where, count, *error[d, i, w])
        for d, degree in enumerate(results.degrees)
        for i, on in enumerate(("fit", "left out"))
        for w, (where, count) in enumerate(
            (("all", len(results.target)), ("above", len(results.target) - n), ("at or below", n))
        )
    ]
    columns = ("degree", "structures", "target against the bound", "number", "RMSE", "MAE", "largest error")
    return Table(f"Errors at the bound {results.model.target.bound:g}", columns, rows, _units(results, *columns[4:]))


def _chosen(results: Results) -> Table:
    d = results.best
    steps, expansion = results.steps(d), results.expansion(d)
    low, high = (results.view[f"coefficient_{end}"][d] for end in ("low", "high"))
    rows = [
        (int(step) + 1, feature_name(f), float(c), low[step], high[step])
        for step, f, c in zip(steps, expansion.factors, expansion.coefficients, strict=True)
    ][:MOST_ROWS]
    constant = f"constant term {expansion.intercept:.6g} {results.unit}"
    caption = f"Degree {expansion.degree}, {expansion.size:,} features; {constant}."
    if expansion.size > MOST_ROWS:
        caption += f" The first {MOST_ROWS} steps."
    columns = ("step", "feature", "coefficient", "from", "to")
    return Table("Features of the best model", columns, rows, _units(results, *columns[2:]), caption)


def _clusters(results: Results) -> Table:
    space = results.space
    interaction, low, high = results.interactions
    rows = [
        (f"X_{i + 1}", space.names[i], int(space.multiplicity[i]), *(float(v[i]) for v in (interaction, low, high)))
        for i in range(min(MOST_ROWS, len(space)))
    ]
    caption = f"{results.interactions_are}; - where the model does without."
    caption += f" The first {MOST_ROWS} of {len(space):,}." if len(space) > MOST_ROWS else ""
    columns = ("correlation", "cluster", "in a primitive cell", "interaction", "from", "to")
    return Table("Clusters", columns, rows, _units(results, *columns[3:]), caption)


def _lattice(results: Results) -> Table:
    """The parent's sites."""
    parent = results.space.parent
    rows = [
        (i + 1, ", ".join(results.model.parent.sublattices[c]), *map(float, position))
        for i, (c, position) in enumerate(zip(parent.site_class, parent.positions, strict=True))
    ]
    vectors = "; ".join("(" + ", ".join(f"{x:.4f}" for x in row) + ")" for row in parent.lattice)
    caption = f"Fractions of the primitive vectors {vectors} Å."
    return Table("Parent lattice", ("site", "species", "x", "y", "z"), rows[:MOST_ROWS], caption=caption)


def _mapped(results: Results) -> Table:
    """How far structures are from the ideal lattice."""
    about = (
        ("volumetric_strain", "volumetric strain", ""),
        ("distortion", "distortion of the cell", ""),
        ("displacement", "largest displacement", "Å"),
        ("mean_displacement", "mean displacement", "Å"),
    )
    rows = []
    for name, title, unit in about:
        # What is left of rounding isn't a displacement.
        values = results.view[name][...][results.used].round(9) + 0.0
        rows.append((f"{title} ({unit})" if unit else title, *np.quantile(values, (0, 0.5, 0.95, 1)).tolist()))
    return Table(
        "How structures lie on the lattice", ("quantity", "least", "median", "95 % are below", "greatest"), rows
    )


def _doubtful(results: Results) -> Table:
    """Structures that may be other decorations, the most distorted first."""
    names, formulas = (results.view[name][...] for name in ("structure", "formula"))
    rows = [(str(names[i]), str(formulas[i]), why) for i, why in results.doubts[:MOST_LEFT_OUT]]
    n = len(results.doubts)
    caption = f"The first {MOST_LEFT_OUT} of {n:,}." if n > MOST_LEFT_OUT else ""
    return Table("Structures that may be other decorations", ("structure", "formula", "why"), rows, caption=caption)


def _left_out(results: Results) -> Table:
    """Structures that aren't decorations of the lattice, with the reason."""
    places, entries, parent = results.unmapped[:MOST_LEFT_OUT], results.entries, results.model.parent
    structures = entries.dataset.structures.take(entries.rows[places])
    again = map_structures(results.space.parent, structures, parent.max_displacement, parent.max_strain)
    rows = [(entries.ids[i], entries.formulas[i], reason) for i, reason in zip(places, again.reasons, strict=True)]
    n = results.unmapped.size
    caption = f"The first {MOST_LEFT_OUT} of {n:,}." if n > MOST_LEFT_OUT else ""
    return Table("Structures that can't be mapped", ("structure", "formula", "why"), rows, caption=caption)
