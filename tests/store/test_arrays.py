"""Arrays as planned are arrays as stored: exact sizes, whole shards, and other programs read the same numbers."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from bigdata.store.arrays import ITEM_BYTES, ArraySpec, Coordinate, blocks
from bigdata.store.folder import RunFolder
from bigdata.store.reading import StoredArray
from bigdata.store.shard import write_shard
from bigdata.store.writing import create_arrays, open_store, remove_others, write_coordinates, write_small
from tests.bench import chunks
from tests.examples import examples


@st.composite
def specs(draw: st.DrawFn) -> ArraySpec:
    n_dims = draw(st.integers(1, 3))
    chunk = tuple(draw(st.integers(1, 4)) for _ in range(n_dims))
    return ArraySpec(
        name="a",
        shape=tuple(draw(st.integers(1, 13)) for _ in range(n_dims)),
        dtype=draw(st.sampled_from(sorted(ITEM_BYTES))),
        dims=("x", "y", "z")[:n_dims],
        shard=tuple(c * draw(st.integers(1, 3)) for c in chunk),
        chunk=chunk,
    )


def values(spec: ArraySpec) -> Any:
    """Numbers with every byte in use, NaN among them."""
    n = int(np.prod(spec.shape)) * ITEM_BYTES[spec.dtype]
    raw = np.random.default_rng(1).integers(0, 256, n, np.uint8)
    return (raw % 2 == 1 if spec.dtype == "bool" else raw.view(spec.dtype)).reshape(spec.shape)


def write(folder: Path, spec: ArraySpec) -> Any:
    """Store the array shard by shard as tasks would, in a store of its own."""
    found = values(spec)
    create_arrays(open_store(folder / "store.zarr"), [spec])
    for shard in itertools.product(*map(range, spec.grid)):
        write_shard(folder / "store.zarr/a", spec, shard, np.ascontiguousarray(found[spec.region(shard)]))
    return found


@settings(max_examples=examples(60), deadline=None)
@given(specs())
def test_what_is_stored_has_the_planned_size_and_reads_back_bit_for_bit(spec: ArraySpec) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = write(folder, spec)
        files = chunks(folder)
        assert len(files) == spec.n_shards == spec.n_files - 1
        assert {len(data) for data in files.values()} == {spec.shard_bytes}
        assert sum(map(len, files.values())) == spec.n_bytes
        read = zarr.open_array(folder / "store.zarr/a", mode="r")
        assert read[...].tobytes() == written.tobytes()
        assert read.dtype == spec.dtype
        ours = StoredArray(RunFolder(folder), "a")
        assert ours[...].tobytes() == written.tobytes()
        ours.verify()


LISTS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=9),
    st.lists(st.floats() | st.integers(-9, 9), min_size=1, max_size=9),
    st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=9),
    st.lists(st.booleans(), min_size=1, max_size=9),
)


@settings(max_examples=examples(60), deadline=None)
@given(LISTS)
def test_a_coordinate_has_the_planned_size_and_reads_back(found: list[Any]) -> None:
    coordinate = Coordinate(name="known", dim="x", values=found, units="eV", about="what it is")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_coordinates(open_store(folder / "store.zarr"), [coordinate])
        assert sum(map(len, chunks(folder).values())) == coordinate.n_bytes
        assert len([p for p in (folder / "store.zarr/known").rglob("*") if p.is_file()]) == coordinate.n_files
        read = StoredArray(RunFolder(folder), "known")
        assert (read.units, read.about, read.dims) == ("eV", "what it is", ("x",))
        np.testing.assert_array_equal(read[...], np.asarray(found, object if coordinate.dtype == "string" else None))


@given(st.integers(0, 10**7), st.integers(1, 10**5))
def test_blocks_cover_every_row_once(n: int, at_most: int) -> None:
    rows, number = blocks(n, at_most)
    assert 1 <= rows <= at_most
    spans = [range(i * rows, min(n, (i + 1) * rows)) for i in range(min(number, 50))]
    assert all(spans)
    assert number * rows >= n > (number - 1) * rows if n else number == 0
    assert [a.stop for a in spans[:-1]] == [b.start for b in spans[1:]]


SPEC = ArraySpec(name="a", shape=(5, 4), dtype="float32", dims=("x", "y"), shard=(2, 4), chunk=(1, 2), units="eV")


@pytest.mark.parametrize(
    ("what", "given"),
    {
        "too few rows": np.zeros((1, 4), "float32"),
        "too many rows": np.zeros((3, 4), "float32"),
        "another type": np.zeros((2, 4), "float64"),
        "a flat array": np.zeros(8, "float32"),
    }.items(),
)
def test_a_shard_is_written_whole_or_not_at_all(what: str, given: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="takes float32 of shape"):
        write_shard(tmp_path, SPEC, (0, 0), given)
    assert not list(tmp_path.iterdir())


def test_the_last_shard_has_the_rows_that_are_left(tmp_path: Path) -> None:
    write_shard(tmp_path, SPEC, (2, 0), np.zeros((1, 4), "float32"))
    with pytest.raises(ValueError, match=r"of shape \(1, 4\), not float32 of shape \(2, 4\)"):
        write_shard(tmp_path, SPEC, (2, 0), np.zeros((2, 4), "float32"))


def test_a_shard_that_is_no_multiple_of_its_chunks_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no multiple"):
        ArraySpec(name="a", shape=(4,), dtype="bool", dims=("x",), shard=(3,), chunk=(2,))


def test_an_array_with_the_same_layout_keeps_its_data(tmp_path: Path) -> None:
    written = write(tmp_path, SPEC)
    create_arrays(open_store(tmp_path / "store.zarr"), [SPEC])
    np.testing.assert_array_equal(StoredArray(RunFolder(tmp_path), "a")[...], written)
    other = ArraySpec(name="a", shape=(6, 4), dtype="float32", dims=("x", "y"), shard=(2, 4), chunk=(1, 2))
    create_arrays(open_store(tmp_path / "store.zarr"), [other])
    assert not chunks(tmp_path)


SELECTIONS = (
    np.s_[...],
    np.s_[1],
    np.s_[-1],
    np.s_[1:4],
    np.s_[:, 1],
    np.s_[..., 1:3],
    np.s_[::2],
    [4, 0, 2],
    np.s_[4:2],
)


@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
def test_a_selection_reads_as_numpy_would(selection: Any, tmp_path: Path) -> None:
    written = write(tmp_path, SPEC)
    np.testing.assert_array_equal(StoredArray(RunFolder(tmp_path), "a")[selection], written[selection])


def test_arrays_that_a_run_no_longer_has_are_removed(tmp_path: Path) -> None:
    group = open_store(tmp_path / "store.zarr")
    for name in ("kept", "gone", "failed_task"):
        write_small(group, name, np.arange(3), ("entry",))
    remove_others(group, ["kept"])
    assert set(group.array_keys()) == {"kept", "failed_task"}
