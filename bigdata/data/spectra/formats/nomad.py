"""NOMAD: the archive JSON of one entry, a list of them, or the answer to `/entries/archive/query`.

    {"data": [{"entry_id": "…", "archive": {"results": {…}, "run": [{"calculation": [{"dos_electronic":
    […]}]}]}}]}

A file named `.jsonl` has one of these, or one entry of an answer, on each line.

`results.properties.electronic` points at the spectra: `dos_electronic_new` (one part per spin channel), or
`dos_electronic` (a list, in old entries an object); the references in it (`/run/0/calculation/0/…`) are
followed. Where there is none, the last calculation with a DOS counts, and then the last of `data.outputs` with
`electronic_dos`, whose energies are the `points` of its one variable or of `energies`. Energies are in J and
absolute, values in 1/J for the cell; channels are summed. The `normalization_factor` that some entries have (one over
the sum of the atomic numbers) isn't applied: NOMAD doesn't for its own fingerprints, and all entries are on one scale.

The valence-band maximum is the highest `energy_highest_occupied` of the band gaps (in `data.outputs`,
`energies_origin`), else the Fermi energy (as in a metal), which is noted. Settings: `entry_id`, `upload_id`, `formula`,
`spacegroup`, `code`, `code_version`, `xc`, `basis`, `relativity`, `native_tier`, `k_line_density`. An entry is
named by its `entry_id`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, Floats, number, numbers, summed
from bigdata.data.text import lines, parsed, whole

NAMED_BY_FILE = False
EV_J = 1.602176634e-19
_LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_KEYS = (b'"archive"', b'"run"', b'"results"', b'"metadata"', b'"entry_id"')
_SIMULATION = "results.method.simulation."
_SETTINGS = {
    "upload_id": "metadata.upload_id",
    "formula": "results.material.chemical_formula_reduced",
    "spacegroup": "results.material.symmetry.space_group_number",
    "code": _SIMULATION + "program_name",
    "code_version": _SIMULATION + "program_version",
    "xc": _SIMULATION + "dft.xc_functional_names",
    "basis": _SIMULATION + "dft.basis_set_type",
    "relativity": _SIMULATION + "dft.relativity_method",
    "native_tier": _SIMULATION + "precision.native_tier",
    "k_line_density": _SIMULATION + "precision.k_line_density",
}


def recognises(name: str, head: bytes) -> bool:
    return head.lstrip()[:1] in (b"{", b"[") and any(key in head for key in _KEYS)


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The entries of a file, in its order; a line at a time where it has lines."""
    if not path.name.endswith(_LINES):
        yield from _document(parsed(whole(path)), label, 0)
        return
    for line, text in lines(path):
        try:
            document = parsed(text)
        except EntryError as e:
            yield BadEntry("", label, line, str(e))
        else:
            yield from _document(document, label, line)


def _document(document: Any, label: str, line: int) -> Iterator[Entry | BadEntry | Remark]:
    for i, item in enumerate(_items(document)):
        name = str(line or i + 1)
        try:
            if not isinstance(item, dict):
                raise EntryError("this isn't an archive but another kind of JSON")
            archive = item.get("archive", item)
            name = str(item.get("entry_id") or _at(archive, "metadata.entry_id") or name)
            yield _entry(archive, item, name, label, line)
        except EntryError as e:
            yield BadEntry(name, label, line, str(e))


def _items(document: Any) -> list[Any]:
    """The entries of a query's answer, of a list, or the one that the document is."""
    data = document.get("data") if isinstance(document, dict) else document
    if isinstance(data, list):
        return data
    # An archive of the newer schema has a section `data` of its own.
    return [data if isinstance(data, dict) and "archive" in data else document]


def _entry(archive: Any, item: dict[str, Any], name: str, label: str, line: int) -> Entry:
    channels = [(_joules(e, "energies", archive), _value(v, archive)) for e, v in _channels(archive)]
    if not channels:
        raise EntryError("the archive holds no electronic density of states")
    energies = channels[0][0] / EV_J
    if any(not np.array_equal(e, channels[0][0]) for e, _ in channels):
        raise EntryError("the spin channels are on different energies")
    if any(dos.shape != energies.shape for _, dos in channels):
        raise EntryError(f"there are {energies.size} energies and {channels[-1][1].size} values of the DOS")
    dos, n_channels, notes = summed([dos for _, dos in channels], "total")
    fermi, highest = _fermi(archive), _highest(archive)
    if math.isnan(highest) and not math.isnan(fermi):
        notes = (*notes, "the valence-band maximum isn't known, and the Fermi energy is taken for it")
    return Entry(
        name=name,
        file=label,
        line=line,
        energies=energies,
        dos=dos * EV_J,
        settings=_settings(archive, item),
        vbm=fermi if math.isnan(highest) else highest,
        fermi=fermi,
        n_channels=n_channels,
        notes=notes,
    )


def _channels(archive: Any) -> Iterator[tuple[Any, Any]]:
    """(energies, values) of each spin channel, either of them as stored or as a reference."""
    electronic = _at(archive, "results.properties.electronic") or {}
    new, old = _list(electronic.get("dos_electronic_new")), _list(electronic.get("dos_electronic"))
    parts: list[Any] = _list(new[-1].get("data")) if new else old[-1:]
    parts = [part for part in parts if part.get("energies") and part.get("total")]
    parts = parts or _outside(archive)
    return ((part["energies"], total) for part in parts for total in _list(part["total"]))


