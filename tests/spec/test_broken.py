"""A corpus of broken specs, each with every problem in it at its exact line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigdata.errors import Problem, SpecError
from bigdata.spec import load_study
from tests.spec.expected import EXPECTED

BROKEN = Path(__file__).parent / "broken"
# Words of pydantic and of the YAML parser, which mean nothing to a user.
FOREIGN = (
    "Input should",
    "Extra inputs",
    "Field required",
    "valid dictionary",
    "pydantic",
    "block mapping",
    "token",
)


def found(name: str) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        load_study(BROKEN / f"{name}.yaml")
    return caught.value.problems


def row(problem: Problem, name: str) -> str:
    file = Path(problem.place.file).name
    where = "" if file == f"{name}.yaml" else f"{file}:"
    guess = f" | {problem.hint}" if problem.hint else ""
    return f"{where}{problem.place.line}:{problem.place.column}: {problem.path}: {problem.what}{guess}"


def same(expected: str, given: str) -> bool:
    return given.startswith(expected.removesuffix("…")) if expected.endswith("…") else given == expected


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_problem_is_found_at_its_place(name: str) -> None:
    rows = [row(problem, name) for problem in found(name)]
    assert len(rows) == len(EXPECTED[name]), rows
    for expected, given in zip(EXPECTED[name], rows, strict=True):
        assert same(expected, given), given


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_problems_are_in_our_own_words_and_say_what_would_be_right(name: str) -> None:
    for problem in found(name):
        text = str(problem)
        assert problem.right or problem.hint or "should read" in problem.what, text
        assert not any(word in text for word in FOREIGN), text
        assert text.isprintable() or "\n" in text
        assert not any(ord(c) < 32 and c not in "\n\t" for c in text)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_carets_stand_inside_the_line(name: str) -> None:
    for problem in found(name):
        place = problem.place
        assert place.line == 0 or place.column + place.width - 1 <= max(len(place.text) + 1, 1)


def test_corpus_and_table_agree() -> None:
    assert {path.stem for path in BROKEN.glob("*.yaml")} == set(EXPECTED)
    assert len(EXPECTED) >= 60
