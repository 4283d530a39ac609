"""The datasets of a study that has several, each under its name at `datasets:`, and its split file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bigdata.data.materials.extent import Per
from bigdata.data.materials.origin import MaterialsFile, MaterialsOrigin
from bigdata.data.problem import placed
from bigdata.kind import (
    Finding,
    Findings,
    Input,
    PathInSpec,
    SpecError,
    located,
    named,
    unfit_units,
    unit_of,
    unknown_fields,
)
from bigdata.studies.materials.model import SHARES, Identity, Split, Target

SPLIT_FILE = "split file"
# In a split's identity: the hash of the entries among which its groups have their names, where that counts.
ENTRIES = "entries"
Datasets = Mapping[str, MaterialsOrigin]


def wrong_datasets(datasets: Datasets, folder: Path, target: Target | None = None) -> Iterator[Finding]:
    """Which datasets of a spec in `folder` can't be had, which fields that they name they don't have, and whose units
    don't fit that of the study's `target`."""
    for name, dataset in datasets.items():
        here = ("datasets", name)
        named: list[tuple[PathInSpec, str]] = [((*here, "target"), dataset.target)] if dataset.target else []
        found = list(unknown_fields(dataset, folder, here, named))
        yield from found
        if target is not None and dataset.target and not found:
            own = unit_of(dataset, folder, dataset.target)
            yield from unfit_units(f"`{dataset.target}` of {name}", own, target, Per(target.per or ""))


def wrong_split(split: Split, datasets: Datasets, folder: Path) -> Iterator[Finding]:
    """What is wrong with the `split:` of a spec in `folder`, also beside its datasets."""
    yield from split.findings("split")
    if split.file and not located(folder, split.file).is_file():
        yield Finding(("split", "file"), f"there is no file {split.file}", "Paths start at the spec's folder")
    if split.until:
        yield from _wrong_dates(split.until)
    if split.by_date:
        for name, dataset in datasets.items():
            dates: PathInSpec = ("split", "by_date")
            found = unknown_fields(dataset, folder, ("datasets", name), [(dates, split.by_date)])
            what = f"{name} has no field `{split.by_date}`"
            yield from (replace(finding, what=what) for finding in found if finding.path == dates)


def _wrong_dates(until: tuple[str, str]) -> Iterator[Finding]:
    from bigdata.studies.materials.split import ends

    try:
        ends(until)
    except SpecError as error:
        yield Finding(("split", "until"), str(error).rstrip("."))


def files_of(datasets: Datasets, split: Split | None, folder: Path) -> list[Path]:
    """The files of the user's own that a spec in `folder` names."""
    own = [dataset.file for dataset in datasets.values() if isinstance(dataset, MaterialsFile)]
    return [named(folder, file) for file in (*own, *([split.file] if split and split.file else []))]


def inputs_of(
    datasets: Datasets, identity: Identity, split: Split | None, folder: Path, *, graphs: bool = False
) -> dict[str, Input]:
    """The datasets, imported into the cache, and the split file. Raises Findings for data that can't be used, such as
    formulas alone where identity or the study's `graphs` need structures."""
    found = {name: _imported(name, dataset, identity, folder, graphs) for name, dataset in datasets.items()}
    return found | ({SPLIT_FILE: _split_file(split.file, identity, folder)} if split and split.file else {})


def _imported(name: str, dataset: MaterialsOrigin, identity: Identity, folder: Path, graphs: bool) -> Input:
    # Only where data are opened: a spec is checked without NumPy.
    from bigdata.data.materials.dataset import open_materials

    with placed("datasets", name):
        opened = open_materials(dataset, folder)
    if opened.n_without_formula:
        what = f"has {opened.n_without_formula:,} rows that are of no material"
        right = "Give formulas or structures: rows of numbers (`format: table`) are for studies of tables"
        raise Findings(Finding(("datasets", name), what, right, at_key=True))
    if (identity.needs_structures or graphs) and not opened.has_structures:
        raise Findings(_formulas_alone(name, identity, graphs))
    file = dataset.file if isinstance(dataset, MaterialsFile) else ""
    return Input(opened.digest, str(opened.folder), file, opened.content)


def _formulas_alone(name: str, identity: Identity, graphs: bool) -> Finding:
    if graphs:
        what, right = "has formulas only, and crystal graphs need structures", "Give structures"
    elif identity.cross_check and not identity.needs_symmetry:
        what, right = "has formulas only, and matching needs structures", "Leave out `cross_check`, or give structures"
    else:
        what = "has formulas only, and what identifies materials here needs structures"
        right = "Write `identity: {by: [reduced_formula]}`, or give structures"
    return Finding(("datasets", name), what, right, at_key=True)


def _split_file(file: str, identity: Identity, folder: Path) -> Input:
    from bigdata.studies.materials.split import Split as Made

    path = located(folder, file)
    split = Made.from_file(path)
    if unfit := list(_unfit(split.folds, split.identity, identity)):
        raise Findings(*unfit)
    return Input(split.digest, str(path.absolute()), file, split.digest)


def _unfit(parts: tuple[str, ...], made: Mapping[str, Any], identity: Identity) -> Iterator[Finding]:
    """Whether a split file has other parts, or tells materials apart in another way."""
    from bigdata.studies.materials.groups import identity_of

    if parts != SHARES:
        what = f"has the parts {', '.join(parts)}"
        yield Finding(("split", "file"), what, f"A study needs {', '.join(SHARES)}: make a split by fractions")
    elif made and {k: v for k, v in made.items() if k != ENTRIES} != identity_of(identity).comparable():
        tolerance = f" within {made['symprec']:g} Å" if made["symprec"] else ""
        matcher = "".join(f", {name} {value:g}" for name, value in made.get("matcher", {}).items())
        what = f"was made for materials told apart by {', '.join(made['by'])}{tolerance}{matcher}"
        right = "Say the same under `identity:`, or make the split as the study tells materials apart"
        yield Finding(("split", "file"), what, right)
