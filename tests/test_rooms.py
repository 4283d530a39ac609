"""The rooms of the code: who knows whom, how large they are, and how far it is from a spec to the store."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from bigdata.cli import main
from tests.walks import WALKS, Walk

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "bigdata").rglob("*.py"))
OURS = {point.name: point.value for point in entry_points(group="bigdata.studies") if "bigdata.studies" in point.value}
# The verbs that write a study of this kind, as a user would.
VERBS = {"cli/datasets/__init__.py", "cli/datasets/overlap.py", "cli/datasets/split.py", "cli/datasets/study.py"}
# The list of all verbs: one of them has the name of a kind.
ALL_VERBS = "cli/main.py"


def lines_of_functions() -> list[int]:
    nodes = (node for path in MODULES for node in ast.walk(ast.parse(path.read_text())))
    functions = (n for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return [(node.end_lineno or 0) - node.lineno + 1 for node in functions]


def test_imports_go_one_way() -> None:
    """The contracts in pyproject.toml; imports in functions and for types count."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", sorted(OURS))
def test_no_room_but_its_own_names_a_study_kind(kind: str) -> None:
    room = OURS[kind].split(".")[2]
    words = "|".join({re.escape(kind), re.escape(kind.replace("-", "_"))})
    named = re.compile(rf"""["'`]({words})["'`/:.=\[]|\bstudy: ({words})\b|studies[./]{room}\b""")
    allowed = VERBS | ({ALL_VERBS} if kind in main.VERBS else set())
    found = []
    for path in (ROOT / "bigdata").rglob("*"):
        inside = path.relative_to(ROOT / "bigdata").as_posix()
        if (
            path.suffix in {".py", ".js", ".css", ".html"}
            and not inside.startswith("studies/")
            and inside not in allowed
        ):
            lines = enumerate(path.read_text().splitlines(), 1)
            found += [f"{inside}:{number}: {line.strip()}" for number, line in lines if named.search(line)]
    assert not found


def test_functions_and_modules_are_small() -> None:
    lines = lines_of_functions()
    assert statistics.median(lines) <= 6
    assert sum(n <= 20 for n in lines) >= 0.9 * len(lines)
    assert not [str(path) for path in MODULES if len(path.read_text().splitlines()) > 400]


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.name)
def test_from_a_key_to_its_array_are_four_jumps_at_most(walk: Walk) -> None:
    assert not walk.broken()
    assert walk.n_jumps <= 4
    assert len({module.rpartition(".")[0] for module in walk.modules}) == 1