def _outside(archive: Any) -> list[dict[str, Any]]:
    """The parts of the DOS where it is stored itself, outside of the results."""
    return _calculated(archive) or _simulated(archive)


def _calculated(archive: Any) -> list[dict[str, Any]]:
    """The parts of the last calculation that has a DOS: one per spin channel, or one with all of them."""
    runs = _list(archive.get("run")) if isinstance(archive, dict) else []
    calculations = [c for run in runs for c in _list(run.get("calculation"))]
    found = [_list(c.get("dos_electronic")) for c in calculations]
    parts: list[Any] = next((p for p in reversed(found) if p), [])
    whole_parts = [part for part in parts if part.get("energies") and part.get("total")]
    return whole_parts if all("spin_channel" in part for part in whole_parts) else whole_parts[-1:]


def _simulated(archive: Any) -> list[dict[str, Any]]:
    """The spin channels of the last output in the schema `nomad-simulations` that has a DOS, in the older form."""
    outputs = [o for o in _list(_at(archive, "data.outputs")) if _list(_at(o, "electronic_dos"))][-1:]
    return [_channel(output, c) for output in outputs for c in _list(output["electronic_dos"]) if _points(c)]


def _channel(output: dict[str, Any], channel: dict[str, Any]) -> dict[str, Any]:
    fermi = [_at(level, "value") for level in _list(output.get("fermi_level"))]
    return {
        "energies": _points(channel),
        "total": channel,
        "energy_ref": channel.get("energies_origin"),
        "energy_fermi": fermi[-1] if fermi else None,
    }


def _points(channel: dict[str, Any]) -> Any:
    """The energies of a channel, under the one variable it had at first or in the section it has now."""
    variables = _list(channel.get("variables"))
    # What depends on more than energy is no spectrum.
    return _at(variables[0] if len(variables) == 1 else channel.get("energies"), "points")


def _joules(energies: Any, what: str, archive: Any) -> Floats:
    found = _resolved(energies, archive)
    return numbers(found.get(what) if isinstance(found, dict) else found, what)


def _value(total: Any, archive: Any) -> Floats:
    found = _resolved(total, archive)
    if not isinstance(found, dict):
        return numbers(found, "total")
    return numbers(found.get("value"), "value")


def _resolved(reference: Any, archive: Any) -> Any:
    """What a reference such as `#/run/0/calculation/0/dos_electronic/0/energies` points at; else itself."""
    if not isinstance(reference, str):
        return reference
    elsewhere, _, path = reference.rpartition("#")
    found = None if elsewhere else archive
    for step in path.strip("/").split("/"):
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError, ValueError):
            what = f"`{reference}` isn't in the archive. Ask NOMAD for it with `include-resolved`"
            raise EntryError(what) from None
    return found


def _highest(archive: Any) -> float:
    """The valence-band maximum (eV): of the DOS, else of the band gap; NaN where neither says it."""
    dos = _sections(archive)
    gaps = _at(archive, "results.properties.electronic.band_gap")
    places = ((dos, "energy_highest_occupied"), (gaps, "energy_highest_occupied"), (dos, "energy_ref"))
    found = (_electronvolts(place, key) for place, key in places)
    return max(next(filter(None, found), [math.nan]))


def _fermi(archive: Any) -> float:
    calculations = [c for run in _list(_at(archive, "run")) for c in _list(run.get("calculation"))]
    energies = [_at(c, "energy") for c in calculations]
    values = _electronvolts(_sections(archive), "energy_fermi") or _electronvolts(energies, "fermi")
    return max(values, default=math.nan)


def _sections(archive: Any) -> list[Any]:
    electronic = _at(archive, "results.properties.electronic") or {}
    return [electronic.get("dos_electronic_new"), electronic.get("dos_electronic"), *_outside(archive)]


def _electronvolts(place: Any, key: str) -> list[float]:
    """Every value of `key` below a place, from J to eV."""
    found = (number(value, key) for value in _all(place, key))
    return [value / EV_J for value in found if not math.isnan(value)]


def _all(place: Any, key: str) -> Iterator[Any]:
    if isinstance(place, dict):
        for name, value in place.items():
            if name == key:
                yield value
            else:
                yield from _all(value, key)
    elif isinstance(place, list):
        for value in place:
            # A spectrum's thousand numbers hold no keys.
            if isinstance(value, dict | list):
                yield from _all(value, key)


def _settings(archive: Any, item: dict[str, Any]) -> dict[str, Any]:
    found = {name: _at(archive, path) for name, path in _SETTINGS.items()}
    found["entry_id"] = item.get("entry_id") or _at(archive, "metadata.entry_id")
    found["upload_id"] = item.get("upload_id") or found["upload_id"]
    return {name: value for name, value in found.items() if value is not None}


def _at(place: Any, path: str) -> Any:
    for step in path.split("."):
        place = place.get(step) if isinstance(place, dict) else None
    return place


def _list(value: Any) -> list[Any]:
    # Answers to queries fill the places that weren't asked for with null.
    return [v for v in value if v is not None] if isinstance(value, list) else [] if value is None else [value]
