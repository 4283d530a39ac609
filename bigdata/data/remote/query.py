"""What databases on the web are asked for, as a spec writes it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from bigdata.data.model import Scalar
from bigdata.spec.study import SpecModel


class Query(SpecModel):
    """What a database is asked for."""

    max_entries: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="Stop after so many entries; all where not given."
    )


class NomadQuery(Query):
    """Densities of states from NOMAD's archive."""

    query: dict[str, Any] = Field(
        default={}, description='As NOMAD takes it: {"results.material.elements": {"all": ["B", "N"]}}.'
    )
    url: str = "https://nomad-lab.eu/prod/v1/api/v1"
    page: Annotated[int, Field(gt=0)] = Field(default=100, description="Entries in one answer.")


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
