"""Grids: what an id means, which ids are refused, and that edges and thresholds are the reference's."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bigdata.studies.similarity.grid import Grid
from tests.studies.similarity.definition import DEFAULT, FOCUSED_ON_VBM, GRIDS, NO_ORACLE, oracle


@pytest.mark.parametrize("grid_id", GRIDS)
def test_an_id_survives_reading_and_writing(grid_id: str) -> None:
    assert Grid.from_id(grid_id).id == grid_id


def test_numbers_written_differently_make_the_same_grid() -> None:
    written_out = Grid.from_id("nonuniform:-2.0:5e-2:1.05:0.50:5.5:7.0:-8.0:7.0:56")
    assert written_out == Grid.from_id(DEFAULT) == Grid()
    assert written_out.id == DEFAULT


def test_the_default_grid_has_144_whole_columns_within_its_cutoffs() -> None:
    grid = Grid()
    assert (grid.n_columns, grid.edges[0], grid.edges[-1]) == (144, -7.75, 6.9)
    assert grid.thresholds.shape == (144, 56)


def test_columns_are_narrowest_at_the_reference_and_mirrored_around_it() -> None:
    grid = Grid.from_id(FOCUSED_ON_VBM)
    width = np.diff(grid.edges)
    assert width.min() == pytest.approx(0.05)
    np.testing.assert_array_equal(grid.edges, -grid.edges[::-1])
    assert width[np.searchsorted(grid.edges, 0.0)] == pytest.approx(0.05)


@pytest.mark.parametrize("grid_id", GRIDS)
def test_edges_are_whole_numbers_of_steps(grid_id: str) -> None:
    grid = Grid.from_id(grid_id)
    np.testing.assert_allclose(grid.steps * grid.de_min, grid.edges, atol=1e-7)


MORE_GRIDS = ["nonuniform:0:0.0125:0.7:0.1:1:2.5:-3:17.77:17", "uniform:0:1:1:0:3:2"]


@pytest.mark.parametrize("grid_id", [*GRIDS, *MORE_GRIDS])
@pytest.mark.skipif(oracle() is None, reason=NO_ORACLE)
def test_edges_and_thresholds_equal_the_reference(grid_id: str) -> None:
    grid, reference = Grid.from_id(grid_id), oracle().Grid.create(grid_id=grid_id).grid()
    assert grid.edges.tolist() == [edge for edge, _ in reference]
    assert grid.thresholds.tolist() == [thresholds for _, thresholds in reference[:-1]]


WRONG = [
    ("dg_cut:56:-2:7:(-10, 5)", "is not a grid id: it should read nonuniform:e_ref:de_min"),
    ("", "is not a grid id"),
    ("nonuniform:0:0.05", "has 2 numbers, not 9"),
    ("uniform:0:0.05:0.5:-8:7:56:1", "has 7 numbers, not 6"),
    ("uniform:zero:0.05:0.5:-8:7:56", "`zero` should be a number: e_ref"),
    ("uniform:0:0.05:0.5:-8:7:5.6", "`5.6` should be a whole number: n_pix"),
    ("uniform:nan:0.05:0.5:-8:7:56", "must be finite"),
    ("uniform:0:0.05:0.5:-8:7:256", "n_pix is 256; it must be 1 to 255"),
    ("uniform:0:0.05:0.5:-8:7:0", "n_pix is 0"),
    ("uniform:0:0:0.5:-8:7:56", "de_min is 0 eV"),
    ("uniform:0:0.123456789:0.5:-8:7:56", "at most 8 decimals"),
    ("nonuniform:0:0.05:0.01:0.5:5.5:7:-8:7:56", "de_max, 0.01 eV, must not be smaller"),
    ("uniform:0:0.05:0:-8:7:56", "drho_min is 0 states"),
    ("nonuniform:0:0.05:1:0.5:0.1:7:-8:7:56", "drho_max, 0.1, must not be smaller"),
    ("nonuniform:0:0.05:1:0.5:5.5:0:-8:7:56", "width is 0 eV"),
    ("uniform:0:0.05:0.5:2:7:56", "must enclose 0"),
    ("uniform:0:0.05:0.5:-0.01:0.01:56", "leave no room for a column"),
    ("uniform:0:0.0001:0.5:-8:700:56", "exceed 100,000 steps"),
]


@pytest.mark.parametrize(("grid_id", "sentence"), WRONG)
def test_a_wrong_id_says_what_would_be_right(grid_id: str, sentence: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the sentence is compared as it stands
        Grid.from_id(grid_id)
    assert sentence in str(error.value)


def test_a_window_keeps_the_columns_wholly_inside() -> None:
    grid = Grid.from_id(DEFAULT)
    absolute = grid.edges + grid.e_ref
    kept = grid.window(-6.02, 0.0)
    assert absolute[kept.start] >= -6.02 > absolute[kept.start - 1]
    assert absolute[kept.stop] <= 0.0 < absolute[kept.stop + 1] + 1e-9
    assert grid.window(-10, 5) == slice(0, grid.n_columns) == grid.window(-100, 100)


def test_a_window_without_a_column_is_an_error_that_names_the_grids_range() -> None:
    with pytest.raises(ValueError, match=r"holds no whole column .* between -9.75 and 4.9 eV"):
        Grid().window(-2.01, -1.99)


def test_ids_are_checked_without_numpy() -> None:
    code = (
        f"import sys; from bigdata.studies.similarity.grid import Grid; Grid.from_id({DEFAULT!r}); "
        "print('numpy' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
