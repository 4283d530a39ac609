"""Making a run's Zarr store and what the controller alone writes in it: nodes, coordinates, provenance."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BytesCodec, Crc32cCodec
from zarr.storage import LocalStore

from bigdata.errors import VerificationFailed
from bigdata.store.arrays import ArraySpec, Coordinate
from bigdata.store.opening import arrays_of, opened_array

# A chunk of nothing but fill values is written too: what a run leaves can be predicted; a missing file means a loss.
zarr.config.set({"array.write_empty_chunks": True})

# Written after a run's end where tasks have failed; no stage names them.
FAILURES = ("failed_task", "failed_error", "failed_traceback")
FILL: dict[str, Any] = {"float32": np.nan, "float64": np.nan, "string": "", "bool": False}


def open_store(path: Path) -> zarr.Group:
    """Open the store's root group for writing, made where it isn't there yet."""
    return zarr.open_group(path, mode="a", zarr_format=3, use_consolidated=False)


def create_arrays(group: zarr.Group, arrays: Iterable[ArraySpec]) -> None:
    """Make the arrays that tasks will fill; one that is there with the same layout keeps its data."""
    for spec in arrays:
        if not _same_layout(group, spec):
            _create_array(group, spec)


def remove_others(group: zarr.Group, names: Iterable[str]) -> None:
    """Remove the arrays that a run no longer has, such as a setting that changed data don't name."""
    for name in set(arrays_of(_place(group))) - {*names, *FAILURES}:
        del group[name]


def _place(group: zarr.Group) -> Path:
    """The folder of a group of a store on disk."""
    return cast(LocalStore, group.store).root / group.path


def write_coordinates(group: zarr.Group, coordinates: Iterable[Coordinate]) -> None:
    """Write the arrays whose values are known beforehand, and name them to xarray as coordinates."""
    names = []
    for coordinate in coordinates:
        values = np.asarray(coordinate.values, dtype=object if coordinate.dtype == "string" else coordinate.dtype)
        size = max(1, len(values))
        write_small(
            group, coordinate.name, values, (coordinate.dim,), coordinate.units, coordinate.about, chunk=(size,)
        )
        names.append(coordinate.name)
    group.attrs["coordinates"] = " ".join(names)


def write_small(
    group: zarr.Group,
    name: str,
    values: NDArray[Any],
    dims: tuple[str, ...],
    units: str = "1",
    about: str = "",
    chunk: tuple[int, ...] | None = None,
) -> None:
    """Write one small array in a single chunk, in place of one of that name."""
    dtype = "string" if values.dtype == object else str(values.dtype)
    array = group.create_array(
        name,
        shape=values.shape,
        chunks=chunk or tuple(max(1, n) for n in values.shape),
        dtype=str if dtype == "string" else dtype,
        fill_value=FILL.get(dtype, 0),
        compressors=[Crc32cCodec()],
        dimension_names=dims,
        attributes=_attributes(units, about, {}),
        overwrite=True,
    )
    array[...] = values


def finish_store(path: Path, attributes: Mapping[str, Any]) -> None:
    """Write the provenance and consolidate the metadata: the very last step, since later arrays would be invisible."""
    group = zarr.open_group(path, mode="r+", use_consolidated=False)
    group.attrs.update(dict(attributes))
    with warnings.catch_warnings():
        # Zarr-python warns that other programs may ignore consolidated metadata; they then read each array's own.
        warnings.filterwarnings("ignore", message="Consolidated metadata")
        zarr.consolidate_metadata(path)


def _create_array(group: zarr.Group, spec: ArraySpec) -> None:
    group.create_array(
        spec.name,
        shape=spec.shape,
        shards=spec.shard,
        chunks=spec.chunk,
        dtype=spec.dtype,
        fill_value=FILL.get(spec.dtype, 0),
        serializer=BytesCodec(endian=None if spec.dtype in ("uint8", "bool") else "little"),
        compressors=[Crc32cCodec()],  # the place for all that makes bytes of bytes, checksums among them
        dimension_names=spec.dims,
        attributes=_attributes(spec.units, spec.about, spec.attributes),
        overwrite=True,
    )


def _attributes(units: str, about: str, others: Mapping[str, Any]) -> dict[str, Any]:
    return {"units": units, **({"long_name": about} if about else {}), **others}


def _same_layout(group: zarr.Group, spec: ArraySpec) -> bool:
    try:
        array = opened_array(_place(group) / spec.name)
    except (FileNotFoundError, VerificationFailed):
        return False
    found = (array.shape, array.shards, array.chunks, str(array.dtype), array.metadata.dimension_names)  # type: ignore[union-attr]
    return found == (spec.shape, spec.shard, spec.chunk, spec.dtype, spec.dims)
