"""Which calculations are out of line with those of the same structure at other settings: every number by hand."""

from __future__ import annotations

import numpy as np
import pytest
from bigdata_instant_code import energy

from bigdata.studies.high_throughput.neighbours import Neighbours, most_at_odds
from bigdata.studies.high_throughput.settings import One
from tests.bench import Bench
from tests.studies.high_throughput.test_study import SPEC, write


def points(xcs=("LDA",), grids=((2, 2, 2),), rgkmax=(4.0, 5.0, 6.0)):
    """Settings in the order of a grid."""
    return [One(xc=xc, k_grid=grid, basis={"rgkmax": r}) for xc in xcs for grid in grids for r in rgkmax]


def out_of_line(settings, energies, volumes=None, radii=None):
    """Of one structure: its settings by number, and their sentences."""
    e = np.array([energies], dtype=float)
    v = np.full(e.shape, 20.0) if volumes is None else np.array([volumes], dtype=float)
    r = np.full(e.shape, "Si 1.1", dtype=object) if radii is None else np.array([radii], dtype=object)
    return {p: said for (_, p), said in Neighbours(settings, ("rgkmax", "cutoff"), e, v, r).out_of_line.items()}


def test_an_energy_that_falls_with_the_basis_is_in_line():
    assert not out_of_line(points(), [-1.0, -1.8, -2.0])
    assert not out_of_line(points(), [-1.0, -1.8, -1.785])  # by 0.015 eV


def test_one_of_three_that_rises_with_the_basis_is_out_of_line():
    found = out_of_line(points(), [-1.0, -1.8, -0.5])
    said = "The energy is 0.500 eV an atom above that with LDA 2x2x2 rgkmax=4, and the basis is larger here, which can "
    assert found == {2: said + "only lower it."}


def test_one_that_is_too_low_is_found_among_larger_bases():
    found = out_of_line(points(rgkmax=(4.0, 5.0, 6.0, 7.0)), [-1.0, -3.0, -1.8, -1.9])
    assert list(found) == [1]
    assert found[1].startswith("The energy is 1.200 eV an atom below that with LDA 2x2x2 rgkmax=6, and the basis is ")
    assert "larger there" in found[1]


def test_of_two_that_disagree_both_are_doubtful():
    assert list(out_of_line(points(rgkmax=(4.0, 5.0)), [-1.0, -0.9])) == [0, 1]


@pytest.mark.parametrize("what", ["k-points", "functional", "radii", "not done", "a word"])
def test_what_is_not_alike_is_not_compared(what):
    rgkmax = (4.0, 5.0)
    settings, energies, radii = points(rgkmax=rgkmax), [-1.0, 0.0], None
    if what == "k-points":
        settings[1] = One(xc="LDA", k_grid=(4, 4, 4), basis={"rgkmax": 5.0})
    elif what == "functional":
        settings[1] = One(xc="PBE", k_grid=(2, 2, 2), basis={"rgkmax": 5.0})
    elif what == "radii":
        radii = ["Si 1.1", "Si 1.0"]
    elif what == "not done":
        energies[1] = np.nan
    else:
        settings = [One(xc="LDA", k_grid=(2, 2, 2), basis={"basis": word}) for word in ("dzp", "szp")]
    assert not out_of_line(settings, energies, radii=radii)


def test_a_cutoff_with_its_unit_is_a_measure():
    settings = [One(xc="LDA", k_grid=(2, 2, 2), basis={"cutoff": word}) for word in ("1000 eV", "300 eV", 400.0)]
    # 300 eV and 400 eV disagree.
    assert list(out_of_line(settings, [-3.0, -1.0, -0.5])) == [1, 2]


GRIDS = ((1, 1, 1), (2, 2, 2), (4, 4, 4))


def test_a_step_between_k_grids_that_others_do_not_take_is_out_of_line():
    # A basis's own energy and a k-grid's own error.
    energies = np.array([[b + k for b in (-1.0, -1.5, -1.6)] for k in (5.0, 0.3, 0.0)])
    assert not out_of_line(points(grids=GRIDS), energies.ravel())
    energies[1, 0] -= 0.4
    found = out_of_line(points(grids=GRIDS), energies.ravel())
    # To 1x1x1 it is near enough, and whether 2x2x2 or 4x4x4 is wrong nobody can tell: -1.0 + 1.1 eV against -0.3.
    assert list(found) == [3, 6]
    assert found[3] == (
        "From k-grid 2x2x2 to 4x4x4 the energy changes by +0.100 eV an atom, and by -0.300 (median) with the other "
        "functionals and bases."
    )


def test_one_that_is_far_off_is_told_from_its_neighbours():
    energies = np.array([[b + k for b in (-1.0, -1.5, -1.6)] for k in (5.0, 0.3, 0.0)])
    energies[1, 0] -= 1.5
    assert list(out_of_line(points(grids=GRIDS), energies.ravel())) == [3]


