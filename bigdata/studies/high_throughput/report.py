"""What a high-throughput study shows: how calculations ended, what settings change, and what all of it cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bigdata.kind import Headline, ReportParts, Table, View, duration, size
from bigdata.studies.high_throughput.quantities import DONE, DOUBTFUL, FAILED, WORDS
from bigdata.studies.high_throughput.results import Results

SOURCES = ("D. Speckhard et al., How big is big data?, Faraday Discuss. 2024, doi 10.1039/d4fd00102h: section 6.1.",)
MOST_ROWS = 50
MOST_REASONS = 3


def report(view: View) -> ReportParts:
    """Summary, tables and what tells variants apart."""
    results = view.once(Results)
    return ReportParts(
        summary=_sentences(results),
        tables=_tables(results),
        sources=SOURCES,
        headline=[partial(_headline, results)],
    )


def _headline(results: Results) -> Headline:
    return {word: results.count(code) for code, word in enumerate(WORDS[:3])} | {
        "core-hours": results.core_seconds / 3600,
        "raw files": int(results.ran("n_files").sum()),
    }


def _sentences(results: Results) -> Iterator[Callable[[], str]]:
    yield partial(_ended, results)
    yield partial(_disk, results)
    for status in (FAILED, DOUBTFUL):
        yield partial(_why, results, status)
    yield partial(_energies, results)
    yield partial(_gaps, results)
    yield partial(_cost, results)


def _ended(results: Results) -> str:
    n, s, p = results.status.size, len(results.structures), len(results.points)
    said = ", ".join(f"{count:,} {word}" for word, count in results.counts.items())
    structures, settings = _counted(s, "structure"), _counted(p, "setting")
    return f"{_counted(n, 'calculation')} of {structures} with {settings}: {said}."


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _why(results: Results, status: int) -> str:
    reasons = results.reasons_of(status)
    if not reasons:
        return ""
    said = "; ".join(f"{text.rstrip('.')} ({n:,})" for text, n in reasons[:MOST_REASONS])
    others = sum(n for _, n in reasons[MOST_REASONS:])
    return f"{WORDS[status].capitalize()}: {said}{f'; other reasons ({others:,})' if others else ''}."


def _energies(results: Results) -> str:
    others = [p for p, finest in enumerate(results.finest) if p != finest]
    away = np.abs(results.above_finest[:, others])
    if not np.isfinite(away).any():
        return ""
    place = divmod(int(np.nanargmax(away)), len(others))
    return (
        f"Energies lie {_number(1000 * np.nanmedian(away))} meV/atom (median) and at most "
        f"{_number(1000 * np.nanmax(away))} from "
        f"those of the last setting of the same functional: {results.labels[place[0]]} with "
        f"{results.names[others[place[1]]]}."
    )


def _number(value: float) -> str:
    """Three digits, of large numbers all that are whole."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _gaps(results: Results) -> str:
    several = np.isfinite(results.gap).sum(axis=1) > 1
    if not several.any():
        return ""
    gaps = results.gap[several]
    spread = np.nanmax(gaps, axis=1) - np.nanmin(gaps, axis=1)
    widest = int(np.argmax(spread))
    name = np.array(results.labels)[several][widest]
    return (
        f"The band gap of a structure changes by {np.median(spread):.3g} eV (median) among settings, at most by "
        f"{spread[widest]:.3g}: {name}, from {np.nanmin(gaps[widest]):.3g} to {np.nanmax(gaps[widest]):.3g} eV."
    )


def _cost(results: Results) -> str:
    seconds = results.ran("seconds")
    if not seconds.size:
        return ""
    cores = results.model.calculator.cores
    attempts = int(results.ran("attempts").sum())
    return (
        f"They took {duration(float(np.median(seconds)))} (median) to {duration(float(seconds.max()))} on "
        f"{_counted(cores, 'core')} each, {_number(results.core_seconds / 3600)} core-hours in all; steps were begun "
        f"{attempts:,} times."
    )


def _disk(results: Results) -> str:
    files, raw = results.ran("n_files"), results.ran("n_bytes")
    if not files.size:
        return ""
    kept = results.kept_bytes
    what = "readable files and results" if results.model.archive.raw == "packed" else "results alone"
    return (
        f"On their nodes they wrote {_counted(int(files.sum()), 'file')} and {size(float(raw.sum()))}. Kept are "
        f"{what}, {size(kept)} in packs: {raw.sum() / max(1, kept):,.0f} times less."
    )


def _tables(results: Results) -> Iterator[Callable[[], Table]]:
    if len(results.points) > 1:
        yield partial(_settings, results)
    if results.odd:
        yield partial(_odd, results)
    yield partial(_calculations, results)


def _settings(results: Results) -> Table:
    away = np.abs(results.above_finest)
    rows = [
        [
            name,
            *(int((results.status[:, p] == code).sum()) for code in (DONE, DOUBTFUL, FAILED)),
            _median(1000 * away[:, p]) if results.finest[p] != p else "reference",
            _median(results.gap[:, p]),
            _median(results.array("seconds")[:, p]),
        ]
        for p, name in enumerate(results.names)
    ]
    columns = ("setting", "done", "doubtful", "failed", "energy", "band gap", "time")
    caption = (
        "Medians over structures, of calculations that are done. Energy: how far from that of the same structure with "
        "the last setting of the same functional."
    )
    return Table("Settings", columns, rows, {"energy": "meV/atom", "band gap": "eV", "time": "s"}, caption)


def _median(values: Any) -> float | str:
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(f"{np.median(known):.4g}") if known.size else ""


def _odd(results: Results) -> Table:
    rows = [
        [results.labels[s], results.names[p], WORDS[results.status[s, p]], why] for s, p, why in results.odd[:MOST_ROWS]
    ]
    more = len(results.odd) - len(rows)
    caption = (f"{more:,} more are in the array `status`. " if more else "") + (
        "A failed calculation is a result, too. To try one once more, say other limits (`calculator: {timeout: …, "
        "restarts: …}`) and name it: `again: [{structure: …, setting: …}]`."
    )
    return Table("Not done, or doubtful", ("structure", "setting", "", "why"), rows, {}, caption)


def _calculations(results: Results) -> Table:
    names = ("total_energy", "band_gap", "volume", "seconds", "n_files", "n_bytes")
    columns = ("structure", "setting", "", "energy", "band gap", "volume", "time", "files", "bytes")
    arrays = [results.array(name) for name in names]
    places = list(np.ndindex(results.status.shape))[:MOST_ROWS]
    rows = [
        [results.labels[s], results.names[p], WORDS[results.status[s, p]], *(_shown(a[s, p]) for a in arrays)]
        for s, p in places
    ]
    more = results.status.size - len(rows)
    units = {"energy": "eV", "band gap": "eV", "volume": "angstrom^3", "time": "s"}
    caption = f"The first {len(rows):,}; {more:,} more are in the store." if more else ""
    return Table("Calculations", columns, rows, units, caption)


def _shown(value: Any) -> float | int | str:
    if isinstance(value, np.integer):
        return int(value)
    return float(f"{value:.9g}") if np.isfinite(value) else ""
