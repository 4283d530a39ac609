"""CIF text as data blocks: the values of each tag, with the lines at which they stand."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import gemmi

from bigdata.data.problem import EntryError

X = "_atom_site_fract_x"
UNKNOWN = frozenset({"", "?", "."})
FORMULA = "_chemical_formula_sum"
# Two values under one of these would be two crystals.
_ONCE = ("_cell_", "_atom_site_", "_symmetry_", "_space_group_", FORMULA)
_NOT_ASCII = re.compile(r"[^\t\n\x20-\x7e]")
_BEHIND_NAME = re.compile(r"^([ \t]*data_\S+)[ \t]+[^\s#][^\n]*$", re.MULTILINE | re.IGNORECASE)
_BARE_GROUP = re.compile(
    r"^([ \t]*_\S*name_(?:H-M|Hall)\S*[ \t]+)([A-Za-z-][^'\"#\n]*?[ \t][^'\"#\n]*?)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_PLACE = re.compile(r"\w*:(\d+):(\d+)(?:\(\d+\))?: (.*)", re.DOTALL)
_QUOTES = frozenset("'\";")
_NUMBERS = re.compile(r"(?:[+-]?(?:\d+\.?\d*|\.\d+) )+")
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\(\d+(?:\.\d+)?\))?")


@dataclass(frozen=True, slots=True)
class Values:
    """What stands under a tag, `tag` as it is spelt there: one text, or those of a loop whose rows have `width`
    values; `line` is that of the tag or of the word `loop_`."""

    tag: str
    texts: list[str]
    line: int
    width: int = 0


@dataclass(slots=True)
class Block:
    """A data block. Tags are in small letters, with `_` for the `.` that newer dictionaries write."""

    name: str
    lines: list[str]
    line: int = 1
    values: dict[str, Values] = field(default_factory=dict)

    def __contains__(self, tag: str) -> bool:
        return tag in self.values

    def text(self, *tags: str) -> str:
        """The value of the first of `tags` that has one; "" where none is known."""
        for tag in tags:
            if tag in self.values and (known := [text for text in self.values[tag].texts if text not in UNKNOWN]):
                return known[0].strip()
        return ""

    def column(self, *tags: str) -> list[str]:
        """All values of the first of `tags` that the block has; none where it has none."""
        return next((self.values[tag].texts for tag in tags if tag in self.values), [])

    def number(self, tag: str) -> float | None:
        """The number under a tag, None where it isn't known; raises EntryError where it is something else."""
        text = self.text(tag)
        return number(text, f"`{self.values[tag].tag}`", self.values[tag].line) if text else None

    def line_of(self, tag: str, row: int) -> int:
        """The line of a loop's row (from 0), where each row has a line of its own; else that of the loop."""
        values = self.values[tag]
        rows = [
            at
            for at, line in enumerate(self.lines[values.line :], values.line + 1)
            if line.strip() and line.lstrip()[0] not in "_#"
        ]
        is_plain = row < len(rows) and len(self.lines[rows[row] - 1].split()) == values.width
        return rows[row] if is_plain else values.line


def number(text: str, what: str, line: int = 0) -> float:
    """A finite number without its standard uncertainty, `4.123(5)`; raises EntryError for all else."""
    match = _NUMBER.fullmatch(text)
    # `1e999` is infinite as a float.
    if match is None or not math.isfinite(found := float(match[1])):
        raise EntryError(f"{what} is `{text[:40]}`, which is no number", line)
    return found


def are_plain(texts: list[str]) -> bool:
    """Whether all are decimal numbers without exponent and uncertainty."""
    return _NUMBERS.fullmatch(" ".join(texts) + " ") is not None


def crystals(text: str) -> list[Block]:
    """The data blocks that list atoms, the names of those with equal ones numbered; raises EntryError for none."""
    blocks = [*_blocks(text)]
    if not blocks:
        raise EntryError("the file holds no data block: none of its lines begins with `data_`")
    found = [block for block in blocks if X in block]
    if not found:
        raise EntryError(f"no data block lists atoms: there is no `{X}`", blocks[0].line)
    seen: dict[str, int] = {}
    for block in found:
        seen[block.name] = seen.get(block.name, 0) + 1
        if seen[block.name] > 1:
            block.name += f"_{seen[block.name]}"
    return found


def _blocks(text: str) -> Iterator[Block]:
    # CIF is ASCII; other bytes stand in comments and names of authors, in any old encoding.
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").rstrip("\x1a\n ") + "\n"
    plain = plain if plain.isascii() and plain.isprintable() else _NOT_ASCII.sub("_", plain)
    lines = plain.split("\n")
    after = 0
    for parsed in _document(plain):
        block = Block(parsed.name, lines)
        block.line = after = _heading(lines, parsed.name, after)
        for item in parsed:
            if item.pair is not None:
                pair = cast("tuple[str, str]", item.pair)
                _put(block, Values(pair[0], _plain([pair[1]]), item.line_number))
            elif item.loop is not None:
                tags, texts = item.loop.tags, _plain(item.loop.values)
                for place, tag in enumerate(tags):
                    _put(block, Values(tag, texts[place :: len(tags)], item.line_number, len(tags)))
        yield block


def _document(text: str) -> gemmi.cif.Document:
    """The parsed text; as it stands, else with what programs write against the grammar mended."""
    try:
        return gemmi.cif.read_string(text, check_level=0)
    except ValueError:
        mended = _BARE_GROUP.sub(r"\1'\2'", _BEHIND_NAME.sub(r"\1", text))
    try:
        return gemmi.cif.read_string(mended, check_level=0)
    except ValueError as e:
        match = _PLACE.match(str(e))
        line, column, what = (int(match[1]), int(match[2]), match[3]) if match else (0, 0, str(e))
        where = f" at column {column}" if column else ""
        raise EntryError(f"this isn't CIF: {what.splitlines()[0]}{where}", line) from None


def _plain(texts: list[str]) -> list[str]:
    return [gemmi.cif.as_string(text) if text[:1] in _QUOTES else text for text in texts]


def _put(block: Block, values: Values) -> None:
    tag = values.tag.lower().replace(".", "_")
    before = block.values.setdefault(tag, values)
    if before.texts == values.texts or (tag == FORMULA and UNKNOWN.issuperset(values.texts)):
        return
    if tag == FORMULA and UNKNOWN.issuperset(before.texts):
        block.values[tag] = values
    elif tag.startswith(_ONCE):
        what = f"`{values.tag}` stands twice, with different values, at lines {before.line} and {values.line}"
        raise EntryError(what, values.line)


def _heading(lines: list[str], name: str, after: int) -> int:
    """The line, from 1, at which the block of this name begins."""
    heading = f"data_{name}".lower()
    return next((at for at, line in enumerate(lines[after:], after + 1) if line.lower().split()[:1] == [heading]), 1)
