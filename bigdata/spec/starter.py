"""Commented specs to start from, one for each kind that brings one."""

from __future__ import annotations

from bigdata.errors import Place, Problem, SpecError
from bigdata.naming import packaged_text
from bigdata.spec.kinds import kind as model_of
from bigdata.spec.kinds import kinds
from bigdata.spec.words import each, meant

_PLACE = Place("bigdata init")


def starter(kind: str) -> str:
    """The text of a kind's starter. Raises SpecError where there is none."""
    if kind not in kinds():
        right = f"Known kinds: {each(kinds())}"
        raise SpecError([Problem(_PLACE, "", f"there is no study kind `{kind}`", right, meant(kind, kinds()))])
    model = model_of(kind)
    if not model.starter_at:
        right = f"Write `study: {kind}` and its fields, {each(_fields(kind))}; `bigdata schema` describes them"
        raise SpecError([Problem(_PLACE, "", f"the study kind `{kind}` brings no spec to start from", right)])
    return packaged_text(model.starter_at)


def _fields(kind: str) -> list[str]:
    """The fields of a kind's YAML, those that it must have first."""
    fields = model_of(kind).model_fields
    return sorted((name for name in fields if name != "study"), key=lambda name: not fields[name].is_required())
