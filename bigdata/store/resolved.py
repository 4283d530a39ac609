"""The form of a run's resolved.json. A folder may come from anybody: what is in it becomes paths and numbers."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bigdata.store.record import is_address


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError("is no name of a stage")
    return text


class _Form(BaseModel):
    """Strict in what is known, and open to what other versions say beside it."""

    model_config = ConfigDict(strict=True, extra="ignore")


class _Input(_Form):
    model_config = ConfigDict(strict=True, extra="forbid")

    digest: str
    folder: str
    file: str = ""
    content: str = ""


class _Variant(_Form):
    group: Annotated[str, Field(pattern=r"^(variant-[0-9]{1,9})?$")]
    label: str = ""
    inputs: dict[str, _Input]
    packs: list[Annotated[str, AfterValidator(_address)]] = []


class _File(_Form):
    path: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    bytes: Annotated[int, Field(ge=0)] = 0


class _Spec(_Form):
    path: str
    from_run: str
    sha256: str


class _Study(_Form):
    study: str
    name: str
    variants: Annotated[list[dict[str, Any]], Field(min_length=1)]


class _Resolved(_Form):
    study: _Study
    variants: Annotated[list[_Variant], Field(min_length=1)]
    spec: _Spec | None = None
    files: list[_File] = []
    notes: list[str] = []


@cache
def _form() -> TypeAdapter[_Resolved]:
    return TypeAdapter(_Resolved)


def wrong_in(data: Any) -> str:
    """What is wrong with the data of a resolved.json, without showing what they hold; "" where nothing is."""
    try:
        _form().validate_python(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        return f"isn't what bigdata writes (`{'.'.join(map(str, first['loc']))}`: {first['msg']})"
    return ""
