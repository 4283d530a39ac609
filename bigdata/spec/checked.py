"""Plain data to a checked model, or to all that is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from bigdata.spec.node import Located, Node
from bigdata.spec.study import SpecModel

Model = TypeVar("Model", bound=SpecModel)


def validated(model: type[Model], data: Any, context: Mapping[str, Any] | None = None) -> Model:
    """Strictly: no text for a number, no number for a text. Raises pydantic's ValidationError."""
    # By way of JSON, because pydantic's strict mode takes lists for tuples there and nowhere else.
    return model.model_validate_json(json.dumps(data), strict=True, context=dict(context or {}))


def checked(model: type[Model], root: Node, problems: list[Located], also: Sequence[str] = ()) -> Model | None:
    """The model of a tree; None, and problems added, where it is wrong. `also` are more keys at the top."""
    try:
        return validated(model, root.plain)
    except ValidationError as error:
        from bigdata.spec.problems import from_pydantic

        problems += from_pydantic(error, model, root, also=also)
        return None


def written_fields(model: SpecModel, root: Node) -> dict[str, Any]:
    """The top-level fields as written, or their defaults: without what a model filled in after others."""
    return {
        name: getattr(model, name) if root.child(name) else info.get_default(call_default_factory=True)
        for name, info in type(model).model_fields.items()
    }


def valid_fields(model: type[SpecModel], root: Node) -> dict[str, Any]:
    """The top-level fields, defaults among them, that are right by themselves in a tree that isn't."""
    fields = {}
    for name, info in model.model_fields.items():
        node = root.child(name)
        if node is None and not info.is_required():
            fields[name] = info.get_default(call_default_factory=True)
        elif node is not None:
            fields |= _one(name, info, node)
    return fields


def _one(name: str, info: Any, node: Node) -> dict[str, Any]:
    # `rebuild_annotation`, since pydantic keeps a field's bounds beside its `annotation`.
    adapter: TypeAdapter[Any] = TypeAdapter(info.rebuild_annotation())
    try:
        return {name: adapter.validate_json(json.dumps(node.plain), strict=True)}
    except ValidationError:
        return {}
