"""Text that isn't YAML, in words: the parser knows where it got stuck, and here it is said what to do about it."""

from __future__ import annotations

from typing import Any

from bigdata.errors import Problem
from bigdata.spec.node import Source, Span

# A fragment of the parser's message; what is wrong; what would be right; whether the beginning of the construct, rather
# than where the parser gave up, is the place to show.
_SAYINGS = (
    ("mapping values are not allowed", "this `:` can't stand here", "Indent keys of one mapping alike, and put text that holds `: ` into quotes", False),
    ("found character '\\t'", "a tab can't indent", "Use spaces", False),
    ("could not find expected ':'", "a key without `:`", "Write `key: value`", True),
    ("expected ',' or ']'", "the list that begins here doesn't end with `]`", "Close it, and put commas between its items", True),
    ("expected ',' or '}'", "the mapping that begins here doesn't end with `}`", "Close it, and put commas between its items", True),
    ("expected <block end>", "this line doesn't fit the indentation of the lines above", "Indent keys of one mapping, and items of one list, alike", False),
    ("found unexpected end of stream", "the quote that begins here doesn't end", "Close it with the same quote", True),
    ("unexpected document separator", "the quote that begins here doesn't end", "Close it with the same quote", True),
    ("unknown escape character", "a backslash in double quotes begins an escape, and this one doesn't exist", "Use single quotes, or write `\\\\`", False),
    ("that cannot start any token", "text can't begin with this character", "Put the text into quotes", False),
    ("expected alphabetic or numeric", "`*` and `&` begin a name in YAML", "Put the text into quotes", False),
    ("undefined tag handle", "tags are not allowed in a spec", "Leave it out, or put the text into quotes", False),
    ("special characters are not allowed", "a control character", "Delete it", False),
    ("sequence entries are not allowed", "a list can't begin here", "Put `- ` on a line of its own", False),
    ("block sequence entries", "a list can't begin here", "Put `- ` on a line of its own", False),
)  # fmt: skip


def syntax_problem(error: Any, source: Source) -> Problem:
    """What ruamel.yaml's error means for the user, with its place."""
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    saying = next((s for s in _SAYINGS if s[0] in said), None)
    _, what, right, at_start = saying or ("", "this is not YAML", f"The parser says: {said}", False)
    line, column = _where(error, source, at_start)
    return Problem(Span(source, line, column, line, column + 1).place, "", what, right)


def _where(error: Any, source: Source, at_start: bool) -> tuple[int, int]:
    mark = (at_start and getattr(error, "context_mark", None)) or getattr(error, "problem_mark", None)
    if mark is not None:
        return min(mark.line + 1, max(1, len(source.lines))), mark.column + 1
    # A character that no YAML may hold is reported by its index in the text.
    before = "\n".join(source.lines)[: getattr(error, "position", 0)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