def test_steps_may_differ_by_a_quarter_and_a_little():
    settings = points(grids=GRIDS[:2], rgkmax=(4.0, 4.5, 5.0))
    # Steps of -5 eV but the last, and the poorest basis lacks 1 eV: the bound is 0.05 + 0.25 · (5 + 1) = 1.55 eV.
    assert not out_of_line(settings, [0, -1, -2, -5, -6, -5.46], radii=[*"abcabc"])
    assert list(out_of_line(settings, [0, -1, -2, -5, -6, -5.44], radii=[*"abcabc"])) == [2, 5]


def test_a_basis_that_lacks_much_may_differ_by_more():
    settings = points(grids=GRIDS[:2], rgkmax=(4.0, 4.5, 5.0))
    # Steps of -1 eV but the first: it lacks 2 eV with one grid and 2.7 with the other, and 0.05 + 0.25 · (1 + 2) = 0.8.
    assert not out_of_line(settings, [2.7, 0, 0, 1.0, -1, -1])
    assert list(out_of_line(settings, [2.9, 0, 0, 1.0, -1, -1])) == [0, 3]


def test_poor_bases_in_the_majority_put_no_good_one_out_of_line():
    """Silicon with rgkmax 5 and 7: the median of the steps is that of the bases that lack 5 eV."""
    settings = points(xcs=("LDA", "PBE"), grids=GRIDS[:2], rgkmax=(5.0, 7.0))
    steps = {5.0: -0.61, 7.0: -0.235}
    lacks = {5.0: 5.0, 7.0: 0.0}
    energies = [
        lacks[s.basis["rgkmax"]] + (steps[s.basis["rgkmax"]] if s.k_grid == GRIDS[1] else 0.0) for s in settings
    ]
    assert not out_of_line(settings, energies)


def test_volumes_of_one_functional_that_jump_are_out_of_line():
    settings = points(xcs=("LDA", "PBE"), rgkmax=(4.0, 5.0, 6.0))
    energies = [-1.0, -1.1, -1.2] * 2
    volumes = [19.0, 19.1, 20.4, 20.5, 20.4, 20.3]
    found = out_of_line(settings, energies, volumes)
    assert list(found) == [2]
    said = f"20.400 angstrom^3 an atom, and 19.000 with LDA 2x2x2 rgkmax=4: {1.4 / 19.7:.1%} apart, more than 5%."
    assert found[2] == f"The volume is {said}"


def test_those_that_break_most_are_at_odds_and_then_those_of_the_rest():
    votes = np.zeros((5, 5), dtype=np.uint8)
    for p, q in ((0, 1), (0, 2), (0, 3), (3, 4)):
        votes[p, q] = votes[q, p] = 1
    assert most_at_odds(votes).tolist() == [True, False, False, True, True]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Si with one functional's larger basis 0.3 eV an atom too high, and MgO."""
    bench = Bench(tmp_path_factory.mktemp("strays"))
    calculator = {"code": "instant", "options": {"strays": ["PBE", 6.0, 0.3]}}
    grid = {"xc": ["LDA", "PBE"], "k_grid": [[2, 2, 2], [2, 2, 4]], "basis": {"rgkmax": [4.0, 5.0, 6.0]}}
    return bench.submit(write(bench, {**SPEC, "calculator": calculator, "settings": {"grid": grid}}, ("Si", "MgO")))


def test_in_a_study_they_are_doubtful_in_the_store_and_why_is_in_the_report(run):
    strays = [[xc == "PBE" and r == 6.0 for xc, r in zip(run["xc"][...], run["rgkmax"][...], strict=True)]] * 2
    assert run["status"][...].tolist() == run["out_of_line"][...].astype(int).tolist()
    assert run["out_of_line"][...].tolist() == strays
    low, high = (energy([14, 14], 40.0, "PBE", (2, 2, 4), {"rgkmax": r}) / 2 for r in (4.0, 6.0))
    page = run.folder.report.read_text()
    assert "24 calculations of 2 structures with 12 settings: 20 done, 4 doubtful." in page
    assert f"The energy is {high + 0.3 - low:.3f} eV an atom above that with PBE 2x2x4 rgkmax=4" in page


def test_a_study_on_the_run_leaves_them_out_and_says_so(run, tmp_path):
    bench = Bench(tmp_path)
    spec = {"study": "similarity", "name": "alike", "dataset": {"run": str(run.folder.path)}}
    file = bench.write("similarity.yaml", spec)
    assert any("of 24 calculations of the run, 4 doubtful are left out" in note for note in bench.plan(file).notes)
    assert not any("PBE 2x2x2 rgkmax=6" in name for name in bench.submit(file)["entry"][...])
