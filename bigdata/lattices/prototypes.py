"""Parent lattices by the names of their structure types: spacegroup, sites and lattice parameters of each.

NumPy is loaded by the arrays only: a study is checked without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bigdata.data.problem import DataProblem, first
from bigdata.lattices.sublattices import sublattices
from bigdata.spec.study import Finding

if TYPE_CHECKING:
    from bigdata.lattices.parent import Floats, Parent

# Primitive vectors in units of the conventional ones, by the letter of the centring (International Tables A, 2016).
_PRIMITIVE = {
    "P": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "C": ((1 / 2, -1 / 2, 0), (1 / 2, 1 / 2, 0), (0, 0, 1)),
    "F": ((0, 1 / 2, 1 / 2), (1 / 2, 0, 1 / 2), (1 / 2, 1 / 2, 0)),
    "I": ((-1 / 2, 1 / 2, 1 / 2), (1 / 2, -1 / 2, 1 / 2), (1 / 2, 1 / 2, -1 / 2)),
    "R": ((2 / 3, 1 / 3, 1 / 3), (-1 / 3, 1 / 3, 1 / 3), (-1 / 3, -2 / 3, 1 / 3)),
}
# Positions closer than this (in fractions) are one: special positions are given to four digits.
_SAME = 1e-3

Coordinate = float | str


@dataclass(frozen=True)
class Orbit:
    """Equivalent sites: the number of their class, and one of them in fractions of the conventional cell, where a
    letter stands for one of the prototype's internal coordinates."""

    site_class: int
    position: tuple[Coordinate, Coordinate, Coordinate]


@dataclass(frozen=True)
class SiteClass:
    """The sites that share a list of species: a label, and what they are."""

    label: str
    what: str


@dataclass(frozen=True)
class Prototype:
    """A structure type.

    `title` says what it is in one line; `setting` is the number of the spacegroup's setting in S. R. Hall's list as
    spglib counts it; `lengths` the lattice parameters of the conventional cell that the user gives (a, b, c in
    angstrom, beta in degrees); `internal` the usual values of internal coordinates and `source` where they come from.
    """

    name: str
    title: str
    spacegroup: int
    setting: int
    lengths: tuple[str, ...]
    classes: tuple[SiteClass, ...]
    orbits: tuple[Orbit, ...]
    internal: Mapping[str, float] = field(default_factory=dict)
    source: str = "fixed by symmetry"

    @property
    def labels(self) -> tuple[str, ...]:
        """The site classes' labels, in the order in which their species are given."""
        return tuple(c.label for c in self.classes)

    @cached_property
    def centring(self) -> str:
        """P, C, F, I or R."""
        import spglib

        found: Any = spglib.get_spacegroup_type(self.setting)
        return str(found.international_short[0])

    def check(self, parameters: Mapping[str, float]) -> None:
        """Raises DataProblem where these aren't its lattice parameters: lengths in angstrom, `beta` in degrees."""
        if findings := list(_wrong(self, parameters)):
            raise DataProblem(*findings)

    def conventional(self, parameters: Mapping[str, float]) -> Floats:
        """(3, 3) the conventional vectors in angstrom as rows: a along x, b in the xy plane. Raises DataProblem."""
        import numpy as np

        self.check(parameters)
        a = parameters["a"]
        b, c = parameters.get("b", a), parameters.get("c", a)
        beta = math.radians(parameters.get("beta", 90.0))
        # Trigonal and hexagonal spacegroups; the rhombohedral ones are set in hexagonal axes.
        gamma = math.radians(120.0 if 143 <= self.spacegroup <= 194 else 90.0)
        return np.array(
            [
                [a, 0.0, 0.0],
                [_zero(b * math.cos(gamma)), b * math.sin(gamma), 0.0],
                [_zero(c * math.cos(beta)), 0.0, c * math.sin(beta)],
            ]
        )

    def parent(self, parameters: Mapping[str, float], species: Sequence[Sequence[str]]) -> Parent:
        """The parent lattice on the primitive cell; sites class by class, then by position.

        `parameters` are all of `lengths`, and any of `internal` in place of the usual value; `species` one list of
        symbols (and `vacancy`) for each of `classes`. Raises DataProblem, its paths inside `prototype` or `species`.
        """
        import numpy as np

        from bigdata.lattices.parent import Parent

        lattice = self.conventional(parameters)
        numbers = sublattices(self.labels, species)
        vectors = np.array(_PRIMITIVE[self.centring])
        sites = [self._sites(orbit, vectors, parameters) for orbit in self.orbits]
        classes = np.repeat([orbit.site_class for orbit in self.orbits], [len(s) for s in sites])
        order = np.argsort(classes, kind="stable")
        return Parent(vectors @ lattice, np.concatenate(sites)[order], classes[order].astype(np.int64), numbers)

    def _sites(self, orbit: Orbit, vectors: Floats, parameters: Mapping[str, float]) -> Floats:
        """(k, 3) the sites of an orbit in fractions of the primitive cell, sorted."""
        import numpy as np
        import spglib

        place = np.array([self._coordinate(x, parameters) for x in orbit.position])
        operations: Any = spglib.get_symmetry_from_database(self.setting)
        images = operations["rotations"] @ place + operations["translations"]
        return _distinct(images @ np.linalg.inv(vectors))

    def _coordinate(self, x: Coordinate, parameters: Mapping[str, float]) -> float:
        return float(parameters.get(x, self.internal[x])) if isinstance(x, str) else x


