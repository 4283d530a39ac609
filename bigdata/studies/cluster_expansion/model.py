"""The YAML of a cluster expansion: data, parent lattice, clusters, features, and how the model is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from bigdata import kind
from bigdata.data import DataProblem
from bigdata.data.materials.origin import MaterialsFile, MaterialsFormat, MaterialsOrigin
from bigdata.data.problem import placed
from bigdata.kind import (
    Angle,
    Finding,
    Findings,
    Input,
    Length,
    PathInSpec,
    SpecModel,
    StudyModel,
    located,
    named,
    unknown_fields,
)
from bigdata.studies.cluster_expansion.registered import without_reading, without_structures

Method = Literal["orthogonal-matching-pursuit", "least-squares", "ridge", "lasso", "elastic-net", "ard"]


MOST_POINTS = 8


class Target(kind.Target):
    """The property to expand: a number for each structure that doesn't grow with its cell."""

    field: str = Field(description="The dataset's field.")
    per: Literal["atom", "primitive-cell", "active-site"] | None = Field(
        default=None,
        description="Divide values of whole cells by their atoms, by their primitive cells of the parent, or by their "
        "sites with a choice of species: the last two are right measures for lattices with vacancies.",
    )
    bound: float | None = Field(
        default=None,
        description="Values at or below this bound, in `units`, are marked and their errors given apart: 0 for gaps, "
        "where metals are.",
    )

    @property
    def divisor(self) -> Literal["primitive-cell", "active-site"] | None:
        """What of the parent values of whole cells are divided by, once structures are mapped to it."""
        return None if self.per == "atom" else self.per


class PrototypeLattice(SpecModel):
    """A structure type; its lattice parameters fix the lengths by which clusters are chosen."""

    prototype: str = Field(description="Its name: `bigdata lattices` lists them.")
    a: Length | None = Field(default=None, description="Lattice parameter.")
    b: Length | None = Field(default=None, description="Where the structure type leaves it free.")
    c: Length | None = Field(default=None, description="Where the structure type leaves it free.")
    beta: Angle | None = Field(default=None, description="Angle of a monoclinic cell.")

    @property
    def parameters(self) -> dict[str, float]:
        """The lattice parameters that are given, in angstrom and degrees."""
        return self.model_dump(exclude={"prototype"}, exclude_none=True)


class LatticeFile(SpecModel):
    """A crystal of the user's; its elements, in the order in which they appear, are the site classes."""

    file: str = Field(description="CIF, or another format of structures, relative to the spec.")
    format: MaterialsFormat | None = Field(default=None, description="Told from the name where not given.")
    symprec: float = Field(default=0.01, gt=0, description="Tolerance of its symmetry, in angstrom.")


def _lattice(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((key for key in ("prototype", "file") if key in value), None)
    return "prototype" if isinstance(value, PrototypeLattice) else "file" if isinstance(value, LatticeFile) else None


Lattice = Annotated[
    Annotated[PrototypeLattice, Tag("prototype")] | Annotated[LatticeFile, Tag("file")],
    Discriminator(
        _lattice,
        custom_error_type="lattice_origin",
        custom_error_message="says neither `prototype:` nor `file:`",
    ),
]


class Parent(SpecModel):
    """The lattice whose sites the structures occupy, and what may stand on each."""

    lattice: Lattice
    sublattices: tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...] = Field(
        min_length=1, description="For each site class, the species that it may hold; `vacancy` is one."
    )
    max_displacement: Length = Field(
        default=1.0, description="How far an atom may lie from its site, homogeneous strain aside."
    )
    max_strain: float = Field(default=0.2, gt=0, lt=1, description="How far a cell may be distorted, its volume aside.")
    on_unmapped: Literal["refuse", "skip"] = Field(
        default="refuse",
        description="What to do when structures are no decorations of the lattice: stop, or leave them out and count.",
    )


class Clusters(SpecModel):
    """Which clusters enter."""

    cutoffs: dict[int, Length] = Field(
        default={}, description="Greatest distance of two points, by number of points: {2: 10 angstrom}. Points always."
    )
    keep: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Keep so many cluster functions, those of the shortest clusters; all if left out."
    )


