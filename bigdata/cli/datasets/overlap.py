"""`bigdata datasets overlap A B …`: which materials datasets share, and how often each has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigdata.cli.datasets.identified import Identified, identified
from bigdata.cli.datasets.named import identity_options, skip_option
from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from bigdata.studies.materials.overlap import Overlap

N_GROUPS = 12
N_FAILED = 3


@click.command()
@click.argument("datasets", nargs=-1, required=True, metavar="NAME|FILE[:FIELD]…")
@identity_options
@click.option("--figures", type=click.Path(path_type=Path), help="Save figures as PNG and PDF in this folder.")
@click.option("--groups", "n_groups", type=int, default=N_GROUPS, show_default=True, help="Common groups to list.")
@click.option("--cross-check", is_flag=True, help="Name the entries that spglib judges differently; takes minutes.")
@skip_option
@json_option
def overlap(
    datasets: tuple[str, ...],
    by: str,
    symprec: float,
    figures: Path | None,
    n_groups: int,
    cross_check: bool,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """Show which groups of materials DATASETS share.

    A dataset is a registered name or a file; with `:FIELD` behind it, the field's values are drawn in histograms of
    all and of the common groups, as in Fig. 2 of doi 10.1039/d4fd00102h.
    """
    from bigdata.studies.materials.identity import Identity
    from bigdata.studies.materials.overlap import overlap as compare

    if len(datasets) < 2:
        raise SpecError("an overlap needs two datasets or more: `bigdata datasets overlap A B`.")
    identity = Identity.parse(by, symprec)
    found = identified(datasets, identity, skip_bad)
    shared = compare({f.name: f.labels for f in found})
    checked = _cross_checked(found, shared, identified(datasets, identity, skip_bad, "spglib")) if cross_check else {}
    data = _described(identity.comparable(), found, shared, n_groups, checked)
    if figures is not None:
        data["figures"] = [str(path) for path in _drawn(found, shared, figures)]
    click.echo(json.dumps(data, indent=2) if as_json else _text(data))


def _described(
    identity: dict[str, Any],
    found: list[Identified],
    shared: Overlap,
    n_groups: int,
    checked: dict[str, Any],
) -> dict[str, Any]:
    common = shared.table()
    return {
        "identity": identity,
        "datasets": [
            {
                "name": f.name,
                "entries": f.dataset.n,
                "groups": int(shared.matrix[i, i]),
                "unusable": len(f.dataset.bad),
                "judged_by_spglib": _n_by_spglib(f),
                "without_symmetry": _failed(f),
            }
            for i, f in enumerate(found)
        ],
        "common": [
            {
                "dataset": a,
                "with": b,
                "groups": int(shared.matrix[i, j]),
                "share": float(shared.fractions[i, j]),
                "entries": int(shared.entries[i, j]),
            }
            for i, a in enumerate(shared.names)
            for j, b in enumerate(shared.names)
            if i != j
        ],
        "in_all": len(common),
        "groups": [
            {"group": g.label, "entries": dict(zip(shared.names, g.counts, strict=True))} for g in common[:n_groups]
        ],
        "cross_check": checked,
    }


def _n_by_spglib(found: Identified) -> int:
    """Entries that moyopy couldn't judge within the tolerance, and spglib could."""
    from bigdata.studies.materials.symmetry import SPGLIB

    return 0 if found.symmetry is None else int((found.symmetry.program == SPGLIB).sum())


def _failed(found: Identified) -> dict[str, str]:
    """Entries whose symmetry wasn't found, with the reason."""
    if found.symmetry is None:
        return {}
    ids = found.dataset.ids
    return {ids[row]: reason for row, reason in found.symmetry.failed.items()}


def _cross_checked(found: list[Identified], shared: Overlap, others: list[Identified]) -> dict[str, Any]:
    """What changes with the symmetry that spglib finds (`others`): entries judged differently, groups common or not."""
    from bigdata.studies.materials.crosscheck import changed, disagreements
    from bigdata.studies.materials.overlap import overlap as compare

    theirs = compare({f.name: f.labels for f in others})
    groups = changed(shared, theirs, {f.name: f.dataset.ids for f in found})
    entries = {
        mine.name: [
            d._asdict() for d in disagreements(mine.dataset.structures, mine.symmetry, other.symmetry, mine.dataset.ids)
        ]
        for mine, other in zip(found, others, strict=True)
        if mine.symmetry is not None and other.symmetry is not None
    }
    return {
        "in_all": {"moyopy": int(shared.shared().sum()), "spglib": int(theirs.shared().sum())},
        "groups": [
            {
                "group": g.label,
                "in_all_by": "moyopy" if g.by_first else "spglib",
                "because_of": [": ".join(e) for e in g.entries],
            }
            for g in groups
        ],
        "entries": entries,
    }


