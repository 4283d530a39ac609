"""In which ways a cell is a strained, rotated supercell of a parent lattice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import takewhile

import numpy as np
from moyopy import minkowski_reduce
from numpy.linalg import eigvalsh
from numpy.typing import NDArray

from bigdata.lattices.operations import operations
from bigdata.lattices.parent import Parent
from bigdata.lattices.supercell import Form, Supercell, hermite, supercell

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# The full search is made for these distortions one after the other: few supercells are within the first.
STEPS = (0.03, 0.1)
# A rounded cell is trusted up to here, and orientations count as alike in strain when no further apart.
NEAR = 0.1
# The nearest supercell of a cell that is none is named up to this distortion; fcc and bcc are 0.27 apart.
NAMED = 0.4
# The search narrows where more supercells than this would have to be looked at at once, and at most so many are tried.
MOST_TRIPLES = 50_000_000
MOST_TRIED = 48


@dataclass(frozen=True)
class Orientation:
    """One supercell of the parent for a given cell.

    `matrix` (3, 3) int64 H, so that the rows of H P are the ideal vectors for those given; `vectors` (3, 3) H P in
    angstrom; `form` H's Hermite normal form; `distortion` |U / det(U)^(1/3) - 1| (Frobenius) of the given cell.
    """

    matrix: Ints
    vectors: Floats
    form: Form
    distortion: float

    @property
    def supercell(self) -> Supercell:
        return supercell(self.form)


class Orientations:
    """The supercells of one parent that a cell may be, told apart by the parent's proper rotations only.

    With given vectors L (rows), H and the deformation D (acting from the right), L = H P D. The parent's vectors P may
    be rotated against L, so only the metric L Lᵀ counts; det D > 0 fixes the sign of H: no cell is mapped onto the
    mirror image of the parent. H and H W are the same decoration where W is a proper rotation of the parent.
    Distortions up to `max_strain` are looked at.
    """

    def __init__(self, parent: Parent, max_strain: float) -> None:
        self.vectors, self.volume, self.max_strain = parent.lattice, parent.volume, max_strain
        rotations = operations(parent).rotations
        # spglib's rotations act on columns of fractions; vectors as rows take their transposes.
        self._proper = rotations[np.round(np.linalg.det(rotations)) > 0].transpose(0, 2, 1)
        self._inverse = np.linalg.inv(parent.lattice)
        self._radius = 0.0
        self._near: dict[tuple[bytes, int], list[Orientation]] = {}

    def near(self, lattice: Floats, n_cells: int) -> list[Orientation]:
        """Those of a cell in the same frame as the parent, and their turns by rotations of the parent's lattice that
        the parent itself hasn't got; by distortion. None where the cell is no supercell in this frame."""
        key = (lattice.tobytes(), n_cells)
        if key not in self._near:
            if len(self._near) >= 4096:
                self._near.clear()
            self._near[key] = self._rounded(lattice, n_cells)
        return self._near[key]

    def steps(self, lattice: Floats, n_cells: int, most: float = np.inf) -> Iterator[tuple[float, list[Orientation]]]:
        """(limit, those of a cell in any frame that are distorted by no more), by distortion, for larger and larger
        limits up to `max_strain`, or up to `most` where that is less."""
        most = min(most, self.max_strain)
        to_reduced = reduction(lattice)
        reduced = to_reduced @ lattice
        for limit in (*takewhile(lambda step: step < most, STEPS), most):
            found = self._search(reduced, n_cells, limit)
            back = _whole_inverse(to_reduced)
            yield limit, [self._orientation(back @ matrix, strain) for matrix, strain in found]

    def nearest(self, lattice: Floats, n_cells: int, limit: float = NAMED) -> float:
        """The least distortion of any supercell of that many cells; infinite where it is beyond `limit`."""
        found = self._search(reduction(lattice) @ lattice, n_cells, limit)
        return found[0][1] if found else float("inf")

    def _rounded(self, lattice: Floats, n_cells: int) -> list[Orientation]:
        scaled = lattice / (abs(float(np.linalg.det(lattice))) / (n_cells * self.volume)) ** (1 / 3)
        matrix = self._whole(scaled, n_cells)
        if matrix is None:
            to_reduced = reduction(lattice)
            inner = self._whole(to_reduced @ scaled, n_cells)
            if inner is None:
                return []
            matrix = _whole_inverse(to_reduced) @ inner
        turned = matrix @ self._turns
        strain = distortions(turned @ self.vectors, lattice)
        # Rounded, so that turns of one strain stay in their order on every machine.
        order = np.argsort(np.round(strain, 6), kind="stable")
        most = min(self.max_strain, float(strain[order[0]]) + NEAR)
        return [self._orientation(turned[i], float(strain[i])) for i in order if strain[i] <= most]

    def _whole(self, scaled: Floats, n_cells: int) -> Ints | None:
        """The nearest whole combinations of the parent's vectors to a cell of the same volume, where they are near.

        Rotations count as deformations here: by chance, small cells are rounded to supercells of another frame.
        """
        combinations = scaled @ self._inverse
        matrix = np.rint(combinations).astype(np.int64)
        if abs(_determinant(matrix)) != n_cells:
            return None
        deformation = self._inverse @ np.linalg.inv(matrix) @ scaled
        return matrix if np.abs(deformation - np.eye(3)).max() <= NEAR else None

    def _orientation(self, matrix: Ints, strain: float) -> Orientation:
        return Orientation(matrix, matrix @ self.vectors, _form(tuple(map(tuple, matrix.tolist()))), strain)

    @cached_property
    def _turns(self) -> Ints:
        """(k, 3, 3) rotations of the parent's lattice, a tenth of strain allowed, the identity first; one for each set
        that differs only by the parent's own."""
        to_reduced = reduction(self.vectors)
        found = self._search(to_reduced @ self.vectors, 1, min(NEAR, self.max_strain))
        back = _whole_inverse(to_reduced)
        turns = [back @ matrix for matrix, _ in found]
        own = {tuple(w.ravel()) for w in self._proper}
        others = [w for w in turns if tuple(w.ravel()) not in own]
        return np.array([np.eye(3, dtype=np.int64), *others])

    def _search(self, reduced: Floats, n_cells: int, limit: float) -> list[tuple[Ints, float]]:
        """H and distortion of all supercells of `n_cells` cells within a distortion of `limit`, for a reduced cell."""
        if limit <= 0:
            return []
        scale = (abs(float(np.linalg.det(reduced))) / (n_cells * self.volume)) ** (1 / 3)
        triples = self._triples(reduced / scale, n_cells, limit)
        triples = triples[_nearly(triples @ self.vectors, reduced / scale, limit)]
        wrong_hand = np.linalg.det(triples @ self.vectors) * np.linalg.det(reduced) < 0
        triples[wrong_hand] *= -1
        strain = distortions(triples @ self.vectors, reduced)
        order = np.lexsort((*triples.reshape(-1, 9).T[::-1], np.round(strain, 6)))
        order = order[strain[order] <= limit]
        return self._different(triples[order], strain[order])

    def _different(self, triples: Ints, strain: Floats) -> list[tuple[Ints, float]]:
        """The first of each set of supercells that the parent's proper rotations turn into each other."""
        seen: set[tuple[int, ...]] = set()
        found = []
        for matrix, s in zip(triples, strain.tolist(), strict=True):
            if tuple(matrix.ravel().tolist()) in seen:
                continue
            seen.update(map(tuple, (matrix @ self._proper).reshape(-1, 9).tolist()))
            found.append((matrix, s))
            if len(found) == MOST_TRIED:
                break
        return found

    def _triples(self, cell: Floats, n_cells: int, limit: float) -> Ints:
        """(k, 3, 3) integer triples of lattice vectors with the volume of `n_cells` cells and nearly the metric of a
        cell of that volume.

        A distortion of `limit` changes a length by that part at most, and a product of two vectors by
        2 limit + limit² of their lengths' product.
        """
        metric = cell @ cell.T
        sides = np.sqrt(np.diag(metric))
        self._reach(float(sides.max()) / (1 - limit) + 1e-6)
        while True:
            first, second, third = (self._shell(side, limit) for side in sides)
            # Rotations of the parent give the same decoration: of the vectors that they make of one, one is enough.
            first = first[self._is_first[first]]
            if float(len(first)) * len(second) * len(third) <= MOST_TRIPLES or limit < 1e-3:
                break
            limit *= 0.7
        fits_12 = self._fits(first, second, metric[0, 1], limit)
        fits_13 = self._fits(first, third, metric[0, 2], limit)
        fits_23 = self._fits(second, third, metric[1, 2], limit)
        found = [np.empty((0, 3, 3), dtype=np.int64)]
        for i in range(len(first)):
            fitting = np.flatnonzero(fits_12[i])
            j, k = np.nonzero(fits_13[i] & fits_23[fitting])
            rows = np.stack([first[np.full(len(j), i)], second[fitting[j]], third[k]], axis=1)
            triples = self._table[rows]
            found.append(triples[np.abs(_determinant(triples)) == n_cells])
        return np.concatenate(found)

    def _fits(self, some: Ints, others: Ints, product: float, limit: float) -> NDArray[np.bool_]:
        products = self._points[some] @ self._points[others].T
        most = (2 * limit + limit**2) * self._lengths[some][:, None] * self._lengths[others] + 1e-6
        return np.asarray(np.abs(products - product) <= most)

    def _shell(self, side: float, limit: float) -> Ints:
        low, high = np.searchsorted(self._lengths, [side / (1 + limit) - 1e-6, side / (1 - limit) + 1e-6])
        return np.arange(low, high)

    def _reach(self, radius: float) -> None:
        """Tabulate the parent's lattice vectors up to `radius` (angstrom), by length."""
        if radius <= self._radius:
            return
        to_reduced = reduction(self.vectors)
        span = np.floor(radius * np.linalg.norm(np.linalg.inv(to_reduced @ self.vectors), axis=0) + 1e-9).astype(int)
        box = np.meshgrid(*(np.arange(-s, s + 1) for s in span), indexing="ij")
        table = np.stack(box, axis=-1).reshape(-1, 3) @ to_reduced
        lengths = np.linalg.norm(table @ self.vectors, axis=1)
        order = np.lexsort((*table.T[::-1], np.round(lengths, 6)))
        order = order[(lengths[order] > 1e-9) & (lengths[order] <= radius)]
        # Rounded lengths sort vectors of one length on every machine alike; the search needs them ascending.
        self._table, self._lengths = table[order], np.maximum.accumulate(lengths[order])
        self._points = self._table @ self.vectors
        self._is_first = _is_first(self._table, self._proper)
        self._radius = radius


