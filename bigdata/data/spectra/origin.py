"""Where spectra come from: the `dataset:` of a study of spectra."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from bigdata.data.model import NamedDataset, Rows, origin_by
from bigdata.data.remote.query import NomadQuery

SpectraFormat = Literal[
    "jsonl", "npz", "table", "csv", "nomad", "pymatgen", "fhi-aims", "exciting", "vasprun", "doscar", "espresso"
]


class SpectraFile(Rows):
    """A file or folder of the user's, relative to the spec."""

    file: str
    format: SpectraFormat | None = Field(
        default=None, description="Told from the file's name and content where not given."
    )


class NomadDataset(Rows):
    """An answer of NOMAD; fetched once, then taken from the cache."""

    nomad: NomadQuery


SpectraOrigin = Annotated[
    Annotated[NamedDataset, Tag("name")] | Annotated[SpectraFile, Tag("file")] | Annotated[NomadDataset, Tag("nomad")],
    origin_by("name", "file", "nomad"),
]
"""Where spectra come from."""
