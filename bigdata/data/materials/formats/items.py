"""JSON documents too large to be held: the items of an array are read one after the other."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from bigdata.data.problem import EntryError
from bigdata.data.text import DAMAGED, opened

_CHUNK = 1 << 18
_MAX_ITEM = 1 << 28
# An error this far from the end of what was read isn't due to more being there.
_FAR = 64
_DECODER = json.JSONDecoder()


def items(path: Path) -> Iterator[tuple[int, Any]]:
    """(line, item) of a document that is an array; of one that isn't, itself, and the objects that stand behind it.

    Raises EntryError, with the line, where the text isn't JSON.
    """
    with opened(path) as file:
        text = _Text(file)
        if text.peek() == "[":
            yield from _array(text)
        else:
            yield text.line, text.value()
            # Lines of objects are JSON, too, whatever the file's name.
            while text.peek() == "{":
                yield text.line, text.value()
        text.end()


def members(path: Path, array: str) -> Iterator[tuple[int, str, Any]]:
    """(line, key, value) of a document that is an object; the array under key `array` comes item by item.

    Raises EntryError, with the line, where the text isn't a JSON object.
    """
    with opened(path) as file:
        text = _Text(file)
        text.expect("{")
        while text.peek() != "}":
            key = text.value()
            text.expect(":")
            if key == array and text.peek() == "[":
                yield from ((line, key, item) for line, item in _array(text))
            else:
                yield text.line, str(key), text.value()
            if text.peek() != "}":
                text.expect(",")
        text.expect("}")
        text.end()


def _array(text: _Text) -> Iterator[tuple[int, Any]]:
    text.expect("[")
    while text.peek() != "]":
        line = text.line
        yield line, text.value()
        if text.peek() != "]":
            text.expect(",")
    text.expect("]")


class _Text:
    """A window on the text, moved on as values are taken from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._utf8 = cast(io.BufferedReader, file), codecs.getincrementaldecoder("utf-8-sig")()
        self._held, self._at, self._ended = "", 0, False
        self.line = 1

    def peek(self) -> str:
        """The next character that isn't blank; "" at the end."""
        while True:
            at = self._at
            while at < len(self._held) and self._held[at] in " \t\r\n":
                at += 1
            self._move(at)
            if at < len(self._held) or self._ended:
                return self._held[at : at + 1]
            self._more(_CHUNK)

    def expect(self, mark: str) -> None:
        """Pass over a character; raises EntryError where another stands there."""
        if (found := self.peek()) != mark:
            what = f"`{found}` stands where `{mark}` should be" if found else "the text ends too early"
            raise EntryError(f"this isn't JSON: {what}", self.line)
        self._move(self._at + 1)

    def value(self) -> Any:
        """The next value."""
        self.peek()
        size = _CHUNK
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except json.JSONDecodeError as e:
                # An unterminated string is told by where it begins, which may be far back.
                if self._ended or (e.pos < len(self._held) - _FAR and not e.msg.startswith("Unterminated")):
                    raise self._not_json(e) from None
            except (RecursionError, ValueError) as e:
                raise EntryError(f"this can't be read as JSON: {e}", self.line) from None
            else:
                # A number at the end may go on in what follows.
                if self._ended or self._held[end : end + 1] not in ("", ".", "e", "E"):
                    self._move(end)
                    return value
            if len(self._held) - self._at > _MAX_ITEM:
                raise EntryError(f"an item is longer than {_MAX_ITEM >> 20} MiB", self.line)
            self._more(size)
            # Doubled, since an item that isn't whole yet is parsed from its beginning each time.
            size *= 2

    def end(self) -> None:
        """Raise EntryError unless nothing follows."""
        if found := self.peek():
            raise EntryError(f"this isn't JSON: `{found}` stands behind its end", self.line)

    def _not_json(self, e: json.JSONDecodeError) -> EntryError:
        reason = "the text ends too early" if e.pos >= len(self._held) - 1 else e.msg[:1].lower() + e.msg[1:]
        return EntryError(f"this isn't JSON: {reason}", self.line + self._held.count("\n", self._at, e.pos))

    def _move(self, to: int) -> None:
        self.line += self._held.count("\n", self._at, to)
        self._at = to

    def _more(self, size: int) -> None:
        try:
            # All that can be had before the place where compressed data are cut off.
            data = self._file.read1(size)
            text = self._utf8.decode(data, final=not data)
        except DAMAGED as e:
            raise EntryError(f"the compressed data are damaged or cut off ({e})", self.line) from e
        except UnicodeDecodeError:
            raise EntryError("this isn't UTF-8", self.line) from None
        self._ended = not data
        self._held, self._at = self._held[self._at :] + text, 0