def reduction(lattice: Floats) -> Ints:
    """(3, 3) T, unimodular, so that T L is Minkowski-reduced: the shortest vectors that span the lattice."""
    reduced = np.array(minkowski_reduce(lattice.tolist())[0])
    transformation: Ints = np.rint(reduced @ np.linalg.inv(lattice)).astype(np.int64)
    return transformation


@lru_cache(maxsize=4096)
def _form(matrix: Form) -> Form:
    return hermite(matrix)


def _whole_inverse(matrix: Ints) -> Ints:
    """Of a unimodular matrix."""
    inverse: Ints = np.rint(np.linalg.inv(matrix)).astype(np.int64)
    return inverse


def distortions(ideal: Floats, given: Floats) -> Floats:
    """(k,) |U / det(U)^(1/3) - 1| (Frobenius) of the deformations of ideal cells (k, 3, 3) into a given one, U the
    right stretch; it doesn't depend on rotations and volume."""
    # The inverse deformation, for which the one given cell is inverted, not each ideal one.
    back = np.linalg.inv(given) @ ideal
    stretch = eigvalsh(back.transpose(0, 2, 1) @ back) ** -0.5
    relative = stretch / stretch.prod(axis=1, keepdims=True) ** (1 / 3)
    return np.asarray(np.sqrt(((relative - 1) ** 2).sum(axis=1)))


