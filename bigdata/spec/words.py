"""How problems speak of values and of what a place of a spec takes, read off pydantic's core schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bigdata.spec.node import printable
from bigdata.spec.study import PathInSpec

_WRAPPERS = {
    "default",
    "nullable",
    "function-before",
    "function-after",
    "function-wrap",
    "model",
    "definitions",
}
_SCALARS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "any": "a value",
}
_NOUNS = {
    **_SCALARS,
    **dict.fromkeys(("list", "tuple"), "a list"),
    **dict.fromkeys(("dict", "model-fields"), "a mapping"),
}
_BOUNDS = (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than"))


@dataclass(frozen=True)
class Slot:
    """What a place of a spec takes: the core schema there, its path, the parts of pydantic's `loc` left over.

    pydantic's locations mix keys with names of union members; walking the schema tells them apart, also where
    a member has the name of a key.
    """

    schema: Mapping[str, Any]
    path: PathInSpec = ()
    rest: tuple[str | int, ...] = ()
    definitions: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""

    def bare(self) -> Slot:
        """Without defaults, validators and references around it."""
        schema, definitions = self.schema, dict(self.definitions)
        while True:
            definitions |= {d["ref"]: d for d in schema.get("definitions", ())}
            if schema["type"] == "definition-ref":
                schema = definitions[schema["schema_ref"]]
            elif schema["type"] in _WRAPPERS:
                schema = schema["schema"]
            else:
                return Slot(schema, self.path, self.rest, definitions, self.description)

    def walk(self, loc: Iterable[str | int]) -> Slot:
        """The slot at a location of a pydantic error."""
        slot, parts = self.bare(), list(loc)
        while parts and (inner := slot._step(parts[0])) is not None:
            slot = inner.bare()
            parts.pop(0)
        return Slot(slot.schema, slot.path, tuple(parts), slot.definitions, slot.description)

    def _step(self, part: str | int) -> Slot | None:
        kind, schema = self.schema["type"], self.schema
        if kind == "tagged-union" and part in schema["choices"]:
            return self._inner(schema["choices"][part])
        if kind == "model-fields" and part in (fields := _as_written(schema)):
            inner = fields[str(part)]
            described = inner.get("metadata", {}).get("pydantic_js_updates", {}).get("description", "")
            return self._inner(inner["schema"], part, described)
        if kind == "dict":
            return self._inner(schema.get("values_schema", {"type": "any"}), part)
        if kind == "list" and isinstance(part, int):
            return self._inner(schema.get("items_schema", {"type": "any"}), part)
        if kind == "tuple" and isinstance(part, int):
            return self._tuple_item(part)
        return None

    def _tuple_item(self, index: int) -> Slot | None:
        items, variadic = self.schema["items_schema"], self.schema.get("variadic_item_index")
        if variadic is not None:
            return self._inner(items[min(index, variadic)], index)
        return self._inner(items[index], index) if index < len(items) else None

    def _inner(self, schema: Any, part: str | int | None = None, description: str = "") -> Slot:
        path = self.path if part is None else (*self.path, part)
        return Slot(schema, path, (), self.definitions, description)

    def of_key(self, key: str | int) -> Slot:
        """What a key of a mapping may be, at the path of that key."""
        slot = self.bare()
        return slot._inner(slot.schema.get("keys_schema", {"type": "any"}), key).bare()

    @property
    def tag(self) -> str:
        """The key whose word says which member of a union a mapping is, such as `kind`; "" where there is none."""
        found = self.schema.get("discriminator", "") if self.schema["type"] == "tagged-union" else ""
        return found if isinstance(found, str) else ""

    def tagged(self) -> dict[str, Slot]:
        """The members of a union by their words."""
        return {str(word): self._inner(schema).bare() for word, schema in self.schema["choices"].items()}

    def choices(self) -> list[Slot]:
        """The members of a union, or the slot itself."""
        slot = self.bare()
        if slot.schema["type"] == "tagged-union":
            return [slot._inner(s).bare() for s in slot.schema["choices"].values()]
        if slot.schema["type"] == "union":
            members = (s[0] if isinstance(s, tuple) else s for s in slot.schema["choices"])
            return [slot._inner(s).bare() for s in members]
        return [slot]

    def names(self) -> list[str]:
        """The keys that a mapping here may have."""
        fields = (_as_written(s.schema) for s in self.choices() if s.schema["type"] == "model-fields")
        return list(dict.fromkeys(name for f in fields for name in f))

    def literals(self) -> list[str]:
        """The words that may stand here."""
        return [str(w) for s in self.choices() if s.schema["type"] == "literal" for w in s.schema["expected"]]

    def expected(self) -> str:
        """What to write here, in words."""
        union = self.bare()
        if union.tag:
            return f"a mapping whose `{union.tag}` is {either(f'`{word}`' for word in union.tagged())}"
        words = dict.fromkeys(_expected(slot) for slot in self.choices())
        if "a number" in words:
            words.pop("a whole number", None)
        # "true or false" has an "or" of its own, so it comes first.
        return either(sorted(words, key=lambda word: " or " not in word))

    def noun(self) -> str:
        """What stands here, without its bounds."""
        kinds = [_NOUNS.get(slot.schema["type"], "") for slot in self.choices()]
        return kinds[0] if len(kinds) == 1 and kinds[0] else self.expected()


def _as_written(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A model's fields by the keys that a spec has, such as `materials-project`."""
    return {field.get("validation_alias", name): field for name, field in schema["fields"].items()}


