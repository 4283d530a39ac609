"""How long a gradient step takes: merged and plain graphs, beside torch_geometric's SchNet.

    taskset -c 0 python -m tests.benchmarks.networks [N]     # of N crystals, 2,000 if left out

CPU time of steps on 32 crystals with 24 neighbours, in turn so that all see the same machine; medians. Databases come
from BIGDATA_MIRROR, else the alloys that ship with the package do. torch_geometric is measured where it is installed,
and programs compiled by XLA where there is a GPU.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bigdata.data.graphs import GraphSetting, build
from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.origin import NamedMaterials
from bigdata.data.materials.structures import Structures
from bigdata.models.networks.crystals import Crystals, plain
from bigdata.models.networks.elements import element_features
from bigdata.models.networks.network import Compiled, needs_directions
from bigdata.models.networks.setting import MPEU, EdgeGated, PaiNN, SchNet, Training
from bigdata.models.networks.training import Problem, Trainer

BATCH, NEIGHBORS = 32, 24
WARM, ROUNDS = 10, 60
Step = Callable[[], object]


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    if len(os.sched_getaffinity(0)) > 1:
        print("more than one core: start it with `taskset -c 0`")
    for name in (
        ("mp20-biternary", "aflow-structures-thermal") if "BIGDATA_MIRROR" in os.environ else ("emt-prototypes",)
    ):
        structures = open_materials(NamedMaterials(name=name), Path()).structures
        structures = structures.take(np.flatnonzero(structures.n_atoms > 0)[:n])
        print(f"{name}: {len(structures):,} crystals")
        for line in report(name, structures):
            print(line, flush=True)


def report(name: str, structures: Structures) -> Iterator[str]:
    work: dict[str, Step] = {
        "SchNet, plain": ours(SchNet(), structures, quotient=False),
        "SchNet, merged": ours(SchNet(), structures),
        "MPEU, plain": ours(MPEU(), structures, quotient=False),
        "MPEU, merged": ours(MPEU(), structures),
        "edge-gated, merged": ours(EdgeGated(), structures),
        "PaiNN (128)": ours(PaiNN(), structures),
    }
    if importlib.util.find_spec("torch_geometric"):
        work["torch_geometric's SchNet"] = torch_geometric(structures)
    if gpus():
        work["SchNet, merged, XLA on the GPU"] = ours(SchNet(), structures, compiles=True)
    ms = medians(work)
    for one, value in ms.items():
        yield f"  {one:34}{value:9.2f} ms"
    is_mp = name == "mp20-biternary"
    yield from ratios(ms, "SchNet, merged", "torch_geometric's SchNet", 0.15 if is_mp else 0.1)
    yield from ratios(ms, "SchNet, plain", "torch_geometric's SchNet", 0.75)
    yield from ratios(ms, "MPEU, merged", "MPEU, plain", 0.25 if is_mp else 0.13)
    crystals = Crystals(build(structures, GraphSetting(neighbors=NEIGHBORS)), SchNet())
    rows = np.random.default_rng(0).choice(len(crystals), BATCH, replace=False)
    batch = medians({"a batch": lambda: crystals.batch(rows)})["a batch"]
    yield f"  assembling a batch {batch:.3f} ms (at most 0.2: {'reached' if batch <= 0.2 else 'NOT reached'})"


def ours(network: object, structures: Structures, *, quotient: bool = True, compiles: bool = False) -> Step:
    """A training's next step, batch included."""
    vectors = needs_directions(network)  # type: ignore[arg-type]
    graphs = build(structures, GraphSetting(neighbors=NEIGHBORS, quotient=quotient and not vectors, directions=vectors))
    of = Crystals(graphs if quotient else plain(graphs), network)  # type: ignore[arg-type]
    values = np.random.default_rng(0).normal(size=len(of))
    made = Compiled(network, element_features(), compiles=compiles)  # type: ignore[arg-type]
    training = Training(max_steps=10**6, batch=BATCH, evaluate_every=10**6, learning_rate=1e-3)
    rows = np.arange(len(of))
    return Trainer(made, training, Problem(of, values, rows, rows[:1]), 0)._one_step


def torch_geometric(structures: Structures) -> Step:
    """Its SchNet of the same size on the same plain edges, with torch's Adam."""
    import torch
    from torch_geometric.nn import SchNet as Peer
    from torch_geometric.utils import scatter

    torch.set_num_threads(1)
    graphs = build(structures, GraphSetting(neighbors=NEIGHBORS, quotient=False))
    of, peer = Crystals(graphs, SchNet()), Peer(64, 64, 3, 150, cutoff=15.0)
    adam = torch.optim.Adam(peer.parameters(), lr=1e-3)
    rng, values = np.random.default_rng(0), np.random.default_rng(0).normal(size=len(graphs)).astype("f4")

    def step() -> None:
        rows = rng.choice(len(of), BATCH, replace=False)
        batch = {name: torch.from_numpy(np.asarray(array)) for name, array in of.batch(rows).items()}
        h = peer.embedding(batch["element"].long())
        edges = torch.stack([batch["sender"], batch["receiver"]]).long()
        d = batch["distance"][batch["shell"].long()]
        radial = peer.distance_expansion(d)
        for interaction in peer.interactions:
            h = h + interaction(h, edges, d, radial)
        made = scatter(peer.lin2(peer.act(peer.lin1(h))), batch["graph"].long(), dim=0, reduce="mean")[:, 0]
        loss = torch.mean((made - torch.from_numpy(values[rows])) ** 2)
        adam.zero_grad()
        loss.backward()
        adam.step()

    return step


def gpus() -> int:
    from bigdata.models.networks.loading import tf

    return len(tf.config.list_physical_devices("GPU"))


def medians(work: dict[str, Step]) -> dict[str, float]:
    """Milliseconds of CPU time of each piece of work, done in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for i in range(WARM + ROUNDS):
        for name, one in work.items():
            start = time.process_time()
            one()
            if i >= WARM:
                seconds[name].append(time.process_time() - start)
    return {name: 1e3 * float(np.median(times)) for name, times in seconds.items()}


def ratios(ms: dict[str, float], name: str, peer: str, most: float) -> Iterator[str]:
    if peer not in ms:
        yield f"  {name}: {peer} isn't installed"
        return
    ratio = ms[name] / ms[peer]
    yield f"  {name} / {peer} {ratio:.3f} (at most {most}: {'reached' if ratio <= most else 'NOT reached'})"


if __name__ == "__main__":
    main()
