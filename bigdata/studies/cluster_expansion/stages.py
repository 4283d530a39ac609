"""The stages of a cluster expansion.

clusters ──▶ correlations ──▶ structures ─┬─▶ fit       (one task a degree) ─────────────┬─▶ errors
 (one task)  (blocks of                   └─▶ validate  (blocks of folds of each degree) ┘   (one task)
              structures)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data import DataProblem
from bigdata.kind import (
    BUILT_IN,
    PROCESS_BYTES,
    ArraySpec,
    Coordinate,
    Finding,
    Findings,
    Input,
    Kept,
    Rate,
    Stage,
    Workload,
    blocks,
    by_rows,
    every,
    whole,
)
from bigdata.lattices.census import Census
from bigdata.lattices.clusters import ClusterSpace
from bigdata.models.monomials import n_monomials
from bigdata.studies.cluster_expansion.folds import Folds, folds_of
from bigdata.studies.cluster_expansion.model import ClusterExpansion
from bigdata.studies.cluster_expansion.notes import notes, widest
from bigdata.studies.cluster_expansion.page_size import report_bytes
from bigdata.studies.cluster_expansion.refusals import HOLDING_ALL, n_atoms, refuse
from bigdata.studies.cluster_expansion.registered import per_atom
from bigdata.studies.cluster_expansion.space import STORED, space_of
from bigdata.studies.materials.entries import Entries, entries_of

TASKS = "bigdata.studies.cluster_expansion.tasks"
# At the rate below, five seconds: short enough to lose, long beside what a task costs by itself.
BLOCK_ATOMS = 100_000
MOST_ROWS = 4_000
# Leave-one-out makes as many models as there are structures; a task makes several.
VALIDATION_TASKS = 32
CORRELATION_RATE = Rate("atom", 5e-5, BUILT_IN)
PATH_RATE = Rate("feature of a structure at a size", 5e-10, BUILT_IN)
CLUSTER_RATE = Rate("cluster", 1e-3, BUILT_IN)
STRUCTURE_RATE = Rate("structure", 1e-5, BUILT_IN)
MEASURES = ("rmse", "mae", "max")
# Dimensions, unit and meaning of the arrays that hold parent and clusters.
STORED_AS = {
    "parent_lattice": (("vector", "xyz"), "angstrom", "primitive vectors of the parent, as rows"),
    "parent_position": (("site", "xyz"), "1", "sites in fractions of the primitive vectors"),
    "site_class": (("site",), "1", "place of the site's species among `parent.sublattices`, from 0"),
    "cluster_order": (("cluster",), "1", "points"),
    "cluster_diameter": (("cluster",), "angstrom", "greatest distance of two points"),
    "cluster_multiplicity": (("cluster",), "1", "clusters of this kind in a primitive cell"),
    "cluster_orbit": (("cluster",), "1", "number of the orbit of sites, which several choices of functions share"),
    "cluster_n_possible": (("one",), "1", "cluster functions within the cutoffs; -1: not counted"),
    "member_cluster": (("member",), "1", "cluster that the member belongs to"),
    "member_site": (("member", "point", "cell_xyz_site"), "1", "each point's cell and site; -1: no further point"),
    "member_function": (("member", "point"), "1", "each point's function of the species; -1: no further point"),
}
FOLD = "the part in which it is left out"
ON = ("fit", "cv")
WHERE = ("all", "inside", "bound")


def stages(model: ClusterExpansion, inputs: Mapping[str, Input]) -> Workload:
    """What one variant of the study computes and stores."""
    space, entries = space_of(model, inputs), open_entries(model, inputs)
    refuse(model, space, entries)
    folds = folds_of(model, entries)
    sizes = n_sizes(model, len(space))
    clusters = _clusters(model, space, inputs)
    correlations = _correlations(model, space, entries, clusters)
    structures = _structures(model, entries, correlations)
    fit = _fit(model, space, entries, sizes, structures)
    validate = _validate(model, space, entries, folds, sizes, structures)
    return Workload(
        report_bytes=report_bytes(model, len(entries), len(space), sizes),
        stages=(
            clusters,
            correlations,
            structures,
            fit,
            validate,
            _errors(model, entries, folds, sizes, fit, validate),
        ),
        coordinates=tuple(_coordinates(model, space, entries, folds, sizes)),
        notes=tuple(notes(model, space, entries, folds, sizes)),
        sizes={"structures": len(entries), "clusters": len(space)},
        kept=tuple(Kept.folder(f"import of the {name}", source.folder) for name, source in inputs.items()),
    )


def open_entries(model: ClusterExpansion, inputs: Mapping[str, Input]) -> Entries:
    """The structures with their property. Raises Findings where there are none."""
    target = model.target
    # Values of whole cells of any size can't be expanded: they are no way out here.
    per = per_atom(target.per)
    try:
        return entries_of(model.dataset, inputs["structures"], target.field, target.units, target.range, per=per)
    except DataProblem as problem:
        raise Findings(*_relocated(problem)) from problem


def _relocated(problem: DataProblem) -> Iterator[Finding]:
    """Targets stand at the top of this study, beside the dataset."""
    for found in problem.findings:
        field = ("target", "units") if "unit" in found.what else ("target", "field")
        path = field if found.path == ("target",) else ("dataset", *found.path)
        yield Finding(path, found.what, found.right, found.given, found.known, found.at_key)


def n_sizes(model: ClusterExpansion, n_clusters: int) -> int:
    """How many sizes the paths of all degrees have at most."""
    return min(model.selection.max_features, max(n_monomials(n_clusters, degree) for degree in model.features))


def _clusters(model: ClusterExpansion, space: ClusterSpace, inputs: Mapping[str, Input]) -> Stage:
    parent = space.parent
    arrays: dict[str, NDArray[Any]] = {"parent_lattice": parent.lattice, "parent_position": parent.positions}
    arrays |= {"site_class": parent.site_class}
    arrays |= {STORED[name]: values for name, values in space.arrays().items()}
    specs = tuple(_stored(name, values) for name, values in arrays.items())
    return Stage(
        name="clusters",
        function=f"{TASKS}:clusters",
        fields=model.model_dump(
            mode="json", include={"parent": {"lattice", "sublattices"}, "clusters": True, "basis": True}
        ),
        rate=CLUSTER_RATE,
        work=lambda _: float(len(space)),
        memory=PROCESS_BYTES,
        arrays=specs,
        inputs=tuple(name for name in inputs if name == "parent"),
    )


def block_rows(entries: Entries) -> tuple[int, int]:
    """Structures in a task of `correlations`, and the number of such tasks."""
    atoms = float(np.mean(n_atoms(entries)))
    return blocks(len(entries), max(1, min(MOST_ROWS, int(BLOCK_ATOMS / max(1.0, atoms)))))


def _correlations(model: ClusterExpansion, space: ClusterSpace, entries: Entries, clusters: Stage) -> Stage:
    n, p = len(entries), len(space)
    rows, _ = block_rows(entries)
    atoms = n_atoms(entries)
    array, one = partial(by_rows, rows), {"structure": n}
    form = one | {"vector": 3, "vector_2": 3}
    arrays = (
        array(
            "correlation", "float64", {"structure": n, "cluster": p}, "1", "cluster correlations, NaN where not mapped"
        ),
        array("supercell", "int32", form, "1", "Hermite normal form of the supercell"),
        array("n_cells", "int32", one, "1", "primitive cells of the supercell; 0: the structure isn't mapped"),
        *_rivals(space, array, one),
        array("volumetric_strain", "float64", one, "1", "relative change of volume from the parent's"),
        array("distortion", "float64", one, "1", "strain of the cell, its volume aside (Frobenius norm)"),
        array("displacement", "float64", one, "angstrom", "largest distance of an atom from its site"),
        array("mean_displacement", "float64", one, "angstrom", "mean distance of the atoms from their sites"),
    )
    return Stage(
        name="correlations",
        # Since the second, the best of all numbers of primitive cells is taken, where atoms don't tell it.
        version=2 if is_guessed(space) else 1,
        function=f"{TASKS}:correlate",
        fields=model.model_dump(
            mode="json",
            include={
                "dataset": {"where", "sample"},
                "target": {"field", "units", "range"},
                "clusters": True,
                "basis": True,
                "parent": {"lattice", "sublattices", "max_displacement", "max_strain"},
            },
        ),
        rate=CORRELATION_RATE,
        work=lambda i: float(atoms[i * rows : (i + 1) * rows].sum()),
        memory=PROCESS_BYTES + 200_000_000 + 8 * rows * p,
        arrays=arrays,
        needs=every(clusters),
        inputs=("structures",),
    )


def is_guessed(space: ClusterSpace) -> bool:
    """Whether all sublattices may have empty sites, so that atoms alone don't tell a structure's primitive cells."""
    return not Census(space.parent).is_exact


def _rivals(space: ClusterSpace, array: Callable[..., ArraySpec], one: dict[str, int]) -> Iterator[ArraySpec]:
    if is_guessed(space):
        about = "another number of primitive cells on which the structure fits nearly as well; 0: none"
        yield array("rival_cells", "int32", one, "1", about)


def _structures(model: ClusterExpansion, entries: Entries, correlations: Stage) -> Stage:
    n, unit = len(entries), _unit(model, entries)
    one, about = {"structure": n}, "1 where the structure is mapped, so that models see it"
    fields = model.model_dump(mode="json", include={"target": True, "dataset": True, "parent": {"on_unmapped"}})
    fold: tuple[ArraySpec, ...] = ()
    if model.validation.by == "correlations":
        fields |= model.model_dump(mode="json", include={"validation": {"folds", "by", "seed"}})
        fold = (whole("fold", "int64", one, "1", FOLD),)
    return Stage(
        name="structures",
        function=f"{TASKS}:structures",
        fields=fields,
        rate=STRUCTURE_RATE,
        work=lambda _: float(n),
        memory=PROCESS_BYTES + 100 * n,
        arrays=(
            whole("target", "float64", one, unit, model.target.quantity or model.target.field),
            whole("used", "uint8", one, "1", about),
            *fold,
        ),
        needs=every(correlations),
        inputs=("structures",),
    )


def _fit(model: ClusterExpansion, space: ClusterSpace, entries: Entries, sizes: int, structures: Stage) -> Stage:
    return Stage(
        name="fit",
        function=f"{TASKS}:fit",
        fields=_model_fields(model),
        rate=PATH_RATE,
        work=lambda i: path_work(len(entries), len(space), model.features[i], sizes),
        memory=_path_memory(model, space, len(entries)),
        arrays=tuple(_fit_arrays(model, _unit(model, entries), sizes)),
        needs=every(structures),
    )


def _fit_arrays(model: ClusterExpansion, unit: str, sizes: int) -> Iterator[ArraySpec]:
    array, degrees = partial(by_rows, 1), {"features": len(model.features)}
    by_size, by_step = degrees | {"n_features": sizes}, degrees | {"step": sizes}
    yield array("rmse", "float64", by_size, unit, "error of the fit to all structures")
    about = "number of the feature chosen at each step; -1: the path ended"
    yield array("selected", "int64", by_step, "1", about)
    about = "cluster numbers of the feature's factors, from 0; -1: no further factor"
    yield array("factor", "int32", by_step | {"factor_of": max(model.features)}, "1", about)
    about = "of the features chosen, for each size"
    yield array("coefficient", "float64", by_size | {"step": sizes}, unit, about)
    yield array("intercept", "float64", by_size, unit, "constant term, for each size")


def _validate(
    model: ClusterExpansion, space: ClusterSpace, entries: Entries, folds: Folds, sizes: int, structures: Stage
) -> Stage:
    n_degrees = len(model.features)
    some, n_blocks = blocks(folds.n, -(-folds.n // VALIDATION_TASKS))
    prediction = ArraySpec(
        name="fold_prediction",
        shape=(n_degrees, folds.n, folds.largest, sizes),
        dtype="float64",
        dims=("features", "fold_number", "fold_row", "n_features"),
        shard=(1, some, folds.largest, sizes),
        chunk=(1, 1, folds.largest, sizes),
        units=_unit(model, entries),
        about="predictions for the structures of each fold, in order, by models that haven't seen them",
    )
    return Stage(
        name="validate",
        function=f"{TASKS}:validate",
        fields=_model_fields(model) | model.model_dump(mode="json", include={"validation": {"folds", "by", "seed"}}),
        rate=PATH_RATE,
        work=lambda i: some * path_work(len(entries), len(space), model.features[i // n_blocks], sizes),
        memory=_path_memory(model, space, len(entries)),
        arrays=(prediction,),
        needs=every(structures),
    )


def _errors(model: ClusterExpansion, entries: Entries, folds: Folds, sizes: int, fit: Stage, validate: Stage) -> Stage:
    n, held = len(entries), 3 * len(entries) + folds.n * folds.largest
    return Stage(
        name="errors",
        function=f"{TASKS}:errors",
        fields=model.model_dump(mode="json", include={"validation": True, "target": {"bound"}}),
        rate=STRUCTURE_RATE,
        work=lambda _: float(n * (1 + model.validation.bootstrap / 10)),
        memory=PROCESS_BYTES + 8 * held * sizes,
        arrays=tuple(_error_arrays(model, _unit(model, entries), n, sizes)),
        needs=every(fit, validate),
    )


def _error_arrays(model: ClusterExpansion, unit: str, n: int, sizes: int) -> Iterator[ArraySpec]:
    degrees = {"features": len(model.features)}
    by_size, by_step = degrees | {"n_features": sizes}, degrees | {"step": sizes}
    by_structure = degrees | {"structure": n}
    by_measure = degrees | {"on": len(ON), "where": len(WHERE), "measure": len(MEASURES)}
    yield whole("cv_rmse", "float64", by_size, unit, "error on structures left out")
    yield whole("cv_rmse_low", "float64", by_size, unit, "lower end of its 95 % interval")
    yield whole("cv_rmse_high", "float64", by_size, unit, "upper end of its 95 % interval")
    yield whole("size_of_least_cv", "int64", degrees, "1", "number of features of least cv_rmse")
    about = "fewest features whose mean squared error left out is within one standard error of the least"
    yield whole("recommended_size", "int64", degrees, "1", about)
    yield whole("prediction", "float64", by_structure, unit, "of the recommended model, fitted to all")
    yield whole("cv_prediction", "float64", by_structure, unit, "of that size, for structures left out")
    yield whole("error", "float64", by_measure, unit, "errors of the recommended model")
    about = "lower end of the 95 % interval of the recommended model's coefficients (bootstrap)"
    yield whole("coefficient_low", "float64", by_step, unit, about)
    yield whole("coefficient_high", "float64", by_step, unit, "upper end of it")


def _model_fields(model: ClusterExpansion) -> dict[str, object]:
    return model.model_dump(mode="json", include={"features", "selection"})


def path_work(n: int, n_clusters: int, degree: int, sizes: int) -> float:
    """Products of one path: every feature of every structure at every size."""
    return float(n) * n_monomials(n_clusters, degree) * sizes


def _path_memory(model: ClusterExpansion, space: ClusterSpace, n: int) -> int:
    features = widest(model, space, n)
    # The columns, and the copy of them that scikit-learn works on.
    matrix = 2 * 8 * n * len(features) if model.selection.method in HOLDING_ALL else 0
    return PROCESS_BYTES + features.held_bytes + matrix + 8 * n * model.selection.max_features


def _stored(name: str, values: NDArray[Any]) -> ArraySpec:
    """An array that holds parent and clusters."""
    dims, unit, about = STORED_AS[name]
    return whole(name, str(values.dtype), dict(zip(dims, values.shape, strict=True)), unit, about)


def _unit(model: ClusterExpansion, entries: Entries) -> str:
    """The target's unit; per primitive cell or per active site where values of cells are divided."""
    per = {"primitive-cell": "cell", "active-site": "site"}.get(model.target.divisor or "", "")
    return (f"{entries.unit or '1'}/{per}" if per else entries.unit) or "1"


