"""A CSV table of settings, one entry a row, whose column `file` names the spectrum's file.

    name,xc,n_kpts,file,vbm_eV
    BN-LDA-32,LDA,32,spectra/lda_32.csv,3.05

- `file`: relative to the table; any format that holds one spectrum. Several rows may not share a file.
- `name`: unique; the file's path where the table has no such column.
- `energy_zero`, `vbm_eV`, `fermi_eV`: as in JSON-lines; they go before what the spectrum's file says.
- Any other column is a setting. A column holds numbers where every value of it is one; all else is text as
  it stands (the formula "NaN" too). An empty cell is an absent value.
"""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, number, zero
from bigdata.data.text import opened_text

NAMED_BY_FILE = True
# Numbers that begin with zeros ("007") are names.
_INT = re.compile(r"[+-]?(0|[1-9]\d*)")
_FLOAT = re.compile(r"[+-]?(0|[1-9]\d*|(?=\.\d))(\.\d*)?([eE][+-]?\d+)?")
_SPECTRUM = {"name", "file", "energy_zero"}


def recognises(name: str, head: bytes) -> bool:
    first, _, _ = head.partition(b"\n")
    return name.removesuffix(".gz").endswith(".csv") and "file" in _cells(first.decode("utf-8-sig", errors="replace"))


def sources(path: Path) -> list[Path]:
    """The table, the files that it names, and theirs."""
    found = [path]
    # What is wrong with the table is said when it is read.
    with contextlib.suppress(EntryError):
        for _, row in _rows(path):
            spectrum = path.parent / (row.get("file") or "")
            if (reader := _reader(spectrum)) is not None:
                found.extend(reader.sources(spectrum))
    return list(dict.fromkeys(found))


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The entries of a table, row by row."""
    convert = _conversions(path)
    for line, row in _rows(path):
        name = row.get("name") or row.get("file") or ""
        try:
            yield _entry(path, line, row, name, label, convert)
        except EntryError as e:
            yield BadEntry(name, label, line, str(e))


def _entry(
    path: Path,
    line: int,
    row: dict[str, str],
    name: str,
    label: str,
    convert: dict[str, Callable[[str], Any]],
) -> Entry:
    if None in row:
        raise EntryError("this row has more cells than the header has names")
    settings = {key: convert[key](text) if text else None for key, text in row.items() if key not in _SPECTRUM}
    found = _spectrum(path.parent, row["file"])
    own: dict[str, Any] = {
        "vbm": number(settings.get("vbm_eV"), "vbm_eV"),
        "fermi": number(settings.get("fermi_eV"), "fermi_eV"),
    }
    # NaN, which isn't equal to itself, stands for none.
    given = {key: value for key, value in own.items() if value == value}
    if row.get("energy_zero"):
        given["zero"] = zero(row["energy_zero"])
        if found.zero not in ("none", given["zero"]):
            what = f"`energy_zero` is `{given['zero']}`, and by `{row['file']}` energies are 0 at `{found.zero}`"
            raise EntryError(what)
    return replace(found, name=name, file=label, line=line, settings={**found.settings, **settings}, **given)


def _spectrum(folder: Path, file: str) -> Entry:
    if not file:
        raise EntryError("`file` is empty")
    reader = _reader(folder / file)
    if reader is None:
        what = "its format can't be told" if (folder / file).is_file() else "there is no such file beside the table"
        raise EntryError(f"`{file}`: {what}")
    entries: list[Entry | BadEntry] = list(reader.read(folder / file, ""))
    if len(entries) != 1:
        raise EntryError(f"`{file}` holds {len(entries)} spectra; a table's row names one")
    if isinstance(entries[0], BadEntry):
        where = f"line {entries[0].line}: " if entries[0].line else ""
        raise EntryError(f"`{file}`: {where}{entries[0].what}")
    return entries[0]


def _reader(path: Path) -> Any:
    # The package lists this module, so it can't be imported before it.
    from bigdata.data.spectra.formats import FORMATS

    if not path.is_file():
        return None
    name = FORMATS.tell(path, (n for n in FORMATS.modules if n != "table"))
    return name and FORMATS.named(name)


def _conversions(path: Path) -> dict[str, Callable[[str], Any]]:
    """For each column int, float or str, whichever fits all its values."""
    fits: dict[str, Callable[[str], Any]] = {}
    for _, row in _rows(path):
        for key, text in row.items():
            if text and isinstance(text, str):
                fits[key] = _wider(fits.get(key, int), text)
    return {key: fits.get(key, str) for key in _header(path)}


def _wider(fit: Callable[[str], Any], text: str) -> Callable[[str], Any]:
    if fit is int and _INT.fullmatch(text):
        return int
    return float if fit is not str and _FLOAT.fullmatch(text) else str


def _header(path: Path) -> list[str]:
    with opened_text(path) as file:
        return _cells(file.readline())


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, row) of the table."""
    with opened_text(path) as file:
        names = _header_of(file)
        reader = csv.DictReader(file, names, strict=True)
        try:
            for row in reader:
                yield reader.line_num + 1, {k: v or "" for k, v in row.items()}
        except csv.Error as e:
            raise EntryError(f"this isn't CSV: {e}", reader.line_num + 1) from None


def _header_of(file: IO[str]) -> list[str]:
    names = _cells(file.readline())
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated or "file" not in names:
        what = f"the column `{repeated[0]}` comes twice" if repeated else "the table has no column `file`"
        raise EntryError(what, 1)
    return names


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line.strip()]), [])]