def prototype(name: str) -> Prototype:
    """The prototype of a name. Raises DataProblem, with the nearest name, where there is none."""
    if name not in PROTOTYPES:
        right = f"known are {first(PROTOTYPES, len(PROTOTYPES))}; for others, give the parent as a CIF"
        raise DataProblem(Finding((), f"there is no prototype {name}", right, name, tuple(PROTOTYPES)))
    return PROTOTYPES[name]


def _wrong(prototype: Prototype, parameters: Mapping[str, float]) -> Iterator[Finding]:
    """Parameters that there aren't, then those that are missing, then those out of range."""
    wanted = prototype.lengths
    known = (*wanted, *prototype.internal)
    for key in parameters:
        if key not in known:
            what, right = f"{prototype.name} has no parameter {key}", f"it has {first(known)}"
            yield Finding((key,), what, right, key, known, at_key=True)
    for key in wanted:
        if key not in parameters:
            what = f"{prototype.name} wants {first(wanted)}, and {key} isn't given"
            yield Finding((), what, f"give {key} in {_unit(key)}")
    for key, value in parameters.items():
        if key in wanted and not (0 < value < (180 if key == "beta" else math.inf)):
            yield Finding((key,), f"{key} is {value:g}", f"it is {_range(key)}")


def _unit(key: str) -> str:
    return "degrees" if key == "beta" else "angstrom"


def _range(key: str) -> str:
    return "an angle between 0 and 180 degrees" if key == "beta" else "a length in angstrom, greater than 0"


def _zero(x: float) -> float:
    """A cosine of 90 degrees is no rounding error."""
    return 0.0 if abs(x) < 1e-12 else x


def _distinct(positions: Floats) -> Floats:
    """Positions (k, 3) in [0, 1), each once, sorted."""
    import numpy as np

    wrapped = positions % 1.0
    # What is just below 1 is 0 to the digits given, and is sorted and compared there.
    wrapped[wrapped > 1 - _SAME / 2] -= 1.0
    wrapped[np.abs(wrapped) < 1e-12] = 0.0
    ordered = wrapped[np.lexsort(np.round(wrapped, 5).T[::-1])]
    apart = ordered[:, None] - ordered[None]
    is_same = (np.abs(apart - np.round(apart)) < _SAME).all(axis=-1)
    return np.asarray(ordered[is_same.argmax(axis=1) == np.arange(len(ordered))] % 1.0 % 1.0)


_METAL = (SiteClass("metal", "every site"),)
_ATOM = (SiteClass("atom", "every site"),)
_SALT = (SiteClass("cation", "cations"), SiteClass("anion", "anions"))
_ORIGIN = Orbit(0, (0.0, 0.0, 0.0))
_SUTTON = (
    "Ga2O3 in the data of C. Sutton et al., npj Comput. Mater. 5, 111 (2019), doi 10.1038/s41524-019-0239-3, brought "
    "to the standard setting by us with spglib"
)

