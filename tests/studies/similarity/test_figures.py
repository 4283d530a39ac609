"""The figures from plain arrays: what they draw, at few and at many entries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import fcluster, linkage

from bigdata.kind.drawing import save_as
from bigdata.studies.similarity import figures

COLUMNS = figures.Columns(np.array([-1.0, 0.0, 0.5]), np.array([1.0, 0.5, 0.5]), np.array([4.0, 2.0, 2.0]), 4)


def texts(figure: Figure) -> str:
    return " | ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def test_bits_stand_for_a_density_of_states() -> None:
    """4 states fill the first column of 1 eV in 4 bits: 3 bits are 3 states in 1 eV."""
    np.testing.assert_allclose(COLUMNS.density(np.array([3, 4, 1])), [3.0, 4.0, 1.0])


def test_fingerprints_show_names_and_similarity() -> None:
    energies = np.linspace(-2, 2, 50)
    a = figures.Shown("fine", np.array([1, 2, 3], np.uint8), energies, np.cos(energies))
    b = figures.Shown("coarse", np.array([2, 2, 0], np.uint8))
    figure = figures.fingerprints(COLUMNS, a, b, 0.4286, "Tanimoto", "energy (eV)")
    assert [axis.get_title(loc="left") for axis in figure.axes] == [
        "fine",
        "coarse",
        "overlap: Tanimoto similarity 0.429",
    ]
    assert figure.axes[0].get_xlim() == (-1.0, 1.0)


def test_columns_that_are_not_compared_are_hatched() -> None:
    columns = figures.Columns(np.arange(4.0), np.ones(4), np.full(4, 2.0), 4)
    a = figures.Shown("a", np.ones(4, np.uint8))
    b = figures.Shown("b", np.array([0, 1, 1, 0], np.uint8), covered=slice(1, 3))
    for pair, right in (((a, b), [(0.0, 1.0), (3.0, 4.0)]), ((a, a), [])):
        figure = figures.fingerprints(columns, *pair, 0.5, "Tanimoto", "energy (eV)", "atom")
        hatched = [patch for patch in figure.axes[2].patches if patch.get_hatch()]
        assert [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in hatched] == right
        assert figure.axes[1].get_ylabel() == "density of states (states/eV/atom)"


def test_an_empty_fingerprint_can_be_drawn() -> None:
    nothing = figures.Shown("nothing", np.zeros(3, np.uint8))
    assert figures.fingerprints(COLUMNS, nothing, nothing, 0.0, "Dice", "energy (eV)").axes


@pytest.mark.parametrize("n", [1, 6, 5000])
def test_matrix_spans_all_entries_however_many_are_drawn(n: int) -> None:
    m = min(n, 6)
    figure = figures.matrix(np.eye(m), n, list("aabbcc")[:m], {"k": (np.arange(1.0, m + 1), "eV")}, "Tanimoto")
    image = figure.axes[0].images[0]
    assert tuple(image.get_extent()) == (0, n, n, 0)
    assert np.asarray(image.get_array()).shape == (m, m)
    assert "k\n(eV)" in texts(figure)


def test_matrix_has_a_line_between_blocks_and_a_letter_over_each() -> None:
    figure = figures.matrix(np.eye(6), 12, list("aabbbc"), {}, "Tanimoto")
    lines = [line.get_xdata() for line in figure.axes[0].lines]
    assert [x[0] for x in lines[::2]] == [4, 10]
    top = figure.axes[0].child_axes[0]
    assert [label.get_text() for label in top.get_xticklabels()] == ["a", "b", "c"]
    np.testing.assert_allclose(top.get_xticks(), [2, 7, 11])


def test_so_many_blocks_that_letters_would_overlap_have_none() -> None:
    figure = figures.matrix(np.eye(200), 200, [str(i) for i in range(200)], {}, "Tanimoto")
    assert not figure.axes[0].child_axes
    assert not figure.axes[0].lines


@pytest.mark.parametrize(("least", "begins"), [(0.27, 0.2), (0.0, 0.0), (0.999, 0.9), (1.0, 0.9)])
def test_colours_begin_at_the_tenth_below_the_least_similarity(least: float, begins: float) -> None:
    assert figures.lowest_colour(np.array([1.0, least])) == pytest.approx(begins)


def test_numbers_that_span_much_stand_on_a_logarithmic_axis() -> None:
    wide, narrow = np.array([16.0, 1233.0] * 3), np.arange(4.0, 10.0)
    figure = figures.matrix(np.eye(6), 6, ["a"] * 6, {"wide": (wide, ""), "narrow": (narrow, "")}, "Tanimoto")
    scales = {axis.get_ylabel(): axis.get_yscale() for axis in figure.axes}
    assert (scales["wide"], scales["narrow"]) == ("log", "linear")


def points(n: int) -> tuple[np.ndarray, np.ndarray]:
    merges = linkage(np.random.default_rng(0).random((n, 3)) / 2, "complete")
    return merges, (fcluster(merges, 0.1, "distance") - 1).astype(np.int32)


def test_dendrogram_shows_the_cut_and_every_entry() -> None:
    merges, group = points(30)
    figure = figures.groups(merges, group, 0.9, "Tanimoto", "complete")
    assert "cut at 0.9" in texts(figure)
    assert "30 entries, complete linkage" in texts(figure)
    assert figure.axes[0].get_xlim() == (0, 30)


def test_dendrogram_of_many_entries_is_shortened_and_says_so() -> None:
    merges, group = points(2000)
    figure = figures.groups(merges, group, 0.9, "Tanimoto", "complete")
    assert f"the last {figures.LEAVES} branches" in texts(figure)
    assert f"several of the {group.max() + 1:,} groups" in texts(figure)


def test_one_entry_has_an_empty_dendrogram() -> None:
    figure = figures.groups(np.empty((0, 4)), np.zeros(1, np.int32), 0.9, "Tanimoto", "complete")
    assert "one entry" in texts(figure)


def test_convergence_has_a_panel_for_each_number_and_a_line_for_what_changes_alone() -> None:
    alone = {"k": np.array([True, True, False]), "b": np.array([False, False, True])}
    values = {"k": np.array([1.0, 2.0, 4.0]), "b": np.array([10.0, 10.0, 20.0])}
    one = figures.Series("LDA", 0, 0, values, np.array([0.5, 0.8, 1.0]), alone)
    figure = figures.convergence([one], {"k": "", "b": "eV"}, "Tanimoto")
    assert [axis.get_xlabel() for axis in figure.axes] == ["k", "b (eV)"]
    assert [len(axis.findobj(PathCollection)) for axis in figure.axes] == [1, 1]
    joined = [list(line.get_xdata()) for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    assert [1.0, 2.0] in joined


def test_neighbours_that_are_missing_are_not_counted() -> None:
    nearest, last = np.array([0.9, np.nan, 0.8]), np.array([0.7, np.nan, 0.6])
    figure = figures.neighbors(nearest, last, 5, "Tanimoto")
    counts = [sum(bar.get_height() for bar in bars) for bars in figure.axes[0].containers]
    assert counts == [2, 2]


def test_dollars_in_names_are_no_formula(tmp_path: Path) -> None:
    columns = figures.Columns(np.arange(4.0), np.ones(4), np.full(4, 2.0), 4)
    shown = figures.Shown("$x_{$", np.ones(4, np.uint8))
    png, pdf, _ = save_as(
        lambda: figures.fingerprints(columns, shown, shown, 1.0, "Tanimoto", "energy (eV)"), tmp_path / "fingerprints"
    )
    assert png.stat().st_size > 1000
    assert pdf.stat().st_size > 1000
