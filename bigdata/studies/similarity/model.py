"""The YAML of a similarity study (section 3 of doi 10.1039/d4fd00102h): spectra, fingerprint, measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from bigdata.data.problem import placed
from bigdata.data.spectra.origin import SpectraFile, SpectraOrigin
from bigdata.kind import (
    Energy,
    Finding,
    Input,
    PathInSpec,
    SpecModel,
    States,
    StudyModel,
    named,
    unknown_fields,
)

DEFAULT_GRID = "nonuniform:-2:0.05:1.05:0.5:5.5:7:-8:7:56"


class Spectrum(SpecModel):
    """Where the energies of a density of states start to count, and which part of it is compared."""

    zero: Literal["valence-band-maximum", "fermi", "none"] = Field(
        default="valence-band-maximum",
        description="The energy that becomes 0; `none` takes the energies as they are.",
    )
    window: tuple[Energy, Energy] | None = Field(
        default=None,
        description="Keep the fingerprint's columns inside [from, to]; the spectrum itself isn't cut.",
    )
    negative: Literal["refuse", "clip", "keep"] = Field(
        default="refuse",
        description="A density of states below zero is a bad entry; `clip` takes 0 there, `keep` what is there.",
    )


class GridFields(SpecModel):
    """The fingerprint's grid in words: columns are narrow and low at `reference`, and grow away from it."""

    reference: Energy = Field(default=-2.0, description="The energy on which the grid is focused.")
    narrowest: Energy = Field(default=0.05, description="Width of the columns at the reference.")
    widest: Energy = Field(default=1.05, description="Width that columns far away from it approach.")
    lowest: States = Field(default=0.5, description="Height of the columns at the reference.")
    highest: States = Field(default=5.5, description="Height that columns far away from it approach.")
    width: Energy = Field(default=7.0, description="Standard deviation of the Gaussian by which columns grow.")
    cutoff: tuple[Energy, Energy] = Field(
        default=(-8.0, 7.0), description="Where the grid begins and ends, from the reference."
    )
    pixels: int = Field(default=56, ge=1, le=255, description="Steps of a column's height.")

    @property
    def id(self) -> str:
        """The same grid as the id that `nomad-dos-fingerprints` understands."""
        parts = (
            self.reference,
            self.narrowest,
            self.widest,
            self.lowest,
            self.highest,
            self.width,
            *self.cutoff,
        )
        # Twelve digits: converted to eV, 13 meV are 0.013000000000000001.
        return ":".join(["nonuniform", *(f"{part:.12g}" for part in parts), str(self.pixels)])


def _checked_grid(grid: str | GridFields) -> str:
    from bigdata.studies.similarity.grid import Grid

    return Grid.from_id(grid if isinstance(grid, str) else grid.id).id


if TYPE_CHECKING:
    GridId = str
else:
    GridId = Annotated[
        Annotated[str, AfterValidator(_checked_grid), Tag("id")]
        | Annotated[GridFields, AfterValidator(_checked_grid), Tag("fields")],
        Discriminator(lambda value: "fields" if isinstance(value, dict | GridFields) else "id"),
    ]


class Fingerprint(SpecModel):
    """How a spectrum becomes a fingerprint (doi 10.1038/s41597-022-01754-z)."""

    grid: GridId = Field(
        default=DEFAULT_GRID,
        description="Columns and heights of the fingerprint: an id, or fields with units.",
    )


class Nearest(SpecModel):
    """For each entry, the most similar others."""

    nearest: int = Field(ge=1, description="How many neighbours to keep for each entry.")


class Above(SpecModel):
    """For each entry, the others that are at least this similar."""

    above: float = Field(ge=0, le=1, description="The least similarity to keep.")
    at_most: int = Field(
        default=256, ge=1, description="How many neighbours to keep for each entry, the most similar first."
    )


def _keep(value: Any) -> str | None:
    if isinstance(value, Nearest | Above):
        return "nearest" if isinstance(value, Nearest) else "above"
    if isinstance(value, dict):
        return next((key for key in ("nearest", "above") if key in value), None)
    return "matrix" if value == "matrix" else None


