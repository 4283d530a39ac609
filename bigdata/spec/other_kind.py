"""A spec whose keys are those of another kind of study than it names: one sentence in place of one for each key."""

from __future__ import annotations

from bigdata.errors import SpecError
from bigdata.spec.kinds import kind, kinds
from bigdata.spec.node import Located, Node, locate, located
from bigdata.spec.study import StudyModel
from bigdata.spec.words import each

# One strange key is a slip; two or more, all known to one other kind, are that kind's.
LEAST = 2


def of_other_kind(model: type[StudyModel], root: Node, also: tuple[str, ...]) -> Located | None:
    """That the spec looks like another kind's; None where it doesn't."""
    own = {*model.model_fields, *also}
    strange = [str(key) for key, _ in root if key not in own]
    if len(strange) < LEAST:
        return None
    fitting = [name for name in kinds() if set(strange) <= _keys(name)]
    if len(fitting) != 1:
        return None
    what = f"has no {each(strange)}, which are keys of `{fitting[0]}`"
    return located(
        locate(root, ("study",)), ("study",), f"`{root.plain['study']}` {what}", f"Write `study: {fitting[0]}`"
    )


def _keys(name: str) -> set[str]:
    try:
        return set(kind(name).model_fields)
    except SpecError:  # a kind of somebody's that can't be imported
        return set()
