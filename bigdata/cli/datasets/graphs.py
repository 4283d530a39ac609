"""`bigdata datasets graphs NAME`: build a dataset's crystal graphs into the cache, before a job needs them."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any

import click

from bigdata.cli.datasets.named import open_named, skip_option
from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.display import duration, size
from bigdata.errors import SpecError
from bigdata.units import LENGTH, QuantityError


@click.command()
@click.argument("datasets", nargs=-1, required=True, metavar="NAME|FILE…")
@click.option("--neighbors", type=int, help="So many nearest neighbours.  [default: 24]")
@click.option("--cutoff", help='All neighbours within this distance: "5 angstrom".')
@click.option("--whole-shell/--exact-number", default=True, show_default=True, help="Keep all equally far neighbours.")
@click.option("--quotient/--plain", default=True, show_default=True, help="Merge atoms that have equal surroundings.")
@click.option("--directions", is_flag=True, help="Keep the direction of each edge too, with --plain.")
@skip_option
@json_option
def graphs(
    datasets: tuple[str, ...],
    neighbors: int | None,
    cutoff: str | None,
    whole_shell: bool,
    quotient: bool,
    directions: bool,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """Build the crystal graphs of datasets into the cache, in parallel, and say how large they are."""
    from bigdata.data.derived import Derivation, made
    from bigdata.data.graphs import derived
    from bigdata.data.graphs.graph import Graphs
    from bigdata.data.graphs.setting import GraphSetting

    try:
        length = LENGTH.parse(cutoff) if cutoff else None
        setting = GraphSetting(
            neighbors if neighbors or length else 24,
            length,
            whole_shell=whole_shell,
            quotient=quotient,
            directions=directions,
        )
    except (ValueError, QuantityError) as error:
        raise SpecError(f"{error}") from None
    found = []
    for one in open_named(datasets, skip_bad):
        started = time.perf_counter()
        derivation = Derivation.of(derived.__name__, one.dataset.folder, setting.to_dict())
        was_made = derivation.is_made
        [folder] = made([derivation], partial(_said, one.name))
        graphs_ = Graphs.read(folder, mapped=True)
        seconds = 0.0 if was_made else time.perf_counter() - started
        found.append(_described(one.name, graphs_, folder, seconds))
    click.echo(json.dumps(found, indent=2) if as_json else _text(found))


def _said(name: str, n_done: int, n: int) -> None:
    click.echo(f"graphs of {name}: {n_done} of {n} blocks", err=True)


def _described(name: str, graphs: Any, folder: Any, seconds: float) -> dict[str, Any]:
    import numpy as np

    n_atoms, n_edges = int(graphs.n_atoms.sum()), int(graphs.n_edges.sum())
    receivers = np.repeat(graphs.node_offsets[:-1], graphs.n_edges) + graphs.receiver
    # As if nothing were merged: neighbours of each atom, times the atoms that the node stands for.
    plain = int((graphs.node_multiplicity[receivers].astype(np.int64) * graphs.edge_multiplicity).sum())
    return {
        "dataset": name,
        "structures": len(graphs),
        "atoms": n_atoms,
        "nodes": int(graphs.n_nodes.sum()),
        "neighbours": plain,
        "edges": n_edges,
        "widest_shell_angstrom": float(graphs.widest.max(initial=0.0)),
        "bytes": sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()),
        "seconds": round(seconds, 2),
        "folder": str(folder),
    }


def _text(found: list[dict[str, Any]]) -> str:
    rows = [
        (
            f["dataset"],
            f["structures"],
            f["atoms"],
            f["nodes"],
            f["neighbours"],
            f["edges"],
            size(f["bytes"]),
            duration(f["seconds"]) if f["seconds"] else "in the cache",
        )
        for f in found
    ]
    columns = ("dataset", "structures", "atoms", "nodes", "neighbours", "edges", "on disk", "time")
    lines = [table(columns, rows), ""]
    lines += [f"{f['dataset']}  {f['folder']}" for f in found]
    return "\n".join(lines)
