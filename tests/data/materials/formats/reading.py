"""Reading a file by its format, sorted out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bigdata.data.materials.formats import FORMATS
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.problem import BadEntry, Remark

Read = tuple[list[MaterialEntry], list[BadEntry], list[Remark]]
# The seeds of random crystals: a few at each test, many now and then.
N_RANDOM = [pytest.param(range(40), id="40"), pytest.param(range(40, 540), id="500", marks=pytest.mark.slow)]


def sorted_out(path: Path) -> Read:
    """The entries of a file, the bad ones, and the remarks."""
    told = FORMATS.tell(path)
    assert told is not None
    found = list(FORMATS.entries(path, told))
    kinds: tuple[list[Any], ...] = ([], [], [])
    for one in found:
        kinds[(MaterialEntry, BadEntry, Remark).index(type(one))].append(one)
    return kinds  # type: ignore[return-value]
