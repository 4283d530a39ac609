"""Where materials come from: the `dataset:` of a study of materials."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, Tag

from bigdata.data.model import NamedDataset, Query, Rows, Scalar, origin_by
from bigdata.spec.study import SpecModel

MaterialsFormat = Literal[
    "jsonl",
    "ase",
    "extxyz",
    "cif",
    "csv",
    "pymatgen",
    "matbench",
    "mp-crystals",
    "jarvis",
    "optimade",
    "aflux",
    "materials-project",
]


class Sample(SpecModel):
    """Entries drawn at random from those that are left."""

    entries: Annotated[int, Field(gt=0)] = Field(description="How many.")
    seed: int = Field(default=0, ge=0)


class _Materials(Rows):
    target: str = Field(default="", description="The property to learn, where the study has one for each dataset.")
    units: dict[str, str] = Field(
        default={}, description="Units of properties where the data don't say them: {e_form: eV/atom}."
    )
    sample: Sample | None = Field(default=None, description="Take some entries only, drawn at random.")


class NamedMaterials(NamedDataset, _Materials):
    """A registered dataset: `bigdata datasets list` shows them."""


class MaterialsFile(_Materials):
    """A file or folder of the user's, relative to the spec."""

    file: str
    format: MaterialsFormat | None = Field(
        default=None, description="Told from the file's name and content where not given."
    )


class OptimadeQuery(Query):
    """Structures of a database that speaks OPTIMADE."""

    provider: str = Field(default="", description="A provider's name, such as oqmd; or give `url`.")
    url: str = Field(default="", description="Base address of the database, without /v1.")
    filter: str = Field(default="", description='In OPTIMADE\'s grammar: elements HAS ALL "B","N" AND nelements=2.')
    fields: tuple[str, ...] = Field(
        default=(), description="Properties wanted besides the structures, such as _oqmd_delta_e."
    )
    page: Annotated[int, Field(gt=0)] = Field(default=100, description="Entries in one answer.")


class AflowQuery(Query):
    """Entries of AFLOW through its search language AFLUX."""

    matchbook: str = Field(description="What AFLUX calls so: species(Na,Cl),nspecies(2),Egap(1*).")
    fields: tuple[str, ...] = Field(
        default=(), description="Properties wanted besides the structures, such as enthalpy_formation_atom."
    )
    url: str = "https://aflow.org/API/aflux/"
    page: Annotated[int, Field(gt=0)] = Field(default=1000, description="Entries in one answer.")


class MaterialsProjectQuery(Query):
    """Summaries of the Materials Project's own interface; it wants a key."""

    filter: dict[str, Scalar | tuple[Scalar, ...]] = Field(
        default={}, description="Parameters of the interface: {elements: [B, N], num_elements: 2}."
    )
    fields: tuple[str, ...] = Field(
        default=("formation_energy_per_atom", "band_gap", "energy_above_hull"),
        description="Properties wanted besides the structures.",
    )
    key: str = Field(default="MP_API_KEY", description="The environment variable that holds your key.")
    url: str = "https://api.materialsproject.org"
    page: Annotated[int, Field(gt=0)] = Field(default=1000, description="Entries in one answer.")


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
    | Annotated[OptimadeDataset, Tag("optimade")]
    | Annotated[AflowDataset, Tag("aflow")]
    | Annotated[MaterialsProjectDataset, Tag("materials-project")],
    origin_by("name", "file", "optimade", "aflow", "materials-project"),
]
"""Where materials come from."""
