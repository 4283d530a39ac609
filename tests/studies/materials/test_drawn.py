"""Fig. 2, as all kinds of study draw it that group crystals."""

from __future__ import annotations

import numpy as np

from bigdata.studies.materials.drawn import colours, histograms

EDGES = np.array([-1.0, 0.0, 1.0, 2.0])


def test_each_dataset_has_its_counts_in_both_panels_and_their_sum_in_the_legend() -> None:
    every = {"a": np.array([1, 2, 3]), "b": np.array([1000, 0, 234])}
    shared = {"a": np.array([0, 2, 0]), "b": np.array([5, 0, 0])}
    figure = histograms(EDGES, every, shared, "energy (eV)")
    for axes, counts in zip(figure.axes, (every, shared), strict=True):
        # Each is drawn twice: its area, then its outline.
        outlines = [patch.get_data() for patch in axes.patches[1::2]]
        for drawn, n in zip(outlines, counts.values(), strict=True):
            np.testing.assert_array_equal(drawn.values, n)
            np.testing.assert_array_equal(drawn.edges, EDGES)
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["a (6)", "b (1,234)"]
    assert figure.get_supxlabel() == "energy (eV)"


def test_one_dataset_has_one_panel() -> None:
    one = {"a": np.array([1, 2, 3])}
    assert len(histograms(EDGES, one, one, "energy").axes) == 1


def test_there_is_a_colour_for_each_of_many() -> None:
    assert len(colours(20)) == 20
    assert len(set(colours(7))) == 7
