"""Functions, classes and files known by name, "module:function": a lower room can name what it must not import."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any


def named(address: str) -> Any:
    """What stands at "module:name"; its module is imported now, and not before it is needed."""
    module, _, name = address.partition(":")
    return getattr(importlib.import_module(module), name)


def packaged_text(address: str) -> str:
    """The text of a file beside a package's modules, "package:file"; or beside a module, "module:file"."""
    package, _, file = address.partition(":")
    module = importlib.import_module(package)
    return (Path(module.__file__ or "").parent / file).read_text(encoding="utf-8")
