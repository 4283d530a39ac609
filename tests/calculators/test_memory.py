"""What tells that a program got no memory."""

from __future__ import annotations

import pytest

from bigdata.calculators.memory import lacked
from bigdata.programs.program import Ran


def ran(code: int) -> Ran:
    return Ran(code, 1.0, 1.0, 100 * 2**20, 0, 0)


@pytest.mark.parametrize("code", [-9, 137])
def test_one_that_was_killed_most_likely_lacked_memory(code: int) -> None:
    assert lacked(ran(code), "") == "It was killed, most likely for its memory, of which it had 100.0 MiB."


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("In file 'init0.f90', around line 462: Error allocating 1328064 bytes: Cannot allocate memory", "Error alloc"),
        ("Error: allocation would exceed memory limit", "allocation would exceed memory"),
        ("forrtl: severe (41): insufficient virtual memory", "insufficient virtual memory"),
        ("fftw: alloc.c:29: assertion failed: p", "fftw: alloc.c"),
        ("numpy.core._exceptions._ArrayMemoryError: Unable\nMemoryError", "MemoryError"),
        ("terminate called after throwing an instance of 'std::bad_alloc'", "bad_alloc"),
        ("slurmstepd: error: Detected 1 oom_kill event in StepId=7.0", "oom_kill"),
    ],
)
def test_what_programs_say_is_understood(said: str, word: str) -> None:
    assert f'it says "{word}' in lacked(ran(2), said)


@pytest.mark.parametrize(
    ("code", "said"),
    [(1, "Error(readinput): error reading from elk.in"), (0, "runs out of memory now and then"), (-11, "")],
)
def test_other_ends_are_none_of_it(code: int, said: str) -> None:
    assert lacked(ran(code), said) == ""
