"""How far a long wait for data is, told every few seconds through the logger `bigdata`, which the program prints."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

LOG = logging.getLogger("bigdata")
STEP_SECONDS = 3.0


def logged(what: str, said: Callable[[int], str] = "{:,}".format) -> Callable[[int, int | None], None]:
    """Takes how much has come, of how much (None: not known), and says it now and then."""
    last = time.monotonic()

    def show(n: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last > STEP_SECONDS:
            last = time.monotonic()
            LOG.info("%s: %s%s", what, said(n), f" of {said(total)}" if total else "")

    return show
