"""The kind in the guide of `bigdata.kind` works as it stands, and is as small as it looks."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import zarr

import bigdata.kind

FIRST, LAST = "    '''How many", "        return drawn\n"
SPEC = "study: wells\nname: w\nwidth: 1 nm\ndepths: [0.1 eV, 1 eV, 5 eV, 12 eV, 40 eV]\n"


def code() -> str:
    guide = bigdata.kind.__doc__ or ""
    begin, end = guide.index(FIRST), guide.index(LAST) + len(LAST)
    return textwrap.dedent(guide[begin:end])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of somebody's, as pip would install it, and a study beside it."""
    place = tmp_path_factory.mktemp("wells")
    (place / "wells.py").write_text(code())
    about = place / "wells-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: wells\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[bigdata.studies]\nwells = wells:Wells\n")
    (place / "w.yaml").write_text(SPEC)
    done = program(place, "submit", "w.yaml")
    assert done.returncode == 0, done.stderr
    return place


def program(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "bigdata", *words]
    return subprocess.run(
        command, cwd=place, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )


def bound_states(width: float, depth: float) -> int:
    """Eigenvalues below the top of the well, of the Hamiltonian on a grid; lengths in angstrom, energies in eV."""
    step, n = width / 400, 400 * 9
    x = (np.arange(n) - n / 2) * step
    diagonal = 2 * 3.8099821 / step**2 - np.where(np.abs(x) <= width / 2, depth, 0.0)
    off = np.full(n - 1, -3.8099821 / step**2)
    from scipy.linalg import eigvalsh_tridiagonal

    return len(eigvalsh_tridiagonal(diagonal, off, select="v", select_range=(-depth, -1e-9)))


def test_its_numbers_are_those_of_the_hamiltonian(folder: Path) -> None:
    (run,) = (folder / "runs").iterdir()
    store = zarr.open_group(run / "store.zarr", mode="r")
    expected = [bound_states(10.0, depth) for depth in (0.1, 1, 5, 12, 40)]
    assert store["n_bound"][...].tolist() == expected  # type: ignore[index, union-attr]
    assert store["most"][...].tolist() == [max(expected)]  # type: ignore[index, union-attr]


def test_its_report_answers_and_draws(folder: Path) -> None:
    (run,) = (folder / "runs").iterdir()
    page = (run / "report.html").read_text()
    assert "The deepest well binds 11 states." in page
    assert "They grow with the root of the depth." in page
    assert sorted(path.name for path in (run / "figures").iterdir()) == ["states.pdf", "states.png"]


def test_it_is_checked_as_all_kinds_are(folder: Path) -> None:
    (folder / "bad.yaml").write_text(SPEC.replace("1 nm", "1 eV").replace("depths", "depth"))
    done = program(folder, "validate", "bad.yaml")
    assert done.returncode == 2
    assert "bad.yaml:3:8: width: " in done.stderr + done.stdout
    assert "Did you mean `depths`?" in done.stderr + done.stdout


MISTAKES = {
    'stages_at: ClassVar[str] = "wells:stages"': (
        'stages_at: ClassVar[str] = "wells:stagez"',
        "AttributeError: module 'wells' has no attribute 'stagez'",
    ),
    "needs=every(count)": (
        'needs=lambda _: [("cuont", 0)]',
        "stage `most` needs a task of `cuont`; the stages before it are `count`",
    ),
    "return Workload(": ("return dict(", "TypeError: wells:stages returns dict, not a Workload"),
}


@pytest.mark.parametrize("right", MISTAKES)
def test_its_author_is_told_of_mistakes(folder: Path, tmp_path: Path, right: str) -> None:
    wrong, what = MISTAKES[right]
    shutil.copytree(folder / "wells-1.0.dist-info", tmp_path / "wells-1.0.dist-info")
    (tmp_path / "wells.py").write_text(code().replace(right, wrong))
    (tmp_path / "w.yaml").write_text(SPEC)
    done = program(tmp_path, "plan", "w.yaml")
    said = f"the study kind `wells` makes no sound stages: {what}. That is for its author; --debug shows where.\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_bounds_hold_for_quantities(folder: Path) -> None:
    (folder / "flat.yaml").write_text(SPEC.replace("1 nm", "0 nm"))
    done = program(folder, "validate", "flat.yaml")
    assert done.returncode == 2
    assert "flat.yaml:3:8: width: " in done.stdout + done.stderr


def test_it_is_short_and_goes_through_one_door() -> None:
    text = code()
    assert len(text.splitlines()) < 60
    modules = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    assert {m for m in modules if m and m.startswith("bigdata")} == {"bigdata.kind", "bigdata.kind.drawing"}


def test_the_guide_describes_every_part_of_the_context() -> None:
    from bigdata.kind import Context

    public = {name for name in vars(Context) if not name.startswith("_")}
    # What the engine asks of a context.
    internal = {"unwritten", "has_saved", "earlier_seconds", "programs"}
    told = set(re.findall(r"ctx\.(\w+)", bigdata.kind.__doc__ or ""))
    assert public - internal <= told


def test_the_door_has_at_runtime_what_it_tells_type_checkers() -> None:
    tree = ast.parse(Path(bigdata.kind.__file__).read_text())
    told = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert told - {"annotations", "TYPE_CHECKING", "Any"} == set(bigdata.kind.__all__)
    assert all(hasattr(bigdata.kind, name) for name in bigdata.kind.__all__)
