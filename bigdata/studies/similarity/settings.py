"""Under which names the store holds the settings of a study, whatever a file calls them."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What else a study stores: a setting of such a name is stored under another.
_TAKEN = {
    *("entry", "entry_2", "source_row", "energy_shift", "column", "column_width", "setting", "variant"),
    *("order", "reference", "block", "block_label"),
    *("height", "similarity", "neighbor", "group", "rank", "filling", "overflow", "undersampling", "states", "linkage"),
    *("first_column", "last_column", "neighbor_similarity", "n_above", "reference_similarity"),
    *("block_row", "block_column", "block_mean", "block_min", "block_max", "merge", "linkage_column"),
}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")
_MOST_LETTERS = 100


def array_names(settings: Iterable[str]) -> dict[str, str]:
    """{setting: name of its array}, in the order given: the same name where an array can have it, else `setting_…`.

    Two settings never share an array, however alike their names are.
    """
    settings = list(settings)
    plain = {name for name in settings if _is_plain(name)}
    taken, found = set(plain), {}
    for name in settings:
        found[name] = name if name in plain else _free(name, taken)
        taken.add(found[name])
    return found


def _is_plain(name: str) -> bool:
    # `zarr.json` is what the store itself writes.
    return len(name) <= _MOST_LETTERS and _PLAIN.fullmatch(name) is not None and name not in {*_TAKEN, "zarr.json"}


def _free(name: str, taken: set[str]) -> str:
    safe = "setting_" + re.sub(r"[^A-Za-z0-9_]+", "_", name[:_MOST_LETTERS]).strip("_")
    numbered = (safe, *(f"{safe}_{i}" for i in range(2, len(taken) + 3)))
    return next(name for name in numbered if name not in taken)
