"""Parts of a spec that get more fields in time, without making users compute again what they have."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import SerializerFunctionWrapHandler, model_serializer

from bigdata.spec.study import SpecModel


class Grown(SpecModel):
    """A part of a spec that has got fields (`LATER`) since studies were first run with it.

    Where these are left out they are in no dump either: what was computed before keeps its keys.
    """

    LATER: ClassVar[tuple[str, ...]]

    @model_serializer(mode="wrap")
    def _without_later(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        # Keys are hashes of the dump, where a new field with its default would be another study.
        left_out = {name for name in self.LATER if getattr(self, name) == fields[name].default}
        return {name: value for name, value in dump(self).items() if name not in left_out}