_ALL = (
    Prototype("fcc", "face-centred cubic metals and alloys (A1)", 225, 523, ("a",), _METAL, (_ORIGIN,)),
    Prototype("bcc", "body-centred cubic metals and alloys (A2)", 229, 529, ("a",), _METAL, (_ORIGIN,)),
    Prototype("sc", "simple cubic (A_h)", 221, 517, ("a",), _METAL, (_ORIGIN,)),
    Prototype(
        "hcp",
        "hexagonal close-packed metals and alloys (A3)",
        194,
        488,
        ("a", "c"),
        _METAL,
        (Orbit(0, (1 / 3, 2 / 3, 0.25)),),
    ),
    # Setting 525 is origin choice 1, with an atom at the origin; spinel's 526 is choice 2, with the centre of inversion
    # there.
    Prototype("diamond", "diamond, silicon, germanium (A4)", 227, 525, ("a",), _ATOM, (_ORIGIN,)),
    Prototype("rocksalt", "NaCl, MgO (B1)", 225, 523, ("a",), _SALT, (_ORIGIN, Orbit(1, (0.5, 0.5, 0.5)))),
    Prototype(
        "cesium-chloride", "CsCl, ordered bcc (B2)", 221, 517, ("a",), _SALT, (_ORIGIN, Orbit(1, (0.5, 0.5, 0.5)))
    ),
    Prototype("zincblende", "ZnS, GaAs (B3)", 216, 512, ("a",), _SALT, (_ORIGIN, Orbit(1, (0.25, 0.25, 0.25)))),
    Prototype(
        "wurtzite",
        # The spacegroup is polar: the origin along c is free, and is put on the cation.
        "ZnO, GaN (B4)",
        186,
        480,
        ("a", "c"),
        _SALT,
        (Orbit(0, (1 / 3, 2 / 3, 0.0)), Orbit(1, (1 / 3, 2 / 3, "u"))),
        {"u": 0.375},
        "u = 3/8: four equal bonds where c/a is ideal, by geometry",
    ),
    Prototype(
        "fluorite",
        "CaF2, CeO2, ZrO2 (C1)",
        225,
        523,
        ("a",),
        _SALT,
        (_ORIGIN, Orbit(1, (0.25, 0.25, 0.25))),
    ),
    Prototype(
        "rutile",
        "TiO2, SnO2 (C4)",
        136,
        419,
        ("a", "c"),
        _SALT,
        (_ORIGIN, Orbit(1, ("x", "x", 0.0))),
        {"x": 0.3048},
        "TiO2: S. C. Abrahams and J. L. Bernstein, J. Chem. Phys. 55, 3206 (1971), doi 10.1063/1.1676569",
    ),
    Prototype(
        "perovskite",
        "cubic ABX3: SrTiO3, BaSnO3 (E2_1)",
        221,
        517,
        ("a",),
        (
            SiteClass("A", "large cation, twelve neighbours"),
            SiteClass("B", "small cation in the octahedra"),
            SiteClass("X", "anion"),
        ),
        (_ORIGIN, Orbit(1, (0.5, 0.5, 0.5)), Orbit(2, (0.0, 0.5, 0.5))),
    ),
    Prototype(
        "spinel",
        "MgAl2O4, Fe3O4, gamma-Al2O3 with vacancies (H1_1)",
        227,
        526,
        ("a",),
        (
            SiteClass("tetrahedral", "cations in tetrahedra, 8a"),
            SiteClass("octahedral", "cations in octahedra, 16d"),
            SiteClass("anion", "anions, 32e"),
        ),
        (Orbit(0, (0.125, 0.125, 0.125)), Orbit(1, (0.5, 0.5, 0.5)), Orbit(2, ("u", "u", "u"))),
        {"u": 0.2624},
        "MgAl2O4: R. J. Hill, J. R. Craig, G. V. Gibbs, Phys. Chem. Minerals 4, 317 (1979), doi 10.1007/BF00307535",
    ),
    Prototype(
        "corundum",
        "alpha-Al2O3, Fe2O3 (D5_1)",
        # Settings 460 and, below, 458 are those in hexagonal axes.
        167,
        460,
        ("a", "c"),
        _SALT,
        (Orbit(0, (0.0, 0.0, "z")), Orbit(1, ("x", 0.0, 0.25))),
        {"z": 0.3522, "x": 0.3067},
        "Al2O3: L. Lutterotti and P. Scardi, J. Appl. Cryst. 23, 246 (1990), doi 10.1107/S0021889890002382",
    ),
    Prototype(
        "layered-rocksalt",
        "alpha-NaFeO2 type: LiCoO2, LiNiO2 (F5_1)",
        166,
        458,
        ("a", "c"),
        (
            SiteClass("A", "alkali metal between the layers, 3a"),
            SiteClass("M", "transition metal in the layers, 3b"),
            SiteClass("X", "anion, 6c"),
        ),
        (_ORIGIN, Orbit(1, (0.0, 0.0, 0.5)), Orbit(2, (0.0, 0.0, "z"))),
        {"z": 0.2395},
        "LiCoO2: H. J. Orman and P. J. Wiseman, Acta Cryst. C 40, 12 (1984), doi 10.1107/S0108270184002833",
    ),
    Prototype(
        "bixbyite",
        "In2O3, Mn2O3; both cation sites in one class (D5_3)",
        206,
        502,
        ("a",),
        (SiteClass("cation", "cations, 8b and 24d"), SiteClass("anion", "anions, 48e")),
        (
            Orbit(0, (0.25, 0.25, 0.25)),
            Orbit(0, ("x", 0.0, 0.25)),
            Orbit(1, ("x_O", "y_O", "z_O")),
        ),
        {"x": 0.4662, "x_O": 0.3905, "y_O": 0.1529, "z_O": 0.3832},
        "In2O3: M. Marezio, Acta Cryst. 20, 723 (1966), doi 10.1107/S0365110X66001749",
    ),
    Prototype(
        "beta-gallia",
        "beta-Ga2O3, theta-Al2O3; tetrahedral and octahedral cations in one class",
        12,
        63,
        ("a", "b", "c", "beta"),
        (SiteClass("cation", "cations, two 4i"), SiteClass("anion", "anions, three 4i")),
        (
            Orbit(0, (0.0904, 0.0, 0.7948)),
            Orbit(0, (0.3414, 0.0, 0.6857)),
            Orbit(1, (0.1674, 0.0, 0.1011)),
            Orbit(1, (0.4957, 0.0, 0.2553)),
            Orbit(1, (0.8279, 0.0, 0.4365)),
        ),
        {},
        "Ga2O3: S. Geller, J. Chem. Phys. 33, 676 (1960), doi 10.1063/1.1731237",
    ),
    Prototype(
        "kappa-alumina",
        "kappa-Al2O3, orthorhombic Ga2O3; all cations in one class",
        33,
        164,
        ("a", "b", "c"),
        (SiteClass("cation", "cations, four 4a"), SiteClass("anion", "anions, six 4a")),
        (
            # Pna2_1 is polar: the origin along c is free, and is put on this cation.
            Orbit(0, (0.179, 0.658, 0.0)),
            Orbit(0, (0.685, 0.157, 0.787)),
            Orbit(0, (0.312, 0.851, 0.697)),
            Orbit(0, (0.168, 0.030, 0.999)),
            Orbit(1, (0.829, 0.669, 0.893)),
            Orbit(1, (0.525, 0.009, 0.629)),
            Orbit(1, (0.972, 0.835, 0.638)),
            Orbit(1, (0.015, 0.827, 0.121)),
            Orbit(1, (0.361, 0.170, 0.866)),
            Orbit(1, (0.836, 0.001, 0.900)),
        ),
        {},
        f"{_SUTTON}; the structure: B. Ollivier et al., J. Mater. Chem. 7, 1049 (1997)",
    ),
    Prototype(
        "hexagonal-yalo3",
        "hexagonal YAlO3, InGaO3; both cation sites in one class",
        194,
        488,
        ("a", "c"),
        (SiteClass("cation", "cations, 2a and 2c"), SiteClass("anion", "anions, 2b and 4f")),
        (
            _ORIGIN,
            Orbit(0, (1 / 3, 2 / 3, 0.25)),
            Orbit(1, (0.0, 0.0, 0.25)),
            Orbit(1, (1 / 3, 2 / 3, "z")),
        ),
        {"z": 0.0861},
        f"{_SUTTON}; the structure: R. D. Shannon and C. T. Prewitt, J. Inorg. Nucl. Chem. 30, 1389 (1968)",
    ),
)

PROTOTYPES: Mapping[str, Prototype] = MappingProxyType({p.name: p for p in _ALL})
"""The prototypes by name."""
