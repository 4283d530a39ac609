"""`bigdata datasets split A B …`: split the groups of all datasets once, into a file that studies can name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigdata.cli.datasets.identified import Identified, identified
from bigdata.cli.datasets.named import identity_options, skip_option
from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.data.materials.elements import NUMBERS
from bigdata.errors import SpecError

if TYPE_CHECKING:
    from bigdata.studies.materials.identity import Identity
    from bigdata.studies.materials.split import Split


@click.command()
@click.argument("datasets", nargs=-1, required=True, metavar="NAME|FILE…")
@identity_options
@click.option("--train", type=float, default=0.8, show_default=True, help="Share of the entries.")
@click.option("--validation", type=float, default=0.1, show_default=True, help="Share of the entries.")
@click.option("--test", type=float, default=0.1, show_default=True, help="Share of the entries.")
@click.option("--folds", type=int, help="Instead: so many parts of equal size, for cross-validation.")
@click.option("--without-element", metavar="SYMBOL", help="Instead: test on all materials that contain this element.")
@click.option("--by-date", metavar="FIELD", help="Instead: test on what came last, by this field; see --until.")
@click.option("--until", nargs=2, metavar="DATE DATE", help="End of training and of validation, as 2018-06-01 or 2018.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The split file to write.")
@skip_option
@json_option
def split(
    datasets: tuple[str, ...], by: str, symprec: float, out: Path, skip_bad: bool, as_json: bool, **how: Any
) -> None:
    """Split the materials of DATASETS, all together, so that no group is in two parts, and write a split file.

    A study takes it by `split: {file: …}`.
    """
    from bigdata.studies.materials.identity import Identity

    identity = Identity.parse(by, symprec)
    found = identified(datasets, identity, skip_bad)
    made = _made(found, identity, **how)
    made.to_file(out)
    parts = [_part(f, made, number, fold) for f in found for number, fold in enumerate(made.folds)]
    if as_json:
        click.echo(json.dumps({"file": str(out), "digest": made.digest, "parts": parts}, indent=2))
        return
    columns = ("dataset", "part", "entries", "share", "groups")
    click.echo(table(columns, [tuple(part.values()) for part in parts]))
    click.echo(f"\n{out}  {len(made.groups):,} groups, digest {made.digest[:12]}")


def _part(found: Identified, made: Split, number: int, fold: str) -> dict[str, Any]:
    inside = made.codes(found.labels) == number
    labels = {label for label, is_in in zip(found.labels, inside, strict=True) if is_in}
    return {
        "dataset": found.name,
        "part": fold,
        "entries": int(inside.sum()),
        "share": float(inside.mean()),
        "groups": len(labels),
    }


def _made(
    found: list[Identified],
    identity: Identity,
    *,
    train: float,
    validation: float,
    test: float,
    folds: int | None,
    without_element: str | None,
    by_date: str | None,
    until: tuple[str, str] | None,
    seed: int,
) -> Split:
    """The split in the way asked for; SpecError where several are."""
    from bigdata.studies.materials.split import by_date as split_by_date
    from bigdata.studies.materials.split import k_fold, leave_one_element_out, split_groups

    if sum(map(bool, (folds, without_element, by_date))) > 1:
        raise SpecError("--folds, --without-element and --by-date are different ways to split: give one of them.")
    weights = Counter(label for f in found for label in f.labels)
    told = identity.comparable()
    if folds:
        return k_fold(weights, folds, seed, weights, told)
    if without_element and without_element not in NUMBERS:
        raise SpecError(f"`{without_element}` is no element. Write its symbol, as in --without-element Au.")
    if without_element:
        return leave_one_element_out(_elements(found), without_element, validation, seed, weights, told)
    if by_date:
        if until is None:
            raise SpecError("--by-date needs --until with two dates: the end of training and of validation.")
        labels = [label for f in found for label in f.labels]
        dates = [date for f in found for date in _dates(f, by_date)]
        return split_by_date(labels, dates, {"train": until[0], "validation": until[1]}, told)
    if abs(train + validation + test - 1) > 1e-9:
        raise SpecError(f"--train, --validation and --test make {train + validation + test:g}. Let them make 1.")
    return split_groups(weights, {"train": train, "validation": validation, "test": test}, seed, weights, told)


def _elements(found: list[Identified]) -> dict[str, set[str]]:
    """The symbols of the elements in each group."""
    from bigdata.data.materials.elements import SYMBOLS
    from bigdata.data.materials.formula import parse

    elements: dict[str, set[str]] = {}
    for f in found:
        for label, formula in zip(f.labels, f.dataset.formulas, strict=True):
            if label not in elements:
                elements[label] = {SYMBOLS[number] for number in parse(formula)}
    return elements


def _dates(found: Identified, field: str) -> Sequence[str]:
    if field not in found.dataset.columns:
        known = ", ".join(found.dataset.columns)
        raise SpecError(f"{found.name} has no field `{field}`; it has {known}.")
    return ["" if value is None else str(value) for value in found.dataset.columns[field]]
