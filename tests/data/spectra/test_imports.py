"""Imports in the cache survive kills, company, full and unwritable disks, and keep what they were given."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bigdata.data.spectra.dataset import open_spectra
from bigdata.data.spectra.origin import SpectraFile
from bigdata.errors import SiteError
from tests import peak
from tests.examples import examples

OPEN = (
    "import sys; from pathlib import Path; from bigdata.data.spectra.origin import SpectraFile;"
    "from bigdata.data.spectra.dataset import open_spectra;"
    "s = open_spectra(SpectraFile(file=sys.argv[1]), Path());"
    "print(s.digest, s.n, s.spectrum(s.n - 1).dos.sum())"
)


def write_many(path: Path, n: int, n_points: int = 801) -> None:
    """n entries of one shape: quick to write, honest to read."""
    dos = json.dumps(np.round(np.random.default_rng(0).random(n_points), 4).tolist())
    head = '"xc": "LDA", "energy_start_eV": -20.0, "energy_step_eV": 0.05, "dos_states_per_eV_cell":'
    with open(path, "w", encoding="utf-8") as file:
        for i in range(n):
            file.write(f'{{"name": "e{i}", "n_kpts": {i % 7}, "gap_eV": {i / 3}, {head} {dos}}}\n')


def run(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", OPEN, str(path)], stdout=subprocess.PIPE, text=True)


def imports(cache: Path) -> list[str]:
    return sorted(p.name for p in (cache / "spectra").iterdir())


def test_a_second_opening_reads_the_import(tmp_path, own_cache, opened):
    write_many(tmp_path / "s.jsonl", 20)
    first = opened("s.jsonl")
    stamp = (first.folder / "dos.npy").stat().st_mtime_ns
    again = opened("s.jsonl")
    assert again.digest == first.digest
    assert (again.folder / "dos.npy").stat().st_mtime_ns == stamp
    assert imports(own_cache) == [first.digest]


@pytest.mark.parametrize("delay_s", [0.02, 0.1, 0.3])
def test_a_killed_import_leaves_a_cache_that_works(delay_s, tmp_path, own_cache, opened):
    write_many(tmp_path / "s.jsonl", 5000)
    process = run(tmp_path / "s.jsonl")
    making = own_cache / "spectra"
    deadline = time.monotonic() + 30
    while not (making.is_dir() and any(making.glob(".making-*"))) and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(delay_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = imports(own_cache)
    assert left
    assert all(name.startswith(".making-") for name in left), "the kill came too late to test anything"
    spectra = opened("s.jsonl")
    assert (spectra.n, spectra.names[-1]) == (5000, "e4999")
    assert spectra.digest in imports(own_cache)


def test_what_a_killed_import_left_is_swept_once_it_is_old(tmp_path, own_cache, opened):
    left = own_cache / "spectra" / ".making-old"
    left.mkdir(parents=True)
    (left / "dos.npy").write_bytes(b"half")
    fresh = own_cache / "spectra" / ".making-fresh"
    fresh.mkdir()
    for path in (left / "dos.npy", left):
        os.utime(path, (0, 0))
    write_many(tmp_path / "s.jsonl", 2)
    opened("s.jsonl")
    assert not left.exists()
    assert fresh.exists()


def test_two_imports_at_once_agree(tmp_path, own_cache):
    write_many(tmp_path / "s.jsonl", 3000)
    processes = [run(tmp_path / "s.jsonl") for _ in range(3)]
    answers = {process.communicate(timeout=120)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(answers) == 1
    assert imports(own_cache) == [answers.pop().split()[0]]


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_a_damaged_import_is_made_anew(damage, tmp_path, opened):
    write_many(tmp_path / "s.jsonl", 5)
    file = opened("s.jsonl").folder / "dos.npy"
    content = file.read_bytes()
    file.unlink() if damage == "missing" else file.write_bytes(content[:-8])
    opened("s.jsonl")
    assert file.read_bytes() == content


def test_a_cache_that_can_not_be_written_says_what_to_set(tmp_path, monkeypatch, opened):
    write_many(tmp_path / "s.jsonl", 2)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(SiteError, match=r"can't be written .* Set BIGDATA_CACHE"):
        opened("s.jsonl")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_full_disk_says_so(tmp_path, monkeypatch, opened):
    from bigdata.data.spectra import importing

    write_many(tmp_path / "s.jsonl", 200)
    real = importing.FlatFile.__init__
    monkeypatch.setattr(importing.FlatFile, "__init__", lambda self, path: real(self, Path("/dev/full")))
    with pytest.raises(SiteError, match=r"there is no room on the file system of .*set BIGDATA_CACHE"):
        opened("s.jsonl")


def test_a_source_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, own_cache, opened):
    from bigdata.data.spectra import imports as module

    write_many(tmp_path / "s.jsonl", 3)
    real = module.write_import

    def meanwhile(*args):
        real(*args)
        write_many(tmp_path / "s.jsonl", 4)

    monkeypatch.setattr(module, "write_import", meanwhile)
    with pytest.raises(SiteError, match="changed while it was being read"):
        opened("s.jsonl")
    assert imports(own_cache) == []


def test_an_axis_that_many_entries_share_is_stored_once(tmp_path, opened):
    write_many(tmp_path / "s.jsonl", 50)
    folder = opened("s.jsonl").folder
    assert np.load(folder / "axes.npy").size == 801
    assert np.load(folder / "dos.npy").size == 50 * 801
    assert len(list(folder.iterdir())) <= 8


@pytest.mark.slow
def test_memory_stays_bounded_however_long_the_file(tmp_path):
    write_many(tmp_path / "s.jsonl", 50_000)
    assert (tmp_path / "s.jsonl").stat().st_size > 250e6
    code = OPEN + f"; print({peak.KIB})"
    answer = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "s.jsonl")], capture_output=True, text=True, check=True
    )
    _, n, _, peak_kib = answer.stdout.split()
    assert int(n) == 50_000
    assert int(peak_kib) < 150 * 1024


finite = st.floats(0, 1e6, allow_nan=False)
text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
values = (
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | text
)
reserved = {"name", "energy_zero", "vbm_eV", "fermi_eV", "energies_eV", "energy_start_eV", "energy_step_eV"}


@st.composite
def entries(draw):
    names = draw(st.lists(text, min_size=1, max_size=6, unique=True))
    return [
        {
            **draw(st.dictionaries(text.filter(lambda k: k not in reserved), values, max_size=4)),
            "name": name,
            "energies_eV": sorted(draw(st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=6, unique=True))),
        }
        for name in names
    ]


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=entries(), data=st.data())
def test_what_goes_in_comes_out(entries, data):
    for entry in entries:
        n = len(entry["energies_eV"])
        entry["dos_states_per_eV_cell"] = data.draw(st.lists(finite, min_size=n, max_size=n).filter(any))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "s.jsonl").write_text("".join(json.dumps(e) + "\n" for e in entries), encoding="utf-8")
        spectra = open_spectra(SpectraFile(file="s.jsonl"), Path(folder))
        assert spectra.names == [e["name"] for e in entries]
        for row, entry in enumerate(entries):
            assert spectra.spectrum(row).energies.tolist() == entry["energies_eV"]
            assert spectra.spectrum(row).dos.tolist() == entry["dos_states_per_eV_cell"]
            for key, column in spectra.columns.items():
                assert column[row] == entry.get(key)
        for block in spectra.block(range(spectra.n)):
            for position, dos in zip(block.positions, block.dos, strict=True):
                assert dos.tolist() == entries[position]["dos_states_per_eV_cell"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="/proc/self/fd is Linux's")
def test_importing_leaves_no_file_open(tmp_path, opened):
    write_many(tmp_path / "s.jsonl", 3)
    before = len(list(Path("/proc/self/fd").iterdir()))
    opened("s.jsonl")
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
