"""What pydantic and a kind's own checks find wrong, as problems with a place and in our own sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bigdata.spec.node import Located, Node, dotted, locate, located
from bigdata.spec.study import Finding, PathInSpec, SpecModel
from bigdata.spec.words import Slot, each, either, items, listed, meant, said


def from_finding(finding: Finding, root: Node) -> Located:
    """A kind's finding, at its place."""
    hint = meant(finding.given, finding.known) if finding.given else ""
    span = locate(root, finding.path, finding.at_key)
    return located(span, finding.path, finding.what, finding.right, hint)


def from_pydantic(
    error: ValidationError, model: type[SpecModel], root: Node, at: PathInSpec = (), also: Sequence[str] = ()
) -> list[Located]:
    """Every error, once each: a value that fits no member of a union is one problem.

    `root` stands at the path `at`; `also` are keys that may stand at the top besides the model's fields.
    """
    finder = _Finder(Slot(model.__pydantic_core_schema__), root, at, also)
    found: dict[tuple[Any, ...], Located] = {}
    for details in error.errors(include_url=False):
        for problem in finder.problems(details):
            found.setdefault((problem.order, problem.problem.path), problem)
    return list(found.values())


@dataclass(frozen=True)
class _Finder:
    """Places the errors of one model on the tree that it was validated from."""

    top: Slot
    root: Node
    at: PathInSpec
    also: Sequence[str]

    def problems(self, details: Mapping[str, Any]) -> list[Located]:
        kind = details["type"]
        if kind == "missing":
            return [self.missing(details)]
        if kind == "too_short" and len(details["input"]) >= details["ctx"]["min_length"]:
            # pydantic counts the items that are right; those that aren't are problems of their own.
            return []
        if details["loc"][-1:] == ("[key]",):
            return [self.wrong_key(details)]
        slot = self.top.walk(details["loc"])
        if kind == "extra_forbidden":
            return [self.beside(details["loc"], slot) or self.unknown_key(str(slot.rest[0]), slot)]
        if kind.startswith("union_tag_") and slot.tag:
            return [self.no_such_kind(details, slot)]
        if slot.schema["type"] == "tagged-union":
            return self.no_member(details, slot)
        if kind in ("list_type", "tuple_type") and (whole := self.without_inner(slot)):
            return [whole]
        return [self.problem(slot.path, *_sentences(details, slot))]

    def without_inner(self, slot: Slot) -> Located | None:
        """A list of words where a list of lists belongs: one problem, and not one for each word."""
        *holder, index = slot.path or ("",)
        outer = node_at(self.root, tuple(holder)).plain
        if not isinstance(index, int) or not isinstance(outer, list) or any(isinstance(x, list | dict) for x in outer):
            return None
        shape = f"[[{', '.join(said(x).strip('`') for x in outer)}]]"
        what = "has words where lists belong"
        return self.problem(tuple(holder), what, f"Write lists in the list, in brackets of their own: {shape}")

    def problem(self, path: PathInSpec, what: str, right: str = "", hint: str = "", at_key: bool = False) -> Located:
        return located(locate(self.root, path, at_key), (*self.at, *path), what, right, hint)

    def missing(self, details: Mapping[str, Any]) -> Located:
        *parent, name = details["loc"]
        holder, slot = self.top.walk(parent), self.top.walk(details["loc"])
        if isinstance(name, int):
            what = f"has {items(len(details['input']))}"
            return self.problem(holder.path, what, f"Write {holder.expected()}")
        place = locate(self.root, holder.path, at_key=True)
        right = f"Write `{name}:` with {slot.expected()}"
        return located(place, (*self.at, *holder.path, name), "is missing", right)

    def wrong_key(self, details: Mapping[str, Any]) -> Located:
        """A name of the user's own that can't be a key."""
        *holder, key, _ = details["loc"]
        slot = self.top.walk(holder).of_key(key)
        return self.problem(slot.path, *_sentences(details, slot), at_key=True)

    def no_such_kind(self, details: Mapping[str, Any], union: Slot) -> Located:
        """The word that says which member of a union a mapping is, where it is none of them or isn't there."""
        words = [*union.tagged()]
        right = either(f"`{word}`" for word in words)
        path = (*union.path, union.tag)
        if union.tag not in details["input"]:
            place = locate(self.root, union.path, at_key=True)
            return located(place, (*self.at, *path), "is missing", f"Write `{union.tag}:` with {right}")
        given = details["input"][union.tag]
        hint = meant(given, words) if isinstance(given, str) else ""
        what = "has no value" if given is None else f"{said(given)} is not known here"
        return self.problem(path, what, f"Write {right}", hint)

    def unknown_key(self, key: str, holder: Slot) -> Located:
        names = [*holder.names(), *(() if holder.path else self.also)]
        given = [k for k, _ in node_at(self.root, holder.path)]
        hint = meant(key, [name for name in names if name not in given]) or self.belongs(key, holder)
        return self.problem((*holder.path, key), "unknown key", f"Known here: {each(names)}", hint, at_key=True)

    def beside(self, loc: PathInSpec, member: Slot) -> Located | None:
        """A key of another member of the union than the one that the value was taken for: two ways at once."""
        key = str(member.rest[0])
        above = (self.top.walk(loc[:n]) for n in range(len(loc)))
        unions = [s for s in above if s.schema["type"] == "tagged-union" and s.path == member.path]
        if not any(key in union.names() for union in unions):
            return None
        if tag := unions[0].tag:
            homes = [f"`{tag}: {word}`" for word, one in unions[0].tagged().items() if key in one.names()]
            right, hint = f"Known here: {each(member.names())}", f"`{key}` is for {either(homes)}"
            return self.problem((*member.path, key), "unknown key", right, hint, at_key=True)
        own = [name for name, _ in node_at(self.root, member.path) if name in member.names()]
        return self.problem(
            (*member.path, key), f"can't stand beside {listed(own)}", "Keep one of the two", at_key=True
        )

    def belongs(self, key: str, holder: Slot) -> str:
        """A guess for a key that is one level too high, or in the wrong mapping."""
        homes = [name for name in self.top.names() if key in self.top.walk((name,)).names() and (name,) != holder.path]
        return f"`{key}` belongs under `{homes[0]}:`" if len(homes) == 1 else ""

    def no_member(self, details: Mapping[str, Any], slot: Slot) -> list[Located]:
        """A value that is no member of a union: its unknown keys if it has any, else the value."""
        given, write = details["input"], f"Write {slot.expected()}"
        if isinstance(given, dict) and given:
            strangers = [key for key in given if key not in slot.names()]
            if strangers and slot.names():
                return [self.unknown_key(key, slot) for key in strangers]
        what = f"{said(given)} is not known here"
        if given is None or isinstance(given, dict):
            what = "has no value" if given is None else "is incomplete"
        hint = meant(given, slot.literals()) if isinstance(given, str) else ""
        if slot.tag and isinstance(given, str) and given.casefold() in slot.tagged():
            hint = f"Did you mean `{{{slot.tag}: {given.casefold()}}}`?"
        return [self.problem(slot.path, what, write, hint)]


