"""A study's layers as one YAML text that says by itself what they say together, with the origin of what was filled in.

`edited` changes the file's own text, so that comments and layout stay; `plainly` writes all anew. Whoever takes one of
the texts reads it again first and compares: aliases, and texts over several lines, defeat the edits.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigdata.spec.node import Entry, Node, Source, printable
from bigdata.spec.scalars import is_date, meaning

LINE_WIDTH = 100
_PLAIN = re.compile(r"-?[A-Za-z0-9][A-Za-z0-9_./+-]*( [A-Za-z0-9_./+-]+)*")
_ORIGIN = re.compile(r" *# (--set [^ =]+=|from \S+\.ya?ml\b).*")


@dataclass(frozen=True)
class Origins:
    """What to call the sources of a tree; `files` are the study's own file, its parent, the parent's parent, …"""

    files: Sequence[Path]

    def comment(self, node: Node) -> str:
        """`# from parent.yaml; --set a.b=c`: where the parts of a node come from; "" where all is the file's own."""
        sources = list(_sources(node))
        names = dict.fromkeys(self._name(source) for source in sources if source.rank)
        in_part = "in part " if any(not source.rank for source in sources) else ""
        return f"# {in_part}{'; '.join(names)}" if names else ""

    def is_set(self, node: Node) -> bool:
        """Whether a node comes from the command line, whose keys go last."""
        return node.span.source.rank >= len(self.files)

    def _name(self, source: Source) -> str:
        if source.rank >= len(self.files):
            return printable(" ".join(source.name.split()))
        return f"from {printable(os.path.relpath(self.files[source.rank], self.files[0].parent))}"


def _sources(node: Node) -> Iterator[Source]:
    if isinstance(node.value, dict | list) and node.value:
        for _, child in node:
            yield from _sources(child)
    else:
        yield node.span.source


def plainly(root: Node, files: Sequence[Path]) -> str:
    """The tree written anew; comments tell the origin of all that isn't the file's own."""
    return "".join(f"{line}\n" for line in _entries(root.value, Origins(files)))


def edited(text: str, own: Node, whole: Node, files: Sequence[Path]) -> str:
    """The file's own text, `own` its tree, with the differences to the `whole` tree written into it."""
    edits = _Edits(text, Origins(files))
    edits.change(own, whole)
    return edits.result()


