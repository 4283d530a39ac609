"""`bigdata datasets overlap A B …`: which materials datasets share, and how often each has them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigdata.cli.datasets.named import identity_options, open_named, skip_option
from bigdata.cli.datasets.study import results_of, said, study
from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.errors import SpecError

if TYPE_CHECKING:
    from bigdata.studies.overlap.crosschecked import Crosschecked
    from bigdata.studies.overlap.results import Results

# Those of the study that are drawn here.
FIGURES = ("overlap", "group_sizes", "histograms")
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
    from bigdata.studies.overlap.crosschecked import crosschecked

    if len(datasets) < 2:
        raise SpecError("an overlap needs two datasets or more: `bigdata datasets overlap A B`.")
    identity = Identity.parse(by, symprec)
    named = open_named(datasets, skip_bad)
    shown = {one.key: one.name for one in named}
    with results_of(study(named, identity, with_targets=figures is not None)) as results:
        data = {"identity": identity.comparable(), **_described(results, shown, n_groups)}
        data["cross_check"] = _cross_checked(results, crosschecked(results, said), shown) if cross_check else {}
        if figures is not None:
            data["figures"] = [str(path) for path in _drawn(results, figures)]
    click.echo(json.dumps(data, indent=2) if as_json else _text(data))


def _described(results: Results, shown: Mapping[str, str], n_groups: int) -> dict[str, Any]:
    shared, names = results.shared, list(shown.values())
    common = shared.table()
    return {
        "datasets": [_dataset(results, key, name) for key, name in shown.items()],
        "common": [
            {
                "dataset": a,
                "with": b,
                "groups": int(shared.matrix[i, j]),
                "share": float(shared.fractions[i, j]),
                "entries": int(shared.entries[i, j]),
            }
            for i, a in enumerate(names)
            for j, b in enumerate(names)
            if i != j
        ],
        "in_all": len(common),
        "groups": [{"group": g.label, "entries": dict(zip(names, g.counts, strict=True))} for g in common[:n_groups]],
    }


def _dataset(results: Results, key: str, name: str) -> dict[str, Any]:
    from bigdata.studies.materials.symmetry import SPGLIB

    entries, symmetry = results.entries[key], results.labelled[key].symmetry
    return {
        "name": name,
        "entries": len(entries),
        "groups": int(results.n_groups[results.names.index(key)]),
        "unusable": len(entries.dataset.bad),
        "judged_by_spglib": 0 if symmetry is None else int((symmetry.program == SPGLIB).sum()),
        "without_symmetry": {} if symmetry is None else {entries.ids[i]: why for i, why in symmetry.failed.items()},
    }


def _cross_checked(results: Results, checked: Crosschecked, shown: Mapping[str, str]) -> dict[str, Any]:
    """What changes with the symmetry that spglib finds: entries judged differently, groups common or not."""
    return {
        "in_all": {"moyopy": int(results.shared.shared().sum()), "spglib": int(checked.shared.shared().sum())},
        "groups": [
            {
                "group": g.label,
                "in_all_by": "moyopy" if g.by_first else "spglib",
                "because_of": [f"{shown[key]}: {entry}" for key, entry in g.entries],
            }
            for g in checked.changed
        ],
        "entries": {shown[key]: [d._asdict() for d in found] for key, found in checked.disagreements.items()},
    }


def _text(data: dict[str, Any]) -> str:
    from bigdata.studies.materials.model import in_words

    identity = data["identity"]
    tolerance = f", symmetry within {identity['symprec']:g} Å" if identity["symprec"] else ""
    rows = [(d["name"], d["entries"], d["groups"], d["unusable"], len(d["without_symmetry"])) for d in data["datasets"]]
    lines = [
        f"groups: entries that agree in {in_words(identity['by'])}{tolerance}",
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


def _drawn(results: Results, folder: Path) -> Iterator[Path]:
    """The study's own figures, in this folder."""
    from bigdata.kind.drawing import save_as
    from bigdata.naming import named

    for name, at in results.model.figures().items():
        if name in FIGURES:
            saved = save_as(named(at)(results.view).draw, folder / name)
            yield from (saved.png, saved.pdf)
