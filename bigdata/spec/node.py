"""Plain data that know where they were written: the tree that YAML, parents and `--set` are read into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bigdata.errors import Place, Problem
from bigdata.spec.secrets import hidden, secrets, without
from bigdata.spec.study import PathInSpec

Key = str


@dataclass(frozen=True)
class Source:
    """A text with a name: a file as the user would call it, or `--set a.b=c`, which has no lines.

    `rank` orders the problems of several sources: the study's own file first, then its parents, then `--set`.
    `secrets` are words that no message may hold; the lines have marks in their places.
    """

    name: str
    lines: tuple[str, ...] = ()
    rank: int = 0
    secrets: frozenset[str] = frozenset()

    @classmethod
    def of(cls, name: str, text: str, rank: int = 0) -> Source:
        """A file's text."""
        return cls(name, tuple(hidden(text).split("\n")), rank, secrets(text))

    @classmethod
    def option(cls, text: str, rank: int) -> Source:
        """An option of the command line."""
        return cls(hidden(text), rank=rank, secrets=secrets(text))

    def place(self, line: int = 0, column: int = 0, width: int = 1) -> Place:
        """`line` and `column` count from 1; a source without lines is named only."""
        if not self.lines:
            return Place(self.name)
        text = printable(self.lines[line - 1]) if 0 < line <= len(self.lines) else ""
        return Place(self.name, line, column, text, max(1, min(width, len(text) - column + 1)))


@dataclass(frozen=True)
class Span:
    """From where to where in a source; lines and columns count from 1, the end is exclusive."""

    source: Source
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    @property
    def place(self) -> Place:
        """Where it begins, with the part of it that is in its first line to underline."""
        width = self.end_column - self.column if self.end_line == self.line else 10**6
        place = self.source.place(self.line, self.column, width)
        return replace(
            place, width=max(1, len(place.text[: place.column - 1 + place.width].rstrip()) - place.column + 1)
        )

    @property
    def order(self) -> tuple[int, int, int]:
        return self.source.rank, self.line, self.column


# Without equality: whether a layer changed a part is told by whether it is the same node, however large it is.
@dataclass(frozen=True, eq=False)
class Node:
    """A scalar, a list of nodes or a mapping of keys to entries.

    `size` counts the scalars and collections that it expands to, and `depth` how deep they nest.
    """

    value: Any
    span: Span
    size: int = 1
    depth: int = 0

    @property
    def plain(self) -> Any:
        """The data without their places."""
        if isinstance(self.value, dict):
            return {key: entry.node.plain for key, entry in self.value.items()}
        return [item.plain for item in self.value] if isinstance(self.value, list) else self.value

    def __iter__(self) -> Iterator[tuple[str | int, Node]]:
        """The children with their keys or indices."""
        if isinstance(self.value, dict):
            yield from ((key, entry.node) for key, entry in self.value.items())
        elif isinstance(self.value, list):
            yield from enumerate(self.value)

    def child(self, key: str | int) -> Node | None:
        """What stands at a key or index; None where nothing does."""
        if isinstance(self.value, dict):
            return self.value[key].node if key in self.value else None
        inside = isinstance(self.value, list) and isinstance(key, int) and 0 <= key < len(self.value)
        return self.value[key] if inside else None


@dataclass(frozen=True, eq=False)
class Entry:
    """A key of a mapping, where it was written, and its value."""

    key: Span
    node: Node


@dataclass(frozen=True)
class Located:
    """A problem with the place in reading order that sorts it."""

    order: tuple[int, int, int]
    problem: Problem


def in_order(problems: Iterable[Located]) -> list[Problem]:
    """Problems in reading order, each once: variants of a sweep share most of theirs."""
    first: dict[tuple[object, ...], Problem] = {}
    for located in sorted(problems, key=lambda p: p.order):
        # What is wrong with how a value is written comes before what is wrong with the value.
        first.setdefault((located.order, located.problem.path), located.problem)
    return list(first.values())


def locate(root: Node, path: PathInSpec, at_key: bool = False) -> Span:
    """Where the value at `path` was written, or its key, or else the deepest part of the path that exists."""
    node, span = root, _beginning(root)
    for i, part in enumerate(path):
        child = node.child(part)
        if child is None:
            break
        last = i == len(path) - 1
        key: Span = node.value[part].key if isinstance(node.value, dict) else child.span
        # A block that begins below its key is too much to underline.
        block = isinstance(child.value, dict | list) and child.span.line != key.line
        span = child.span if last and not (at_key or block) else key
        node = child
    return span


def _beginning(root: Node) -> Span:
    """The first key: a whole file is too much to underline."""
    if isinstance(root.value, dict) and root.value:
        first: Entry = next(iter(root.value.values()))
        return first.key
    return root.span


def located(span: Span, path: PathInSpec | str, what: str, right: str = "", hint: str = "") -> Located:
    """A problem at a span of a source."""
    name = path if isinstance(path, str) else dotted(path)
    said = (name, what, right[:1].upper() + right[1:], hint)
    words = (printable(without(text, span.source.secrets)) for text in said)
    return Located(span.order, Problem(span.place, *words))


def dotted(path: PathInSpec) -> str:
    """`target.units`, `order_by[2]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    # A tab in the text of a line is wanted, so that carets stand below their column; in a key it would hide it.
    return text.removeprefix(".").replace("\t", "\N{REPLACEMENT CHARACTER}")


def printable(text: str) -> str:
    """The text with a mark for each character that could disturb a terminal."""
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def merged(below: Node, above: Node) -> Node:
    """`above` over `below`: mappings key by key, anything else whole."""
    if not (isinstance(below.value, dict) and isinstance(above.value, dict)):
        return above
    entries = dict(below.value)
    for key, entry in above.value.items():
        known = entries.get(key)
        entries[key] = Entry(entry.key, merged(known.node, entry.node)) if known else entry
    return mapping(entries, above.span)


def mapping(entries: Mapping[Key, Entry], span: Span) -> Node:
    """A node that holds these entries."""
    return _holding(dict(entries), [entry.node for entry in entries.values()], span)


def sequence(items: list[Node], span: Span) -> Node:
    """A node that holds these items."""
    return _holding(items, items, span)


def _holding(value: Any, nodes: list[Node], span: Span) -> Node:
    size, depth = sum(n.size for n in nodes), max((n.depth for n in nodes), default=0)
    return Node(value, span, 1 + size, 1 + depth)
