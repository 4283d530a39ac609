"""How many examples a property test draws: a fifth by default (`quick`), twice as many where asked (`thorough`).

`--hypothesis-profile thorough` asks, or the variable HYPOTHESIS_PROFILE. Neither has deadlines: machines are shared.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("quick", max_examples=20, deadline=None)
settings.register_profile("thorough", max_examples=200, deadline=None)


def load() -> None:
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def examples(n: int) -> int:
    """For a test that wants `n` where others want a hundred."""
    return max(1, n * settings.default.max_examples // 100)
