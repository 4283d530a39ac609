"""How a spec names its data: `dataset:`, with the rows wanted (`where:`) and what to do with bad ones."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from bigdata.spec.study import SpecModel

Scalar = str | int | float | bool
SpectraFormat = Literal["jsonl", "npz", "table", "csv", "nomad", "pymatgen", "fhi-aims", "exciting"]
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


class Range(SpecModel):
    """Rows whose value lies between bounds; a row without the value doesn't."""

    below: float | None = Field(default=None, description="value < below")
    above: float | None = Field(default=None, description="value > above")
    at_least: float | None = Field(default=None, description="value >= at_least")
    at_most: float | None = Field(default=None, description="value <= at_most")


def _condition(value: Any) -> str:
    if isinstance(value, (dict, Range)):
        return "range"
    return "values" if isinstance(value, (list, tuple)) else "value"


Condition = Annotated[
    Annotated[Scalar, Tag("value")] | Annotated[tuple[Scalar, ...], Tag("values")] | Annotated[Range, Tag("range")],
    Discriminator(_condition),
]


class _Rows(SpecModel):
    where: dict[str, Condition] = Field(
        default={},
        description="Keep the rows whose field has this value, one of these, or one in this range.",
    )
    on_bad_entry: Literal["refuse", "skip"] = Field(
        default="refuse",
        description="What to do when an entry can't be used: refuse the study, or skip and count it.",
    )


class NamedDataset(_Rows):
    """A registered dataset: `bigdata datasets list` shows them."""

    name: str


class SpectraFile(_Rows):
    """A file or folder of the user's, relative to the spec."""

    file: str
    format: SpectraFormat | None = Field(
        default=None, description="Told from the file's name and content where not given."
    )


class Sample(SpecModel):
    """Entries drawn at random from those that are left."""

    entries: Annotated[int, Field(gt=0)] = Field(description="How many.")
    seed: int = Field(default=0, ge=0)


class _Materials(_Rows):
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


class _Query(SpecModel):
    max_entries: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="Stop after so many entries; all where not given."
    )


class OptimadeQuery(_Query):
    """Structures of a database that speaks OPTIMADE."""

    provider: str = Field(default="", description="A provider's name, such as oqmd; or give `url`.")
    url: str = Field(default="", description="Base address of the database, without /v1.")
    filter: str = Field(default="", description='In OPTIMADE\'s grammar: elements HAS ALL "B","N" AND nelements=2.')
    fields: tuple[str, ...] = Field(
        default=(), description="Properties wanted besides the structures, such as _oqmd_delta_e."
    )
    page: Annotated[int, Field(gt=0)] = Field(default=100, description="Entries in one answer.")


class AflowQuery(_Query):
    """Entries of AFLOW through its search language AFLUX."""

    matchbook: str = Field(description="What AFLUX calls so: species(Na,Cl),nspecies(2),Egap(1*).")
    fields: tuple[str, ...] = Field(
        default=(), description="Properties wanted besides the structures, such as enthalpy_formation_atom."
    )
    url: str = "https://aflow.org/API/aflux/"
    page: Annotated[int, Field(gt=0)] = Field(default=1000, description="Entries in one answer.")


class MaterialsProjectQuery(_Query):
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


class NomadQuery(_Query):
    """Densities of states from NOMAD's archive."""

    query: dict[str, Any] = Field(
        default={}, description='As NOMAD takes it: {"results.material.elements": {"all": ["B", "N"]}}.'
    )
    url: str = "https://nomad-lab.eu/prod/v1/api/v1"
    page: Annotated[int, Field(gt=0)] = Field(default=100, description="Entries in one answer.")


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


class NomadDataset(_Rows):
    """An answer of NOMAD; fetched once, then taken from the cache."""

    nomad: NomadQuery


def _origin(*keys: str) -> Discriminator:
    """Tells the kinds of datasets apart by the key that says where the data are."""

    def told(value: Any) -> str | None:
        if isinstance(value, dict):
            return next((key for key in keys if key in value), None)
        given = getattr(value, "model_fields_set", ())
        return next((key for key in keys if key.replace("-", "_") in given), None)

    words = [f"`{key}:`" for key in keys]
    return Discriminator(
        told,
        custom_error_type="dataset_origin",
        custom_error_message=f"says none of {', '.join(words[:-1])} and {words[-1]}",
    )


SpectraOrigin = Annotated[
    Annotated[NamedDataset, Tag("name")] | Annotated[SpectraFile, Tag("file")] | Annotated[NomadDataset, Tag("nomad")],
    _origin("name", "file", "nomad"),
]
"""Where spectra come from."""

MaterialsOrigin = Annotated[
    Annotated[NamedMaterials, Tag("name")]
    | Annotated[MaterialsFile, Tag("file")]
    | Annotated[OptimadeDataset, Tag("optimade")]
    | Annotated[AflowDataset, Tag("aflow")]
    | Annotated[MaterialsProjectDataset, Tag("materials-project")],
    _origin("name", "file", "optimade", "aflow", "materials-project"),
]
"""Where materials come from."""
