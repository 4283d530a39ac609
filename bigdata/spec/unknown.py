"""A spec whose kind of study is missing or unknown: what to say of it, and of the fields that all kinds have."""

from __future__ import annotations

from bigdata.spec.checked import checked
from bigdata.spec.kinds import kinds
from bigdata.spec.node import Located, Node, locate, located, mapping
from bigdata.spec.study import StudyModel
from bigdata.spec.words import each, meant, said


def of_unknown_kind(root: Node) -> list[Located]:
    """All that can be told to be wrong with a study whose kind isn't known."""
    return [_wrong_kind(root), *_common_problems(root)]


def _wrong_kind(root: Node) -> Located:
    node, right = root.child("study"), f"Known kinds: {each(kinds())}"
    if node is None:
        return located(locate(root, ()), "study", "is missing", f"Write `study:` and a kind. {right}")
    if isinstance(node.value, str):
        what = f"there is no study kind {said(node.value)}"
        return located(node.span, "study", what, right, meant(node.value, kinds()))
    return located(node.span, "study", f"{said(node.value)} is not a study kind", right)


def _common_problems(root: Node) -> list[Located]:
    names = StudyModel.model_fields.keys() - {"study"}
    problems: list[Located] = []
    checked(StudyModel, mapping({k: e for k, e in root.value.items() if k in names}, root.span), problems)
    return [p for p in problems if p.problem.path != "study"]