def _expected(slot: Slot) -> str:
    schema, kind = slot.schema, slot.schema["type"]
    if kind == "literal":
        return either(f"`{w}`" for w in schema["expected"])
    if kind == "model-fields":
        needed = [k for k, f in _as_written(schema).items() if f["schema"]["type"] != "default"]
        inside = ", ".join(f"{k}: …" for k in needed)
        return f"`{{{inside}}}`" if needed else f"a mapping of {listed(_as_written(schema))}"
    if kind in ("list", "tuple"):
        return _a_list(schema)
    if kind == "dict":
        return "a mapping"
    return _SCALARS.get(kind, "a value") + _range(schema)


def _range(schema: Mapping[str, Any]) -> str:
    """` from 0 to 1`, ` of at least 1`, or nothing."""
    if "ge" in schema and "le" in schema:
        return f" from {schema['ge']:g} to {schema['le']:g}"
    bounds = [f"{word} {schema[key]:g}" for key, word in _BOUNDS if key in schema]
    return f" of {_and(bounds)}" if bounds else ""


def _a_list(schema: Mapping[str, Any]) -> str:
    if schema["type"] == "tuple" and schema.get("variadic_item_index") is None:
        return f"a list of {len(schema['items_schema'])} items"
    least = schema.get("min_length", 0)
    return f"a list of at least {items(least)}" if least else "a list"


def items(n: int) -> str:
    """`1 item`, `2 items`."""
    return f"{n} item{'s' * (n != 1)}"


def either(words: Iterable[str]) -> str:
    """`a, b or c`."""
    return _joined(list(words), "or")


def _and(words: Iterable[str]) -> str:
    return _joined(list(words), "and")


def listed(words: Iterable[str]) -> str:
    """`` `a`, `b` and `c` ``."""
    return _and(f"`{w}`" for w in words)


def each(words: Iterable[str]) -> str:
    """`` `a`, `b`, `c` ``."""
    return ", ".join(f"`{w}`" for w in words)


def _joined(words: list[str], word: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {word} {words[-1]}" if words else ""


def said(value: Any) -> str:
    """A value as a sentence names it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        # A tab is printed as it stands in a line of the spec; in a sentence nobody would see it.
        return f"`{printable(value if len(value) <= 60 else value[:57] + '…')}`".replace("\t", "\\t")
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def meant(given: str, known: Iterable[str]) -> str:
    """``Did you mean `x`?`` where a known word is close, or one alone begins so, whatever its case; else nothing."""
    # Here, since only a spec that is wrong needs it.
    from difflib import get_close_matches

    by_case, written = {word.casefold(): word for word in known}, str(given).casefold()
    guess = get_close_matches(written, by_case, 1) or _begun(written, by_case)
    return f"Did you mean `{by_case[guess[0]]}`?" if guess else ""


def _begun(written: str, known: Iterable[str]) -> list[str]:
    """The one word that begins with a text of three letters or more: `e_form` for `e_form_eV_per_atom`."""
    found = [word for word in known if len(written) >= 3 and word.startswith(written)]
    return found if len(found) == 1 else []