def _nearly(ideal: Floats, given: Floats, limit: float) -> NDArray[np.bool_]:
    """(k,) which ideal cells (k, 3, 3) may be within a distortion of `limit` of a given one of the same volume: those
    whose squared inverse stretches differ from 1 by no more than those of such a cell can; eigenvalues cost more."""
    back = np.linalg.inv(given) @ ideal
    excess = back.transpose(0, 2, 1) @ back - np.eye(3)
    most = limit * (2 - limit) / (1 - limit) ** 2 + 1e-6
    return np.asarray((excess**2).sum(axis=(1, 2)) <= most**2)


def _determinant(matrix: Ints) -> Ints:
    """(…) of integer matrices (…, 3, 3), exact."""
    a, b, c = (matrix[..., i, :] for i in range(3))
    minors = (b[..., j] * c[..., k] - b[..., k] * c[..., j] for j, k in ((1, 2), (2, 0), (0, 1)))
    return np.asarray(sum(a[..., i] * minor for i, minor in enumerate(minors)))


def _is_first(table: Ints, proper: Ints) -> NDArray[np.bool_]:
    """(v,) whether a vector (v, 3) is the last in lexical order of all that rotations and inversion make of it."""
    base = int(np.abs(table).max(initial=1)) * 2 + 1
    weights = np.array([base**2, base, 1])
    images = np.einsum("va,gab->vgb", table, proper) @ weights
    return np.asarray(table @ weights >= np.abs(images).max(axis=1))
