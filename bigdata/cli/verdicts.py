"""Specs found right before: while neither they nor what judged them change, they need no second reading.

Making pydantic's models takes longer than all the rest of `bigdata validate`. What is wrong with a spec is
never remembered, only that nothing was.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from bigdata.places import cache_folder

Stamps = Mapping[str, str]


def recall(spec: Path, overrides: Sequence[str]) -> str:
    """The summary of a spec that is still right; "" where that isn't known."""
    try:
        known = json.loads(_record(spec, overrides).read_text(encoding="utf-8"))
        same = all(_stamp(file) == stamp for file, stamp in known["files"].items())
    except (OSError, ValueError, KeyError):
        return ""
    return str(known["summary"]) if same else ""


def remember(spec: Path, overrides: Sequence[str], summary: str, files: Iterable[Path]) -> None:
    """Keep the summary of a spec for as long as these files and the code that read them stay as they are."""
    stamps = {str(file.absolute()): _stamp(str(file)) for file in [*files, *_code()]}
    record = _record(spec, overrides)
    partial = record.with_suffix(f".{os.getpid()}")
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"summary": summary, "files": stamps}), encoding="utf-8")
        partial.replace(record)
    except OSError:
        return  # A cache that can't be written costs time, nothing else.


def _record(spec: Path, overrides: Sequence[str]) -> Path:
    said = json.dumps([str(spec.absolute()), *overrides, sys.version, __file__])
    return cache_folder() / "validated" / f"{blake2b(said.encode(), digest_size=16).hexdigest()}.json"


def _stamp(file: str) -> str:
    """Of a YAML file its content; of anything else its size and time, in a folder those of its files."""
    if file.endswith((".yaml", ".yml")):
        return blake2b(Path(file).read_bytes(), digest_size=16).hexdigest()
    if Path(file).is_dir():
        return " ".join(sorted(f"{p}:{_stamp(str(p))}" for p in Path(file).iterdir()))
    found = Path(file).stat()
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"


def _code() -> list[Path]:
    """What judges: the modules loaded by now, ours, the kinds' and pydantic's, and the table of the datasets."""
    from bigdata.data.registry import TABLE
    from bigdata.spec.kinds import kind, kinds

    judges = ("bigdata", "pydantic", "ruamel", *(kind(name).__module__.partition(".")[0] for name in kinds()))
    modules = [m for name, m in list(sys.modules.items()) if name.partition(".")[0] in judges]
    files = [getattr(module, "__file__", None) for module in modules]
    return [TABLE, *(Path(file) for file in files if file)]