class Selection(SpecModel):
    """How features are chosen: the whole path, from one feature to `max_features`."""

    method: Method = "orthogonal-matching-pursuit"
    max_features: int = Field(default=200, ge=1, description="The largest model.")
    alpha: float | None = Field(default=None, gt=0, description="Penalty of `ridge`, on standardised features.")
    l1_ratio: float | None = Field(default=None, gt=0, le=1, description="Share of the L1 penalty in `elastic-net`.")


class Validation(SpecModel):
    """What is left out in turn, to see the error on structures that a model hasn't seen."""

    folds: Annotated[int, Field(ge=2)] | Literal["leave-one-out"] = Field(
        default=5, description="So many parts, each left out once; or one structure after the other."
    )
    by: Literal["structure", "composition", "correlations"] = Field(
        default="structure",
        description="composition: structures of one composition are left out together; correlations: those that the "
        "clusters can't tell apart, such as one decoration given twice.",
    )
    seed: int = Field(default=0, ge=0)
    bootstrap: int = Field(default=500, ge=0, description="Draws for the 95 % intervals; 0: no intervals.")


class ClusterExpansion(StudyModel):
    """What do nonlinear features buy a cluster expansion, over more clusters?"""

    stages_at: ClassVar[str] = "bigdata.studies.cluster_expansion.stages:stages"
    report_at: ClassVar[str] = "bigdata.studies.cluster_expansion.report:report"
    predict_at: ClassVar[str] = "bigdata.studies.cluster_expansion.prediction:predict"
    export_at: ClassVar[str] = "bigdata.studies.cluster_expansion.export:export"
    starter_at: ClassVar[str] = "bigdata.studies.cluster_expansion:starter.yaml"
    packages: ClassVar[tuple[str, ...]] = ("scikit-learn", "spglib")

    study: Literal["cluster-expansion"] = "cluster-expansion"
    dataset: MaterialsOrigin = Field(description="The structures with their property.")
    target: Target
    parent: Parent
    clusters: Clusters
    basis: Literal["trigonometric", "indicator"] = Field(
        default="trigonometric", description="Functions of a site's species; orthogonal, or 1 for one species else 0."
    )
    features: Annotated[tuple[Annotated[int, Field(ge=1, le=6)], ...], Field(min_length=1)] = Field(
        default=(1, 2, 3),
        description="Degrees of the polynomials in the cluster correlations; 1 is the standard expansion.",
    )
    selection: Selection = Selection()
    validation: Validation = Validation()

    @classmethod
    def check(cls, fields: Mapping[str, Any], folder: Path) -> Iterable[Finding]:
        """The data and the lattice exist, the species are elements, and the parts go together."""
        if "dataset" in fields:
            yield from _data(fields, folder)
            yield from without_reading(fields, folder)
        if "parent" in fields:
            yield from _parent(fields["parent"], folder)
        if (clusters := fields.get("clusters")) is not None:
            yield from _cutoffs(clusters)
        degrees = fields.get("features", ())
        for i, degree in enumerate(degrees):
            if degree in degrees[:i]:
                yield Finding(("features", i), f"degree {degree} is listed twice", "Keep one of the two")
        yield from _selection(fields.get("selection"))
        yield from _validation(fields.get("validation"))
        if (target := fields.get("target")) is not None:
            yield from target.findings("target")

    def data_files(self, folder: Path) -> Iterable[Path]:
        """The files of the user's own."""
        return [named(folder, p.file) for p in (self.dataset, self.parent.lattice) if isinstance(p, _FILES)]

    def inputs(self, folder: Path) -> dict[str, Input]:
        """The structures, and the parent where it is a file, imported into the cache. Raises Findings."""
        found = {"structures": _opened(self.dataset, folder, "dataset")}
        if isinstance(self.parent.lattice, LatticeFile):
            found["parent"] = _parent_opened(self.parent.lattice, folder)
        return found

    def figures(self) -> dict[str, str]:
        at = "bigdata.studies.cluster_expansion.captioned"
        return {name: f"{at}:{name}" for name in ("errors", "interactions")}


_FILES = (MaterialsFile, LatticeFile)


