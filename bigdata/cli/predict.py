"""`bigdata predict RUN --file FILE`: what a run's model says of new structures, or of new rows of a table."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from bigdata.cli.options import json_option, run_argument
from bigdata.cli.text import table
from bigdata.cli.variants import named_variant
from bigdata.data.materials.origin import MaterialsFormat
from bigdata.errors import SpecError

if TYPE_CHECKING:
    from bigdata.data.materials.dataset import MaterialsDataset
    from bigdata.models.prediction import Prediction


@click.command()
@run_argument
@click.option(
    "--file", "source", required=True, help="Structures, or a table: a file of a known format, or a dataset's name."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(get_args(MaterialsFormat)),
    metavar="NAME",
    help="The file's format, such as table.  [default: told from its name and content]",
)
@click.option(
    "--model",
    default="",
    help="Which model, the best if left out: for cluster expansions DEGREE[:FEATURES], for networks the training set, "
    "for tables a class or one of its models, such as sisso:2,3.",
)
@click.option("--variant", type=int, help="Which variant of a sweep, by its number.")
@click.option("--seen", is_flag=True, help="Predict also what a network was trained on; its error there says nothing.")
@click.option("--skip-bad", is_flag=True, help="Succeed although some entries can't be used.")
@json_option
def command(
    run: Path,
    source: str,
    form: MaterialsFormat | None,
    model: str,
    variant: int | None,
    seen: bool,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """Print the predictions of a model of RUN for entries, one a line."""
    from bigdata.cli.datasets.named import open_named
    from bigdata.run.prediction import predict

    view = named_variant(run, variant)
    # A table of numbers has no look of its own: new rows are of the format that the study's were said to be of.
    own = getattr(getattr(view.model, "dataset", None), "format", None)
    dataset = open_named([source], skip_bad, form or (own if own == "table" else None))[0].dataset
    made = predict(view, dataset, model, seen)
    click.echo(f"{made.quantity} ({made.unit or 'no unit'}) by {made.model}", err=True)
    for note in made.notes:
        click.echo(f"note   {note}", err=True)
    click.echo(json.dumps(_rows(dataset, made)) if as_json else _text(dataset, made))
    n_without = sum(map(bool, made.reasons))
    if n_without and not skip_bad:
        what = f"{n_without:,} of {len(made.reasons):,} entries have no prediction; the reasons stand beside them."
        raise SpecError(f"{what} --skip-bad takes that for success.")


def _rows(dataset: MaterialsDataset, made: Prediction) -> list[dict[str, object]]:
    """One object an entry: null where there is no number."""
    return [
        {
            "id": dataset.ids[i],
            "formula": dataset.formulas[i],
            "prediction": None if reason else _said(made.values[i].item()),
            "unit": made.unit,
            **{name: None if reason else _said(values[i].item()) for name, values in made.beside.items()},
            "reason": reason,
        }
        for i, reason in enumerate(made.reasons)
    ]


def _said(value: object) -> object:
    """JSON has no word for NaN, such as the spread of one network."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _text(dataset: MaterialsDataset, made: Prediction) -> str:
    head = f"prediction ({made.unit})" if made.unit else "prediction"
    columns = ("entry", "formula", head, *made.beside)
    rows = [
        (r["id"], r["formula"], r["prediction"], *(r[name] for name in made.beside), r["reason"])
        for r in _rows(dataset, made)
    ]
    if any(made.reasons):
        return table((*columns, "why not"), rows)
    return table(columns, [row[:-1] for row in rows])
