"""`bigdata datasets split A B …`: split the groups of all datasets once, into a file that studies can name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bigdata.cli.datasets.named import identity_options, open_named, skip_option
from bigdata.cli.datasets.study import results_of, study
from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.errors import SpecError

# What belongs to each of the ways that aren't by fractions.
OF_WAY = {"folds": ("seed",), "without_element": ("validation", "seed"), "by_date": ("until",)}
COLUMNS = ("dataset", "part", "entries", "share", "groups")


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
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
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
    asked = _way(**how)
    named = open_named(datasets, skip_bad)
    for one in named:
        one.refuse_unknown(asked.get("by_date", ""))
    shown = {one.key: one.name for one in named}
    with results_of(study(named, identity) | {"split": asked}) as results:
        made, sizes = results.split, results.part_sizes
    made.to_file(out)
    parts = [(shown[key], *size) for key, *size in sizes]
    if as_json:
        rows = [dict(zip(COLUMNS, part, strict=True)) for part in parts]
        click.echo(json.dumps({"file": str(out), "digest": made.digest, "parts": rows}, indent=2))
        return
    click.echo(table(COLUMNS, parts))
    click.echo(f"\n{out}  {len(made.groups):,} groups, digest {made.digest[:12]}")


def _way(**how: Any) -> dict[str, Any]:
    """The options as a study's `split:`; SpecError, in the options' words, where they don't go together."""
    from bigdata.data.problem import sentences
    from bigdata.studies.materials.model import SHARES, Split
    from bigdata.studies.materials.split import normalised, refuse_folds

    asked = {key: value for key, value in how.items() if key in _wanted(how) and value is not None}
    for finding in Split.model_construct(**asked).findings(called=_option):
        raise SpecError(sentences(finding))
    if "folds" in asked:
        refuse_folds(asked["folds"])
    if "train" in asked:
        normalised({key: asked[key] for key in SHARES})
    return asked


def _wanted(how: Mapping[str, Any]) -> set[str]:
    """The options that count: those of the way asked for, or all of a split by fractions."""
    ways = [key for key in OF_WAY if how[key]]
    of_ways = {key for way in ways for key in (way, *OF_WAY[way])}
    return of_ways or {"train", "validation", "test", "seed"}


def _option(key: str, value: str) -> str:
    return f"--{key.replace('_', '-')} {value}".rstrip()
