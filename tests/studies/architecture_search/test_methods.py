"""Search methods: replayed they propose the same, they learn, and failed trials teach them nothing good."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from bigdata.kind import Ask, SpecError
from bigdata.studies.architecture_search.methods import SearchMethod
from bigdata.studies.architecture_search.methods import bayesian as bayesian_module
from bigdata.studies.architecture_search.methods.bayesian import Axis, Bayesian
from bigdata.studies.architecture_search.methods.evolution import Evolution
from bigdata.studies.architecture_search.methods.grid import Grid
from bigdata.studies.architecture_search.methods.method import Told
from bigdata.studies.architecture_search.methods.reinforcement import Reinforcement, softmax
from bigdata.studies.architecture_search.search import Objective, Search
from bigdata.studies.architecture_search.space import Point
from bigdata.studies.architecture_search.stopping import StoppingRule
from tests.studies.architecture_search.searching import NETWORKS, Rows, planted, run, space, told

METHODS: dict[str, dict[str, Any]] = {
    "random": {"method": "random"},
    "grid": {"method": "grid", "per_range": 3},
    "evolution": {"method": "evolution"},
    "reinforcement": {"method": "reinforcement"},
    "bayesian": {"method": "bayesian"},
    "gaussian process": {"method": "bayesian", "sampler": "gp"},
}
NEEDS = {"bayesian": ("optuna",), "gaussian process": ("optuna", "torch")}
NEVER = {"method": "none", "max_steps": 1000}
ASHA = {"method": "asha", "min_steps": 16, "max_steps": 1000}
# Half a second for each proposal.
SLOW = [pytest.param(name, marks=pytest.mark.slow) if name == "gaussian process" else name for name in METHODS]
methods = pytest.mark.parametrize("name", SLOW)


def search(name: str, n: int = 30, seed: int = 0, stopping: dict[str, Any] = NEVER, n_objectives: int = 1) -> Search:
    for package in NEEDS.get(name, ()):
        pytest.importorskip(package)
    method = TypeAdapter[Any](SearchMethod).validate_python(METHODS[name] | {"trials": n, "seed": seed})
    objectives = [Objective("error"), Objective("n_parameters")][:n_objectives]
    return Search.of(NETWORKS, method, TypeAdapter[Any](StoppingRule).validate_python(stopping), objectives)


def sized(ask: Ask) -> Rows:
    """Two objectives: larger networks are better, and larger."""
    point = ask.payload["point"]
    return {"error": planted(point), "n_parameters": float(point["model.latent"]) ** 2}


def sometimes(ask: Ask) -> Rows:
    """Every fifth trial fails."""
    return None if ask.payload["trial"] % 5 == 4 else told(ask)


SETTINGS: dict[str, tuple[dict[str, Any], int, Callable[[Ask], Rows]]] = {
    "one rung": (NEVER, 1, told),
    "rungs": (ASHA, 1, told),
    "some failed": (ASHA, 1, sometimes),
    "two objectives": (NEVER, 2, sized),
}


@methods
@pytest.mark.parametrize("setting", SETTINGS)
def test_workers_change_nothing(name: str, setting: str) -> None:
    stopping, n_objectives, task = SETTINGS[setting]
    alone = run(search(name, 30, 0, stopping, n_objectives), 6, task)
    assert alone == run(search(name, 30, 0, stopping, n_objectives), 6, task, workers=4)


@methods
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_method_that_is_given_the_whole_history_proposes_what_the_one_that_saw_it_grow_does(
    name: str, setting: str
) -> None:
    stopping, n_objectives, task = SETTINGS[setting]
    grown = search(name, 30, 0, stopping, n_objectives)
    run(grown, 6, task)
    n = len(grown.points)
    running = {n: grown.points[0], n + 1: grown.points[1]}
    new = search(name, 30, 0, stopping, n_objectives).method
    assert new.propose(n + 2, grown.history, running) == grown.method.propose(n + 2, grown.history, running)


def test_another_process_with_other_hashes_proposes_the_same() -> None:
    names = [name for name in ("random", "grid", "evolution", "reinforcement", "bayesian") if _is_here(name)]
    code = f"""
import json
from tests.studies.architecture_search.test_methods import run, search
for name in {names}:
    found = search(name, 24)
    run(found, 3)
    print(json.dumps(found.points))
