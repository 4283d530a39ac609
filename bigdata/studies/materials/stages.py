"""The stages that studies of crystals share: the symmetry of each dataset's structures, by blocks, into the cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bigdata.kind import BUILT_IN, PROCESS_BYTES, Input, Kept, Rate, Stage, derived
from bigdata.data.graphs.setting import GraphSetting
from bigdata.studies.materials.graphs import graphs_of
from bigdata.studies.materials.model import Identity
from bigdata.studies.materials.symmetry import symmetry_of

# Of moyopy: 0.54 to 0.76 ms a structure, on 1,000 each of the Materials Project and AFLOW at 0.1 and 0.01 Å.
GRAPHS_RATE = Rate("structure", 4e-4, BUILT_IN)
SYMMETRY_RATE = Rate("structure", 7e-4, BUILT_IN)


def symmetry_stages(names: Iterable[str], identity: Identity, inputs: Mapping[str, Input]) -> list[Stage]:
    """A stage for each dataset; none where materials are told apart without symmetry."""
    if not identity.needs_symmetry:
        return []
    wanted = {name: symmetry_of(inputs[name].folder, identity.symprec) for name in names}
    return [derived.stage(f"symmetry_{n}", d, n, SYMMETRY_RATE, PROCESS_BYTES) for n, d in wanted.items()]


def kept_of(names: Iterable[str], identity: Identity, inputs: Mapping[str, Input]) -> Iterator[Kept]:
    """The datasets' imports, and their symmetry, in the cache."""
    for name in names:
        folder = inputs[name].folder
        yield Kept.folder(f"import of {name}", folder)
        if identity.needs_symmetry:
            size = symmetry_of(folder, identity.symprec).size()
            yield Kept(f"symmetry of {name} within {identity.symprec:g} Å", *size)


def graph_stages(names: Iterable[str], setting: GraphSetting, inputs: Mapping[str, Input]) -> list[Stage]:
    """A stage for each dataset."""
    wanted = {name: graphs_of(inputs[name].folder, setting) for name in names}
    return [derived.stage(f"graphs_{n}", d, n, GRAPHS_RATE, PROCESS_BYTES) for n, d in wanted.items()]
