"""`--budget "2 USD"`: what a study may use up, in place of what its spec allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bigdata.errors import SpecError
from bigdata.spec.words import each
from bigdata.units import QuantityError, split_quantity

FIELDS = {
    "USD": "dollars",
    "core-hours": "core_hours",
    "core-hour": "core_hours",
    "GPU-hours": "gpu_hours",
    "GPU-hour": "gpu_hours",
}
# Of these the spec's own field knows more than one.
TIMES = ("s", "min", "h", "d")


def overrides(texts: Iterable[str]) -> Iterator[str]:
    """The same as `--set` understands it. SpecError for what is no amount."""
    for text in texts:
        number, unit = _split(text)
        if number <= 0:
            raise SpecError(f"--budget {text}: has to be more than nothing.")
        if unit in FIELDS:
            yield f"budget.{FIELDS[unit]}={number:g}"
        elif unit in TIMES:
            yield f"budget.wall_time={number:g} {unit}"
        else:
            raise SpecError(f"--budget {text}: `{unit}` is no unit of a budget. Known: {each([*FIELDS, *TIMES])}.")


def _split(text: str) -> tuple[float, str]:
    try:
        return split_quantity(text)
    except QuantityError:
        raise SpecError(
            f'--budget {text}: is no amount with its unit. Write "2 USD", "3 core-hours", "1 GPU-hours" or "12 h" (of '
            "wall time); several may be given."
        ) from None
