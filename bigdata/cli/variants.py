"""Which variant of a sweep a verb is asked about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bigdata.errors import SpecError
from bigdata.store import open_run

if TYPE_CHECKING:
    from bigdata.store.reading import View


def named_variant(run: Path, number: int | None) -> View:
    """The variant of a number; of a study without a sweep, its only one. Raises SpecError."""
    variants = open_run(run).variants
    if number is None and len(variants) > 1:
        raise SpecError(f"{run} is a sweep of {len(variants)} variants; name one with --variant, from 0.")
    if not 0 <= (number or 0) < len(variants):
        raise SpecError(f"{run} has variants 0 to {len(variants) - 1}, not {number}.")
    return variants[number or 0]
