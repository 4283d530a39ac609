"""The layers of a spec, lowest first: parents (`extends:`), the file itself, `--set` on the command line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bigdata.errors import Place, Problem, SpecError
from bigdata.files import kind_of
from bigdata.spec.node import Entry, Located, Node, Source, Span, dotted, located, mapping, merged, sequence
from bigdata.spec.source import MAX_DEPTH, read_file, read_text, similar_file, text_of
from bigdata.spec.study import PathInSpec
from bigdata.spec.words import each, items

MAX_PARENTS = 20
_SET_USAGE = "Write --set path.to.key=value"


@dataclass(frozen=True)
class Layers:
    """The layers in one tree, the text and the tree of the file itself, the files read, and what is wrong so far."""

    root: Node
    text: str
    own: Node
    files: tuple[Path, ...]
    problems: list[Located]


def read_layers(
    path: Path,
    overrides: Sequence[str] = (),
    meant_for: str = "a study",
    start: str = "",
    text: str | None = None,
) -> Layers:
    """A spec with its parents below it and `--set a.b=c` above it.

    `meant_for` says what an empty file should have been, and `start` how one begins; `text` stands for the file's own
    where given. Raises SpecError where a layer can't be read.
    """
    text = text_of(path) if text is None else text
    own, problems = read_file(text, str(path))
    _refuse_other_than_mapping(own, meant_for, start)
    root, files = own, [path]
    while parent := _parent(root, files, problems):
        below, found = read_file(text_of(parent), str(parent), len(files))
        _refuse_other_than_mapping(below, meant_for, start)
        files.append(parent)
        problems += found
        root = merged(below, _without(root, "extends"))
    root = _without(root, "extends")
    for i, override in enumerate(overrides):
        root = _overridden(root, override, len(files) + i, problems)
    return Layers(root, text, own, tuple(files), problems)


def _start() -> str:
    """How a study begins."""
    from bigdata.spec.kinds import kinds

    known = each(kinds())
    return (
        f"Write `study: KIND`, one of {known}, and what belongs to it; `bigdata init KIND` writes a file to start from"
    )


def _refuse_other_than_mapping(root: Node, meant_for: str, start: str) -> None:
    if isinstance(root.value, dict) and root.value:
        return
    empty = root.value is None or root.value == {}
    what = "is empty" if empty else f"holds {'a list' if isinstance(root.value, list) else 'a text'}, not {meant_for}"
    place = Place(root.span.source.name) if empty else root.span.place
    raise SpecError([Problem(place, "", what, start or _start())])


def _without(root: Node, key: str) -> Node:
    return root if key not in root.value else mapping({k: e for k, e in root.value.items() if k != key}, root.span)


def _parent(root: Node, files: list[Path], problems: list[Located]) -> Path | None:
    """The file that the last layer read extends; None where there is none, or where it can't be had."""
    named = root.child("extends")
    if named is None:
        return None
    path = files[-1].parent / named.value if isinstance(named.value, str) and named.value else None
    wrong = _wrong_parent(path, files, str(named.value))
    if wrong or path is None:
        problems.append(located(named.span, "extends", *wrong))
        return None
    return Path(os.path.normpath(path))


def _wrong_parent(path: Path | None, files: list[Path], said: str) -> tuple[str, ...]:
    if path is None:
        return "names one file", "Write `extends: parent.yaml`"
    if path.is_dir():
        return f"`{path.name or path}` is a folder", "Name a file in it"
    if kind := kind_of(path):
        return f"`{path.name}` is {kind}, and no plain file", "Name a YAML file"
    if not path.is_file():
        return (
            f"there is no file `{path.name}`",
            "Paths start from the folder of the file that names them",
            similar_file(path, Path(said)),
        )
    # By the file itself: a link has another name.
    if any(path.samefile(file) for file in files):
        way = " → ".join(f"`{file.name}`" for file in [*files, path])
        return f"goes round in a circle: {way}", "Leave out one `extends:`"
    if len(files) > MAX_PARENTS:
        return f"is the {MAX_PARENTS + 1}th parent in a row", "Merge some of them"
    return ()


def _overridden(root: Node, override: str, rank: int, problems: list[Located]) -> Node:
    source = Source.option(f"--set {override}", rank)
    name, equals, text = override.partition("=")
    path = parsed_path(name)
    if not equals or path is None:
        problems.append(located(Span(source), "", "names no value" if not equals else "names no key", _SET_USAGE))
        return root
    if path[0] == "extends":
        problems.append(located(Span(source), "extends", "can't be set", "Write `extends:` into the file"))
        return root
    return assigned(root, path, _value(text, source, path, problems), Span(source), problems)


def _value(text: str, source: Source, path: PathInSpec, problems: list[Located]) -> Node:
    """The value of `--set`, which is YAML; its places are all the option itself."""
    try:
        node, found = read_text(text, source)
    except SpecError as error:
        problems += [located(Span(source), path, p.what, p.right) for p in error.problems]
        return Node(None, Span(source))
    problems += [located(Span(source), path, f.problem.what, f.problem.right) for f in found]
    return node


def parsed_path(text: str) -> PathInSpec | None:
    """`a.b.0` as `("a", "b", 0)`; None for a path with an empty part or too many."""
    parts = text.strip().split(".")
    if not all(parts) or len(parts) > MAX_DEPTH:
        return None
    return tuple(int(p) if _is_index(p) else p for p in parts)


def _is_index(part: str) -> bool:
    """Whether a part of a path may be a list's index; `007` and what is longer are ids, whose text is kept."""
    # `²` is a digit to Python, and no number.
    return part.isascii() and part.isdigit() and len(part) < 9 and str(int(part)) == part


def assigned(root: Node, path: PathInSpec, value: Node, key: Span, problems: list[Located]) -> Node:
    """The tree with `value` at `path`. Missing mappings are made on the way; a list's index must exist."""
    return _put(root, path, (), value, key, problems)


def _put(
    node: Node | None, rest: PathInSpec, done: PathInSpec, value: Node, key: Span, problems: list[Located]
) -> Node:
    if not rest:
        return value
    part, here = rest[0], (*done, rest[0])
    if node is not None and isinstance(node.value, list):
        if node.child(part) is None:
            right = f"The list has {items(len(node.value))}, counted from 0"
            problems.append(located(key, here, f"there is no item {part} in `{dotted(done)}`", right))
            return node
        row = list(node.value)
        row[int(part)] = _put(row[int(part)], rest[1:], here, value, key, problems)
        return sequence(row, node.span)
    entries = dict(node.value) if node is not None and isinstance(node.value, dict) else {}
    name = part if part in entries else str(part)
    below = entries[name].node if name in entries else None
    inner = _put(below, rest[1:], here, value, key, problems)
    entries[name] = Entry(entries[name].key if below is not None and len(rest) > 1 else key, inner)
    return mapping(entries, node.span if node is not None else key)
