"""Crystals that Elk computes in a second or a few, and settings for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from bigdata.calculators.calculation import Setting
from bigdata.data.materials.structures import Structure


def aluminium() -> Structure:
    lattice = 4.05 / 2 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    return Structure(lattice, np.array([13], np.uint8), np.zeros((1, 3)))


def silicon(shift: float = 0.0) -> Structure:
    """Diamond's structure, one of the two atoms moved by `shift` of each vector."""
    lattice = 5.43 / 2 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    return Structure(lattice, np.array([14, 14], np.uint8), np.array([[0.0] * 3, [0.25 + shift] * 3]))


def boron_nitride(shift: float = 0.0) -> Structure:
    """Hexagonal, its layers one above the other; nitrogen stands first, and one is moved by `shift` of the c axis."""
    a, c = 2.49, 6.6
    lattice = np.array([[a, 0, 0], [-a / 2, a * 3**0.5 / 2, 0], [0, 0, c]])
    third = 1 / 3
    positions = np.array(
        [[2 * third, third, 0.25 + shift], [third, 2 * third, 0.75], [third, 2 * third, 0.25], [2 * third, third, 0.75]]
    )
    return Structure(lattice, np.array([7, 7, 5, 5], np.uint8), positions)


def coarse(rgkmax: float = 4.0, k_grid: tuple[int, int, int] = (2, 2, 2), **options: Any) -> Setting:
    return Setting("LDA", k_grid, {"rgkmax": rgkmax}, {"nempty": 8, **options}, dos_window=(-10, 10), dos_points=101)
