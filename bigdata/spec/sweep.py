"""`sweep:` — one study many times, with other values: a grid, values side by side, what to leave out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from pydantic import Field, ValidationError

from bigdata.spec.layers import assigned, parsed_path
from bigdata.spec.node import Located, Node, Span, locate, located, mapping
from bigdata.spec.study import SpecModel
from bigdata.spec.words import items, listed, meant

MAX_VARIANTS = 10_000
# What must be the same in all variants: they make one run.
_FIXED = ("study", "name", "budget", "extends", "sweep")


class Sweep(SpecModel):
    """Values to try for fields of the study, each field by its path, such as `target.units`."""

    grid: dict[str, list[Any]] = Field(default={}, description="Every combination of these values.")
    zip: dict[str, list[Any]] = Field(
        default={}, description="The first values together, the second ones together, and so on."
    )
    exclude: list[dict[str, Any]] = Field(
        default=[], description="Combinations to leave out: those with all the values of one item."
    )


@dataclass(frozen=True)
class Setting:
    """One variant before it is checked: its label, the values set, and the study's tree with them."""

    label: str
    values: Mapping[str, Any]
    root: Node


def swept(root: Node, node: Node, problems: list[Located]) -> list[Setting]:
    """The variants that `sweep:`, the tree's `node`, asks for; the study without it where it asks wrongly."""
    rest = mapping({k: e for k, e in root.value.items() if k != "sweep"}, root.span)
    found = _wrong(node, root)
    problems += found
    if found:
        return [Setting("", {}, rest)]
    keys = {path: entry.key for _, part in node if isinstance(part.value, dict) for path, entry in part.value.items()}
    settings = [s for s in _combinations(node) if not _excluded(s, node)]
    if not settings:
        problems.append(located(locate(root, ("sweep",)), "sweep", "leaves no variant", "Exclude fewer combinations"))
    shown = _telling(settings)
    return [_setting(rest, s, keys, shown, problems) for s in settings] or [Setting("", {}, rest)]


def _telling(settings: Sequence[Mapping[str, Node]]) -> list[str]:
    """The paths whose values name a variant: those with plain words and numbers where these tell all variants apart."""
    paths = list(settings[0]) if settings else []
    plain = [p for p in paths if not any(isinstance(s[p].plain, dict | list) for s in settings)]
    distinct = {json.dumps([s[p].plain for p in plain]) for s in settings}
    return plain if len(distinct) == len(settings) else paths


def _columns(node: Node, way: str) -> dict[str, Node]:
    """Path → list of values, of `grid:` or `zip:`."""
    part = node.child(way)
    return {str(path): values for path, values in part} if part else {}


def _combinations(node: Node) -> list[dict[str, Node]]:
    columns, beside = _columns(node, "grid"), _columns(node, "zip")
    rows = [dict(zip(beside, row, strict=True)) for row in zip(*(c.value for c in beside.values()), strict=True)]
    grid = [dict(zip(columns, values, strict=True)) for values in product(*(c.value for c in columns.values()))]
    return [{**a, **b} for a in grid for b in (rows or [{}])]


def _excluded(setting: Mapping[str, Node], node: Node) -> bool:
    rows = node.child("exclude")
    plain = {path: value.plain for path, value in setting.items()}
    return any(all(_same(plain[str(p)], v.plain) for p, v in row) for _, row in rows or ())