def _opened(origin: MaterialsOrigin, folder: Path, *path: str) -> Input:
    # Only where data are opened: a spec is checked without NumPy.
    from bigdata.data.materials.dataset import open_materials

    with placed(*path):
        opened = open_materials(origin, folder)
    if not opened.has_structures:
        raise Findings(without_structures(opened.label, path))
    file = origin.file if isinstance(origin, MaterialsFile) else ""
    return Input(opened.digest, str(opened.folder), file, opened.content)


def _parent_opened(lattice: LatticeFile, folder: Path) -> Input:
    from bigdata.data.materials.dataset import import_file
    from bigdata.studies.cluster_expansion.oxidation import in_words, several_states

    at = ("parent", "lattice", "file")
    asked = MaterialsFile(file=lattice.file, format=lattice.format, on_bad_entry="skip")
    with placed("parent", "lattice"):
        opened = import_file(asked, folder)
    for bad in opened.bad:
        right = "Give the parent with one element on each site: `sublattices:` says what else may stand there"
        raise Findings(Finding(at, f"the parent can't be read, {bad.where}: {bad.what}", right))
    if states := several_states(text for text, _ in opened.remarks.notes):
        right = "Write another element in place of one of them, so that their sites are two classes, or one state alone"
        raise Findings(Finding(at, f"{in_words(states)} are one element, whose sites would be one class", right))
    return Input(opened.digest, str(opened.folder), lattice.file, opened.content)


def _data(fields: Mapping[str, Any], folder: Path) -> Iterable[Finding]:
    if fields["dataset"].target:
        what = "names the property a second time"
        yield Finding(("dataset", "target"), what, "Say it under `target: {field: …}` alone", at_key=True)
    field: list[tuple[PathInSpec, str]] = [(("target", "field"), fields["target"].field)] if "target" in fields else []
    yield from unknown_fields(fields["dataset"], folder, ("dataset",), field)


def _parent(parent: Parent, folder: Path) -> Iterable[Finding]:
    lattice = parent.lattice
    if isinstance(lattice, LatticeFile):
        if not located(folder, lattice.file).exists():
            what = f"there is no file {lattice.file}"
            yield Finding(("parent", "lattice", "file"), what, "Paths start at the spec's folder")
        return
    from bigdata.lattices.prototypes import prototype
    from bigdata.lattices.sublattices import sublattices

    try:
        found = prototype(lattice.prototype)
    except DataProblem as problem:
        yield from problem.at("parent", "lattice", "prototype")
        return
    for path, checked in (
        (("parent", "lattice"), lambda: found.check(lattice.parameters)),
        (("parent", "sublattices"), lambda: sublattices(found.labels, parent.sublattices)),
    ):
        try:
            checked()
        except DataProblem as problem:
            yield from problem.at(*path)
    if all(len(species) < 2 for species in parent.sublattices):
        what = "no site has a choice of species"
        yield Finding(("parent", "sublattices"), what, "Write two species or more for one of them: [[Ag, Pd]]")


def _cutoffs(clusters: Clusters) -> Iterable[Finding]:
    if not clusters.cutoffs and clusters.keep is None:
        yield Finding(("clusters",), "leaves all clusters of two points and more out", "Say `cutoffs: {2: 8 angstrom}`")
    for n_points in clusters.cutoffs:
        if not 2 <= n_points <= MOST_POINTS:
            what = f"{n_points} points are too many" if n_points > 1 else f"a cluster of {n_points} has no distance"
            right = f"Write a number of points from 2 to {MOST_POINTS}; single points are always there"
            yield Finding(("clusters", "cutoffs", str(n_points)), what, right, at_key=True)


def _validation(validation: Validation | None) -> Iterable[Finding]:
    if validation is not None and (validation.by, validation.folds) == ("correlations", "leave-one-out"):
        what = "how many structures differ in their correlations is known only when they are mapped"
        yield Finding(("validation", "folds"), what, "Write a number of folds: 10")


def _selection(selection: Selection | None) -> Iterable[Finding]:
    for key, method in (("alpha", "ridge"), ("l1_ratio", "elastic-net")):
        if selection is not None and getattr(selection, key) is not None and selection.method != method:
            what = f"belongs to `method: {method}`, and the method is {selection.method}"
            yield Finding(("selection", key), what, "Leave it out, or change the method", at_key=True)
