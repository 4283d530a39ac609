"""The overlap study that words on the command line ask for, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from bigdata.cli.datasets.named import Named
from bigdata.data import DataProblem
from bigdata.errors import SpecError

if TYPE_CHECKING:
    from bigdata.studies.materials.identity import Identity
    from bigdata.studies.overlap.results import Results


def study(named: Sequence[Named], identity: Identity, with_targets: bool = False) -> dict[str, Any]:
    """What they share; with the distribution of the fields named, where these are wanted.

    Raises SpecError where a dataset's materials can't be told apart so, or two datasets can't be called differently.
    """
    for one in named:
        _refuse_formulas_alone(one, identity)
    datasets = {one.key: _origin(one, with_targets) for one in named}
    if len(datasets) < len(named):
        raise SpecError(f"{', '.join(one.name for one in named)} are too alike: rename one of the files.")
    spec: dict[str, Any] = {"study": "overlap", "name": "overlap", "datasets": datasets}
    spec["identity"] = {"by": list(identity.by), "symprec": identity.symprec}
    targets = [one for one in named if one.asked.target]
    if targets and with_targets:
        quantity, unit = " / ".join(dict.fromkeys(one.asked.target for one in targets)), _unit(targets)
        spec |= {"target": {"quantity": quantity, "units": unit}, "without_target": "keep"}
    return spec


def _unit(targets: Sequence[Named]) -> str:
    """The unit that all values are drawn in, the first's; SpecError where only some have one."""
    units = {f"{one.name}:{one.asked.target}": one.unit for one in targets}
    if len(set(units.values())) > 1 and (without := [name for name, unit in units.items() if not unit]):
        said = ", ".join(f"{name} in {unit}" for name, unit in units.items() if unit)
        what = f"the unit of {', '.join(without)} isn't known, beside {said}"
        raise SpecError(f"{what}. Put it at the end of the column's name, such as `e_form_eV_per_atom`.")
    return next(iter(units.values()))


def _refuse_formulas_alone(one: Named, identity: Identity) -> None:
    from bigdata.studies.materials.identity import refuse_formulas_alone

    try:
        refuse_formulas_alone(identity, one.dataset.has_structures)
    except DataProblem as problem:
        raise SpecError(f"{one.name}: {problem} The option --by says what identifies materials.") from None


def _origin(one: Named, with_target: bool) -> dict[str, Any]:
    origin = one.asked.model_dump(mode="json", exclude_defaults=True)
    return {key: value for key, value in origin.items() if with_target or key != "target"}


@contextmanager
def results_of(spec: Mapping[str, Any]) -> Iterator[Results]:
    """The results of an overlap study that is run at once, for the time of the block."""
    from bigdata.run.at_once import at_once
    from bigdata.studies.overlap.crosschecked import find_symmetry
    from bigdata.studies.overlap.results import Results

    def first(plan: Any) -> None:
        model, inputs = plan.study.variants[0].model, plan.variants[0].inputs
        find_symmetry(model, [inputs[name].folder for name in model.datasets], "moyopy", said)

    with at_once(spec, first) as run:
        yield run.once(Results)


def said(program: str, n_done: int, n: int) -> None:
    """How far the search for symmetry is, on stderr."""
    click.echo(f"symmetry by {program}: {n_done} of {n} blocks", err=True)