def _coordinates(
    model: ClusterExpansion, space: ClusterSpace, entries: Entries, folds: Folds, sizes: int
) -> Iterator[Coordinate]:
    counted = list(range(1, sizes + 1))
    yield Coordinate(name="features", dim="features", values=list(model.features), about="degree of the polynomials")
    yield Coordinate(name="n_features", dim="n_features", values=counted, about="features of a model")
    yield Coordinate(name="step", dim="step", values=counted, about="the step that chooses a feature")
    yield Coordinate(name="structure", dim="structure", values=entries.ids, about="the structure's name")
    yield Coordinate(name="formula", dim="structure", values=entries.formulas, about="as the dataset writes it")
    yield Coordinate(name="row", dim="structure", values=entries.rows.tolist(), about="row of the dataset")
    if model.validation.by != "correlations":
        yield Coordinate(name="fold", dim="structure", values=folds.of.tolist(), about=FOLD)
    yield Coordinate(name="on", dim="on", values=list(ON), about="fit: all structures; cv: structures left out")
    yield Coordinate(name="where", dim="where", values=list(WHERE), about="all, inside the bound, at the bound")
    yield Coordinate(name="measure", dim="measure", values=list(MEASURES))
    yield Coordinate(name="cluster", dim="cluster", values=[f"X_{i + 1}" for i in range(len(space))])
    about = "points, greatest distance and functions of the cluster"
    yield Coordinate(name="cluster_name", dim="cluster", values=list(space.names), about=about)
