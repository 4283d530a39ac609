"""What studies of crystals say alike in YAML: datasets, what identifies a material, and the split of its groups."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, Field

from bigdata import kind
from bigdata.kind import Finding, Grown, Length, PathInSpec, SpecModel, WrongText

IdentityPart = Literal["formula", "reduced_formula", "given_formula", "spacegroup", "wyckoff", "matched"]
# A name becomes part of the names of the store's arrays.
NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"


def _dataset_name(text: str) -> str:
    if not re.fullmatch(NAME, text):
        raise WrongText(f"`{text}` can't be a name here", "Write letters, digits, '_' and '-', a letter or digit first")
    return text


DatasetName = Annotated[str, AfterValidator(_dataset_name), Field(json_schema_extra={"pattern": f"^{NAME}$"})]
SHARES = ("train", "validation", "test")
WAYS = ("folds", "without_element", "by_date")


class Target(kind.Target):
    """The quantity that each dataset has under a name of its own, in one unit."""

    per: Literal["atom", "cell"] | None = Field(
        default=None,
        description="Turn values of whole cells into those of an atom, or back, by the atoms of each entry's own cell; "
        "refused where left out.",
    )


class Tolerances(NamedTuple):
    """Those of pymatgen's StructureMatcher, in its order and with its defaults; `angle_tol` in degrees."""

    ltol: float = 0.2
    stol: float = 0.3
    angle_tol: float = 5.0


USUAL = Tolerances()


class Identity(Grown):
    """Which entries count as the same material: those that agree in all of `by`."""

    LATER: ClassVar[tuple[str, ...]] = (*Tolerances._fields, "cross_check")

    by: Annotated[tuple[IdentityPart, ...], Field(min_length=1)] = Field(
        default=("formula", "spacegroup"),
        description="formula: of the standardised primitive cell; given_formula: as the database writes it; "
        "wyckoff: the occupied orbits; matched: what pymatgen's StructureMatcher takes for the same crystal, "
        "directly or in steps.",
    )
    symprec: float = Field(default=0.1, gt=0, description="Tolerance of the symmetry search, in angstrom.")
    ltol: float = Field(default=USUAL.ltol, gt=0, description="Of `matched`: tolerance of cell lengths, as a fraction.")
    stol: float = Field(
        default=USUAL.stol,
        gt=0,
        description="Of `matched`: tolerance of positions, in units of (cell volume / atoms)^(1/3).",
    )
    angle_tol: float = Field(
        default=USUAL.angle_tol, gt=0, description="Of `matched`: tolerance of cell angles, in degrees."
    )
    cross_check: Literal["matched"] | None = Field(
        default=None,
        description="matched: count the test entries that StructureMatcher takes for the same crystal as a training "
        "entry, though `by` tells them apart.",
    )

    @property
    def needs_symmetry(self) -> bool:
        return bool({"formula", "spacegroup", "wyckoff"} & set(self.by))

    @property
    def needs_matches(self) -> bool:
        return "matched" in self.by or self.cross_check == "matched"

    @property
    def needs_structures(self) -> bool:
        return self.needs_symmetry or self.needs_matches

    @property
    def said(self) -> str:
        """What entries of one group agree in, in words."""
        return in_words(self.by)

    @property
    def tolerances(self) -> Tolerances:
        return Tolerances(self.ltol, self.stol, self.angle_tol)

    def findings(self, *path: str | int, is_split: bool) -> Iterator[Finding]:
        """What of it doesn't go together, or with a study that makes no split; it stands at `path`."""
        here = (*path, "cross_check")
        if self.cross_check in self.by:
            what = "checks what `by` holds already: no entry of the test part matches one of training"
            yield Finding(here, what, "Leave it out", at_key=True)
        elif self.cross_check and not is_split:
            what = "counts entries of the test part, and there is no split"
            yield Finding(here, what, "Write `split:`, or leave it out", at_key=True)


def in_words(by: Iterable[str]) -> str:
    """What entries agree in that agree in these parts."""
    return " and ".join({"matched": "StructureMatcher's class"}.get(part, part.replace("_", " ")) for part in by)


