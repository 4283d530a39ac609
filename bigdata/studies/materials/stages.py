"""The stages that studies of crystals share: symmetry and graphs of each dataset's structures, by blocks, into the
cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bigdata.data.derived import Derivation
from bigdata.data.graphs.setting import GraphSetting
from bigdata.kind import BUILT_IN, PROCESS_BYTES, Input, Kept, Rate, Stage, derived
from bigdata.studies.materials.graphs import graphs_of
from bigdata.studies.materials.model import Identity
from bigdata.studies.materials.symmetry import symmetry_of

# Of moyopy: 0.54 to 0.76 ms a structure, on 1,000 each of the Materials Project and AFLOW at 0.1 and 0.01 Å.
SYMMETRY_RATE = Rate("structure", 7e-4, BUILT_IN)
# With 24 neighbours: 0.07 to 0.15 ms a structure of the Materials Project, AFLOW and WBM, with directions the longest.
GRAPHS_RATE = Rate("structure", 1.5e-4, BUILT_IN)
# The search of a million pairs at once.
GRAPHS_BYTES = 200_000_000


def symmetry_stages(names: Iterable[str], identity: Identity, inputs: Mapping[str, Input]) -> list[Stage]:
    """A stage for each dataset; none where materials are told apart without symmetry."""
    if not identity.needs_symmetry:
        return []
    wanted = {name: symmetry_of(inputs[name].folder, identity.symprec) for name in names}
    return [derived.stage(f"symmetry_{n}", d, n, SYMMETRY_RATE, PROCESS_BYTES) for n, d in wanted.items()]


def graph_stages(names: Iterable[str], setting: GraphSetting, inputs: Mapping[str, Input]) -> list[Stage]:
    """A stage for each dataset; all have structures (see `inputs_of`)."""
    wanted = {name: graphs_of(inputs[name].folder, setting) for name in names}
    return [derived.stage(f"graphs_{n}", d, n, GRAPHS_RATE, _graphs_memory(d)) for n, d in wanted.items()]


def _graphs_memory(graphs: Derivation) -> int:
    """What a task takes in bytes: its block's graphs are there in pieces, put together, and as they are written."""
    return PROCESS_BYTES + GRAPHS_BYTES + 3 * graphs.size()[1] // max(1, len(graphs.blocks))


def kept_of(
    names: Iterable[str], identity: Identity, inputs: Mapping[str, Input], graphs: GraphSetting | None = None
) -> Iterator[Kept]:
    """The datasets' imports, their symmetry and, where a study needs these, their graphs, in the cache."""
    for name in names:
        folder = inputs[name].folder
        yield Kept.folder(f"import of {name}", folder)
        if identity.needs_symmetry:
            size = symmetry_of(folder, identity.symprec).size()
            yield Kept(f"symmetry of {name} within {identity.symprec:g} Å", *size)
        if graphs is not None:
            yield Kept(f"graphs of {name}", *graphs_of(folder, graphs).size())
