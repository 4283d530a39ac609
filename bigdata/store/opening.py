"""Opening a run's Zarr store, which anybody may have made: version 3 alone, and the codecs that runs are written by.

Zarr itself would take a version 2 store, of which arrays can be pickles, and whatever codec a package registers.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import zarr

from bigdata.errors import VerificationFailed
from bigdata.files import read_json

METADATA = "zarr.json"
# A root's, which holds those of all arrays in the end, and the provenance.
MOST_BYTES = 2**28
CODECS = {"bytes", "crc32c", "sharding_indexed", "vlen-utf8", "zstd", "gzip", "blosc", "transpose"}


def metadata(node: Path) -> Mapping[str, Any]:
    """What the store says of a group or an array. VerificationFailed where that is nothing that runs are written with.

    FileNotFoundError where the store has no such node.
    """
    file = node / METADATA
    try:
        said = read_json(file, MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file)) from None
    except (OSError, ValueError) as error:
        raise _foreign(file, (error.strerror if isinstance(error, OSError) else "") or str(error)) from None
    if not isinstance(said, dict) or not isinstance(said.get("attributes", {}), dict):
        raise _foreign(file, "is no description of an array or a group")
    for codec in _codecs(said.get("codecs", [])):
        if codec not in CODECS:
            raise _foreign(file, f"names the codec {codec[:40]!r}, and runs are written with none of that name")
    return said


def _codecs(said: Any) -> Iterator[str]:
    """The names of codecs, those inside of shards among them."""
    for codec in said if isinstance(said, list) else [said]:
        name = codec.get("name") if isinstance(codec, dict) else codec
        yield name if isinstance(name, str) else type(name).__name__
        within = codec.get("configuration") if isinstance(codec, dict) else None
        if isinstance(within, dict):
            yield from _codecs([*_listed(within, "codecs"), *_listed(within, "index_codecs")])


def _listed(within: Mapping[str, Any], name: str) -> list[Any]:
    said = within.get(name, [])
    return said if isinstance(said, list) else [said]


def _foreign(file: Path, what: str) -> VerificationFailed:
    return VerificationFailed(
        f"{file} {what}. It isn't what a run wrote: submit the study again, in a folder of its own, to have its data."
    )


def arrays_of(group: Path) -> list[str]:
    """The names of a group's arrays, in order; none where there is no store yet."""
    names = []
    with suppress(FileNotFoundError, NotADirectoryError):
        for node in sorted(group.iterdir()):
            with suppress(FileNotFoundError):
                if metadata(node).get("node_type") == "array":
                    names.append(node.name)
    return names


def attributes_of(group: Path) -> dict[str, Any]:
    """The attributes of a group; none where there is no store yet."""
    with suppress(FileNotFoundError):
        return dict(metadata(group).get("attributes", {}))
    return {}


def opened_array(path: Path) -> zarr.Array[Any]:
    """An array, for reading. VerificationFailed where Zarr doesn't understand it."""
    metadata(path)
    try:
        array = zarr.open_array(path, mode="r", zarr_format=3)
        if 0 in (array.shards or array.chunks):
            raise ValueError("chunks of nothing")
        return array
    # Whatever its parsers come across in metadata that somebody made up.
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, NotImplementedError) as error:
        raise _foreign(path / METADATA, f"can't be read by Zarr ({type(error).__name__})") from None
