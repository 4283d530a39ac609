"""HTML from Python values: everything that isn't Markup already is escaped, since names and errors come from
users' files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from html import escape
from typing import Any

from bigdata.naming import packaged_text

# Elements that HTML closes itself: an end tag would be an error.
_VOID = {"br", "img", "input", "link", "meta"}
# Attributes that are read, beside those that are addresses, names and picture's data.
_READ = {"alt", "aria_label", "title"}
# Not an argument: texts come in through every function that makes a part of the page.
_WORDING: ContextVar[Callable[[str], str]] = ContextVar("wording", default=str)


@contextmanager
def worded(by: Callable[[str], str]) -> Iterator[None]:
    """For the time of the block, all texts that become HTML or data of scripts go through `by`."""
    token = _WORDING.set(by)
    try:
        yield
    finally:
        _WORDING.reset(token)


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, *children: object, **attributes: object) -> Markup:
    """`<tag attributes>children</tag>`; `class_` and `data_x` become `class` and `data-x`, None leaves an
    attribute out.
    """
    given = "".join(f' {_name(k)}="{_value(k, v)}"' for k, v in attributes.items() if v is not None)
    return Markup(f"<{tag}{given}>") if tag in _VOID else Markup(f"<{tag}{given}>{join(*children)}</{tag}>")


def join(*children: object) -> Markup:
    """The children one after another, text escaped."""
    return Markup("".join(c if isinstance(c, Markup) else escape(_WORDING.get()(str(c))) for c in children))


def sentence(text: str, **attributes: object) -> Markup:
    """A paragraph of plain text; what stands in backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick without another is one of a name's own
        return element("p", text, **attributes)
    return element("p", *(element("code", part) if i % 2 else part for i, part in enumerate(parts)), **attributes)


def json_element(data: Mapping[str, Any], **attributes: object) -> Markup:
    """Data for a script. No `<` is left in it, so that no text in the data can end the element."""
    text = json.dumps(finite(data), separators=(",", ":"), allow_nan=False)
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return element("script", Markup(safe), type="application/json", **attributes)


def packaged(address: str) -> Markup:
    """The text of a package's file, "package:file": a style or a script, which go into the page as they are."""
    return Markup(packaged_text(address))


def finite(value: Any) -> Any:
    """The same data with null for NaN and infinities, which JSON doesn't know, and with texts as they are worded."""
    if isinstance(value, str):
        return _WORDING.get()(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(k): finite(v) for k, v in value.items()}
    return [finite(v) for v in value] if isinstance(value, list | tuple) else value


def _value(keyword: str, value: object) -> str:
    return escape(_WORDING.get()(str(value)) if keyword in _READ else str(value))


def _name(keyword: str) -> str:
    return keyword.rstrip("_").replace("_", "-")
