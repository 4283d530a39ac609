"""What of a cluster expansion may be otherwise: twins, structures near another lattice or number of cells, and models
whose error still falls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata.data.materials.elements import NUMBERS
from bigdata.data.materials.structures import Structure, Structures
from bigdata.errors import SpecError, TasksFailed
from bigdata.store.reading import Run
from bigdata.studies.cluster_expansion.folds import equal_rows
from bigdata.studies.cluster_expansion.prediction import predict
from tests.bench import Bench
from tests.report.made import made

A = 3.85
FCC = A / 2 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
CUBE = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]


def chain(name: str, species: str) -> dict[str, Any]:
    """Atoms in a row, C for copper, A for gold, and a dot for an empty site; an energy of each cell of the parent."""
    n, named = len(species), {"C": "Cu", "A": "Au"}
    full = [k for k, s in enumerate(species) if s != "."]
    gold, bonds = species.count("A") / n, sum(a != b for a, b in zip(species, species[1:] + species[0], strict=True))
    return {
        "id": name,
        "lattice": (FCC * np.array([[n], [1], [1]])).tolist(),
        "species": [named[species[k]] for k in full],
        "frac_coords": [[k / n, 0, 0] for k in full],
        "e": -3.0 + 0.2 * gold - 0.1 * bonds / n + 0.3 * species.count(".") / n,
    }


# Shifted and repeated chains are twins of others.
CHAINS = ["C", "A", "CA", "AC", "CAC", "AAC", "ACC", "CCAA", "ACCA", "CACC", "CAAA", "CCCAA", "CACAC", "CCACAA", "CACA"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("doubts"))


def study(bench: Bench, name: str, lines: list[dict[str, Any]], **change: Any) -> Path:
    (bench.folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    spec = {
        "study": "cluster-expansion",
        "name": name,
        "dataset": {"file": f"{name}.jsonl", "units": {"e": "eV/atom"}},
        "target": {"field": "e"},
        "parent": {"lattice": {"prototype": "fcc", "a": "3.85 angstrom"}, "sublattices": [["Cu", "Au"]]},
        "clusters": {"cutoffs": {"2": "6 angstrom"}},
        "features": [1],
        "selection": {"max_features": 3},
        "validation": {"folds": 3, "by": "correlations", "bootstrap": 10},
    }
    return bench.write(f"{name}.yaml", spec | change)


def chains() -> list[dict[str, Any]]:
    return [chain(f"c{i}", species) for i, species in enumerate(CHAINS)]


@pytest.fixture(scope="module")
def run(bench: Bench) -> Run:
    return bench.submit(study(bench, "twins", chains()))


def least_turn(species: str) -> str:
    """A chain's name that is the same for all that are shifted, turned round or repeated."""
    n = len(species)
    (period,) = [p for p in range(1, n + 1) if n % p == 0 and species == species[:p] * (n // p)][:1]
    once = species[:period]
    return min(s[i:] + s[:i] for s in (once, once[::-1]) for i in range(period))


def test_structures_of_equal_correlations_are_left_out_together(run: Run) -> None:
    fold = run["fold"][...].tolist()
    of: dict[str, set[int]] = {}
    for species, number in zip(CHAINS, fold, strict=True):
        of.setdefault(least_turn(species), set()).add(number)
    assert all(len(folds) == 1 for folds in of.values())
    assert set(fold) == {0, 1, 2}
    assert len(of) < len(CHAINS)


def test_the_error_left_out_is_that_of_these_folds(run: Run) -> None:
    x, y, fold = run["correlation"][...], run["target"][...], run["fold"][...]
    squares = np.empty(len(y))
    for part in range(3):
        out = fold == part
        # The best single function of those left in, and its line.
        lines = [np.polyfit(column[~out], y[~out], 1) for column in x.T]
        sizes = [((np.polyval(line, c[~out]) - y[~out]) ** 2).sum() for line, c in zip(lines, x.T, strict=True)]
        best = int(np.argmin(sizes))
        squares[out] = (np.polyval(lines[best], x[out, best]) - y[out]) ** 2
    assert run["cv_rmse"][0, 0] == pytest.approx(np.sqrt(squares.mean()))


def test_twins_are_counted_and_said_to_be_left_out_together(run: Run) -> None:
    n_twins = len(CHAINS) - len(np.unique(run["correlation"][...].round(6), axis=0))
    assert f"{n_twins} have the same correlations as another one, and are left out together" in " ".join(
        made(run).summary
    )


def test_twins_in_other_folds_are_said_with_what_would_keep_them_together(bench: Bench) -> None:
    spec = study(bench, "apart", chains(), validation={"folds": 3, "bootstrap": 0})
    assert "`validation: {by: correlations}` leaves such twins out together" in " ".join(
        made(bench.submit(spec)).summary
    )


def test_rows_are_equal_up_to_rounding_even_where_digits_would_round_apart() -> None:
    half = 2.0**-9  # 195312.5 in the eighth digit
    rows = np.array([[half, 0.5], [half + 1e-15, 0.5], [half - 1e-15, 0.5], [half, 0.25]])
    assert equal_rows(rows).tolist() == [1, 1, 1, 0]


def test_more_folds_than_sets_of_correlations_are_refused_with_their_number(bench: Bench) -> None:
    spec = study(bench, "many", chains(), validation={"folds": 14, "by": "correlations"})
    with pytest.raises(TasksFailed, match=r"14 folds were asked for, and the structures have .* different sets"):
        bench.submit(spec)


def test_leaving_out_one_by_one_is_not_offered_by_correlations(bench: Bench) -> None:
    validation = {"folds": "leave-one-out", "by": "correlations"}
    with pytest.raises(SpecError, match=r"is known only when they are mapped. Write a number of folds"):
        bench.plan(study(bench, "one", chains(), validation=validation))


def strained(c_over_a: float) -> dict[str, Any]:
    """Fcc on its way to bcc, at constant volume."""
    a = A * c_over_a ** (-1 / 3)
    lattice = np.diag([a, a, a * c_over_a]).tolist()
    return {"id": f"bain{c_over_a}", "lattice": lattice, "species": ["Cu", "Cu", "Au", "Au"], "frac_coords": CUBE,
            "e": -3.1}  # fmt: skip


def test_structures_near_another_lattice_are_named_in_the_report(bench: Bench) -> None:
    run = bench.submit(study(bench, "bain", [*chains(), strained(0.8), strained(0.98)]))
    said = "1 of them may be other decorations than they are taken for (bain0.8: its cell is distorted by 0.18"
    assert any(said in sentence for sentence in made(run).summary)
    rows = run.tables["Structures that may be other decorations"].rows
    assert [row[0] for row in rows] == ["bain0.8"]


def structure(line: dict[str, Any], scale: float = 1.0) -> Structure:
    numbers = np.array([NUMBERS[s] for s in line["species"]], np.uint8)
    return Structure(scale * np.array(line["lattice"]), numbers, np.array(line["frac_coords"]))


def test_predictions_name_what_is_doubtful(run: Run) -> None:
    known = predict(run, Structures.of([structure(chain("x", "CCA"))]))
    assert "doubt" not in known.beside
    found = predict(run, Structures.of([structure(chain("x", "CCA")), structure(strained(0.8))]))
    assert found.beside["doubt"].tolist() == ["", "its cell is distorted by 0.18: another lattice may be nearer"]


HOLED = ["C", "A", "CA", "C.", "A.", "CA.", "CC.", "AA.", "CAC.", "CCA.", "AAC.", "C.A.A", "CC.A."]


def test_where_all_sites_may_be_empty_the_cells_are_the_right_ones_at_another_volume(bench: Bench) -> None:
    lines = [chain(f"h{i}", species) for i, species in enumerate(HOLED)]
    parent = {"lattice": {"prototype": "fcc", "a": "3.85 angstrom"}, "sublattices": [["Cu", "Au", "vacancy"]]}
    run = bench.submit(study(bench, "holed", lines, parent=parent, features=[1]))
    assert run["n_cells"][...].tolist() == [len(species) for species in HOLED]
    assert not run["rival_cells"][...].any()
    at_home = predict(run, Structures.of(map(structure, lines))).values
    smaller = predict(run, Structures.of([structure(line, 0.94 ** (1 / 3)) for line in lines])).values
    np.testing.assert_allclose(smaller, at_home, rtol=1e-9)


def test_an_error_that_still_falls_at_the_largest_models_is_said(bench: Bench) -> None:
    spec = study(bench, "cut", chains(), selection={"max_features": 1})
    said = "For degree 1 the least error on structures left out lies at `max_features`, 1: larger models may do better"
    assert any(said in sentence for sentence in made(bench.submit(spec)).summary)
