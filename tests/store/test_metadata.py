"""The metadata of a store, as they are counted beforehand, have the bytes that Zarr writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

from bigdata.store import metadata
from bigdata.store.arrays import ITEM_BYTES, ArraySpec, Coordinate
from bigdata.store.rows import Row
from bigdata.store.writing import create_arrays, finish_store, open_store, write_coordinates, write_small

SPECS = [
    ArraySpec(
        name=f"a_{dtype}", shape=(7, 3), dtype=dtype, dims=("x", "y"), shard=(4, 3), chunk=(2, 3), about="ä", units="eV"
    )
    for dtype in ITEM_BYTES
]
COORDINATES = [
    Coordinate(name="x", dim="x", values=["a", "b"], about="names"),
    Coordinate(name="y", dim="y", values=[1.5, 2.0], units="eV"),
    Coordinate(name="z", dim="z", values=[True]),
    Coordinate(name="none", dim="none", values=[]),
]
ROWS = {"rmse": Row(units="eV"), "curve": Row("float64", length=3), "word": Row("string", about="a word")}


def written(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("zarr.json"))


@pytest.mark.parametrize("group", ["", "variant-0"])
def test_metadata_have_the_bytes_that_were_counted(group: str, tmp_path: Path) -> None:
    root = open_store(tmp_path)
    place: zarr.Group = root.require_group(group) if group else root
    create_arrays(place, SPECS)
    write_coordinates(place, COORDINATES)
    for name, row in ROWS.items():
        shape = (5,) if row.length is None else (5, row.length)
        values = np.full(shape, "" if row.dtype == "string" else 0.0, dtype=object if row.dtype == "string" else float)
        write_small(place, name, values, ("stage", row.dim)[: len(shape)], row.units, row.about)
    finish_store(tmp_path, {"notes": ["ü"]})

    names = " ".join(c.name for c in COORDINATES)
    counted = metadata.of_root({"notes": ["ü"]} if group else {"coordinates": names, "notes": ["ü"]})
    counted += metadata.of_group(group, [c.name for c in COORDINATES]) if group else 0
    at = f"{group}/" if group else ""
    counted += sum(metadata.of_array(at + spec.name, spec) for spec in SPECS)
    counted += sum(metadata.of_coordinate(at + c.name, c) for c in COORDINATES)
    counted += sum(metadata.of_row(at + name, row, "stage", 5) for name, row in ROWS.items())
    # The last entry of the root's copies has no comma, and the place that stands for it is counted.
    assert abs(counted - written(tmp_path)) <= 20
