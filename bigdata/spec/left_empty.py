"""Keys whose value was left empty: YAML takes them for `null`, which turns work off that a user may have meant."""

from __future__ import annotations

from collections.abc import Iterator

from bigdata.spec.node import Located, Node, located
from bigdata.spec.study import PathInSpec


def left_empty(node: Node, path: PathInSpec = ()) -> Iterator[Located]:
    """A problem for each key below a node that has nothing behind its colon."""
    if isinstance(node.value, dict):
        for key, entry in node.value.items():
            # The reader gives a value that isn't there the place of its key.
            if entry.node.value is None and entry.node.span is entry.key:
                right = f"Write its value; `{key}: null` for none; or leave the key out for the default"
                yield located(entry.key, (*path, key), "has no value", right)
    for part, child in node:
        yield from left_empty(child, (*path, part))


def switched_off(root: Node) -> list[str]:
    """The keys at the top of a spec that are `null`, written out."""
    return [str(key) for key, child in root if child.value is None]
