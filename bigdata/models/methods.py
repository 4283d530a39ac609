"""The methods of sparse regression by their names, all with one call and one result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from inspect import signature
from typing import Any

from bigdata.models.matching_pursuit import matching_pursuit
from bigdata.models.monomials import Floats, Monomials
from bigdata.models.nested import least_squares, ridge
from bigdata.models.path import Path
from bigdata.models.shrinkage import elastic_net, lasso, relevance

METHODS: Mapping[str, Callable[..., Path]] = {
    "orthogonal-matching-pursuit": matching_pursuit,
    "least-squares": least_squares,
    "ridge": ridge,
    "lasso": lasso,
    "elastic-net": elastic_net,
    "ard": relevance,
}


def fit_path(method: str, x: Floats, degree: int, y: Floats, max_features: int, **options: Any) -> Path:
    """Fit models with 1 to `max_features` monomials of degree 1 to `degree` of the columns of `x`.

    `x` (n, p) float64, `y` (n,) float64; `method` is a word of METHODS; `options` are the further arguments of its
    function (`alpha` of ridge; `l1_ratio`, `n_penalties`, `least` of the elastic net; `limit_bytes` of the methods that
    hold all columns), and `budget_bytes` of Monomials. ValueError for an unknown method or option, and for data that
    don't fit together.
    """
    if method not in METHODS:
        close = get_close_matches(method, METHODS, 1)
        hint = f" Did you mean `{close[0]}`?" if close else ""
        raise ValueError(f"there is no method `{method}`; there are {', '.join(METHODS)}.{hint}")
    if y.shape != x.shape[:1]:
        raise ValueError(f"the target has the shape {y.shape}, the columns {x.shape}: one value for each row is needed")
    if max_features < 1:
        raise ValueError(f"at most {max_features} features were asked for; at least 1 is needed")
    budget = {"budget_bytes": options.pop("budget_bytes")} if "budget_bytes" in options else {}
    unknown = sorted(options.keys() - signature(METHODS[method]).parameters.keys())
    if unknown:
        raise ValueError(f"the method `{method}` has no option {', '.join(unknown)}")
    return METHODS[method](Monomials(x, degree, **budget), y, max_features, **options)
