"""Commented specs to start from, one for each kind that brings one."""

from __future__ import annotations

from pathlib import Path

from bigdata.errors import Place, Problem, SpecError
from bigdata.spec.kinds import kinds
from bigdata.spec.words import each, meant

_FOLDER = Path(__file__).parent / "starters"


def starters() -> list[str]:
    """The kinds that have a starter."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def starter(kind: str) -> str:
    """The text of a kind's starter. Raises SpecError where there is none."""
    if kind not in starters():
        right = f"Known kinds: {each(starters())}"
        raise SpecError(
            [Problem(Place("bigdata init"), "", f"there is no study kind `{kind}`", right, meant(kind, kinds()))]
        )
    return (_FOLDER / f"{kind}.yaml").read_text(encoding="utf-8")
