"""Methods that shrink coefficients: LASSO, elastic net and automatic relevance determination.

These hold the columns of all features at once, standardised to mean 0 and variance 1; constant ones are left out.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.models.monomials import Floats, Ints, Monomials
from bigdata.models.nested import CONSTANT_TARGET, NONE_LEFT, centred, fitted
from bigdata.models.path import Path

LIMIT_BYTES = 2**31
# A coefficient this small, relative to the greatest of its model, is 0 but for rounding.
ZERO = 1e-10
# A path may drop features, and so takes more steps than it has sizes; it isn't followed for more than this many each.
STEPS_A_SIZE = 3


def matrix_bytes(n: int, n_features: int) -> int:
    """Bytes of a float64 matrix of n rows and n_features columns."""
    return 8 * n * n_features


@dataclass(frozen=True, eq=False)
class _Standardised:
    """`x` (n, kept) columns of the features `kept` and `y` (n,), centred; `x` divided by `scales`."""

    x: Floats
    y: Floats
    kept: Ints
    means: Floats
    scales: Floats
    y_mean: float

    @classmethod
    def made(cls, features: Monomials, y: Floats, limit_bytes: int, needed_bytes: int) -> _Standardised:
        if needed_bytes > limit_bytes:
            raise ValueError(
                f"{features.n_rows} rows of {len(features)} features need {needed_bytes / 2**20:,.0f} MiB, and "
                f"{limit_bytes / 2**20:,.0f} MiB are allowed; take a lower degree, fewer columns, or orthogonal "
                "matching pursuit, which doesn't hold them"
            )
        y_mean, deviations = centred(y)
        kept = np.flatnonzero(features.varies)
        means, scales = features.means[kept], features.norms[kept] / np.sqrt(features.n_rows)
        x = features.columns(kept)
        x -= means
        x /= scales
        return cls(x, deviations, kept, means, scales, y_mean)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to fit: no column, or a constant target."""
        return len(self.kept) == 0 or not self.y.any()


def lasso(features: Monomials, y: Floats, max_features: int, limit_bytes: int = LIMIT_BYTES) -> Path:
    """The LASSO along its whole path, by least-angle regression.

    Minimises |y - y_0 - Z b|^2 / 2n + alpha |b|_1 on standardised columns Z (R. Tibshirani,
    doi:10.1111/j.2517-6161.1996.tb02080.x; the path: B. Efron et al., doi:10.1214/009053604000000067, section 3.1).
    Between the values of alpha at which a feature enters or leaves, coefficients are linear in alpha; the model of a
    size is that of the least such value with so many coefficients that aren't 0, until there are more than
    `max_features` of them. Coefficients are left as shrunken. ValueError where the features need more than
    `limit_bytes`; about twice as much is held.
    """
    # scikit-learn takes one to two seconds to import, and matching pursuit does without it.
    from sklearn.linear_model import lars_path

    data = _Standardised.made(features, y, limit_bytes, matrix_bytes(features.n_rows, len(features)))
    if data.is_empty:
        return _collected(features, data, np.zeros((1, len(data.kept))), max_features)
    n_steps = STEPS_A_SIZE * max_features + 10
    with _unwarned():
        _, _, models = lars_path(data.x, data.y, method="lasso", max_iter=n_steps)
    return _collected(features, data, models.T, max_features)


def elastic_net(
    features: Monomials,
    y: Floats,
    max_features: int,
    limit_bytes: int = LIMIT_BYTES,
    l1_ratio: float = 0.5,
    n_penalties: int = 200,
    least: float = 1e-4,
) -> Path:
    """The elastic net at `n_penalties` values of alpha, from the least one at which every coefficient is 0 down to the
    part `least` of that, equally spaced by their logarithms.

    Minimises |y - y_0 - Z b|^2 / 2n + alpha (l1_ratio |b|_1 + (1 - l1_ratio) |b|^2 / 2) on standardised columns Z
    (H. Zou and T. Hastie, doi:10.1111/j.1467-9868.2005.00503.x). Models of a size, coefficients and memory as in
    `lasso`; sizes that fall between two values of alpha have no model. ValueError unless 0 < l1_ratio <= 1.
    """
    if not 0 < l1_ratio <= 1:
        raise ValueError(f"the share of the 1-norm in the elastic net is {l1_ratio}; above 0 and up to 1 is needed")
    data = _Standardised.made(features, y, limit_bytes, matrix_bytes(features.n_rows, len(features)))
    if data.is_empty:
        return _collected(features, data, np.zeros((1, len(data.kept))), max_features)
    alphas = float(np.abs(data.y @ data.x).max()) / (len(y) * l1_ratio) * np.geomspace(1, least, n_penalties)
    return _collected(features, data, np.array(list(_nets(data, alphas, l1_ratio, max_features))), max_features)


