"""A folder of materials: every recognised file below it, in the order of paths.

Beside VASP's `vasprun.xml`, `POSCAR` and `CONTCAR` are the first and last structure of the same calculation: they are
passed over, and said.
"""

from __future__ import annotations

from collections.abc import Mapping

from bigdata.data.formats import Folder
from bigdata.data.materials.formats.entry import MaterialEntry


class MaterialsFolder(Folder[MaterialEntry]):
    """The reader of a folder, for files of one format (`only`) or of all."""

    REPEATED_BY: Mapping[str, str] = {"POSCAR": "vasprun.xml", "CONTCAR": "vasprun.xml"}
