"""`bigdata datasets show NAME|FILE|FOLDER`: a registered dataset's terms, or what is understood of a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigdata.cli.datasets.listing import described
from bigdata.cli.datasets.named import neither
from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.data.fetch import home
from bigdata.data.problem import EntryError
from bigdata.data.registry import Registered, names, registered
from bigdata.errors import SpecError

if TYPE_CHECKING:
    from bigdata.data.materials.dataset import MaterialsDataset
    from bigdata.data.materials.structures import Structure
    from bigdata.data.model import Kind
    from bigdata.data.spectra.dataset import SpectraDataset

    Dataset = MaterialsDataset | SpectraDataset

N_SHOWN = 20
_WIDEST = 60


@click.command()
@click.argument("data", metavar="NAME|FILE|FOLDER")
@click.option("--kind", type=click.Choice(["materials", "spectra"]), help="What a file holds, where both may be meant.")
@click.option("--format", "file_format", help="A file's format.  [default: told from its name and content]")
@click.option("--all", "all_entries", is_flag=True, help=f"Show all entries, not the first {N_SHOWN}.")
@json_option
def show(data: str, kind: Kind | None, file_format: str | None, all_entries: bool, as_json: bool) -> None:
    """Show a dataset's origin, terms and fields, or what is understood of a file or folder of one's own: its entries,
    with what is left out, taken for granted, or can't be used."""
    if data in names() and not Path(data).exists():
        _show_registered(registered(data), all_entries, as_json)
        return
    dataset = _opened(data, kind, file_format)
    said = understood(dataset, all_entries)
    click.echo(json.dumps(said, indent=2, ensure_ascii=False) if as_json else _in_words(data, said))
    if not dataset.n:
        raise SpecError(f"{data} holds no entry that can be used.")


def _show_registered(dataset: Registered, all_entries: bool, as_json: bool) -> None:
    if not as_json:
        click.echo(_page(dataset))
        return
    # Nothing is fetched only to be looked at.
    here = home(dataset) not in ("web", "nowhere")
    read = understood(_named(dataset), all_entries) if here else {}
    click.echo(json.dumps({**described(dataset), **read}, indent=2, ensure_ascii=False))


def _named(dataset: Registered) -> Dataset:
    from bigdata.data.materials import dataset as materials
    from bigdata.data.model import NamedDataset
    from bigdata.data.spectra import dataset as spectra

    asked = NamedDataset(name=dataset.name, on_bad_entry="skip")
    return materials.import_named(asked) if dataset.kind == "materials" else spectra.import_named(asked)


def _opened(data: str, kind: Kind | None, file_format: str | None) -> Dataset:
    """A file or folder, read into the cache. Raises SpecError where there is none, or its format can't be told."""
    from bigdata.data.recognised import kind_of

    path = Path(data).expanduser()
    if not path.exists():
        raise SpecError(neither(data, names()))
    try:
        kind = kind or (_kind_of_format(file_format) if file_format else kind_of(path))
    except OSError as e:
        raise SpecError(f"{data} can't be read: {e.strerror or e}.") from None
    except EntryError as e:
        raise SpecError(f"{data}: {e}.") from None
    if kind is None:
        what = "holds no file of a known format" if path.is_dir() else "is of no format that its name or content tells"
        raise SpecError(f"{data} {what}. `bigdata datasets formats` describes those that are read; say --format NAME.")
    return _imported(data, kind, file_format)


def _kind_of_format(name: str) -> Kind:
    """The kind of data that a format holds; what both kinds have is taken for materials."""
    from bigdata.data.materials.formats import FORMATS as MATERIALS
    from bigdata.data.spectra.formats import FORMATS as SPECTRA

    if name not in MATERIALS.modules and name not in SPECTRA.modules:
        known = ", ".join(sorted({*MATERIALS.modules, *SPECTRA.modules}))
        raise SpecError(f"there is no format `{name}`; there are {known}.")
    return "materials" if name in MATERIALS.modules else "spectra"


def _imported(data: str, kind: Kind, file_format: str | None) -> Dataset:
    from bigdata.data.materials import dataset as materials
    from bigdata.data.materials.origin import MaterialsFile
    from bigdata.data.spectra import dataset as spectra
    from bigdata.data.spectra.origin import SpectraFile

    words: dict[str, Any] = {"file": data, "format": file_format, "on_bad_entry": "skip"}
    if kind == "materials":
        return materials.import_file(MaterialsFile(**words), Path())
    return spectra.import_file(SpectraFile(**words), Path())


