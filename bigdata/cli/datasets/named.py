"""Datasets on the command line: a registered name or a file, with `:field` behind it where a property is wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from bigdata.data.materials.origin import MaterialsFile, MaterialsFormat, MaterialsOrigin, NamedMaterials
from bigdata.data.registry import names
from bigdata.errors import SpecError

if TYPE_CHECKING:
    from bigdata.data.materials.dataset import MaterialsDataset

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Named:
    """A dataset as it was `asked` for, opened; `name` is what tables call it."""

    name: str
    asked: MaterialsOrigin
    dataset: MaterialsDataset

    @property
    def key(self) -> str:
        """Its name in a study, where not all letters can stand."""
        return re.sub(r"[^A-Za-z0-9_-]+", "-", self.name).lstrip("-_") or "data"

    @property
    def unit(self) -> str:
        """The unit of the field that is wanted of it; "" where none is known."""
        return self.dataset.units.get(self.asked.target, "")

    def refuse_unknown(self, field: str) -> None:
        """SpecError unless the dataset has the field, or none is asked for."""
        columns = self.dataset.columns
        if field and field not in columns:
            raise SpecError(f"{self.name} has no field `{field}`; it has {', '.join(columns)}.")


def origin(text: str, skip_bad: bool, form: MaterialsFormat | None = None) -> MaterialsOrigin:
    """`mp20-biternary`, `crystals.csv`, `mp20-biternary:band_gap` as a spec would name them."""
    name, _, field = text.partition(":")
    policy: Literal["skip", "refuse"] = "skip" if skip_bad else "refuse"
    if name in names("materials"):
        return NamedMaterials(name=name, target=field, on_bad_entry=policy)
    if Path(name).exists():
        return MaterialsFile(file=name, target=field, on_bad_entry=policy, format=form)
    raise SpecError(_unknown(name))


def _unknown(name: str) -> str:
    if name in names("spectra"):
        return f"`{name}` holds spectra, no materials."
    return neither(name, names("materials"))


def neither(name: str, known: tuple[str, ...]) -> str:
    """That there is no dataset and no file of that name, with the known name that is like it."""
    import difflib

    close = difflib.get_close_matches(name, known, 1)
    hint = f" Did you mean `{close[0]}`?" if close else " `bigdata datasets list` shows the names."
    return f"`{name}` is neither a dataset known by name nor a file.{hint}"


def short(texts: Sequence[str]) -> list[str]:
    """The names that datasets go by in tables: a registered name, or as much of a file's path, from its end, as tells
    it from the others. SpecError for a dataset that is given twice."""
    given = [text.partition(":")[0] for text in texts]
    for place, name in enumerate(given):
        if any(_is_same(name, other) for other in given[:place]):
            raise SpecError(f"`{name}` is given twice; compare it with another dataset.")
    return [_told_apart(name, [other for other in given if other is not name]) for name in given]


def _is_same(a: str, b: str) -> bool:
    known = names()
    return a == b if a in known or b in known else Path(a).resolve() == Path(b).resolve()


def _told_apart(name: str, others: Sequence[str]) -> str:
    if name in names():
        return name
    parts, ends = Path(name).resolve().parts, [Path(other).resolve().parts for other in others if other not in names()]
    n = next(n for n in range(1, len(parts) + 1) if all(parts[-n:] != end[-n:] for end in ends))
    return "/".join(parts[-n:])


def open_named(texts: Iterable[str], skip_bad: bool, form: MaterialsFormat | None = None) -> list[Named]:
    """The datasets, opened, each with the field wanted of it.

    Bad entries are left out and counted where they are to be skipped. Raises SpecError.
    """
    given, found = list(texts), list[Named]()
    asked = [origin(text, skip_bad, form) for text in given]
    for name, one in zip(short(given), asked, strict=True):
        found.append(Named(name, one, _opened(one)))
        found[-1].refuse_unknown(one.target)
    return found


def _opened(asked: MaterialsOrigin) -> MaterialsDataset:
    from bigdata.data.materials.dataset import open_materials
    from bigdata.data.problem import BadEntries

    try:
        return open_materials(asked, Path())
    except BadEntries as bad:
        raise bad.told("add --skip-bad to go on without them") from None


def skip_option(function: F) -> F:
    """--skip-bad: what a spec says by `on_bad_entry: skip`."""
    return click.option("--skip-bad", is_flag=True, help="Leave out entries that can't be used, and count them.")(
        function
    )


def identity_options(function: F) -> F:
    """--by and --symprec: what makes two entries the same material."""
    function = click.option(
        "--symprec", type=float, default=0.1, show_default=True, help="Tolerance of the symmetry search, in angstrom."
    )(function)
    return click.option(
        "--by",
        default="formula,spacegroup",
        show_default=True,
        help="What entries of one group agree in: formula (of the standardised primitive cell), reduced_formula, "
        "given_formula, spacegroup, wyckoff, matched (by pymatgen's StructureMatcher).",
    )(function)
