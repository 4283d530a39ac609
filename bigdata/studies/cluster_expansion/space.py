"""The parent lattice and the clusters of a study: made from its YAML, kept in its store, read back from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.cache import cached
from bigdata.data.materials.dataset import open_import
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import placed
from bigdata.kind import Finding, Findings, Input
from bigdata.lattices.cell import parent_from_structure
from bigdata.lattices.clusters import ARRAYS, ClusterSpace, cluster_space
from bigdata.lattices.parent import Parent
from bigdata.lattices.prototypes import prototype
from bigdata.lattices.species import atomic_number
from bigdata.studies.cluster_expansion.model import ClusterExpansion, LatticeFile

STORED = {name: name if name.startswith("member") else f"cluster_{name}" for name in ARRAYS}
"""What the arrays of a cluster space are called in a run's store."""
FILE = "clusters.npz"
VERSION = 1
"""Changes where the clusters of the same settings do, or their order."""


def parent_of(model: ClusterExpansion, inputs: Mapping[str, Input]) -> Parent:
    """The parent lattice. Raises Findings at its place in the spec."""
    lattice, species = model.parent.lattice, model.parent.sublattices
    with placed("parent", "sublattices"):
        if isinstance(lattice, LatticeFile):
            structure = _only_structure(lattice, inputs["parent"])
            return parent_from_structure(structure, species, lattice.symprec)
        return prototype(lattice.prototype).parent(lattice.parameters, species)


def _only_structure(lattice: LatticeFile, source: Input) -> Structure:
    structures = open_import(source.folder).structures
    if len(structures) != 1:
        what = f"{lattice.file} holds {len(structures)} structures"
        raise Findings(Finding(("parent", "lattice", "file"), what, "Give a file with the parent alone"))
    return structures[0]


def space_of(model: ClusterExpansion, inputs: Mapping[str, Input]) -> ClusterSpace:
    """The clusters of a study, from the cache where they have been enumerated before."""
    parent = parent_of(model, inputs)
    asked = {"parent": parent.digest, "cutoffs": model.clusters.cutoffs, "keep": model.clusters.keep}
    words = json.dumps([VERSION, asked, model.basis], sort_keys=True)
    digest = hashlib.sha256(words.encode()).hexdigest()

    def enumerate_into(folder: Path) -> None:
        with placed("clusters"):
            space = cluster_space(parent, model.clusters.cutoffs, model.clusters.keep, model.basis)
        np.savez(folder / FILE, allow_pickle=False, **space.arrays())

    folder = cached("clusters", digest, lambda folder: (folder / FILE).is_file(), enumerate_into)
    with np.load(folder / FILE) as arrays:
        return ClusterSpace.from_arrays(parent, model.basis, dict(arrays))


def stored_space(model: ClusterExpansion, read: Callable[[str], NDArray[Any]]) -> ClusterSpace:
    """The clusters that a run was made with, from its store alone; `read(name)` reads an array of it."""
    sites = (read("parent_lattice"), read("parent_position"), read("site_class"))
    species = tuple(tuple(map(atomic_number, names)) for names in model.parent.sublattices)
    arrays = {name: read(stored) for name, stored in STORED.items()}
    return ClusterSpace.from_arrays(Parent(*sites, species), model.basis, arrays)