def _nets(data: _Standardised, alphas: Floats, l1_ratio: float, max_features: int) -> Iterator[Floats]:
    """Coefficients at these penalties, each begun from the last, until there are more than `max_features`."""
    from sklearn.linear_model import enet_path

    model = np.zeros(data.x.shape[1])
    # One penalty at a time: given all of them, scikit-learn would go on to the least, past the size that is wanted.
    for alpha in alphas:
        with _unwarned():
            _, found, _ = enet_path(
                data.x, data.y, l1_ratio=l1_ratio, alphas=[alpha], coef_init=model, tol=1e-6, max_iter=10_000
            )
        model = found[:, 0]
        yield model
        if np.count_nonzero(model) > max_features:
            return


def relevance(features: Monomials, y: Floats, max_features: int, limit_bytes: int = LIMIT_BYTES) -> Path:
    """Automatic relevance determination ranks the features, and least squares takes them in that order.

    Each coefficient of the standardised columns has its own Gaussian prior, whose precision maximises the evidence
    (D. J. C. MacKay, doi:10.1162/neco.1992.4.3.415; as in scikit-learn's ARDRegression). Features come in the order of
    the absolute values of these coefficients; those with 0 are left out, as are those that depend on earlier ones.
    ValueError where the features, or the covariance of their coefficients, need more than `limit_bytes`.
    """
    from sklearn.linear_model import ARDRegression

    needed = matrix_bytes(max(features.n_rows, len(features)), len(features))
    data = _Standardised.made(features, y, limit_bytes, needed)
    if data.is_empty:
        return fitted(features, y, [], max_features)
    with _unwarned():
        # Its prior has a scale: for energies of some meV it would leave out all features.
        weights = np.abs(ARDRegression(fit_intercept=False).fit(data.x, data.y / data.y.std()).coef_)
    order = np.argsort(-weights, kind="stable")[: np.count_nonzero(weights)]
    return fitted(features, y, data.kept[order].tolist(), max_features)


def _collected(features: Monomials, data: _Standardised, models: Floats, max_features: int) -> Path:
    """The path of these models (steps, kept), the least penalised last."""
    models = np.where(np.abs(models) > ZERO * np.abs(models).max(axis=1, keepdims=True, initial=0), models, 0)
    counts = np.count_nonzero(models, axis=1)
    beyond = np.flatnonzero(counts > max_features)
    models, counts = (a[: beyond[0]] if len(beyond) else a for a in (models, counts))
    steps = {int(size): step for step, size in enumerate(counts) if size}
    entered = _by_entrance(models)
    path = np.full((max(steps, default=0), len(entered)), np.nan)
    for size, step in steps.items():
        path[size - 1] = models[step, entered] / data.scales[entered]
    intercepts = data.y_mean - path @ data.means[entered]
    predictions = features.columns(data.kept[entered]) @ path.T + intercepts
    rmse = np.sqrt(((predictions - data.y_mean - data.y[:, None]) ** 2).mean(axis=0))
    return Path(data.kept[entered], path, intercepts, rmse, _why_ended(len(path), max_features, data))


def _by_entrance(models: Floats) -> NDArray[np.intp]:
    """The columns that are ever used, by the first model that uses them, then by their numbers."""
    is_used = models != 0
    used = np.flatnonzero(is_used.any(axis=0))
    return used[np.argsort(is_used[:, used].argmax(axis=0), kind="stable")]


def _why_ended(n_sizes: int, max_features: int, data: _Standardised) -> str:
    if n_sizes >= max_features:
        return ""
    if not data.y.any():
        return CONSTANT_TARGET
    if n_sizes >= len(data.kept):
        return NONE_LEFT
    return f"the path, as far as followed, has no model with more than {n_sizes} and at most {max_features} features"


def _unwarned() -> warnings.catch_warnings[None]:
    """Slow convergence and degenerate columns are the rule with correlated features; what comes of them is seen."""
    return warnings.catch_warnings(action="ignore", category=_convergence_warning())


def _convergence_warning() -> type[Warning]:
    from sklearn.exceptions import ConvergenceWarning

    return ConvergenceWarning  # type: ignore[no-any-return]
