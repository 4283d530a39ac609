"""One JSON schema for the specs of all kinds, so that editors complete and check them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import DefsRef, GenerateJsonSchema

from bigdata.errors import SpecError
from bigdata.spec.kinds import is_ours, kind, kinds
from bigdata.spec.study import SpecModel
from bigdata.spec.sweep import Sweep

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EXTENDS = {
    "type": "string",
    "minLength": 1,
    "description": "A parent file, relative to this one: its fields count where this file doesn't give them. "
    "Mappings are merged key by key, anything else is replaced.",
}
_REF = "#/$defs/"
_MODE: Literal["validation"] = "validation"


class _Schema(GenerateJsonSchema):
    """Without titles, which only repeat the keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema() -> tuple[dict[str, Any], list[str]]:
    """The schema (draft 2020-12): by `study:`, the fields of the kind; `extends:` and `sweep:` for all.

    And what is wrong with kinds of other packages that are left out, a sentence each.
    """
    names, left_out = _described()
    models: list[type[SpecModel]] = [*map(kind, names), Sweep]
    inputs = [(model, _MODE, model.__pydantic_core_schema__) for model in models]
    refs, definitions = _Schema(ref_template=_REF + "{model}").generate_definitions(inputs)
    for name in names:
        # By its reference: two packages may have classes of one name.
        own = refs[kind(name), _MODE]["$ref"].removeprefix(_REF)
        _open_to_parents(definitions[DefsRef(own)], refs[Sweep, _MODE])
    whole = {
        "$schema": DIALECT,
        "title": "A study of bigdata",
        "type": "object",
        "properties": {"study": {"description": "The kind of study.", "enum": names}},
        "anyOf": [{"required": ["study"]}, {"required": ["extends"]}],
        "allOf": [_if_kind(name, refs[kind(name), _MODE]) for name in names],
        "$defs": {name: _with_units(definition, definitions) for name, definition in definitions.items()},
    }
    return whole, left_out


def _described() -> tuple[list[str], list[str]]:
    """The kinds that a schema can be made of, and why it can't of the others."""
    names, left_out = [], []
    for name in kinds():
        try:
            if not is_ours(name):
                _Schema().generate(kind(name).__pydantic_core_schema__, _MODE)
            names.append(name)
        except SpecError as error:
            left_out.append(str(error))
        except PydanticInvalidForJsonSchema as error:
            left_out.append(f"the study kind `{name}` has no JSON schema: {error.message}. Its author has to say one.")
    return names, left_out


def site_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of site files."""
    from bigdata.spec.site import Site

    generated = _Schema(ref_template=_REF + "{model}").generate(Site.__pydantic_core_schema__, _MODE)
    parts = generated.pop("$defs")
    definitions = {name: _with_units(definition, parts) for name, definition in parts.items()}
    fields = generated["properties"]
    for field in fields.values():
        if "$ref" in field and "default" in field:
            field["default"] = {}  # the defaults of its own fields stand there
    fields["extends"] = _EXTENDS
    required = {"anyOf": [{"required": ["extends"]}, {"required": generated.pop("required")}]}
    return {**generated, "$schema": DIALECT, "title": "A site of bigdata", **required, "$defs": definitions}


def _if_kind(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    # `required`, since a file without `study:` would fit every `if`: what isn't there breaks no rule.
    return {"if": {"properties": {"study": {"const": name}}, "required": ["study"]}, "then": fields}


def _open_to_parents(definition: dict[str, Any], sweep: Mapping[str, Any]) -> None:
    """Add `extends:` and `sweep:`; what is required may come from a parent."""
    definition["properties"] |= {"extends": _EXTENDS, "sweep": dict(sweep)}
    definition["anyOf"] = [{"required": ["extends"]}, {"required": definition.pop("required", [])}]


def _with_units(definition: dict[str, Any], parts: Mapping[Any, Any]) -> dict[str, Any]:
    """Defaults as a spec would write them: models hold numbers where a spec wants quantities."""
    for field in definition.get("properties", {}).values():
        if "default" in field:
            field["default"] = _written(field["default"], field, parts)
    return definition


def _written(value: Any, field: Mapping[str, Any], parts: Mapping[Any, Any]) -> Any:
    if "unit" in field and isinstance(value, int | float):
        return f"{value} {field['unit']}" if isinstance(value, int) else f"{value:g} {field['unit']}"
    if isinstance(value, list) and "prefixItems" in field:
        return [_written(v, f, parts) for v, f in zip(value, field["prefixItems"], strict=True)]
    if isinstance(value, dict) and "$ref" in field:
        # A default that is a part with fields of its own.
        fields = parts[field["$ref"].removeprefix("#/$defs/")].get("properties", {})
        return {name: _written(one, fields.get(name, {}), parts) for name, one in value.items()}
    return value