def understood(dataset: Dataset, all_entries: bool) -> dict[str, Any]:
    """What its reader understood, as plain data: the first entries or all, bad ones, and what was passed over."""
    from bigdata.data.materials.dataset import MaterialsDataset

    is_material = isinstance(dataset, MaterialsDataset)
    rows = range(dataset.n if all_entries else min(dataset.n, N_SHOWN))
    names_ = dataset.ids if isinstance(dataset, MaterialsDataset) else dataset.names
    return {
        "kind": "materials" if is_material else "spectra",
        "format": dataset.format.removeprefix("folder:"),
        "n_entries": dataset.n,
        "n_bad": len(dataset.bad),
        "entries": [_entry(dataset, row) for row in rows],
        "bad": [{"file": b.file, "line": b.line, "id": b.name, "why": b.what} for b in dataset.bad],
        "ignored": {"columns": dataset.ignored, "files": dataset.remarks.files},
        "notes": dataset.remarks.sentences(names_),
    }


def _entry(dataset: Dataset, row: int) -> dict[str, Any]:
    from bigdata.data.materials import shown as materials
    from bigdata.data.materials.dataset import MaterialsDataset
    from bigdata.data.spectra import shown as spectra

    if isinstance(dataset, MaterialsDataset):
        return materials.shown(dataset, row, _spacegroup)
    return spectra.shown(dataset, row)


def _spacegroup(structure: Structure) -> int | None:
    """Within the tolerance that studies take where none is said; None where none is found."""
    from bigdata.data.materials.structures import Structures
    from bigdata.studies.materials.model import Identity
    from bigdata.studies.materials.symmetry import symmetry

    return int(symmetry(Structures.of([structure]), Identity().symprec).spacegroup[0]) or None


def _in_words(data: str, said: Mapping[str, Any]) -> str:
    """The same for the terminal."""
    n, n_bad = said["n_entries"], said["n_bad"]
    parts = [f"{data}: {said['kind']}, format {said['format']}; {_counted(n)}, {n_bad:,} that can't be used", ""]
    if said["entries"]:
        parts += [_table(said["entries"]), ""]
    if n > len(said["entries"]):
        parts += [f"… and {n - len(said['entries']):,} more: --all shows them", ""]
    for entry in said["bad"][:N_SHOWN]:
        place = f"{entry['file']}:{entry['line']}" if entry["line"] else entry["file"]
        parts.append(f"not used: {place}: " + (f"entry `{entry['id']}`: " if entry["id"] else "") + entry["why"])
    if n_bad > N_SHOWN:
        parts.append(f"… and {n_bad - N_SHOWN:,} more that can't be used: --json names them all")
    parts += [f"note: {note}" for note in said["notes"]]
    for what, passed in said["ignored"].items():
        if passed:
            parts.append(f"passed over: {what} {', '.join(passed[:N_SHOWN])}" + ", …" * (len(passed) > N_SHOWN))
    return "\n".join(parts).rstrip()


def _counted(n: int) -> str:
    return "1 entry" if n == 1 else f"{n:,} entries"


def _table(entries: list[dict[str, Any]]) -> str:
    rows = [_flat(entry) for entry in entries]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return table(columns, [[row.get(column) for column in columns] for row in rows])


def _flat(entry: dict[str, Any]) -> dict[str, Any]:
    """One row of the table: what is said of the entry, then its properties with units, or its settings."""
    own = {key: value for key, value in entry.items() if key not in ("properties", "settings", "periodic", "notes")}
    properties = {_headed(name, one["units"]): one["value"] for name, one in entry.get("properties", {}).items()}
    row = {**own, **properties, **entry.get("settings", {})}
    return {key: value[:_WIDEST] if isinstance(value, str) else value for key, value in row.items()}


def _headed(name: str, unit: str) -> str:
    """A property's name with its unit, which a column called `gap (eV)` says already."""
    return name if not unit or name.endswith((f"({unit})", f"[{unit}]")) else f"{name} ({unit})"


def _page(dataset: Registered) -> str:
    about = {
        "entries": dataset.n_entries,
        "holds": dataset.kind
        if dataset.has_structures or dataset.kind == "spectra"
        else "materials without structures",
        "data": home(dataset),
        "format": dataset.reader,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "sha256": dataset.sha256 or "recorded at the first download",
    }
    about |= {"from": ", ".join(source.url for source in dataset.sources)} if dataset.sources else {}
    about |= {"label": dataset.label.text} if dataset.label.text else {}
    lines = [f"{dataset.name}: {dataset.title}", ""]
    lines += [f"{key:<8}  {value}" for key, value in about.items()]
    lines += ["", *dataset.notes, ""]
    return "\n".join(lines) + "\n" + _fields(dataset)


def _fields(dataset: Registered) -> str:
    """The fields as a table; with their labels, where any has one of its own."""
    columns = ("field", "unit", "meaning", "label")
    rows = [(field.name, field.unit, field.meaning, field.label.text) for field in dataset.fields.values()]
    n = 4 if any(row[3] for row in rows) else 3
    return table(columns[:n], [row[:n] for row in rows])
