"""The groups of datasets named on the command line: opened, their symmetry found on all cores, every entry labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigdata.cli.datasets.named import derive, open_named
from bigdata.data import DataProblem
from bigdata.errors import SpecError

if TYPE_CHECKING:
    from bigdata.data.materials.dataset import MaterialsDataset
    from bigdata.studies.materials.identity import Identity
    from bigdata.studies.materials.symmetry import Program, Symmetry


@dataclass(frozen=True)
class Identified:
    """A dataset whose n entries have group labels; `field` is the property asked for ("" for none)."""

    name: str
    dataset: MaterialsDataset
    field: str
    labels: list[str]
    symmetry: Symmetry | None


def identified(
    texts: Sequence[str], identity: Identity, skip_bad: bool, program: Program = "moyopy"
) -> list[Identified]:
    """The datasets with their labels, by the symmetry that a program finds.

    Raises SpecError where one can't be had or can't be told apart so.
    """
    from bigdata.data.derived import Derivation
    from bigdata.studies.materials.identity import labels
    from bigdata.studies.materials.symmetry import Symmetry

    opened = open_named(texts, skip_bad)
    found = []
    # The usual program isn't named, so that studies find the same symmetry in the cache.
    setting = {"symprec": identity.symprec} | ({} if program == "moyopy" else {"program": program})
    wanted = {
        name: Derivation.of("symmetry", dataset.folder, setting)
        for name, (dataset, _) in opened.items()
        if identity.needs_structures and dataset.has_structures
    }
    derive(wanted.values(), f"symmetry by {program}")
    for name, (dataset, field) in opened.items():
        structures = dataset.structures if dataset.has_structures else None
        symmetry = Symmetry.read(wanted[name].folder) if name in wanted else None
        try:
            named = labels(identity, structures, dataset.formulas, symmetry)
        except DataProblem as problem:
            raise SpecError(f"{name}: {problem} The option --by says what identifies materials.") from None
        found.append(Identified(name, dataset, field, named, symmetry))
    return found
