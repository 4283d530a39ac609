"""The small text files that codes leave."""

from __future__ import annotations

from pathlib import Path


def read(file: Path) -> str:
    """Nothing where there is no file."""
    return file.read_text(errors="replace") if file.is_file() else ""


def last_number(file: Path) -> float:
    """The last of a file with one number a line, such as TOTENERGY.OUT and EFERMI.OUT (hartree)."""
    return float(file.read_text().split()[-1])
