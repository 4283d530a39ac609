"""How many bytes the metadata of a store take: each array's own file, and the copy of all in the root's.

They are written as Zarr does (zarr.json, version 3 of the format): JSON of two blanks a level. Of a run with small
arrays they are a quarter of all bytes, and follow from what the arrays are declared to be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bigdata.store.arrays import ArraySpec, Coordinate
from bigdata.store.rows import Row

# Three levels around an array in the root's copy: the document, `consolidated_metadata`, `metadata`.
IN_ROOT = 3 * 2
_CRC: dict[str, Any] = {"name": "crc32c"}
_LITTLE: dict[str, Any] = {"name": "bytes", "configuration": {"endian": "little"}}
_FILL = {"float32": "NaN", "float64": "NaN", "string": "", "bool": False}
_HAS_NO_ORDER = ("uint8", "bool")


def of_array(path: str, spec: ArraySpec) -> int:
    """Bytes of the metadata of an array that tasks fill, at its path in the store."""
    sharding = {
        "chunk_shape": spec.chunk,
        "codecs": [_bytes(spec.dtype), _CRC],
        "index_codecs": [_LITTLE, _CRC],
        "index_location": "end",
    }
    codecs = [{"name": "sharding_indexed", "configuration": sharding}]
    attributes = _attributes(spec.units, spec.about) | dict(spec.attributes)
    return _n_bytes(path, _document(spec.shape, spec.shard, spec.dtype, codecs, attributes, spec.dims))


def of_coordinate(path: str, coordinate: Coordinate) -> int:
    """The same of a coordinate."""
    n = len(coordinate.values)
    return _small(path, (n,), coordinate.dtype, (coordinate.dim,), coordinate.units, coordinate.about)


def of_row(path: str, row: Row, stage: str, n_tasks: int) -> int:
    """The same of what `n_tasks` tasks of a stage return."""
    shape = (n_tasks,) if row.length is None else (n_tasks, row.length)
    return _small(path, shape, row.dtype, (stage, row.dim)[: len(shape)], row.units, row.about)


def of_group(path: str, coordinates: Sequence[str]) -> int:
    """The same of a variant's group, which names its coordinates."""
    attributes = {"coordinates": " ".join(coordinates)}
    empty = {"kind": "inline", "must_understand": False, "metadata": {}}
    own = {"attributes": attributes, "zarr_format": 3, "node_type": "group"}
    return _written(own) + _in_root(path, own | {"consolidated_metadata": empty})


def of_root(attributes: Mapping[str, Any]) -> int:
    """The root's own, beside its copies."""
    consolidated = {"kind": "inline", "must_understand": False, "metadata": {"": ""}}
    root = {"attributes": attributes, "zarr_format": 3, "consolidated_metadata": consolidated, "node_type": "group"}
    return _written(root)


def _small(path: str, shape: tuple[int, ...], dtype: str, dims: Sequence[str], units: str, about: str) -> int:
    codec = {"name": "vlen-utf8", "configuration": {}} if dtype == "string" else _bytes(dtype)
    chunk = [max(1, n) for n in shape]
    return _n_bytes(path, _document(shape, chunk, dtype, [codec, _CRC], _attributes(units, about), dims))


def _document(
    shape: Sequence[int], chunk: Sequence[int], dtype: str, codecs: list[Any], attributes: Any, dims: Sequence[str]
) -> dict[str, Any]:
    return {
        "shape": shape,
        "data_type": dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": _FILL.get(dtype, 0),
        "codecs": codecs,
        "attributes": attributes,
        "dimension_names": dims,
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }


def _bytes(dtype: str) -> dict[str, Any]:
    return {"name": "bytes"} if dtype in _HAS_NO_ORDER else _LITTLE


def _attributes(units: str, about: str) -> dict[str, Any]:
    return {"units": units, **({"long_name": about} if about else {})}


def _n_bytes(path: str, document: Mapping[str, Any]) -> int:
    return _written(document) + _in_root(path, document)


def _written(document: Mapping[str, Any]) -> int:
    return len(json.dumps(document, indent=2))


def _in_root(path: str, document: Mapping[str, Any]) -> int:
    """Of the copy: its key, and each line further in."""
    text = json.dumps(document, indent=2)
    return len(text) + IN_ROOT * (text.count("\n") + 1) + len(json.dumps(path)) + len(": ,\n")
