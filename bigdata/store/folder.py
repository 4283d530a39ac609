"""The names of everything in a run's folder, and the record of the study as it was understood."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigdata.errors import SiteError


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run; every path in it has its name here."""

    path: Path

    @property
    def study(self) -> Path:
        return self.path / "study.yaml"

    @property
    def resolved(self) -> Path:
        return self.path / "resolved.json"

    @property
    def store(self) -> Path:
        return self.path / "store.zarr"

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"

    @property
    def lock(self) -> Path:
        return self.path / "lock.json"

    @property
    def cancel(self) -> Path:
        return self.path / "cancel"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def running(self) -> Path:
        """Holds one small file for each task under way; empty between runs."""
        return self.path / "running"

    @property
    def figures(self) -> Path:
        return self.path / "figures"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    def exists(self) -> bool:
        return self.resolved.is_file()

    def read_resolved(self) -> dict[str, Any]:
        """The resolved study, its variants and inputs; SiteError where the folder is no run."""
        try:
            data: dict[str, Any] = json.loads(self.resolved.read_text())
        except (OSError, ValueError) as error:
            raise SiteError(f"{self.path} is not the folder of a run: {error}. `bigdata status` lists the runs.") from None
        return data

    def n_files(self) -> int:
        return sum(len(files) for _, _, files in os.walk(self.path))

    def n_bytes(self) -> int:
        return sum((Path(folder) / f).stat().st_size for folder, _, files in os.walk(self.path) for f in files)


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that a reader, or a kill, never meets half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.replace(path)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(data, indent=1, sort_keys=False) + "\n")
