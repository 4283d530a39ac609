"""How long `bigdata validate` takes, beside importing what it is made of.

Run `python -m tests.benchmarks.validate`. The bar is 1.5 times `import click, pydantic, ruamel.yaml`. The
first reading of a spec makes pydantic's models, which alone takes longer; once found right, an unchanged spec
is not read again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
BASE = "import click, pydantic, ruamel.yaml"
MODEL = f"{BASE}\nfrom pydantic import BaseModel\nclass Model(BaseModel):\n    field: int"
VALIDATE = """
import sys
sys.argv = ["bigdata", "validate", "specs/similarity.yaml"]
from bigdata.cli.main import main
main()
"""


def seconds(code: str, cache: str) -> float:
    """Wall time of a fresh interpreter."""
    started = time.perf_counter()
    environment = {**os.environ, "BIGDATA_CACHE": cache}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main(rounds: int = 20) -> None:
    """Measure alternately and print the best of each."""
    with tempfile.TemporaryDirectory() as cache:
        rows = {
            BASE: (BASE, cache),
            "the same and a model of one field": (MODEL, cache),
            "validate, first reading": (VALIDATE, "/dev/null/none"),
            "validate, unchanged": (VALIDATE, cache),
        }
        times = {name: min(seconds(*row) for _ in range(2)) for name, row in rows.items()}
        for _ in range(rounds):
            times = {name: min(times[name], seconds(*row)) for name, row in rows.items()}
    for name, best in times.items():
        print(f"{name:45} {best * 1000:6.0f} ms   {best / times[BASE]:.2f}")


if __name__ == "__main__":
    main()
