"""A path cut to the features that are wanted keeps the models that need no others."""

from __future__ import annotations

import numpy as np

from bigdata.models.path import Path

NAN = float("nan")


def test_models_that_need_later_features_are_left_out() -> None:
    coefficients = np.array([[2.0, 0, 0], [1, 0, 3], [NAN, NAN, NAN]])
    path = Path(np.array([7, 4, 9]), coefficients, np.array([1.0, 2, NAN]), np.array([0.5, 0.4, NAN]))
    cut = path.within(2)
    assert cut.selected.tolist() == [7, 4]
    assert np.isnan(cut.rmse).tolist() == [False, True, True]
    assert cut.ended
    np.testing.assert_array_equal(cut.predict(np.array([[3.0, 5.0]])), [[7, NAN, NAN]])
    assert path.rmse.tolist()[:2] == [0.5, 0.4]
    assert path.within(3) is path
