"""YAML text to plain data with the place of every key and value; nothing is executed, nothing explodes."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from bigdata.errors import Place, Problem, SpecError
from bigdata.files import NotPlain, open_users
from bigdata.spec.node import Entry, Key, Located, Node, Source, Span, located, mapping, sequence
from bigdata.spec.scalars import is_date, meaning
from bigdata.spec.secrets import hidden
from bigdata.spec.study import PathInSpec
from bigdata.spec.syntax import syntax_problem

_SURROGATE = re.compile("[\ud800-\udfff]")
# How files of specs are named.
SUFFIXES = (".yaml", ".yml", ".json")
MAX_BYTES = 1_000_000
# A file of a few lines whose aliases refer to aliases can stand for billions of values ("billion laughs").
MAX_SIZE = 100_000
# Trees are read by recursion, and between 300 and 400 brackets in a row Python has had enough.
MAX_DEPTH = 50


def read_file(text: str, name: str, rank: int = 0) -> tuple[Node, list[Located]]:
    """The data of a file's text and what is wrong with them. Raises SpecError for text that isn't YAML."""
    text = in_lines(text)
    return read_text(text, Source.of(name, text, rank))


def in_lines(text: str) -> str:
    """A file's text as it is parsed: any line ends are newlines, and no mark of the byte order stands before it."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def text_of(path: Path) -> str:
    """A file's text, byte for byte. Raises SpecError where there is none."""
    name = str(path)
    try:
        with open_users(path) as file:
            _refuse_private(path, file)
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SpecError([_unreadable(path, name, error)]) from error
    if len(raw) > MAX_BYTES:
        raise SpecError(
            [
                Problem(
                    Place(name),
                    "",
                    "is larger than 1 MB",
                    "A spec is a page of text; data go into files that it names",
                )
            ]
        )
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise SpecError([_not_utf8(raw, name, error)]) from error


def _refuse_private(path: Path, file: BinaryIO) -> None:
    """NotPlain for a file that nobody else may read and isn't named as a spec, such as a key: lines would be shown."""
    is_private = not os.fstat(file.fileno()).st_mode & (stat.S_IRGRP | stat.S_IROTH)
    if is_private and path.resolve().suffix not in SUFFIXES:
        right = f"Name it such as `{path.resolve().name}.yaml` if it is one"
        raise NotPlain(path, f"is private, and no spec by its name. {right}")


def _unreadable(path: Path, name: str, error: OSError) -> Problem:
    place = Place(name)
    if isinstance(error, FileNotFoundError):
        return Problem(place, "", "there is no such file", hint=similar_file(path, path))
    if isinstance(error, IsADirectoryError):
        return Problem(place, "", "is a folder, and not that of a run", "Name a YAML file in it")
    if isinstance(error, NotPlain):
        return Problem(place, "", str(error.strerror), "" if "." in str(error.strerror) else "Name a YAML file")
    return Problem(place, "", f"can't be read ({error.strerror or error})", "Check the file's permissions")


def similar_file(path: Path, said: Path) -> str:
    """A guess at the file that was meant by a path that leads nowhere, in the words in which it was said."""
    from difflib import get_close_matches

    folder = path.parent
    names = [p.name for p in folder.iterdir() if p.suffix in (".yaml", ".yml")] if folder.is_dir() else []
    guess = get_close_matches(path.name, names, 1)
    return f"Did you mean `{said.with_name(guess[0])}`?" if guess else ""


def _not_utf8(raw: bytes, name: str, error: UnicodeDecodeError) -> Problem:
    before = raw[: error.start]
    line = before.count(b"\n") + 1
    start = before.rfind(b"\n") + 1
    column = len(before[start:].decode("utf-8", "replace")) + 1
    lines = hidden(raw.decode("utf-8", "replace")).split("\n")
    text = lines[line - 1].rstrip("\r")
    what = f"byte 0x{raw[error.start]:02x} is not UTF-8 text"
    return Problem(Place(name, line, column, text), "", what, "Save the file as UTF-8")


def read_text(text: str, source: Source) -> tuple[Node, list[Located]]:
    """The data of YAML text and what is wrong with them. Raises SpecError for text that isn't YAML."""
    try:
        reader = _Reader(source, YAML(typ="safe", pure=True).parse(text))
        return reader.document(), reader.problems
    except (MarkedYAMLError, YAMLError) as error:
        # Not from the parser's error: that quotes the text, which may hold a secret.
        raise SpecError([syntax_problem(error, source)]) from None


