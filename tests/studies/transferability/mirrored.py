"""Mirrored databases as plain arrays, read without the package's readers."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bigdata.data.materials.elements import NUMBERS


class Mirrored(NamedTuple):
    """Of n entries with a target from -6 to 4 eV/atom: identifiers, targets, what tells materials apart, fractions."""

    ids: list[str]
    target: np.ndarray
    materials: list[tuple[str, int]]
    fractions: np.ndarray


def read(folder: Path, field: str) -> Mirrored:
    """Materials are told apart by the formula given and the spacegroup that stands beside it."""
    with gzip.open(folder / "structures.jsonl.gz", "rt") as lines:
        rows = [row for row in map(json.loads, lines) if row.get(field) is not None and -6 <= row[field] <= 4]
    fractions = np.zeros((len(rows), 118))
    for of, row in zip(fractions, rows, strict=True):
        np.add.at(of, [NUMBERS[symbol] - 1 for symbol in row["species"]], 1 / row["n_atoms"])
    materials = [(row["formula"], row["spacegroup_spglib"]) for row in rows]
    return Mirrored([row["id"] for row in rows], np.array([row[field] for row in rows]), materials, fractions)