"""
    for salt in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": salt}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        for name, line in zip(names, done.stdout.splitlines(), strict=True):
            found = search(name, 24)
            run(found, 3)
            assert json.loads(line) == found.points, name


def _is_here(name: str) -> bool:
    return all(find_spec(package) for package in NEEDS.get(name, ()))


@methods
def test_all_trials_failed_is_no_error(name: str) -> None:
    assert len(run(search(name, 30), 4, lambda ask: None)) == 30


@methods
def test_points_lie_in_the_space(name: str) -> None:
    found = search(name)
    asked = run(found, 4)
    assert json.loads(json.dumps([ask.payload for ask in asked])) == [ask.payload for ask in asked]
    for point in found.points:
        assert list(point) == list(NETWORKS)
        assert NETWORKS.at(dict(zip(NETWORKS, NETWORKS.encode(point), strict=True))) == pytest.approx(point)


def test_a_history_that_shrinks_is_refused() -> None:
    found = search("evolution", 5)
    run(found, 1)
    with pytest.raises(ValueError, match="the history has 0: make a new method"):
        found.method.propose(5, [], {})


# Grid


def test_a_grid_is_visited_once_and_is_the_end() -> None:
    where = space(a=["x", "y", "z"], b={"integers": [1, 4]}, c={"uniform": [0, 1]})
    grid = Grid(where, 3)
    assert grid.most == 27
    points = [grid.propose(i, [], {}) for i in range(27)]
    assert sorted(points, key=repr) == sorted(where.grid(3), key=repr)


def test_the_first_points_of_a_grid_are_spread_over_all_of_it() -> None:
    where = space(a=[1, 2, 3, 4, 5], b=["x", "y", "z"], c=[32, 64])
    grid = Grid(where, 3)
    first = [grid.propose(i, [], {}) for i in range(15)]
    for path in where:
        assert len({point[path] for point in first}) == where[path].n_values
        assert max(Counter(point[path] for point in first).values()) <= 15 / where[path].n_values + 2


# Evolution


def as_told(values: list[float | None], points: list[Point]) -> list[Told]:
    return [Told(i, 0, p, None if v is None else (v,)) for i, (v, p) in enumerate(zip(values, points, strict=True))]


def drawn(n: int) -> list[Point]:
    return [NETWORKS.draw(np.random.default_rng([9, i])) for i in range(n)]


@pytest.mark.parametrize("best", [12, 19])
def test_where_all_of_the_population_are_sampled_the_best_of_it_is_the_parent(best: int) -> None:
    points = drawn(20)
    values: list[float | None] = [float(abs(i - best)) for i in range(20)]
    child = Evolution(NETWORKS, 0, 10, 10).propose(20, as_told(values, points), {})
    assert sum(child[path] != points[best][path] for path in NETWORKS) == 1


def test_a_trial_that_is_too_old_is_no_parent_however_good_it_is() -> None:
    points = drawn(20)
    child = Evolution(NETWORKS, 0, 10, 10).propose(20, as_told([float(i) for i in range(20)], points), {})
    assert sum(child[path] != points[10][path] for path in NETWORKS) == 1


def test_failed_trials_are_no_parents() -> None:
    points = drawn(20)
    values = [None if i % 2 else float(i) for i in range(20)]
    child = Evolution(NETWORKS, 0, 10, 10).propose(20, as_told(values, points), {})
    assert sum(child[path] != points[0][path] for path in NETWORKS) == 1


def test_trials_of_unlike_rungs_are_compared_where_both_have_been() -> None:
    """One that was trained to its end has a smaller error, and is worse than another at the same age."""
    points = drawn(2)
    history = as_told([0.5, 0.4], points)
    history.append(Told(0, 1, points[0], (0.1,)))
    child = Evolution(NETWORKS, 0, 2, 2).propose(2, history, {})
    assert sum(child[path] != points[1][path] for path in NETWORKS) == 1


# Reinforcement


def test_one_step_of_reinforcement_is_the_gradient_of_the_logarithm_of_the_probability() -> None:
    """Recomputed by differences."""
    where = space(a=["x", "y", "z"], b=[1, 2])
    controller = Reinforcement(where, 0, 0.5, 8)
    history = [Told(0, 0, {"a": "x", "b": 1}, (1.0,)), Told(1, 0, {"a": "z", "b": 1}, (0.5,))]
    controller.propose(1, history[:1], {})
    before = controller.preferences["a"].copy()
    assert before.tolist() == [0.0, 0.0, 0.0]  # nothing to compare the first one to
    controller.propose(2, history, {})
    gradient = []
    for i in range(3):
        up = before.copy()
        up[i] += 1e-6
        gradient.append((math.log(softmax(up)[2]) - math.log(softmax(before)[2])) / 1e-6)
    assert controller.preferences["a"] == pytest.approx(0.5 * (1.0 - 0.5) * np.array(gradient), abs=1e-6)


def test_the_controller_learns() -> None:
    """Half of the first trials' errors, in the last of 300, and the best kind of network nearly always."""
    found = search("reinforcement", 300)
    run(found, 8)
    errors = [planted(point) for point in found.points]
    assert np.mean(errors[-50:]) < 0.4 * np.mean(errors[:50])
    assert Counter(point["model.latent"] for point in found.points[-50:])[128] > 40


