"""Where bigdata keeps what it can make again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """`$BIGDATA_CACHE`, or `~/.cache/bigdata`."""
    given = os.environ.get("BIGDATA_CACHE")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "bigdata"


def ledger_file() -> Path:
    """What tasks have really cost, and how predictions have held."""
    return cache_folder() / "ledger.jsonl"


def on_disk(folder: Path) -> tuple[int, int]:
    """Files and bytes below a folder."""
    sizes = [p.stat().st_size for p in folder.rglob("*") if p.is_file()]
    return len(sizes), sum(sizes)
