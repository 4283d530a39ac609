"""Tokens and passwords in the text of a spec: they are refused, and no message may show what was written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

_NAME = r"[\w.-]*(?:token|secret|passw|passphrase|credential|api[_-]?key)[\w.-]*[\"']?"
_LIST, _QUOTED, _WORD = r"\[[^\]]*\]?", r"\"[^\"]*\"?|'[^']*'?", r"[^\s,}\]\[\"'#][^\n,}\]#]*"
_VALUE = rf"(?P<value>{_LIST}|{_QUOTED}|{_WORD})"
# `token: abc`, `{token: abc}`, `"token": "abc"`, `--set upload.nomad.token=abc`, `export TOKEN=abc`.
_BESIDE = re.compile(rf"(?i){_NAME}[ \t]*[:=][ \t]*(?:&\w+[ \t]+)?(?![>|]){_VALUE}")
# The same with the value in the lines below, which are indented more; a key there would be no value.
_BELOW = re.compile(
    rf"(?im)^(?P<margin>[ \t]*)(?:- )?{_NAME}[ \t]*:[ \t]*(?:[>|][-+\d]*[ \t]*)?(?:#.*)?\n"
    r"(?P<value>(?:(?P=margin)[ \t]++(?![\w-]+:(?:\s|$)).*(?:\n|$))+)"
)
# A JSON Web Token begins with the base64 of `{"`, whatever key it stands at, and a password may be part of an address.
_ANYWHERE = re.compile(r"(?P<value>\beyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?)|://[^\s/:@]*:(?P<word>[^\s/@]+)@")
_VARIABLE = re.compile(r"\$\{env:\w+\}")
# A word that is shorter stands in messages for other reasons too.
_LEAST = 4
MARK, KEPT = "*", frozenset(" \t\n\"'[],")


@cache
def secrets(text: str) -> frozenset[str]:
    """The secrets that a text holds, without quotes."""
    found = (text[begin:end] for begin, end in _spans(text))
    words = (word for value in found for word in re.split(r"[\s\"'\[\],]+", value))
    return frozenset(word for word in words if len(word) >= _LEAST)


def hidden(text: str) -> str:
    """The text with a mark in place of each letter of a secret, so that lines and columns stay where they are."""
    letters = [*text]
    for begin, end in _spans(text):
        letters[begin:end] = (c if c in KEPT else MARK for c in letters[begin:end])
    return "".join(letters)


def without(text: str, words: Iterable[str]) -> str:
    """A message without these words."""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "…")
    return text


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Begin and end of each secret; variables that hold one, `${env:NAME}`, are none."""
    matches = [match for pattern in (_BESIDE, _BELOW) for match in pattern.finditer(text)]
    for match in matches:
        yield from _parts(match)
        if match["value"].startswith("*"):  # an alias of what stands elsewhere
            anchored = re.compile(rf"&{re.escape(match['value'][1:].strip())}[ \t]+{_VALUE}")
            yield from (part for found in anchored.finditer(text) for part in _parts(found))
    for match in _ANYWHERE.finditer(text):
        yield match.span("value" if match["value"] else "word")


def _parts(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """What of a value is no variable."""
    place = match.start("value")
    for variable in _VARIABLE.finditer(match["value"]):
        yield place, match.start("value") + variable.start()
        place = match.start("value") + variable.end()
    yield place, match.end("value")
