"""Text that isn't YAML, in words: the parser knows where it got stuck, and here is what to do about it."""

from __future__ import annotations

from typing import Any, NamedTuple

from bigdata.errors import Problem
from bigdata.spec.node import Source, Span
from bigdata.spec.secrets import without

_CLOSE = "Close it, and put commas between its items"
_QUOTE = "Put the text into quotes"
_CLOSING = {"}": "{", "]": "["}
_ALIKE = "Indent keys of one mapping, and items of one list, alike"


class Saying(NamedTuple):
    """What a fragment of the parser's message means; `at_start` shows where the construct began."""

    fragment: str
    what: str
    right: str
    at_start: bool = False


# The fragments are ruamel.yaml's, which may change with any version; then its own words are shown.
_SAYINGS = (
    Saying(
        "mapping values are not allowed",
        "this `:` can't stand here",
        f"{_ALIKE}, and quote text that holds `: `",
    ),
    Saying("found character '\\t'", "a tab can't indent", "Use spaces"),
    Saying("could not find expected ':'", "a key without `:`", "Write `key: value`", True),
    Saying("expected ',' or ']'", "the list that begins here doesn't end with `]`", _CLOSE, True),
    Saying("expected ',' or '}'", "the mapping that begins here doesn't end with `}`", _CLOSE, True),
    Saying("expected <block end>", "this line doesn't fit the indentation of the lines above", _ALIKE),
    Saying("found unexpected end of stream", "the quote that begins here doesn't end", "Close it", True),
    Saying("unexpected document separator", "the quote that begins here doesn't end", "Close it", True),
    Saying("unknown escape character", "there is no such escape in double quotes", "Use single quotes, or `\\\\`"),
    Saying("that cannot start any token", "text can't begin with this character", _QUOTE),
    Saying("expected alphabetic or numeric", "`*` and `&` begin a name in YAML", _QUOTE),
    Saying("undefined tag handle", "tags are not allowed in a spec", f"Leave it out, or: {_QUOTE.lower()}"),
    Saying("special characters are not allowed", "a control character can't stand here", "Delete it"),
    Saying("sequence entries are not allowed", "a list can't begin here", "Put `- ` on a line of its own"),
)


def syntax_problem(error: Any, source: Source) -> Problem:
    """What ruamel.yaml's error means for the user, with its place."""
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    other = Saying("", "this is not YAML", f"The parser says: {without(said, source.secrets)}")
    saying = next((s for s in _SAYINGS if s.fragment in said), other)
    line, column = _where(error, source, saying.at_start)
    stands = source.lines[line - 1][column - 1 : column] if line <= len(source.lines) else ""
    if saying.right == _ALIKE and stands in _CLOSING:
        saying = Saying("", f"`{stands}` closes nothing", f"Delete it, or open it with `{_CLOSING[stands]}`")
    return Problem(Span(source, line, column, line, column + 1).place, "", saying.what, saying.right)


def _where(error: Any, source: Source, at_start: bool) -> tuple[int, int]:
    mark = (at_start and getattr(error, "context_mark", None)) or getattr(error, "problem_mark", None)
    if mark is not None:
        return min(mark.line + 1, max(1, len(source.lines))), mark.column + 1
    # A character that no YAML may hold is reported by its index in the text.
    before = "\n".join(source.lines)[: getattr(error, "position", 0)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
