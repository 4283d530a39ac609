"""Where spectra come from: the `dataset:` of a study of spectra."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from bigdata.data.model import NamedDataset, Query, Rows, origin_by

SpectraFormat = Literal["jsonl", "npz", "table", "csv", "nomad", "pymatgen", "fhi-aims", "exciting"]


class SpectraFile(Rows):
    """A file or folder of the user's, relative to the spec."""

    file: str
    format: SpectraFormat | None = Field(
        default=None, description="Told from the file's name and content where not given."
    )


class NomadQuery(Query):
    """Densities of states from NOMAD's archive."""

    query: dict[str, Any] = Field(
        default={}, description='As NOMAD takes it: {"results.material.elements": {"all": ["B", "N"]}}.'
    )
    url: str = "https://nomad-lab.eu/prod/v1/api/v1"
    page: Annotated[int, Field(gt=0)] = Field(default=100, description="Entries in one answer.")


class NomadDataset(Rows):
    """An answer of NOMAD; fetched once, then taken from the cache."""

    nomad: NomadQuery


SpectraOrigin = Annotated[
    Annotated[NamedDataset, Tag("name")] | Annotated[SpectraFile, Tag("file")] | Annotated[NomadDataset, Tag("nomad")],
    origin_by("name", "file", "nomad"),
]
"""Where spectra come from."""
