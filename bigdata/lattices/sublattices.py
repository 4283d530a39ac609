"""What may sit on each sublattice: the user's lists of species, checked, as atomic numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bigdata.data.materials.elements import NUMBERS
from bigdata.data.problem import DataProblem, first
from bigdata.lattices.species import atomic_number
from bigdata.spec.study import Finding

WORDS = (*sorted(NUMBERS), "vacancy")


def sublattices(labels: Sequence[str], species: Sequence[Sequence[str]]) -> tuple[tuple[int, ...], ...]:
    """The species of each site class as atomic numbers, in the order given; `labels` name the classes.

    Raises DataProblem (paths start inside `species`) with all that is wrong: as many lists as classes are wanted, no
    empty list, nothing that is neither an element nor `vacancy`, nothing twice in a list, no list of `vacancy` alone.
    """
    if len(species) != len(labels):
        n = f"{len(labels)} site classes" if len(labels) > 1 else "one site class"
        what = f"the lattice has {n}, {first(labels)}, and there are species for {len(species)}"
        raise DataProblem(Finding((), what, "give one list of species for each, in that order"))
    findings = [
        f for i, (label, names) in enumerate(zip(labels, species, strict=True)) for f in _wrong(i, label, names)
    ]
    if findings:
        raise DataProblem(*findings)
    return tuple(tuple(atomic_number(name) for name in names) for names in species)


def _wrong(place: int, label: str, names: Sequence[str]) -> Iterator[Finding]:
    if not set(names) - {"vacancy"}:
        held = "only vacancies" if names else "no species"
        yield Finding((place,), f"sublattice {label} holds {held}", "name an element at least")
    for i, name in enumerate(names):
        if (symbol := name.rstrip("+-0123456789.")) != name and symbol in NUMBERS:
            right = f"oxidation states aren't told apart: write {symbol}, and one element for all its states"
            yield Finding((place, i), f"{name} is an ion", right)
        elif name not in WORDS:
            right = "species are symbols of elements, or `vacancy`"
            meant = "vacancy" if name.lower() in ("x", "va", "vac", "v", "empty") else name
            yield Finding((place, i), f"{name} is no element", right, meant, WORDS)
        elif name in names[:i]:
            yield Finding((place, i), f"{name} is named twice for sublattice {label}", "name each species once")