def test_it_learns_the_same_from_errors_in_other_units() -> None:
    one, other = (search("reinforcement", 50) for _ in range(2))
    run(one, 4)
    run(other, 4, lambda ask: {"error": 1000.0 * planted(ask.payload["point"], ask.payload["steps"][1])})
    assert one.points == other.points


# Bayesian


def test_what_optuna_is_told_is_what_the_search_knows() -> None:
    found = search("bayesian", 60, 0, ASHA)
    run(found, 6, sometimes)
    found.method.propose(60, found.history, {})
    assert isinstance(found.method, Bayesian)
    for rung, study in enumerate(found.method._studies):
        complete = [t for t in study.trials if t.state.name == "COMPLETE"]
        expected = [t for t in found.history if t.rung == rung and t.values is not None]
        assert sorted(t.value for t in complete) == sorted(t.values[0] for t in expected if t.values)
        assert not [t for t in study.trials if t.state.name == "RUNNING"]


@pytest.mark.parametrize(
    "written",
    [["b", "a", True], [256, 32, 64], {"integers": [-3, 12]}, {"uniform": [-1, 4]}, {"log_uniform": [1e-5, 1e-2]}],
)
def test_a_value_comes_back_from_its_coordinate(written: Any) -> None:
    dimension = space(a=written, b=[1, 2])["a"]
    axis = Axis(dimension)
    for position in np.linspace(0, 1, 50):
        value: Any = dimension.at(float(position))
        assert axis.value(axis.coordinate(value)) == (pytest.approx(value) if isinstance(value, float) else value)


def test_numbers_keep_their_order_as_coordinates() -> None:
    axis = Axis(space(a=[256, 32, 64])["a"])
    assert [axis.coordinate(value) for value in (32, 64, 256)] == [0, 1, 2]


@pytest.mark.parametrize(("sampler", "trials"), [("tpe", 2001), ("gp", 301)])
def test_more_trials_than_a_model_can_bear_are_refused(sampler: str, trials: int) -> None:
    with pytest.raises(ValidationError, match=r"Write `trials: \d+` at most, or `method: evolution`"):
        TypeAdapter[Any](SearchMethod).validate_python({"method": "bayesian", "sampler": sampler, "trials": trials})


def test_what_is_missing_is_said_with_the_command_that_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bayesian_module, "find_spec", lambda name: None)
    fields = {"method": "bayesian", "sampler": "gp", "trials": 9}
    method = TypeAdapter[Any](SearchMethod).validate_python(fields)
    with pytest.raises(SpecError, match=r"optuna and torch.*Run `pip install '\.\[search\]' torch`"):
        method.on(NETWORKS)


def test_no_other_method_loads_optuna() -> None:
    code = """
import sys
from tests.studies.architecture_search.test_methods import METHODS, run, search
for name in ("random", "grid", "evolution", "reinforcement"):
    run(search(name, 30), 4)
print("optuna" in sys.modules, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# All together


@pytest.mark.parametrize(
    ("name", "n", "n_seeds"), [("evolution", 100, 10), ("reinforcement", 100, 10), ("bayesian", 60, 4)]
)
def test_better_than_random_at_equal_trials(name: str, n: int, n_seeds: int) -> None:
    """The margin over the optimum is at most half of random search's, on average; see the benchmark for 50 seeds."""
    found = []
    for method in ("random", name):
        searches = [search(method, n, seed) for seed in range(n_seeds)]
        for one in searches:
            run(one, 8, lambda ask: {"error": planted(ask.payload["point"])})
        found.append(np.mean([min(map(planted, one.points)) for one in searches]) - 0.1)
    assert found[1] < 0.5 * found[0]


@pytest.mark.parametrize("name", ["evolution", "bayesian"])
def test_two_objectives_are_both_pressed(name: str) -> None:
    """The best error at each size of network is nearer to the least possible than by random trials."""
    found = []
    for method in ("random", name):
        one = search(method, 120, 0, NEVER, 2)
        run(one, 8, sized)
        found.append(np.mean([_best_of(one, latent) for latent in (32, 64, 128)]))
    assert found[1] < found[0]


def _best_of(found: Search, latent: int) -> float:
    return min((planted(p) for p in found.points if p["model.latent"] == latent), default=1.0)