Keep = Annotated[
    Annotated[Literal["matrix"], Tag("matrix")] | Annotated[Nearest, Tag("nearest")] | Annotated[Above, Tag("above")],
    Discriminator(_keep),
]


class Measure(SpecModel):
    """How alike two fingerprints are, and which of the similarities are stored."""

    measure: Literal["tanimoto", "dice", "cosine", "integrated-l1"] = Field(
        default="tanimoto", description="The similarity of two fingerprints, from 0 to 1."
    )
    keep: Keep = Field(default="matrix", description="All similarities, or each entry's neighbours only.")


class Groups(SpecModel):
    """Homogeneous groups: entries that are all alike."""

    linkage: Literal["complete", "average", "single"] = Field(
        default="complete",
        description="How alike two groups are: as their least similar pair, on average, or as their most.",
    )
    min_similarity: float = Field(default=0.9, ge=0, le=1, description="Groups this alike are joined.")


FieldNames = Annotated[list[str], Field(min_length=1)]


class By(SpecModel):
    """A field to order by, and which of its ends is the accurate one."""

    field: str = Field(description="A setting of the dataset.")
    descending: bool = Field(
        default=False, description="The least value is the most accurate: spacings of k-points, thresholds."
    )


OrderField = Annotated[
    Annotated[str, Tag("name")] | Annotated[By, Tag("field")],
    Discriminator(lambda value: "field" if isinstance(value, dict | By) else "name"),
]


class Blocks(SpecModel):
    """Mean, least and greatest similarity between any two groups of settings (blocks a-n of Fig. 4)."""

    by: FieldNames = Field(description="Entries that agree in these fields make one group.")


class Convergence(SpecModel):
    """How converged a setting is: the similarity to the most accurate entry, the last by `order_by`."""

    within: FieldNames = Field(description="Compare entries that agree in these fields.")


class Similarity(StudyModel):
    """How alike are calculations of different numerical settings, and which form homogeneous groups?"""

    stages_at: ClassVar[str] = "bigdata.studies.similarity.stages:stages"
    report_at: ClassVar[str] = "bigdata.studies.similarity.report:report"
    starter_at: ClassVar[str] = "bigdata.studies.similarity:starter.yaml"
    variables: ClassVar[tuple[str, ...]] = ("BIGDATA_NO_KERNEL",)

    study: Literal["similarity"] = "similarity"
    dataset: SpectraOrigin = Field(description="The spectra to compare.")
    spectrum: Spectrum = Spectrum()
    fingerprint: Fingerprint = Fingerprint()
    similarity: Measure = Measure()
    order_by: list[OrderField] = Field(
        default=[],
        description="Fields that order the entries, the first one slowest; the most accurate last. "
        "`{field: kspacing, descending: true}` where less is more accurate.",
    )
    groups: Groups | None = Field(default=None, description="Find homogeneous groups; left out: none.")
    blocks: Blocks | None = Field(
        default=None,
        description="Statistics between groups; left out: by the first two of `order_by`; `null`: none.",
    )
    convergence: Convergence | None = Field(
        default=None,
        description="Similarity to the best entry; left out: within the first of `order_by`; `null`: none.",
    )

    @property
    def order(self) -> list[By]:
        """What orders the entries, the first one slowest."""
        return _ordering(self.order_by)

    @property
    def order_fields(self) -> list[str]:
        """The names of the fields that order the entries."""
        return [by.field for by in self.order]

    @model_validator(mode="after")
    def _fill(self) -> Self:
        """Defaults that follow from `order_by`."""
        filled: dict[str, Any] = {}
        if self.order_by and "blocks" not in self.model_fields_set and self.similarity.keep == "matrix":
            filled["blocks"] = Blocks(by=self.order_fields[:2])
        if self.order_by and "convergence" not in self.model_fields_set:
            filled["convergence"] = Convergence(within=self.order_fields[:1])
        return self.model_copy(update=filled) if filled else self

    @classmethod
    def check(cls, fields: Mapping[str, Any], folder: Path) -> Iterable[Finding]:
        """The data and their fields, and what doesn't go together."""
        yield from _order(_ordering(fields.get("order_by", [])))
        yield from _together(fields)
        if "dataset" in fields:
            yield from unknown_fields(fields["dataset"], folder, ("dataset",), _named(fields))

    def data_files(self, folder: Path) -> Iterable[Path]:
        """The file of spectra, where it isn't a dataset known by name."""
        return [named(folder, self.dataset.file)] if isinstance(self.dataset, SpectraFile) else []

    def inputs(self, folder: Path) -> dict[str, Input]:
        """The spectra, imported into the cache. Raises Findings for data that can't be used."""
        # Only where data are opened: a spec is checked without NumPy.
        from bigdata.data.spectra.dataset import open_spectra

        with placed("dataset"):
            spectra = open_spectra(self.dataset, folder)
        file = self.dataset.file if isinstance(self.dataset, SpectraFile) else ""
        return {"spectra": Input(spectra.digest, str(spectra.folder), file, spectra.content)}

    def figures(self) -> dict[str, str]:
        at, has_matrix = "bigdata.studies.similarity.captioned", self.similarity.keep == "matrix"
        shown = {
            "matrix": has_matrix,
            "neighbors": not has_matrix,
            "convergence": self.convergence is not None,
            "groups": has_matrix and self.groups is not None,
            "fingerprints": True,
        }
        return {name: f"{at}:{name}" for name, is_shown in shown.items() if is_shown}


