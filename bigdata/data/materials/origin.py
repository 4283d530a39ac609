"""Where materials come from: the `dataset:` of a study of materials."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, Tag

from bigdata.data.label import Label
from bigdata.data.model import Kind, NamedDataset, Rows, origin_by
from bigdata.data.remote.query import AflowQuery, MaterialsProjectQuery, OptimadeQuery
from bigdata.spec.grown import Grown
from bigdata.spec.study import SpecModel

MaterialsFormat = Literal[
    "jsonl",
    "ase",
    "extxyz",
    "cif",
    "csv",
    "table",
    "pymatgen",
    "matbench",
    "mp-crystals",
    "jarvis",
    "json",
    "poscar",
    "vasprun",
    "optimade",
    "aflux",
    "materials-project",
    "run",
]


class Sample(SpecModel):
    """Entries drawn at random from those that are left."""

    entries: Annotated[int, Field(gt=0)] = Field(description="How many.")
    seed: int = Field(default=0, ge=0)


class _Materials(Grown, Rows):
    LATER: ClassVar[tuple[str, ...]] = ("label",)

    target: str = Field(default="", description="The property to learn, where the study has one for each dataset.")
    units: dict[str, str] = Field(
        default={}, description="Units of properties where the data don't say them: {e_form: eV/atom}."
    )
    sample: Sample | None = Field(default=None, description="Take some entries only, drawn at random.")
    label: Label = Field(
        default=Label(),
        description="How the target's values came to be; wins over what is known of a registered dataset.",
    )


class NamedMaterials(NamedDataset, _Materials):
    """A registered dataset: `bigdata datasets list` shows them."""

    HOLDS: ClassVar[Kind] = "materials"


class MaterialsFile(_Materials):
    """A file or folder of the user's, relative to the spec."""

    KEY: ClassVar[str] = "file"

    file: str
    format: MaterialsFormat | None = Field(
        default=None, description="Told from the file's name and content where not given."
    )


class MaterialsRun(MaterialsFile):
    """The calculations of a high-throughput run that are done: structures with energies, one for each setting."""

    model_config = ConfigDict(serialize_by_alias=True)
    KEY: ClassVar[str] = "run"

    file: str = Field(alias="run", description="The run's folder, relative to the spec.")
    format: Literal["run"] = "run"


class OptimadeDataset(_Materials):
    """An answer of a database that speaks OPTIMADE; fetched once, then taken from the cache."""

    optimade: OptimadeQuery


class AflowDataset(_Materials):
    """An answer of AFLOW; fetched once, then taken from the cache."""

    aflow: AflowQuery


class MaterialsProjectDataset(_Materials):
    """An answer of the Materials Project; fetched once, then taken from the cache."""

    model_config = ConfigDict(serialize_by_alias=True)

    materials_project: MaterialsProjectQuery = Field(alias="materials-project")


MaterialsOrigin = Annotated[
    Annotated[NamedMaterials, Tag("name")]
    | Annotated[MaterialsFile, Tag("file")]
    | Annotated[MaterialsRun, Tag("run")]
    | Annotated[OptimadeDataset, Tag("optimade")]
    | Annotated[AflowDataset, Tag("aflow")]
    | Annotated[MaterialsProjectDataset, Tag("materials-project")],
    origin_by("name", "file", "run", "optimade", "aflow", "materials-project"),
]
"""Where materials come from."""
