"""Point functions: how the species of a site is written in numbers."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Basis = Literal["trigonometric", "indicator"]


def point_functions(basis: Basis, m: int) -> NDArray[np.float64]:
    """(m, m - 1) float64, the functions 1 … m - 1 (columns) of the species σ = 0 … m - 1 (rows) of a site.

    They complete the constant function to a basis. "trigonometric" (A. van de Walle, Calphad 33, 266 (2009),
    doi 10.1016/j.calphad.2008.12.005) is orthogonal over the species:

        φ_α(σ) = −cos(2π ⌈α/2⌉ σ / m) for odd α,  −sin(2π ⌈α/2⌉ σ / m) for even α;

    for two species it is −1, +1. "indicator" is φ_α(σ) = 1 where σ = α, else 0: the first species is the reference,
    and a correlation is the concentration of one decorated cluster. Raises ValueError for another name.
    """
    if basis not in get_args(Basis):
        raise ValueError(f"{basis} is no basis; the bases are {', '.join(get_args(Basis))}")
    if basis == "indicator":
        return np.eye(m)[:, 1:].copy()
    function = np.arange(1, m)
    angle = 2 * np.pi * ((function + 1) // 2) * np.arange(m)[:, None] / m
    values = np.where(function % 2 == 1, -np.cos(angle), -np.sin(angle))
    # cos and sin of quarter turns miss 0 by 1e-16, and differently on each machine.
    return np.where(np.abs(values) < 1e-15, 0.0, values)
