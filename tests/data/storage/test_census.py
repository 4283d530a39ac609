"""Files and bytes of trees, against what was put there and against `os.walk`."""

from __future__ import annotations

import csv
import gzip
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.data.storage import census as counting
from bigdata.data.storage.census import Census, census
from bigdata.data.storage.packing import Limit, as_it_is, fewest_each, packed
from bigdata.errors import SpecError

LISTINGS = Path(os.environ.get("BIGDATA_MIRROR", "")) / "run_listings" / "run_files.csv.gz"


def make(root: Path, files: Mapping[str, int]) -> Path:
    """Files of so many bytes by their paths, with no block of their own on disk."""
    for name, n_bytes in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        with (root / name).open("wb") as file:
            file.truncate(n_bytes)
    return root


TREE = {
    "a/INFO.OUT": 10,
    "a/input.xml": 20,
    "a/EVECFV.OUT": 4000,
    "b/elk.in": 1,
    "b/INFO.OUT": 2,
    "c/pwscf.save/wfc1.dat": 300,
    "c/pwscf.save/deep/wfc2.dat": 5,
    "c/scf.log": 7,
    "c/relax1/OUTCAR": 50,
    "notes.txt": 100,
    "figures/one.png": 6,
}


def amounts(found: Census) -> dict[str, tuple[int, int]]:
    """Files and bytes by the pattern of each kind."""
    return {kind.pattern: (amount.n_files, amount.n_bytes) for kind, amount in found.kinds.items()}


def test_a_small_tree_is_counted_by_kinds_and_runs(tmp_path: Path) -> None:
    found = census(make(tmp_path, TREE))
    assert (found.all.n_files, found.all.n_bytes, found.n_folders) == (11, 4501, 7)
    assert amounts(found)["EVECFV*.OUT"] == (1, 4000)
    assert amounts(found)["INFO.OUT"] == (2, 12)
    assert dict(found.runs.codes) == {"exciting": 1, "Elk": 1, "Quantum ESPRESSO": 1, "VASP": 1}
    # The folders of a run that are no runs are parts of it; a run in a run is its own.
    assert sorted(zip(found.runs.n_files, found.runs.n_bytes, strict=True)) == [(1, 50), (2, 3), (3, 312), (3, 4030)]
    assert (found.outside.n_files, found.outside.n_bytes) == (2, 106)


def test_archives_of_runs_leave_a_file_each_beside_what_belongs_to_none(tmp_path: Path) -> None:
    found = census(make(tmp_path, TREE))
    assert as_it_is(found).n_files == 11
    assert [packed(found, n).n_files for n in (1, 2, 3, 4, 9)] == [2 + 4, 2 + 2, 2 + 2, 2 + 1, 2 + 1]
    assert packed(found, 1).n_folders == 1  # `figures`
    assert packed(found, 1).n_bytes == 50 + 3 + 312 + 4030 + found.outside.on_disk
    assert packed(found, 1).exceeds(Limit(6, 1000)) == ["bytes"]
    assert packed(found, 1).exceeds(Limit(5, 10**6)) == ["files"]


@pytest.mark.parametrize("n_allowed", range(8))
def test_the_fewest_runs_an_archive_that_are_within_a_limit(tmp_path: Path, n_allowed: int) -> None:
    found = census(make(tmp_path, TREE))
    fitting = [n for n in range(1, 10) if not packed(found, n).exceeds(Limit(n_allowed))]
    assert fewest_each(found, Limit(n_allowed)) == (fitting[0] if fitting else None)


def test_links_are_counted_and_not_followed(tmp_path: Path) -> None:
    make(tmp_path / "outside", {"OUTCAR": 1000})
    tree = make(tmp_path / "tree", {"file": 1})
    (tree / "folder").symlink_to(tmp_path / "outside")
    (tree / "OUTCAR").symlink_to(tmp_path / "outside/OUTCAR")
    (tree / "nowhere").symlink_to("gone")
    (tree / "itself").symlink_to(tree)
    found = census(tree)
    assert (found.all.n_files, found.n_folders, len(found.runs)) == (5, 0, 0)
    assert amounts(found)["links"][0] == 4


def test_what_is_neither_file_nor_folder_nor_link_is_a_file_without_bytes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "OUTCAR")
    found = census(tmp_path)
    assert amounts(found) == {"pipes, sockets, devices": (1, 0)}
    assert not len(found.runs)


def test_bytes_of_hard_links_count_once_and_in_full_in_each_run(tmp_path: Path) -> None:
    make(tmp_path, {"a/OUTCAR": 5000, "b/INCAR": 3, "c/x": 1})
    (tmp_path / "b/OUTCAR").hardlink_to(tmp_path / "a/OUTCAR")
    (tmp_path / "c/y").hardlink_to(tmp_path / "a/OUTCAR")
    found = census(tmp_path)
    assert (found.all.n_files, found.all.n_bytes, found.n_further_names) == (5, 5004, 2)
    assert found.n_inodes == 3 + 3 + 1
    assert sorted(found.runs.n_bytes) == [5000, 5003]


