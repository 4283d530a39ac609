"""Whether a file or folder of a user's holds materials or spectra."""

from __future__ import annotations

from pathlib import Path

from bigdata.data.archive import is_archive, unpacked
from bigdata.data.formats import walk
from bigdata.data.materials.formats import FORMATS as MATERIALS
from bigdata.data.model import Kind
from bigdata.data.spectra.formats import FORMATS as SPECTRA
from bigdata.data.text import head

# What no file of materials has, in either's lines or keys.
_SPECTRAL = (b'"dos_states_per_eV_cell"', b'"densities"', b'"dos_electronic', b'"electronic_dos"')
# Files by which an archive is told where they will do: unpacking it as a whole is the reader's work.
N_TOLD_BY = 32
# Formats that are told by more than their endings, and hold nothing but spectra.
_SPECTRA_ONLY = frozenset({"npz", "exciting", "fhi-aims", "doscar", "espresso", "table", "csv"})


def kind_of(path: Path) -> Kind | None:
    """What a file holds, or most files of a folder do; None where no format fits. Raises OSError."""
    if path.is_dir():
        return _kind_of_folder(path)
    kind = _kind_of_file(path)
    if kind is None and is_archive(path):
        return _kind_of_archive(path)
    return kind


def _kind_of_archive(path: Path) -> Kind | None:
    for most in (N_TOLD_BY, None):
        with unpacked(path, most) as (folder, _):
            if kind := _kind_of_folder(folder):
                return kind
    return None


def _kind_of_folder(path: Path) -> Kind | None:
    kinds = [kind for file, _ in walk(path) if file.is_file() and (kind := _kind_of_file(file))]
    return max(sorted(set(kinds)), key=kinds.count, default=None)


def _kind_of_file(path: Path) -> Kind | None:
    materials, spectra = MATERIALS.tell(path), SPECTRA.tell(path)
    if materials is None or spectra is None:
        return "materials" if materials else "spectra" if spectra else None
    is_spectral = (
        spectra in _SPECTRA_ONLY
        or (spectra, materials) == ("nomad", "json")
        or any(key in head(path) for key in _SPECTRAL)
    )
    return "spectra" if is_spectral else "materials"
