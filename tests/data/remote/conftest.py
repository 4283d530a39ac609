"""What the tests of clients share: one that is soon out of patience, and the pauses that it makes."""

from __future__ import annotations

import pytest

from bigdata.data.remote.http import Client


@pytest.fixture
def slept() -> list[float]:
    """The pauses that `client` made, in seconds; none of them is waited for."""
    return []


@pytest.fixture
def client(slept: list[float]) -> Client:
    """A client without patience."""
    return Client(timeout_s=0.3, attempts=4, pause_s=0.5, per_second=1e6, sleep=slept.append)