def _ordering(order_by: Iterable[str | By]) -> list[By]:
    return [By(field=by) if isinstance(by, str) else by for by in order_by]


def _order(order: list[By]) -> Iterable[Finding]:
    names = [by.field for by in order]
    for i, name in enumerate(names):
        if name in names[:i]:
            yield Finding(("order_by", i), f"`{name}` is listed twice", "Keep one of the two")


def _together(fields: Mapping[str, Any]) -> Iterable[Finding]:
    """Parts that are right by themselves and not together."""
    keep = fields["similarity"].keep if "similarity" in fields else "matrix"
    groups, window = fields.get("groups"), getattr(fields.get("spectrum"), "window", None)
    if groups is not None and isinstance(keep, Nearest):
        yield Finding(
            ("groups",),
            "a list of nearest neighbours doesn't determine groups",
            "Leave `groups:` out, or write `keep: matrix` or `keep: {above: …}`",
        )
    if groups is not None and isinstance(keep, Above):
        yield from _groups_above(groups, keep)
    if fields.get("blocks") is not None and keep != "matrix":
        yield Finding(("blocks",), "needs all similarities", "Write `keep: matrix`, or leave `blocks:` out")
    if window is not None and not window[0] < window[1]:
        yield Finding(("spectrum", "window"), "begins above its end", "Write [from, to], the lower energy first")


def _groups_above(groups: Groups, keep: Above) -> Iterable[Finding]:
    if groups.min_similarity < keep.above:
        what = f"{groups.min_similarity:g} is less than the similarities kept, which begin at {keep.above:g}"
        yield Finding(("groups", "min_similarity"), what, f"Write at least {keep.above:g}, or keep more")
    if groups.linkage == "average":
        what = "the average needs all similarities, and only those above a value are kept"
        yield Finding(("groups", "linkage"), what, "Write `complete` or `single`, or `keep: matrix`")


def _named(fields: Mapping[str, Any]) -> Iterable[tuple[PathInSpec, str]]:
    """Every field of the dataset that the study names beside `where:`, with its path."""
    for i, by in enumerate(fields.get("order_by", [])):
        yield (("order_by", i), by) if isinstance(by, str) else (("order_by", i, "field"), by.field)
    for part, key in (("blocks", "by"), ("convergence", "within")):
        yield from (((part, key, i), name) for i, name in enumerate(getattr(fields.get(part), key, [])))
