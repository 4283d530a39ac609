"""`bigdata export RUN`: a run's model for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from bigdata.cli.options import run_argument
from bigdata.cli.variants import named_variant
from bigdata.errors import SpecError
from bigdata.naming import named


@click.command()
@run_argument
@click.option(
    "--model",
    default="",
    help="Which model, the best if left out: for cluster expansions DEGREE[:FEATURES], for networks the training set, "
    "for tables a class or one of its models, such as sisso:2,3.",
)
@click.option(
    "--format",
    "form",
    default="",
    help="json, icet: of cluster expansions; npz, split: weights of networks, and the split that they were tested by; "
    "json, text, latex, python: of formulas; npz: of all models of tables; spec, npz, optuna: of searches. The first "
    "of these if left out.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The file to write; JSON goes to stdout if left out.")
@click.option("--variant", type=int, help="Which variant of a sweep, by its number.")
def command(run: Path, model: str, form: str, out: Path | None, variant: int | None) -> None:
    """Write a model of RUN, or the split that it was tested by."""
    view = named_variant(run, variant)
    if not view.model.export_at:
        raise SpecError(f"{run} is the run of a study of the kind `{view.model.study}`, which has no model to export.")
    text: str = named(view.model.export_at)(view, model, form, out)
    click.echo(text)
