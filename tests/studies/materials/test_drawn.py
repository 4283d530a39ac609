"""Fig. 2, as all kinds of study draw it that group crystals."""

from __future__ import annotations

import numpy as np

from bigdata.studies.materials.drawn import histograms

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
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert said == ["a (6; 2 in common groups)", "b (1,234; 5 in common groups)"]
    assert figure.get_supxlabel() == "energy (eV)"


def test_one_dataset_has_one_panel() -> None:
    one = {"a": np.array([1, 2, 3])}
    assert len(histograms(EDGES, one, one, "energy").axes) == 1


def test_values_outside_of_all_bins_are_counted() -> None:
    one = {"a": np.array([1, 2, 3])}
    axes = histograms(EDGES, one, one, "energy", n_far=1).axes[0]
    assert axes.get_title(loc="left") == "all groups (1 value lies far off, not drawn)"


def test_many_datasets_are_told_apart_by_colour_and_line() -> None:
    many = {f"d{i}": np.array([i, 2, 3]) for i in range(14)}
    outlines = histograms(EDGES, many, many, "energy").axes[0].patches
    assert len({(patch.get_edgecolor(), patch.get_linestyle()) for patch in outlines}) == 14