class Graph(SpecModel):
    """Which neighbours an atom has: so many, or all within a distance."""

    neighbors: Annotated[int, Field(ge=1, le=200)] | None = Field(default=None, description="The k nearest.")
    cutoff: Annotated[Length, Field(gt=0)] | None = Field(default=None, description="Or all within this distance.")
    whole_shell: bool = Field(
        default=True, description="Keep the shell of the k-th whole; without, the order of the atoms decides on ties."
    )

    def findings(self, *path: str | int) -> Iterator[Finding]:
        """What of it doesn't go together; it stands at `path`."""
        if (self.neighbors is None) == (self.cutoff is None):
            yield Finding(path, "has both `neighbors` and `cutoff`, or neither", "Give one of the two")


class Split(Grown):
    """One split of the groups, shared by all datasets: by fractions of the entries, or in one of the other ways."""

    LATER: ClassVar[tuple[str, ...]] = (*WAYS, "until")

    train: float = Field(default=0.8, ge=0, le=1)
    validation: float = Field(default=0.1, ge=0, le=1)
    test: float = Field(default=0.1, ge=0, le=1)
    seed: int = Field(default=0, ge=0)
    file: str = Field(default="", description="A split file of `bigdata datasets split`, in place of the fractions.")
    # 127 at most, as the store keeps a group's fold in a signed byte.
    folds: Annotated[int, Field(ge=3, le=127)] | None = Field(
        default=None, description="Instead: so many parts of equal size, for cross-validation."
    )
    without_element: str = Field(
        default="", description="Instead: test on all materials that contain this element, such as Au."
    )
    by_date: str = Field(default="", description="Instead: test on what came last, by this field; see `until`.")
    until: tuple[str, str] | None = Field(
        default=None, description='End of training and of validation, for `by_date`: ["2016", "2018-06-01"].'
    )

    @property
    def parts(self) -> tuple[str, ...]:
        """Their names, in the order of their numbers."""
        return SHARES if self.folds is None else tuple(f"fold-{i}" for i in range(self.folds))

    @property
    def shares(self) -> dict[str, float]:
        """What part of the entries each has, of a split by fractions."""
        return {name: getattr(self, name) for name in SHARES}

    def findings(self, *path: str | int, called: Callable[[str, str], str] | None = None) -> Iterator[Finding]:
        """What of it doesn't go together; it stands at `path`. `called(key, value)` is how the user writes a key."""
        call = called or _in_yaml
        ways = [key for key in ("file", *WAYS) if getattr(self, key)]
        given = [key for key in ("train", "test") if key in self.model_fields_set and ways]
        if len(ways) > 1:
            yield Finding(path, _each(call, "file" in ways))
        elif "file" in ways and self.model_fields_set & {*SHARES, "seed"}:
            yield Finding((*path, "file"), "stands beside fractions", "Give the file, or train, validation and test")
        elif given:
            yield Finding((*path, given[0]), f"stands beside {call(ways[0], '')}", "Leave one of them out", at_key=True)
        yield from self._alone(path, call)

    def _alone(self, path: PathInSpec, call: Callable[[str, str], str]) -> Iterator[Finding]:
        """What is wrong with one of its ways."""
        from bigdata.data.materials.elements import NUMBERS

        if self.without_element and self.without_element not in NUMBERS:
            right = f"Write its symbol, as in {call('without_element', 'Au')}"
            yield Finding((*path, "without_element"), f"`{self.without_element}` is no element", right)
        if bool(self.by_date) > bool(self.until):
            what = f"{call('by_date', '')} needs {call('until', '')} with two dates"
            yield Finding((*path, "by_date"), f"{what}: the end of training and of validation")
        elif self.until and not self.by_date:
            yield Finding((*path, "until"), f"belongs to {call('by_date', '')}", "Name the field of the dates there")
        total = sum(self.shares.values())
        # 0.7 + 0.2 + 0.1 isn't 1 in floats.
        if not any(getattr(self, key) for key in ("file", *WAYS)) and abs(total - 1) > 1e-9:
            train, validation, test = (call(key, "") for key in SHARES)
            yield Finding(path, f"{train}, {validation} and {test} make {total:g}", "Let them make 1")


def _in_yaml(key: str, value: str) -> str:
    return f"`{key}: {value}`" if value else key


def _each(call: Callable[[str, str], str], with_file: bool) -> str:
    *some, last = (call(key, "") for key in (*(["file"] if with_file else []), *WAYS))
    return f"{', '.join(some)} and {last} are different ways to split: give one of them"
