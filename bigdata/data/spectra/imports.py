"""Finding a file's or folder's import in the cache, by its content, and making it where there is none."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bigdata.data.cache import cached
from bigdata.data.formats import stamps
from bigdata.data.spectra.formats import FORMATS
from bigdata.data.spectra.importing import READER_VERSION, is_whole, write_import
from bigdata.errors import SiteError


def imported(path: Path, name: str | None, label: str) -> Path:
    """The import of a file or folder, read with format `name`, or the one told from its name and content.

    Raises DataProblem where the format can't be told, OSError where the file can't be read, SiteError where
    the cache can't be written.
    """
    name = FORMATS.told(path, name)
    files = FORMATS.files(path, name)
    before = stamps(files)
    # The reader's version, the format, the files' bytes, and their names where these count.
    content = FORMATS.content(path, name, files)
    digest = hashlib.sha256(f"spectra {READER_VERSION} {name}\n{content}".encode()).hexdigest()

    def make(folder: Path) -> None:
        about = {"digest": digest, "format": name, "label": label, "reader": READER_VERSION}
        about["content"] = hashlib.sha256(content.encode()).hexdigest()
        write_import(FORMATS.entries(path, name), folder, about)
        # The digest is that of the bytes before: it must not name what was written in the meantime.
        if stamps(files) != before:
            raise SiteError(f"{path} changed while it was being read. Submit again when it is complete.")

    return cached("spectra", digest, is_whole, make)