def node_at(root: Node, path: PathInSpec) -> Node:
    """The node at a path, or the deepest one on the way."""
    for part in path:
        root = root.child(part) or root
    return root


def _sentences(details: Mapping[str, Any], slot: Slot) -> tuple[str, str, str]:
    """What is wrong, what would be right, and a guess, for an error of a value."""
    kind, given = details["type"], details["input"]
    if kind in ("value_error", "assertion_error"):
        return _own_words(details["ctx"]["error"])
    write = f"Write {slot.expected()}"
    if kind == "literal_error":
        return f"{said(given)} is not known here", write, _hint(given, slot)
    if given is None or given == "":
        return "has no value" if given is None else "is empty", write, ""
    if kind == "string_pattern_mismatch":
        return f"{said(given)} has characters that can't stand here", slot.description, ""
    if kind in ("too_short", "too_long"):
        return f"has {items(len(given))}", write, ""
    if kind in ("string_too_short", "string_too_long"):
        return _length(details, given)
    if kind.startswith(("greater_", "less_")):
        return f"{said(given)} is out of range", write, ""
    if kind == "finite_number":
        return f"{said(given)} is not a finite number", write, ""
    return _wrong_type(given, slot, write)


def _hint(given: Any, slot: Slot) -> str:
    """The word that was meant, or how to have each of several."""
    if isinstance(given, str):
        return meant(given, slot.literals())
    if isinstance(given, list) and given and all(word in slot.literals() for word in given):
        return f"To run each of them: `sweep: {{grid: {{{dotted(slot.path)}: [{', '.join(given)}]}}}}`"
    return ""


def _length(details: Mapping[str, Any], given: str) -> tuple[str, str, str]:
    ctx = details["ctx"]
    write = f"at most {ctx['max_length']}" if "max_length" in ctx else f"at least {ctx['min_length']}"
    return f"has {len(given)} characters", f"Write {write}", ""


def _wrong_type(given: Any, slot: Slot, write: str) -> tuple[str, str, str]:
    noun, what = slot.noun(), f"{said(given)} is not {slot.noun()}"
    if isinstance(given, str) and noun in ("a number", "a whole number"):
        return f"{said(given)} is text, not {noun}", write, ""
    if noun == "a list" and isinstance(given, str | int | float):
        return what, f"{write}, in brackets: [{said(given).strip('`')}, …]", ""
    if noun == "a mapping" and isinstance(given, list):
        return what, "Write a mapping, with a name of your own for each: `{first: …, second: …}`", ""
    if noun == "text" and isinstance(given, int | float):
        return what, f'Write it in quotes: "{said(given)}"', ""
    if noun in ("a number", "a whole number") and isinstance(given, list):
        return what, write, _each_number(given, slot)
    return what, write, ""


def _each_number(given: list[Any], slot: Slot) -> str:
    """How to have each of several numbers; nothing in an item of a list, whose place a sweep can't name."""
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in given)
    if not given or not numbers or any(isinstance(part, int) for part in slot.path):
        return ""
    return f"To run each of them: `sweep: {{grid: {{{dotted(slot.path)}: [{', '.join(map(said, given))}]}}}}`"


def _own_words(error: Any) -> tuple[str, str, str]:
    """A ValueError of a validator: its message, or the parts that it brings."""
    what = getattr(error, "what", None) or str(error)
    known, given = getattr(error, "known", ()), getattr(error, "given", "")
    return what, getattr(error, "right", ""), meant(given, known) if given else ""