def _text(data: dict[str, Any]) -> str:
    identity = data["identity"]
    tolerance = f", symmetry within {identity['symprec']:g} Å" if identity["symprec"] else ""
    rows = [(d["name"], d["entries"], d["groups"], d["unusable"], len(d["without_symmetry"])) for d in data["datasets"]]
    lines = [
        f"groups: entries that agree in {' and '.join(identity['by'])}{tolerance}",
        "",
        table(("dataset", "entries", "groups", "unusable", "no symmetry"), rows),
        "",
        table(
            ("groups of", "also in", "groups", "share", "entries in them"),
            [(c["dataset"], c["with"], c["groups"], c["share"], c["entries"]) for c in data["common"]],
        ),
        "",
        f"{data['in_all']:,} {'group is' if data['in_all'] == 1 else 'groups are'} in all; met most unequally often:",
        "",
        table(
            ("group", *(d["name"] for d in data["datasets"])),
            [(g["group"], *g["entries"].values()) for g in data["groups"]],
        ),
    ]
    for d in data["datasets"]:
        if n := d["judged_by_spglib"]:
            lines.append(f"note   {d['name']}: {n:,} entries that moyopy can't judge so coarsely were judged by spglib")
        failed = list(d["without_symmetry"].items())
        lines += [f"note   {d['name']} {name}: {reason}" for name, reason in failed[:N_FAILED]]
    if checked := data["cross_check"]:
        lines += ["", *_common_differently(checked)]
        for name, entries in checked["entries"].items():
            lines += ["", *_judged_differently(name, entries)]
    lines += ["", *data["figures"]] if data.get("figures") else []
    return "\n".join(lines)


def _common_differently(checked: dict[str, Any]) -> list[str]:
    """Why the two programs count different numbers of common groups."""
    counts = " and ".join(f"{n:,} by {program}" for program, n in checked["in_all"].items())
    said = f"groups in all: {counts}"
    if not checked["groups"]:
        return [said]
    rows = [(g["group"], g["in_all_by"], ", ".join(g["because_of"])) for g in checked["groups"]]
    return [said, "", table(("group", "only by", "because of"), rows)]


def _judged_differently(name: str, rows: list[dict[str, Any]]) -> list[str]:
    said = f"{name}: moyopy and spglib find different spacegroups for {len(rows)} entries"
    if not rows:
        return [said]
    columns = ("entry", "formula", "moyopy", "spglib", "settled at (Å)", "agree at (Å)", "on")
    return [said, "", table(columns, [tuple(row.values()) for row in rows])]


def _drawn(found: list[Identified], shared: Overlap, folder: Path) -> list[Path]:
    """The figures of an overlap study, for these datasets."""
    import numpy as np

    from bigdata.data.materials.target import target
    from bigdata.kind.drawing import save_as
    from bigdata.studies.materials.overlap import histograms
    from bigdata.studies.overlap import figures

    sizes = dict(zip(shared.names, shared.counts.T, strict=True))
    drawings: dict[str, Callable[[], Figure]] = {
        "overlap": lambda: figures.overlap(shared.names, shared.matrix, np.diag(shared.matrix)),
        "group_sizes": lambda: figures.group_sizes(sizes),
    }
    fields = {f.name: f for f in found if f.field}
    if fields:
        values = {f.name: np.full(f.dataset.n, np.nan) for f in found}
        unit = next(f.dataset.units.get(f.field, "") for f in fields.values())
        for name, f in fields.items():
            got = target(f.dataset, np.arange(f.dataset.n), f.field, unit, "skip")
            values[name][got.rows] = got.values
        counted = histograms(shared, values, 60)
        label = " / ".join(dict.fromkeys(f.field for f in fields.values())) + (f" ({unit})" if unit else "")
        every, common = (
            {n: c for n, c in zip(counted.names, array, strict=True) if n in fields}
            for array in (counted.all, counted.shared)
        )
        drawings["histograms"] = lambda: figures.histograms(counted.edges, every, common, label)
    return [path for name, draw in drawings.items() for path in save_as(draw, folder / name)]
