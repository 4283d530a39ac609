"""How a spec names its data: `dataset:`, with the rows wanted (`where:`) and what to do with bad ones."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from bigdata.spec.study import SpecModel

Scalar = str | int | float | bool
SpectraFormat = Literal["jsonl", "npz", "table", "csv", "nomad", "pymatgen", "fhi-aims", "exciting"]


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


class FileDataset(_Rows):
    """A file or folder of the user's, relative to the spec."""

    file: str
    format: SpectraFormat | None = Field(
        default=None, description="Told from the file's name and content where not given."
    )


def _origin(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    return next((key for key in ("name", "file") if key in keys), None)


Dataset = Annotated[
    Annotated[NamedDataset, Tag("name")] | Annotated[FileDataset, Tag("file")],
    Discriminator(_origin, custom_error_type="dataset_origin", custom_error_message="says neither `name:` nor `file:`"),
]
