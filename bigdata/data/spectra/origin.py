"""Where spectra come from: the `dataset:` of a study of spectra."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, Tag

from bigdata.data.model import NamedDataset, Rows, origin_by
from bigdata.data.remote.query import NomadQuery

SpectraFormat = Literal[
    "jsonl", "npz", "table", "csv", "nomad", "pymatgen", "fhi-aims", "exciting", "vasprun", "doscar", "espresso", "run"
]


class SpectraFile(Rows):
    """A file or folder of the user's, relative to the spec."""

    KEY: ClassVar[str] = "file"

    file: str
    format: SpectraFormat | None = Field(
        default=None, description="Told from the file's name and content where not given."
    )


class SpectraRun(SpectraFile):
    """The densities of states of a high-throughput run, of the calculations that are done."""

    model_config = ConfigDict(serialize_by_alias=True)
    KEY: ClassVar[str] = "run"

    file: str = Field(alias="run", description="The run's folder, relative to the spec.")
    format: Literal["run"] = "run"


class NomadDataset(Rows):
    """An answer of NOMAD; fetched once, then taken from the cache."""

    nomad: NomadQuery


SpectraOrigin = Annotated[
    Annotated[NamedDataset, Tag("name")]
    | Annotated[SpectraFile, Tag("file")]
    | Annotated[SpectraRun, Tag("run")]
    | Annotated[NomadDataset, Tag("nomad")],
    origin_by("name", "file", "run", "nomad"),
]
"""Where spectra come from."""
