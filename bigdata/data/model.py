"""How a spec names its data: `dataset:`, with the rows wanted (`where:`) and what to do with bad ones."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from bigdata.spec.study import SpecModel
from bigdata.units import split_quantity

Kind = Literal["spectra", "materials"]
Scalar = str | int | float | bool


def _bound(value: float | str) -> float | str:
    if isinstance(value, str):
        split_quantity(value)
    return value


# A number in the unit of the field, or with a unit of its own: `200 eV`.
Bound = Annotated[float | str, AfterValidator(_bound)]


class Range(SpecModel):
    """Rows whose value lies between bounds; a row without the value doesn't. A bound without a unit has the field's."""

    below: Bound | None = Field(default=None, description="value < below")
    above: Bound | None = Field(default=None, description="value > above")
    at_least: Bound | None = Field(default=None, description="value >= at_least")
    at_most: Bound | None = Field(default=None, description="value <= at_most")


def _condition(value: Any) -> str:
    if isinstance(value, (dict, Range)):
        return "range"
    return "values" if isinstance(value, (list, tuple)) else "value"


Condition = Annotated[
    Annotated[Scalar, Tag("value")] | Annotated[tuple[Scalar, ...], Tag("values")] | Annotated[Range, Tag("range")],
    Discriminator(_condition),
]


class Rows(SpecModel):
    """Which of the entries are wanted, and what to do with bad ones."""

    where: dict[str, Condition] = Field(
        default={},
        description="Keep the rows whose field has this value, one of these, or one in this range.",
    )
    on_bad_entry: Literal["refuse", "skip"] = Field(
        default="refuse",
        description="What to do when an entry can't be used: refuse the study, or skip and count it.",
    )


class NamedDataset(Rows):
    """A registered dataset: `bigdata datasets list` shows them."""

    HOLDS: ClassVar[Kind] = "spectra"

    name: str


def origin_by(*keys: str) -> Discriminator:
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
