"""Whatever stands in a spec, it is loaded or refused in words; the checks themselves never fail."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bigdata.errors import Problem, SpecError
from bigdata.spec import Study, load_study, study_from_resolved
from tests.examples import examples

SPEC: dict[str, Any] = {
    "study": "similarity",
    "name": "x",
    "dataset": {"name": "hbn-dos-gpaw", "where": {"xc": ["LDA"], "n_basis": {"at_least": 3}}},
    "spectrum": {"zero": "fermi", "window": ["-10 eV", "10 eV"]},
    "fingerprint": {"grid": {"reference": "0 eV", "cutoff": ["-1 eV", "1 eV"]}},
    "similarity": {"measure": "dice", "keep": {"above": 0.5}},
    "order_by": ["xc", "mode"],
    "groups": {"linkage": "single", "min_similarity": 0.9},
    "convergence": {"within": ["xc"]},
    "pools": {"similarity": "cpu"},
    "sweep": {"grid": {"similarity.measure": ["dice"]}, "zip": {}, "exclude": []},
}
WORDS = st.sampled_from(
    ["matrix", "xc", "10 eV", "LDA", "", "name", "similarity", "nonuniform:0:1", "0 eV", "\u202e", "a\nb"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda x: st.lists(x, max_size=3) | st.dictionaries(WORDS | st.text(max_size=3), x, max_size=3),
    max_leaves=6,
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(p for key, child in children for p in paths(child, (*path, key)))]


@st.composite
def broken(draw: st.DrawFn) -> dict[str, Any]:
    spec = copy.deepcopy(SPEC)
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(paths(spec)[1:]))
        holder: Any = spec
        for part in parents:
            holder = holder[part]
        if draw(st.booleans()):
            holder[last] = draw(VALUES)
        elif isinstance(holder, dict):
            holder[draw(WORDS)] = holder.pop(last)
    return spec


@given(broken())
@settings(max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_at_any_place_is_loaded_or_refused_in_words(tmp_path: Path, spec: dict[str, Any]) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    study, problems = _loaded(path)
    assert (study is None) == bool(problems)
    assert all(line.isprintable() for problem in problems for line in str(problem).splitlines())
    if study is not None:
        assert study_from_resolved(json.loads(json.dumps(study.resolved()))).variants == study.variants


def _loaded(path: Path) -> tuple[Study | None, tuple[Problem, ...]]:
    try:
        return load_study(path), ()
    except SpecError as error:
        return None, error.problems
