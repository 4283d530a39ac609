"""The YAML of an overlap study: datasets with a target each, what identifies an entry, and how groups are split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from bigdata.data import DataProblem
from bigdata.data import fields as dataset_fields
from bigdata.data.model import MaterialsFile, MaterialsOrigin
from bigdata.kind import Finding, Findings, Input, PathInSpec, SpecModel, StudyModel, located, named

if TYPE_CHECKING:
    from bigdata.studies.materials.split import Split as SplitFile

By = Literal["formula", "reduced_formula", "given_formula", "spacegroup", "wyckoff"]


class Target(SpecModel):
    """The quantity that is compared, in one unit for all datasets."""

    quantity: str = Field(default="", description="Its name, for figures: formation energy.")
    units: str = Field(default="", description="The unit that all values are converted to; as stored where left out.")
    range: tuple[float, float] | None = Field(
        default=None, description="Leave out entries whose value lies outside [from, to]; they are counted."
    )


class Identity(SpecModel):
    """Which entries count as the same material: those that agree in all of `by`."""

    by: Annotated[tuple[By, ...], Field(min_length=1)] = Field(
        default=("formula", "spacegroup"),
        description="formula: of the standardised primitive cell; given_formula: as the database writes it; "
        "wyckoff: the occupied orbits.",
    )
    symprec: float = Field(default=0.1, gt=0, description="Tolerance of the symmetry search, in angstrom.")

    @property
    def needs_symmetry(self) -> bool:
        return bool({"formula", "spacegroup", "wyckoff"} & set(self.by))


class Split(SpecModel):
    """One split of the groups, shared by all datasets: fractions of the entries, or a file made before."""

    train: float = Field(default=0.8, ge=0, le=1)
    validation: float = Field(default=0.1, ge=0, le=1)
    test: float = Field(default=0.1, ge=0, le=1)
    seed: int = Field(default=0, ge=0)
    file: str = Field(default="", description="A split file of `bigdata datasets split`, in place of the fractions.")


FOLDS = ("train", "validation", "test")
NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"


class Overlap(StudyModel):
    """What do databases share, and how do their values differ where they do?"""

    stages_at: ClassVar[str] = "bigdata.studies.overlap.stages:stages"
    report_at: ClassVar[str] = "bigdata.studies.overlap.report:report"

    study: Literal["overlap"] = "overlap"
    datasets: dict[Annotated[str, Field(pattern=NAME)], MaterialsOrigin] = Field(
        min_length=1, description="The datasets, each under a short name."
    )
    target: Target = Target()
    identity: Identity = Identity()
    split: Split | None = Field(default=None, description="Split the groups too; left out: no split.")

    @classmethod
    def check(cls, fields: Mapping[str, Any], folder: Path) -> Iterable[Finding]:
        """The datasets exist and have the fields that are named; fractions make a whole."""
        for name, dataset in fields.get("datasets", {}).items():
            yield from _data(name, dataset, folder)
        if (split := fields.get("split")) is not None:
            yield from _fractions(split, folder)
        target = fields.get("target")
        if target is not None and target.range is not None and not target.range[0] < target.range[1]:
            yield Finding(("target", "range"), "begins above its end", "Write [from, to], the lower value first")

    def data_files(self, folder: Path) -> Iterable[Path]:
        """The files of the user's own."""
        own = [d.file for d in self.datasets.values() if isinstance(d, MaterialsFile)]
        return [named(folder, file) for file in (*own, *([self.split.file] if self.split and self.split.file else []))]

    def inputs(self, folder: Path) -> dict[str, Input]:
        """The datasets, imported into the cache, and the split file. Raises Findings for data that can't be used."""
        from bigdata.data.materials.dataset import open_materials
        from bigdata.studies.materials.split import Split as SplitFile

        found = {}
        for name, dataset in self.datasets.items():
            try:
                opened = open_materials(dataset, folder)
            except DataProblem as problem:
                raise Findings(*at(problem, "datasets", name)) from problem
            if self.identity.needs_symmetry and not opened.has_structures:
                raise Findings(_no_structures(name))
            file = dataset.file if isinstance(dataset, MaterialsFile) else ""
            found[name] = Input(opened.digest, str(opened.folder), file, opened.content)
        if self.split and self.split.file:
            path = located(folder, self.split.file)
            split = SplitFile.from_file(path)
            _fits(split, self.identity)
            found["split file"] = Input(split.digest, str(path.absolute()), self.split.file, split.digest)
        return found

    def figures(self) -> dict[str, str]:
        at = "bigdata.studies.overlap.captioned"
        has_targets, several = any(d.target for d in self.datasets.values()), len(self.datasets) > 1
        shown = {
            "overlap": several,
            "group_sizes": True,
            "histograms": has_targets,
            "agreement": has_targets and several,
        }
        return {name: f"{at}:{name}" for name, is_shown in shown.items() if is_shown}


def _no_structures(name: str) -> Finding:
    what = "has formulas only, and what identifies materials here needs structures"
    return Finding(
        ("datasets", name), what, "Write `identity: {by: [reduced_formula]}`, or give structures", at_key=True
    )


def _fits(split: SplitFile, identity: Identity) -> None:
    """Raises Findings where a split file has other parts, or tells materials apart in another way."""
    if split.folds != FOLDS:
        what = f"has the parts {', '.join(split.folds)}"
        raise Findings(Finding(("split", "file"), what, f"A study needs {', '.join(FOLDS)}: make a split by fractions"))
    asked = {"by": list(identity.by), "symprec": identity.symprec if identity.needs_symmetry else None}
    if split.identity and dict(split.identity) != asked:
        made = f"by {', '.join(split.identity['by'])}" + (
            f" within {split.identity['symprec']:g} Å" if split.identity["symprec"] else ""
        )
        right = "Say the same under `identity:`, or make the split as the study tells materials apart"
        raise Findings(Finding(("split", "file"), f"was made for materials told apart {made}", right))


def at(problem: DataProblem, *path: str) -> Iterable[Finding]:
    """What is wrong with a dataset, at its place in the spec."""
    return (replace(finding, path=(*path, *finding.path)) for finding in problem.findings)


def _data(name: str, dataset: Any, folder: Path) -> Iterable[Finding]:
    here = ("datasets", name)
    try:
        known = dataset_fields(dataset, folder)
    except DataProblem as problem:
        yield from at(problem, *here)
        return
    if known is None:  # a query that hasn't been asked yet
        return
    wanted: list[tuple[PathInSpec, str]] = [(("where", field), field) for field in dataset.where]
    wanted += [(("target",), dataset.target)] if dataset.target else []
    for path, field in wanted:
        if field not in known:
            what, right = f"the dataset has no field `{field}`", f"Its fields are {', '.join(known)}"
            yield Finding((*here, *path), what, right, field, tuple(known), at_key=path[0] == "where")


def _fractions(split: Split, folder: Path) -> Iterable[Finding]:
    given = split.model_fields_set & {"train", "validation", "test", "seed"}
    if split.file and given:
        yield Finding(("split", "file"), "stands beside fractions", "Give the file, or train, validation and test")
    elif split.file and not located(folder, split.file).is_file():
        yield Finding(("split", "file"), f"there is no file {split.file}", "Paths start at the spec's folder")
    elif abs(split.train + split.validation + split.test - 1) > 1e-9:
        total = split.train + split.validation + split.test
        yield Finding(("split",), f"train, validation and test make {total:g}", "Let them make 1")