def test_holes_take_no_blocks(tmp_path: Path) -> None:
    make(tmp_path, {"sparse.dat": 2**20})
    (tmp_path / "full.dat").write_bytes(b"1" * 2**16)
    found = census(tmp_path)
    assert found.all.n_bytes == 2**20 + 2**16
    assert found.all.on_disk == sum(path.stat().st_blocks * 512 for path in tmp_path.iterdir())
    assert found.all.on_disk < 2**20


def test_a_folder_that_cant_be_read_is_named_and_the_others_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user of tests may be root, who reads everything."""
    scandir = os.scandir

    def refusing(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = census(make(tmp_path, {"closed/x": 1, "open/y": 2}))
    assert (found.all.n_bytes, found.n_folders, found.n_unread) == (2, 2, 1)
    assert found.unread == [(str(tmp_path / "closed"), "Permission denied")]


def test_what_goes_while_it_is_counted_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, {"going/x": 1, "y": 2})
    scandir = os.scandir

    def late(path: str) -> object:
        if Path(path).name == "going":
            raise FileNotFoundError(2, "No such file or directory", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", late)
    found = census(tmp_path)
    assert (found.all.n_files, found.n_unread) == (1, 0)


def test_endings_without_end_are_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST_KINDS", 3)
    found = census(make(tmp_path, {f"x.{'abcdefgh'[i]}": i for i in range(8)}))
    assert len(found.kinds) == 4
    assert amounts(found)["further endings"][0] == 5
    assert sum(n for n, _ in amounts(found).values()) == 8


@pytest.mark.parametrize(("name", "said"), [("missing", "isn't there"), ("file", "is no folder")])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str, said: str) -> None:
    make(tmp_path, {"file": 1})
    with pytest.raises(SpecError, match=f"{name} {said}"):
        census(tmp_path / name)


NAMES = st.sampled_from(["a", "b", "OUTCAR", "x.save", "INFO.OUT", "data.txt"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(PATHS, st.integers(0, 9999), max_size=12))
def test_any_tree_holds_what_os_walk_finds(tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, int]) -> None:
    inner = {"/".join(path.split("/")[:k]) for path in wanted for k in range(1, path.count("/") + 1)}
    root = make(tmp_path_factory.mktemp("tree"), {path: n for path, n in wanted.items() if path not in inner})
    walked = list(os.walk(root))
    found = census(root)
    assert found.all.n_files == sum(len(files) for _, _, files in walked)
    assert found.n_folders == len(walked) - 1
    assert found.all.n_bytes == sum((Path(d) / f).stat().st_size for d, _, files in walked for f in files)
    # Each file belongs to one kind, and to one run or none.
    assert sum(amount.n_bytes for amount in found.kinds.values()) == found.all.n_bytes
    assert sum(found.runs.n_files) + found.outside.n_files == found.all.n_files
    assert sum(found.runs.n_bytes) + found.outside.n_bytes == found.all.n_bytes
    assert len(found.runs) == sum(_is_run(folders, files) for _, folders, files in walked)


def _is_run(folders: Iterable[str], files: Iterable[str]) -> bool:
    return "x.save" in folders or bool({"OUTCAR", "INFO.OUT"} & set(files))


@pytest.mark.skipif(not LISTINGS.is_file(), reason="needs run_listings in the folder BIGDATA_MIRROR")
def test_real_runs_of_many_codes_are_counted_as_their_listing_says(tmp_path: Path) -> None:
    with gzip.open(LISTINGS, "rt") as file:
        listed = list(csv.DictReader(file))
    sizes = {
        "/".join(row[key] for key in ("repo", "code", "run_dir", "file")): int(row["size_bytes"] or 0) for row in listed
    }
    found = census(make(tmp_path, sizes))
    assert (found.all.n_files, found.all.n_bytes) == (2897, sum(sizes.values()))
    wanted = {
        "EVECFV*.OUT": lambda name: name.startswith("EVECFV") and name.endswith(".OUT"),
        "OUTCAR*": lambda name: name.startswith("OUTCAR"),
        "STATE*.OUT": lambda name: name.startswith("STATE") and name.endswith(".OUT"),
    }
    for pattern, fits in wanted.items():
        own = [n for path, n in sizes.items() if fits(path.rpartition("/")[2])]
        assert amounts(found)[pattern] == (len(own), sum(own))
    held = defaultdict(set)
    for row in listed:
        held[row["code"], row["repo"], row["run_dir"]].add(row["file"])
    known = {
        "vasp": lambda names: any(n.startswith(("INCAR", "OUTCAR", "vasprun")) for n in names),
        "exciting": lambda names: bool({"input.xml", "INFO.OUT", "info.xml"} & names),
        "elk": lambda names: "elk.in" in names,
        "siesta": lambda names: any(n.endswith(".fdf") for n in names),
    }
    codes = {"vasp": "VASP", "elk": "Elk", "siesta": "SIESTA"}
    for code, title in codes.items():
        n = sum(known[code](names) for (of, _, _), names in held.items() if of == code)
        assert found.runs.codes[title] == n
    n_exciting = sum(known["exciting"](names) for (of, _, _), names in held.items() if of == "exciting")
    # Others in the listing are of this code or of FHI-aims.
    assert found.runs.codes["exciting"] + found.runs.codes["exciting or Elk"] >= n_exciting >= 55