@dataclass
class _Edits:
    """Changes of a text, each a place (begin, end) and what is to stand there, and comments at the ends of lines."""

    text: str
    origins: Origins
    changes: list[tuple[int, int, str]] = field(default_factory=list)
    comments: dict[int, str] = field(default_factory=dict)

    def change(self, own: Node, whole: Node) -> None:
        """Make what `own` says say `whole`."""
        if own is whole:
            return
        mine, wanted = own.value, whole.value
        if isinstance(mine, dict) and isinstance(wanted, dict) and mine.keys() - {"extends"} <= wanted.keys():
            self._mapping(own, whole)
        elif isinstance(mine, list) and isinstance(wanted, list) and len(mine) == len(wanted):
            for item, other in zip(mine, wanted, strict=True):
                self.change(item, other)
        else:
            self._replace(self._at(own.span.line, own.span.column), self._end(own), whole)

    def _mapping(self, own: Node, whole: Node) -> None:
        for key, mine in own.value.items():
            if key not in whole.value:
                continue
            wanted = whole.value[key].node
            if mine.node.span == mine.key and mine.node is not wanted:  # a key without a value
                colon = self.text.index(":", self._at(mine.key.end_line, mine.key.end_column)) + 1
                self._replace(colon, colon, wanted, " ")
            else:
                self.change(mine.node, wanted)
        new = {key: entry for key, entry in whole.value.items() if key not in own.value}
        self._insert(own, {k: e for k, e in new.items() if not self.origins.is_set(e.node)}, first=True)
        self._insert(own, {k: e for k, e in new.items() if self.origins.is_set(e.node)}, first=False)

    def _replace(self, begin: int, end: int, wanted: Node, blank: str = "") -> None:
        self.changes.append((begin, end, blank + flow(wanted)))
        self._remark(end, self.origins.comment(wanted))

    def _insert(self, own: Node, new: dict[str, Entry], first: bool) -> None:
        """Put new keys into a mapping of the text."""
        start = self._at(own.span.line, own.span.column)
        if "extends" in own.value and first and self.text[start] != "{":
            self._in_place_of(own.value["extends"], new)
        elif new and self.text[start] == "{":
            self._into_flow(own, new, start, first)
        elif new:
            self._into_block(own, new, first)

    def _in_place_of(self, extends: Entry, new: dict[str, Entry]) -> None:
        """The parents' keys stand where their file was named."""
        begin, end = self._at(extends.key.line, extends.key.column), self._line_end(self._end(extends.node))
        indent = " " * (extends.key.column - 1)
        lines = [f"# {self.text[begin:end]}", *(indent + line for line in _entries(new, self.origins))]
        self.changes.append((begin, end, "\n".join(lines)))

    def _into_flow(self, own: Node, new: dict[str, Entry], start: int, first: bool) -> None:
        said = ", ".join(f"{_key(key)}: {flow(entry.node)}" for key, entry in new.items())
        last = self._end(own) - 1
        if not own.value:
            place, said = last, said
        elif first:
            place, said = start + 1, f"{said}, "
        else:
            place, said = self._end(list(own.value.values())[-1].node), f", {said}"
        self.changes.append((place, place, said))
        for entry in new.values():
            self._remark(place, self.origins.comment(entry.node))

    def _into_block(self, own: Node, new: dict[str, Entry], first: bool) -> None:
        entries = list(own.value.values())
        indent = " " * (entries[0].key.column - 1)
        lines = _entries(new, self.origins)
        if first:
            place = self._at(entries[0].key.line, entries[0].key.column)
            self.changes.append((place, place, "".join(f"{line}\n{indent}" for line in lines)))
        else:
            place = self._line_end(self._end(entries[-1].node))
            self.changes.append((place, place, "".join(f"\n{indent}{line}" for line in lines)))

    def _remark(self, place: int, comment: str) -> None:
        """A comment at the end of the line."""
        if comment:
            end = self._line_end(place)
            known = self.comments.get(end)
            parts = dict.fromkeys([*known[2:].split("; "), *comment[2:].split("; ")]) if known else (comment[2:],)
            self.comments[end] = f"# {'; '.join(parts)}"

    def result(self) -> str:
        """The text with all changes."""
        changes = list(self.changes)
        for end, comment in self.comments.items():
            line = self.text[self.text.rfind("\n", 0, end) + 1 : end]
            # What an earlier writing said of this line's origin holds no more.
            told = _ORIGIN.search(line)
            changes.append((end - (len(line) - told.start() if told else 0), end, f"  {comment}"))
        text = self.text
        # From the end on, so that the places of those before stay right.
        for begin, end, new in sorted(changes, key=lambda change: change[:2], reverse=True):
            text = text[:begin] + new + text[end:]
        return text

    def _at(self, line: int, column: int) -> int:
        """The place in the text of a line and a column, which count from 1."""
        return sum(len(row) + 1 for row in self.text.split("\n")[: line - 1]) + column - 1

    def _line_end(self, place: int) -> int:
        end = self.text.find("\n", place)
        return len(self.text) if end < 0 else end

    def _end(self, node: Node) -> int:
        """Where the last part of a node ends: the parser's end of a block is where the next one begins."""
        begin = self._at(node.span.line, node.span.column)
        if isinstance(node.value, dict | list) and node.value and self.text[begin : begin + 1] not in ("{", "["):
            children = list(node)
            return self._end(children[-1][1])
        end = self._at(node.span.end_line, node.span.end_column)
        # A block of text (`|`) ends below its last line.
        return end - 1 if node.span.end_column == 1 and end > begin else end


def _entries(entries: dict[str, Entry], origins: Origins) -> list[str]:
    return [line for key, entry in entries.items() for line in _entry(_key(key), entry.node, origins)]


def _entry(key: str, node: Node, origins: Origins) -> list[str]:
    """The lines of one key: one where it fits, else a block in which each line tells its own origin."""
    line = f"{key}: {flow(node)}"
    if len(line) > LINE_WIDTH and node.value and isinstance(node.value, dict):
        return [f"{key}:", *(f"  {below}" for below in _entries(node.value, origins))]
    if len(line) > LINE_WIDTH and node.value and isinstance(node.value, list):
        return [f"{key}:", *(_remarked(f"  - {flow(item)}", origins.comment(item)) for item in node.value)]
    return [_remarked(line, origins.comment(node))]


def _remarked(line: str, comment: str) -> str:
    return f"{line}  {comment}" if comment else line


def flow(node: Node) -> str:
    """A node in one line: `{measure: dice, keep: matrix}`."""
    if isinstance(node.value, dict):
        return "{" + ", ".join(f"{_key(key)}: {flow(entry.node)}" for key, entry in node.value.items()) + "}"
    if isinstance(node.value, list):
        return "[" + ", ".join(map(flow, node.value)) + "]"
    return _scalar(node.value)


def _key(key: str) -> str:
    # `{2: 9 angstrom}`: whole numbers are keys like words.
    return key if re.fullmatch(r"0|[1-9][0-9]{0,8}", key) else _scalar(key)


def _scalar(value: Any) -> str:
    """A value in the words that `bigdata.spec.scalars` reads back as it."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float):
        return _number(value)
    if not isinstance(value, str):
        return str(value)
    if _PLAIN.fullmatch(value) and isinstance(meaning(value), str) and not is_date(value):
        return value
    # What can't be printed is escaped; JSON's escapes are YAML's.
    return json.dumps(value, ensure_ascii=not value.isprintable())


def _number(value: float) -> str:
    if value != value:
        return ".nan"
    if value in (float("inf"), float("-inf")):
        return "-.inf" if value < 0 else ".inf"
    mantissa, e, exponent = repr(value).partition("e")
    # Without a point, other YAML programs read 1e-05 as text.
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else repr(value)
