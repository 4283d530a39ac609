"""The numerical settings of a high-throughput study: a grid of them, or a list, in the order of the store."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from bigdata.kind import Finding, PathInSpec, SpecModel

KGrid = tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
Spacing = Annotated[float, Field(gt=0)]
Value = float | str
# Rounding must not add a point where the spacing divides a reciprocal vector.
SLACK = 1e-6


class One(SpecModel):
    """One setting: what is done with every structure."""

    xc: str = Field(description="The functional: LDA, PBE, PBEsol, or another one that the code has.")
    k_grid: KGrid | None = Field(default=None, description="k-points along each reciprocal vector: [4, 4, 2].")
    k_spacing: Spacing | None = Field(
        default=None,
        description="Instead: the largest distance of k-points, in 1/angstrom, the 2π of reciprocal vectors with it.",
    )
    basis: dict[str, Value] = Field(default={}, description="The code's own measure of its basis: {rgkmax: 7.0}.")

    @property
    def name(self) -> str:
        """`PBE 4x4x2 rgkmax=5`."""
        basis = (f"{key}={_said(value)}" for key, value in self.basis.items())
        return " ".join((self.xc, self.k_words, *basis))

    @property
    def k_words(self) -> str:
        """`4x4x2`, or `0.3/angstrom`."""
        return "x".join(map(str, self.k_grid)) if self.k_grid else f"{self.k_spacing:g}/angstrom"

    def mesh(self, lattice: Any) -> tuple[int, int, int]:
        """The k-points along each reciprocal vector of a `lattice` (3, 3), vectors as rows, in angstrom."""
        if self.k_grid is not None:
            return self.k_grid
        import numpy as np

        lengths = 2 * math.pi * np.linalg.norm(np.linalg.inv(lattice), axis=0)
        assert self.k_spacing is not None
        a, b, c = (max(1, math.ceil(length / self.k_spacing - SLACK)) for length in lengths.tolist())
        return a, b, c


class Grid(SpecModel):
    """Every functional with every k-grid and every value of each measure of the basis."""

    xc: Annotated[tuple[str, ...], Field(min_length=1)]
    k_grid: tuple[KGrid, ...] = Field(default=(), description="Grids of k-points: [[4, 4, 2], [8, 8, 2]].")
    k_spacing: tuple[Spacing, ...] = Field(default=(), description="Instead: largest distances, in 1/angstrom.")
    basis: dict[str, Annotated[tuple[Value, ...], Field(min_length=1)]] = Field(
        default={}, description="Values of each of the code's measures of its basis: {rgkmax: [4.0, 5.0]}."
    )


class ByGrid(SpecModel):
    """Settings as a grid."""

    grid: Grid


Settings = Annotated[
    Annotated[ByGrid, Tag("grid")] | Annotated[tuple[One, ...], Tag("list"), Field(min_length=1)],
    Discriminator(lambda value: "list" if isinstance(value, list | tuple) else "grid"),
]
"""`{grid: {…}}`, or a list of settings."""


def points(settings: ByGrid | tuple[One, ...]) -> tuple[One, ...]:
    """All settings, of a grid the functional slowest and the last measure of the basis quickest."""
    return settings if isinstance(settings, tuple) else tuple(_of_grid(settings.grid))


def _of_grid(grid: Grid) -> Iterator[One]:
    meshes: list[Mapping[str, Any]] = [
        *({"k_grid": mesh} for mesh in grid.k_grid),
        *({"k_spacing": spacing} for spacing in grid.k_spacing),
    ]
    for xc, mesh, *values in itertools.product(grid.xc, meshes, *grid.basis.values()):
        yield One(xc=xc, **mesh, basis=dict(zip(grid.basis, values, strict=True)))


def findings(settings: ByGrid | tuple[One, ...]) -> Iterable[Finding]:
    """What is wrong with them: no k-points, or two kinds of these; and settings that are there twice."""
    meshed = enumerate(settings) if isinstance(settings, tuple) else [("grid", settings.grid)]
    wrong = [finding for place, one in meshed for finding in _meshed(("settings", place), one)]
    return wrong or list(_twice(settings))


def _meshed(path: PathInSpec, one: One | Grid) -> Iterator[Finding]:
    if bool(one.k_grid) == bool(one.k_spacing):
        what = "has both `k_grid:` and `k_spacing:`" if one.k_grid else "says nothing of k-points"
        example = "k_grid: [4, 4, 2]" if isinstance(one, One) else "k_grid: [[4, 4, 2]]"
        yield Finding(path, what, f"Write `{example}`, or `k_spacing:`, one of them", at_key=True)


def _twice(settings: ByGrid | tuple[One, ...]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for i, one in enumerate(points(settings)):
        if one.name in seen:
            path: PathInSpec = ("settings", i) if isinstance(settings, tuple) else ("settings", "grid")
            yield Finding(path, f"{one.name} is there twice", "Keep one of the two")
        seen[one.name] = i


def measures(settings: Iterable[One]) -> dict[str, list[Value | None]]:
    """The code's measures of its basis, each with its value in every setting; None where one doesn't say it."""
    listed = list(settings)
    names = dict.fromkeys(name for one in listed for name in one.basis)
    return {name: [one.basis.get(name) for one in listed] for name in names}


def _said(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else value