def _same(a: Any, b: Any) -> bool:
    """Whether two values of a spec are equal; 1 and 1.0 are, but to Python 1 and `true` are, too."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def _setting(
    root: Node, values: Mapping[str, Node], keys: Mapping[str, Span], shown: list[str], problems: list[Located]
) -> Setting:
    for path, value in values.items():
        root = assigned(root, parsed_path(path) or (), value, keys[path], problems)
    plain = {path: value.plain for path, value in values.items()}
    return Setting(label({path: plain[path] for path in shown}), plain, root)


def label(values: Mapping[str, Any]) -> str:
    """`target.units=eV, split.seed=1`; one line of printable characters."""
    return ", ".join(f"{path}={_word(value)}" for path, value in values.items())


def _word(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(text)


def _wrong(node: Node, root: Node) -> list[Located]:
    """Everything wrong with the sweep itself; wrong values are found later, in the variants."""
    try:
        Sweep.model_validate(node.plain, strict=True)
    except ValidationError as error:
        from bigdata.spec.problems import from_pydantic

        return from_pydantic(error, Sweep, node, ("sweep",))
    found = [*_wrong_paths(node), *_wrong_columns(node)]
    return found or [*_wrong_excludes(node), *_wrong_number(node, locate(root, ("sweep",)))]


def _wrong_paths(node: Node) -> list[Located]:
    found, seen = [], set[str]()
    for way in ("grid", "zip"):
        for path in _columns(node, way):
            span, parts = node.child(way).value[path].key, parsed_path(path)  # type: ignore[union-attr]
            here = ("sweep", way, path)
            if parts is None:
                found.append(
                    located(
                        span,
                        here,
                        f"`{path}` is not a path",
                        "Write `part.field`, as in `target.units`",
                    )
                )
            elif parts[0] in _FIXED:
                found.append(
                    located(span, here, f"`{parts[0]}` is the same in all variants", "Write one study for each")
                )
            elif rival := next((s for s in seen if _overlap(s, path)), None):
                found.append(located(span, here, f"sets what `{rival}` sets too", "Keep one of the two"))
            seen.add(path)
    if not seen:
        found.append(
            located(
                node.span,
                "sweep",
                "sweeps over nothing",
                "Write `grid: {part.field: [one value, another]}`",
            )
        )
    return found


def _overlap(a: str, b: str) -> bool:
    return f"{a}.".startswith(f"{b}.") or f"{b}.".startswith(f"{a}.")


def _wrong_columns(node: Node) -> list[Located]:
    found = []
    for way in ("grid", "zip"):
        for path, values in _columns(node, way).items():
            here = ("sweep", way, path)
            if not values.value:
                found.append(located(values.span, here, "lists no value", "Write at least one"))
            if way == "grid":
                found += [
                    located(v.span, (*here, i), "is listed twice", "Keep one of the two") for i, v in _repeated(values)
                ]
    lengths = {path: len(values.value) for path, values in _columns(node, "zip").items()}
    for path, n in lengths.items():
        first, n_first = next(iter(lengths.items()))
        if n != n_first:
            what = f"has {items(n)}, `{first}` has {n_first}"
            found.append(
                located(
                    _columns(node, "zip")[path].span,
                    ("sweep", "zip", path),
                    what,
                    "Lists of `zip:` go side by side",
                )
            )
    return found


def _repeated(values: Node) -> list[tuple[int, Node]]:
    # As JSON, since 1, 1.0 and True are equal in Python.
    plain = [json.dumps(item.plain) for item in values.value]
    return [(i, item) for i, item in enumerate(values.value) if plain[i] in plain[:i]]


def _wrong_excludes(node: Node) -> list[Located]:
    columns = {**_columns(node, "grid"), **_columns(node, "zip")}
    rows = node.child("exclude")
    found = []
    for i, row in rows or ():
        here = ("sweep", "exclude", i)
        if not row.value:
            found.append(located(row.span, here, "excludes every variant", "Name a path and a value"))
        for path, value in row:
            span = row.value[path].key
            if path not in columns:
                right = f"Swept are {listed(columns)}"
                found.append(located(span, (*here, path), "isn't swept", right, meant(str(path), columns)))
            elif not any(_same(value.plain, one) for one in columns[str(path)].plain):
                known = columns[str(path)].plain
                right = f"Its values are {listed(map(_word, known))}"
                found.append(
                    located(
                        value.span,
                        (*here, path),
                        f"never has the value `{_word(value.plain)}`",
                        right,
                        meant(_word(value.plain), map(_word, known)),
                    )
                )
    return found


def _wrong_number(node: Node, span: Span) -> list[Located]:
    n = max([len(c.value) for c in _columns(node, "zip").values()], default=1)
    for column in _columns(node, "grid").values():
        n *= len(column.value)
    if n <= MAX_VARIANTS:
        return []
    return [
        located(
            span,
            "sweep",
            f"asks for {n:,} variants",
            f"At most {MAX_VARIANTS:,} make one run; sweep over less",
        )
    ]
