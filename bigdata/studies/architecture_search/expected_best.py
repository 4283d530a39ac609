"""What the best of many trials is worth: how good the best of n is expected to be, and how much of it is luck.

The trial with the least of n noisy errors has, on average, a smaller one than it would have if it were trained again.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import integrate, special, stats

N_DRAWS = 4000


def expected_best(values: ArrayLike, n: int) -> float:
    """The mean of the least of `n` of these values, drawn without repeating any.

    E = Σᵢ v₍ᵢ₎ C(N − i, n − 1) / C(N, n) over the N values in rising order: the unbiased form of Dodge et al., EMNLP
    2019, section 3.1, by Tang et al., ACL 2020, section 4. It belongs to random search, whose trials are alike. NaN of
    trials that failed is left out. ValueError where n isn't from 1 to N.
    """
    rising = np.sort(_known(values))
    if not 1 <= n <= len(rising):
        raise ValueError(f"the best of {n} can't be expected from {len(rising)} trials; ask for 1 to {len(rising)}")
    after = np.arange(len(rising) - 1, -1, -1)
    logs = _log_choose(after, n - 1) - _log_choose(np.array([len(rising)]), n)
    return float(np.exp(logs) @ rising)


def least_of_normal(n: int) -> float:
    """The mean of the least of `n` draws of a standard normal: −n ∫ x φ(x) Φ(x)ⁿ⁻¹ dx, −1.54 for ten."""
    if n == 1:
        return 0.0
    found = integrate.quad(lambda x: x * n * stats.norm.pdf(x) * stats.norm.cdf(x) ** (n - 1), -10, 10, limit=200)
    return -float(found[0])


class Luck(NamedTuple):
    """What is luck in the least of several noisy errors, in their own unit; all are positive or zero.

    `bias`: by so much it lies below that trial's mean error, on average; `standard_error` of that average. `most`: by
    so much if all trials were equally good.
    """

    bias: float
    standard_error: float
    most: float


def luck(values: ArrayLike, noise: float, seed: int = 0) -> Luck:
    """The selection bias of the least of these errors, where training one trial again with another seed gives a
    standard deviation of `noise`.

    The variance of the errors, less that of the noise, is that of the trials' means, which are drawn from the errors,
    moved towards their middle accordingly (James & Stein); then noise is added, the least is taken, and held against
    its mean. ValueError for a negative noise, and of no trial.
    """
    known = _known(values)
    if noise < 0 or not len(known):
        raise ValueError(f"luck needs errors, and a noise of at least 0, not {len(known)} and {noise}")
    shrunk = _shrunk(known, noise)
    rng = np.random.default_rng(seed)
    biases = np.empty(N_DRAWS)
    for i in range(N_DRAWS):
        means = rng.choice(shrunk, len(shrunk))
        errors = noise * rng.standard_normal(len(means))
        biases[i] = -errors[np.argmin(means + errors)]
    standard_error = float(np.std(biases) / math.sqrt(N_DRAWS))
    return Luck(max(0.0, float(np.mean(biases))), standard_error, -noise * least_of_normal(len(known)))


def _shrunk(known: NDArray[np.float64], noise: float) -> NDArray[np.float64]:
    variance = float(np.var(known))
    share = math.sqrt(max(0.0, 1.0 - noise**2 / variance)) if variance else 0.0
    return np.asarray(known.mean() + share * (known - known.mean()))


def _known(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]


def _log_choose(n: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """The logarithm of the binomial coefficient, −∞ where k is larger than n."""
    found = np.full(len(n), -np.inf)
    fits = n >= k
    found[fits] = special.gammaln(n[fits] + 1) - special.gammaln(k + 1) - special.gammaln(n[fits] - k + 1)
    return found