class _Reader:
    """Composes nodes from the events of a YAML parser, noting what a spec must not hold."""

    def __init__(self, source: Source, events: Iterator[Any]) -> None:
        self.source, self.events = source, events
        self.problems: list[Located] = []
        self.anchors: dict[str, Node | None] = {}

    def document(self) -> Node:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    self._note(
                        self._span(event),
                        (),
                        "a second document begins here",
                        "Put one study into a file; leave out the line `---`",
                    )
                    break
                root = self._node(next(self.events), ())
        return root or Node(None, Span(self.source, 1, 1, 1, 1))

    def _node(self, event: Any, path: PathInSpec) -> Node:
        if isinstance(event, AliasEvent):
            return self._alias(event, path)
        self._refuse_tag(event, path)
        if event.anchor:
            self.anchors[event.anchor] = None  # until its value has ended: an alias in it would have no end
        node = self._collection(event, path) if not isinstance(event, ScalarEvent) else self._scalar(event, path)
        if event.anchor:
            self.anchors[event.anchor] = node
        if len(path) + node.depth > MAX_DEPTH:
            self._too_deep(event, path)
        if node.size > MAX_SIZE:
            self._stop(
                event,
                path,
                f"expands to more than {MAX_SIZE:,} values",
                "Write fewer aliases (`*name`) of aliases",
            )
        return node

    def _collection(self, event: Any, path: PathInSpec) -> Node:
        if len(path) >= MAX_DEPTH:
            self._too_deep(event, path)
        return self._mapping(event, path) if isinstance(event, MappingStartEvent) else self._sequence(event, path)

    def _scalar(self, event: Any, path: PathInSpec) -> Node:
        span = self._span(event)
        if event.style:
            return Node(self._text(event.value, span, path), span)
        if is_date(event.value):
            what = f"{event.value} without quotes is a date in YAML"
            self._note(span, path, what, f'Write "{event.value}"')
        return Node(meaning(event.value), span)

    def _text(self, text: str, span: Span, path: PathInSpec) -> str:
        """The text of a quoted scalar: JSON writes characters beyond U+FFFF as pairs of escapes."""
        if not _SURROGATE.search(text):
            return text
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        # A replacement character may have been written as such; one more is half of a pair.
        if whole.count("\N{REPLACEMENT CHARACTER}") > text.count("\N{REPLACEMENT CHARACTER}"):
            self._note(span, path, "holds half of a character", "Write the whole character")
        return whole

    def _sequence(self, event: Any, path: PathInSpec) -> Node:
        items: list[Node] = []
        while not isinstance(last := next(self.events), SequenceEndEvent):
            items.append(self._node(last, (*path, len(items))))
        return sequence(items, self._span(event, last))

    def _mapping(self, event: Any, path: PathInSpec) -> Node:
        entries: dict[Key, Entry] = {}
        defaults: dict[Key, Entry] = {}
        while not isinstance(last := next(self.events), MappingEndEvent):
            if _is_merge(last):
                self._merge(self._node(next(self.events), path), defaults, path)
                continue
            key, span = self._key(last, path)
            node = self._value(next(self.events), path if key is None else (*path, key), span)
            # Other YAML programs keep the last one and say nothing.
            if key in entries:
                line = entries[key].key.line
                self._note(span, (*path, key), f"is given twice; first in line {line}", "Keep one of the two")
            elif key is not None:
                entries[key] = Entry(span, node)
        return mapping({**entries, **{k: e for k, e in defaults.items() if k not in entries}}, self._span(event, last))

    def _value(self, event: Any, path: PathInSpec, key: Span) -> Node:
        """The value of a key; one left out has no place of its own and is shown at the key."""
        node = self._node(event, path)
        left_out = isinstance(event, ScalarEvent) and not (event.value or event.style)
        return Node(None, key) if left_out else node

    def _key(self, event: Any, path: PathInSpec) -> tuple[Key | None, Span]:
        name = (event.value,) if isinstance(event, ScalarEvent) else ()
        node = self._node(event, (*path, *name))
        key, span = node.value, node.span
        if isinstance(key, str):
            return key, span
        if isinstance(key, int) and not isinstance(key, bool):
            return str(key), span
        self._note(
            span,
            path,
            "a key must be text or a whole number",
            "Write it in quotes" if node.size == 1 else "Write `key: value`",
        )
        return None, span

    def _merge(self, node: Node, defaults: dict[Key, Entry], path: PathInSpec) -> None:
        """`<<:` takes the entries of a mapping, or of several, the first having precedence."""
        for part in node.value if isinstance(node.value, list) else [node]:
            if not isinstance(part.value, dict):
                self._note(
                    part.span,
                    path,
                    "`<<` takes over the keys of a mapping",
                    "Write `<<: *name`, where `&name` marks a mapping",
                )
                continue
            for key, entry in part.value.items():
                defaults.setdefault(key, entry)

    def _alias(self, event: Any, path: PathInSpec) -> Node:
        known = self.anchors.get(event.anchor)
        if known is None:
            inside = event.anchor in self.anchors
            what = f"`*{event.anchor}` stands for itself" if inside else f"`&{event.anchor}` isn't defined above"
            self._note(self._span(event), path, what, f"Mark a value that ends above with `&{event.anchor}`")
            return Node(None, self._span(event))
        # The same node, not a copy: what an alias of aliases stands for is counted (`size`), and never made.
        return known

    def _refuse_tag(self, event: Any, path: PathInSpec) -> None:
        if event.tag:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            self._note(
                self._span(event),
                path,
                f"has the tag `{tag}`; tags are not allowed in a spec",
                "Leave it out",
            )

    def _note(self, span: Span, path: PathInSpec, what: str, right: str) -> None:
        self.problems.append(located(span, path, what, right))

    def _too_deep(self, event: Any, path: PathInSpec) -> None:
        self._stop(event, path[:3], f"is nested more than {MAX_DEPTH} deep", "A spec is a few levels deep")

    def _stop(self, event: Any, path: PathInSpec, what: str, right: str) -> None:
        self._note(self._span(event), path, what, right)
        raise SpecError([p.problem for p in self.problems])

    def _span(self, event: Any, last: Any = None) -> Span:
        start, end = event.start_mark, (last or event).end_mark
        return Span(self.source, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _is_merge(event: Any) -> bool:
    return isinstance(event, ScalarEvent) and event.value == "<<" and not event.style
