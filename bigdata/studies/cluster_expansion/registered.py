"""What is wrong with an expansion of a registered dataset, as far as the table of those tells: no data are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bigdata.data import DataProblem, registered
from bigdata.data.materials.extent import Per
from bigdata.data.materials.origin import MaterialsOrigin, NamedMaterials
from bigdata.data.problem import first
from bigdata.data.registry import Registered, names
from bigdata.kind import Finding, unfit_units, unit_of

# Two structures to learn from, and one to be left out.
FEWEST = 3
VACANT = "vacancy"


def without_reading(fields: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    """The units don't fit, or the registered dataset hasn't such species, or enough entries."""
    dataset = fields["dataset"]
    yield from _units(dataset, fields.get("target"), folder)
    sample = dataset.sample
    if sample is not None and sample.entries < FEWEST:
        yield too_few(sample.entries, ("dataset", "sample", "entries"))
    if not isinstance(dataset, NamedMaterials) or dataset.name not in names("materials"):
        return
    known = registered(dataset.name)
    if not known.has_structures:
        yield without_structures(dataset.name, ("dataset", "name"))
    if known.elements and (parent := fields.get("parent")) is not None:
        yield from _species(parent.sublattices, known)
        if parent.on_unmapped == "refuse" and not dataset.where and sample is None:
            yield from _strange(parent.sublattices, known)
    if (validation := fields.get("validation")) is not None and isinstance(validation.folds, int):
        yield from _folds(validation.folds, sample.entries if sample else known.n_entries)


def _units(dataset: MaterialsOrigin, target: Any, folder: Path) -> Iterator[Finding]:
    if target is None:
        return
    try:
        own = unit_of(dataset, folder, target.field)
    except DataProblem:  # it is said of the dataset itself
        return
    yield from unfit_units(f"`{target.field}`", own, target, per_atom(target.per))
    yield from divided_twice(target, target.units or own)


def per_atom(per: str | None) -> Per:
    """What of a target's `per:` is had from the structures as they are given, before they are mapped to the parent."""
    return Per("atom" if per == "atom" else "", offered=("atom",))


def divided_twice(target: Any, unit: str) -> Iterator[Finding]:
    """Values that are given for something already, and would be divided by sites."""
    if target.divisor is not None and "/" in unit:
        what = f"{target.field} is in {unit}, and would be divided a second time"
        yield Finding(("target", "per"), what, "Leave `per` out, or take values of whole cells")


def _species(sublattices: tuple[tuple[str, ...], ...], known: Registered) -> Iterator[Finding]:
    for i, species in enumerate(sublattices):
        for j, name in enumerate(species):
            if name != VACANT and name not in known.elements:
                yield unheld(i, j, name, first(known.elements))


def _strange(sublattices: tuple[tuple[str, ...], ...], known: Registered) -> Iterator[Finding]:
    """Where all structures are taken, all of their elements need a place."""
    held = {name for species in sublattices for name in species}
    if strange := [name for name in known.elements if name not in held]:
        yield unplaced(f"structures of {known.name} hold {first(strange)}")


def unplaced(what: str) -> Finding:
    """Species of the structures that no site can hold."""
    right = "Add it to a sublattice, or say `on_unmapped: skip` under `parent:`"
    return Finding(("parent", "sublattices"), f"{what}, which is on no sublattice", right)


def unheld(i: int, j: int, name: str, held: str) -> Finding:
    """A species of a sublattice that no structure has; `held` are those that they do."""
    right = f"Leave it out, or give structures with it; theirs are {held}"
    return Finding(("parent", "sublattices", i, j), f"no structure holds {name}", right)


def without_structures(label: str, path: tuple[str, ...]) -> Finding:
    """A table of formulas."""
    return Finding(path, f"{label} has formulas only", "A cluster expansion needs structures")


def too_few(n: int, path: tuple[str, ...]) -> Finding:
    """So few structures that nothing can be learned from them."""
    said = f"{n} structure{'s are' if n > 1 else ' is'} too few"
    right = f"Give {FEWEST} at least, and for errors that mean something some tens"
    return Finding(path, f"{said}: one is left out in turn, and the others are to be learned from", right)


def _folds(folds: int, n: int) -> Iterator[Finding]:
    if folds > n:
        yield too_many_folds(folds, n, "structures")


def too_many_folds(folds: int, n: int, of: str) -> Finding:
    """More parts than there is something to be parted."""
    right = f"Ask for {n} folds at most" if n > 1 else "Say `by: structure`"
    return Finding(("validation", "folds"), f"{folds} folds of {n} {of} can't be made", right)
