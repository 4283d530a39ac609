"""The stages of a cluster expansion.

clusters ──▶ correlations ──▶ structures ─┬─▶ fit       (one task a degree) ─────────────┬─▶ errors
 (one task)  (blocks of                   └─▶ validate  (blocks of folds of each degree) ┘   (one task)
              structures)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data import DataProblem
from bigdata.kind.stage import Kept, Rate, Stage, Workload
from bigdata.lattices.clusters import ClusterSpace
from bigdata.models.monomials import n_monomials
from bigdata.spec.study import Finding, Findings, Input
from bigdata.store.arrays import ArraySpec, Coordinate, blocks
from bigdata.store.flat import on_disk
from bigdata.studies.cluster_expansion.folds import Folds, folds_of
from bigdata.studies.cluster_expansion.model import ClusterExpansion, at
from bigdata.studies.cluster_expansion.notes import (
    HOLDING_ALL,
    notes,
    refuse_divided,
    refuse_large_matrix,
    refuse_strange_species,
    widest,
)
from bigdata.studies.cluster_expansion.space import STORED, space_of
from bigdata.studies.entries import Entries, entries_of

TASKS = "bigdata.studies.cluster_expansion.tasks"
BLOCK_ATOMS = 100_000
MOST_ROWS = 4_000
# Leave-one-out makes as many models as there are structures; a task makes several.
VALIDATION_TASKS = 32
PROCESS_BYTES = 350_000_000
BUILT_IN = "measured on two x86-64 cores in November 2026"
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
ON = ("fit", "cv")
WHERE = ("all", "inside", "bound")


def stages(model: ClusterExpansion, inputs: Mapping[str, Input]) -> Workload:
    """What one variant of the study computes and stores."""
    space, entries = space_of(model, inputs), open_entries(model, inputs)
    refuse_strange_species(model, space, entries)
    folds = folds_of(model, entries)
    sizes = n_sizes(model, len(space))
    refuse_large_matrix(model, space, len(entries))
    refuse_divided(model, entries)
    made = (
        _clusters(model, space, inputs),
        _correlations(model, space, entries),
        _structures(model, entries),
        _fit(model, space, entries, sizes),
        _validate(model, space, entries, folds, sizes),
        _errors(model, entries, folds, sizes),
    )
    return Workload(
        stages=made,
        coordinates=tuple(_coordinates(model, space, entries, folds, sizes)),
        notes=tuple(notes(model, space, entries, folds, sizes)),
        sizes={"structures": len(entries), "clusters": len(space)},
        kept=tuple(Kept(f"import of the {name}", *on_disk(Path(source.folder))) for name, source in inputs.items()),
    )


def open_entries(model: ClusterExpansion, inputs: Mapping[str, Input]) -> Entries:
    """The structures with their property. Raises Findings where there are none."""
    target = model.target
    try:
        return entries_of(model.dataset, inputs["structures"], target.field, target.units, target.range)
    except DataProblem as problem:
        raise Findings(*_relocated(problem)) from problem


def _relocated(problem: DataProblem) -> Iterator[Finding]:
    """Targets stand at the top of this study, beside the dataset."""
    for found in at(problem):
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
    specs = tuple(_whole(name, a.shape, str(a.dtype), *STORED_AS[name]) for name, a in arrays.items())
    return Stage(
        name="clusters",
        version=1,
        function=f"{TASKS}:clusters",
        n_tasks=1,
        fields=model.model_dump(
            mode="json", include={"parent": {"lattice", "sublattices"}, "clusters": True, "basis": True}
        ),
        rate=CLUSTER_RATE,
        work=lambda _: float(len(space)),
        memory=PROCESS_BYTES,
        arrays=specs,
        shards=lambda _: [(a.name, (0,) * len(a.shape)) for a in specs],
        inputs=tuple(name for name in inputs if name == "parent"),
    )


def block_rows(entries: Entries) -> tuple[int, int]:
    """Structures in a task of `correlations`, and the number of such tasks."""
    offsets = np.asarray(entries.dataset.structures.offsets)
    atoms = float(np.mean(offsets[entries.rows + 1] - offsets[entries.rows]))
    return blocks(len(entries), max(1, min(MOST_ROWS, int(BLOCK_ATOMS / max(1.0, atoms)))))


def _correlations(model: ClusterExpansion, space: ClusterSpace, entries: Entries) -> Stage:
    n, p = len(entries), len(space)
    rows, n_tasks = block_rows(entries)
    offsets = np.asarray(entries.dataset.structures.offsets)
    atoms = (offsets[entries.rows + 1] - offsets[entries.rows]).astype(float)

    def along(name: str, dtype: str, units: str, about: str, *more: tuple[str, int]) -> ArraySpec:
        dims, extra = tuple(d for d, _ in more), tuple(k for _, k in more)
        return ArraySpec(
            name=name, shape=(n, *extra), dtype=dtype, dims=("structure", *dims), shard=(rows, *extra),
            chunk=(rows, *extra), units=units, about=about,
        )  # fmt: skip

    arrays = (
        along("correlation", "float64", "1", "cluster correlations, NaN where not mapped", ("cluster", p)),
        along("supercell", "int32", "1", "Hermite normal form of the supercell", ("vector", 3), ("vector_2", 3)),
        along("n_cells", "int32", "1", "primitive cells of the supercell; 0: the structure isn't mapped"),
        along("volumetric_strain", "float64", "1", "relative change of volume from the parent's"),
        along("distortion", "float64", "1", "strain of the cell, its volume aside (Frobenius norm)"),
        along("displacement", "float64", "angstrom", "largest distance of an atom from its site"),
        along("mean_displacement", "float64", "angstrom", "mean distance of the atoms from their sites"),
    )
    return Stage(
        name="correlations",
        version=1,
        function=f"{TASKS}:correlate",
        n_tasks=n_tasks,
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
        shards=lambda i: [(a.name, (i,) + (0,) * (len(a.shape) - 1)) for a in arrays],
        needs=lambda _: [("clusters", 0)],
        inputs=("structures",),
    )


def _structures(model: ClusterExpansion, entries: Entries) -> Stage:
    n = len(entries)
    n_blocks = block_rows(entries)[1]
    unit = _unit(model, entries)
    arrays = (
        _whole("target", (n,), "float64", ("structure",), unit, model.target.quantity or model.target.field),
        _whole("used", (n,), "uint8", ("structure",), "1", "1 where the structure is mapped, so that models see it"),
    )
    return Stage(
        name="structures",
        version=1,
        function=f"{TASKS}:structures",
        n_tasks=1,
        fields=model.model_dump(mode="json", include={"target": True, "dataset": True, "parent": {"on_unmapped"}}),
        rate=STRUCTURE_RATE,
        work=lambda _: float(n),
        memory=PROCESS_BYTES + 100 * n,
        arrays=arrays,
        shards=lambda _: [(a.name, (0,)) for a in arrays],
        needs=lambda _: [("correlations", i) for i in range(n_blocks)],
        inputs=("structures",),
    )


def _fit(model: ClusterExpansion, space: ClusterSpace, entries: Entries, sizes: int) -> Stage:
    n_degrees, most = len(model.features), max(model.features)
    unit = _unit(model, entries)

    def by_degree(name: str, dtype: str, units: str, about: str, *more: tuple[str, int]) -> ArraySpec:
        extra = tuple(k for _, k in more)
        return ArraySpec(
            name=name, shape=(n_degrees, *extra), dtype=dtype, dims=("features", *(d for d, _ in more)),
            shard=(1, *extra), chunk=(1, *extra), units=units, about=about,
        )  # fmt: skip

    steps, n_features = ("step", sizes), ("n_features", sizes)
    about = "cluster numbers of the feature's factors, from 0; -1: no further factor"
    arrays = (
        by_degree("rmse", "float64", unit, "error of the fit to all structures", n_features),
        by_degree("selected", "int64", "1", "number of the feature chosen at each step; -1: the path ended", steps),
        by_degree("factor", "int32", "1", about, steps, ("factor_of", most)),
        by_degree("coefficient", "float64", unit, "of the features chosen, for each size", n_features, steps),
        by_degree("intercept", "float64", unit, "constant term, for each size", n_features),
    )
    return Stage(
        name="fit",
        version=1,
        function=f"{TASKS}:fit",
        n_tasks=n_degrees,
        fields=_model_fields(model),
        rate=PATH_RATE,
        work=lambda i: path_work(len(entries), len(space), model.features[i], sizes),
        memory=_path_memory(model, space, len(entries)),
        arrays=arrays,
        shards=lambda i: [(a.name, (i,) + (0,) * (len(a.shape) - 1)) for a in arrays],
        needs=lambda _: [("structures", 0)],
    )


def _validate(model: ClusterExpansion, space: ClusterSpace, entries: Entries, folds: Folds, sizes: int) -> Stage:
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
        version=1,
        function=f"{TASKS}:validate",
        n_tasks=n_degrees * n_blocks,
        fields=_model_fields(model) | model.model_dump(mode="json", include={"validation": {"folds", "by", "seed"}}),
        rate=PATH_RATE,
        work=lambda i: some * path_work(len(entries), len(space), model.features[i // n_blocks], sizes),
        memory=_path_memory(model, space, len(entries)),
        arrays=(prediction,),
        shards=lambda i: [("fold_prediction", (i // n_blocks, i % n_blocks, 0, 0))],
        needs=lambda _: [("structures", 0)],
    )


def _errors(model: ClusterExpansion, entries: Entries, folds: Folds, sizes: int) -> Stage:
    n, n_degrees, unit = len(entries), len(model.features), _unit(model, entries)
    by_size, by_structure = ("features", "n_features"), ("features", "structure")
    arrays = (
        _whole("cv_rmse", (n_degrees, sizes), "float64", by_size, unit, "error on structures left out"),
        _whole("cv_rmse_low", (n_degrees, sizes), "float64", by_size, unit, "lower end of its 95 % interval"),
        _whole("cv_rmse_high", (n_degrees, sizes), "float64", by_size, unit, "upper end of its 95 % interval"),
        _whole("size_of_least_cv", (n_degrees,), "int64", ("features",), "1", "number of features of least cv_rmse"),
        _whole(
            "recommended_size", (n_degrees,), "int64", ("features",), "1",
            "fewest features whose mean squared error left out is within one standard error of the least",
        ),
        _whole("prediction", (n_degrees, n), "float64", by_structure, unit, "of the recommended model, fitted to all"),
        _whole("cv_prediction", (n_degrees, n), "float64", by_structure, unit, "of that size, for structures left out"),
        _whole(
            "error", (n_degrees, len(ON), len(WHERE), len(MEASURES)), "float64", ("features", "on", "where", "measure"),
            unit, "errors of the recommended model",
        ),
        _whole("coefficient_low", (n_degrees, sizes), "float64", ("features", "step"), unit,
               "lower end of the 95 % interval of the recommended model's coefficients (bootstrap)"),
        _whole("coefficient_high", (n_degrees, sizes), "float64", ("features", "step"), unit, "upper end of it"),
    )  # fmt: skip
    n_tasks = n_degrees * blocks(folds.n, -(-folds.n // VALIDATION_TASKS))[1]
    return Stage(
        name="errors",
        version=1,
        function=f"{TASKS}:errors",
        n_tasks=1,
        fields=model.model_dump(mode="json", include={"validation": True, "target": {"bound"}}),
        rate=STRUCTURE_RATE,
        work=lambda _: float(n * (1 + model.validation.bootstrap / 10)),
        memory=PROCESS_BYTES + 4 * 8 * n * sizes,
        arrays=arrays,
        shards=lambda _: [(a.name, (0,) * len(a.shape)) for a in arrays],
        needs=lambda _: [*(("fit", i) for i in range(n_degrees)), *(("validate", i) for i in range(n_tasks))],
    )


def _model_fields(model: ClusterExpansion) -> dict[str, object]:
    return model.model_dump(mode="json", include={"features", "selection"})


def path_work(n: int, n_clusters: int, degree: int, sizes: int) -> float:
    """Products of one path: every feature of every structure at every size."""
    return float(n) * n_monomials(n_clusters, degree) * sizes


def _path_memory(model: ClusterExpansion, space: ClusterSpace, n: int) -> int:
    features = widest(model, space, n)
    matrix = 2 * 8 * n * len(features) if model.selection.method in HOLDING_ALL else 0
    return PROCESS_BYTES + features.held_bytes + matrix + 8 * n * model.selection.max_features


def _whole(name: str, shape: tuple[int, ...], dtype: str, dims: tuple[str, ...], units: str, about: str) -> ArraySpec:
    """An array in one chunk."""
    return ArraySpec(
        name=name, shape=shape, dtype=dtype, dims=dims, shard=shape, chunk=shape, units=units or "1", about=about
    )


def _unit(model: ClusterExpansion, entries: Entries) -> str:
    """The target's unit; per primitive cell or per active site where values of cells are divided."""
    per = {"primitive-cell": "cell", "active-site": "site"}.get(model.target.per or "", "")
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
    yield Coordinate(name="fold", dim="structure", values=folds.of.tolist(), about="the part in which it is left out")
    yield Coordinate(name="on", dim="on", values=list(ON), about="fit: all structures; cv: structures left out")
    yield Coordinate(name="where", dim="where", values=list(WHERE), about="all, inside the bound, at the bound")
    yield Coordinate(name="measure", dim="measure", values=list(MEASURES))
    yield Coordinate(name="cluster", dim="cluster", values=[f"X_{i + 1}" for i in range(len(space))])
    about = "points, greatest distance and functions of the cluster"
    yield Coordinate(name="cluster_name", dim="cluster", values=list(space.names), about=about)
