"""A study kind for tests of size: as many small calculations as are asked for, and tasks that collect their results.

It has the shape of a high-throughput study: a setting for each calculation, some numbers and a pack from each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from bigdata.kind import Context, Input, Pack, Rate, Stage, StudyModel, Workload, by_rows

SETTINGS = 9
ROWS = 15
FILES = ("INFO.OUT", "EIGVAL.OUT", "TDOS.OUT", "geometry.xml", "input.xml")
PACK_BYTES = 9_000


class Bulk(StudyModel):
    """`calculations` of nine settings for each structure; a task of `collect` has `block` of them, as two dimensions.
    Each packs five files of `lines` lines. `first` is the number of its first among all that there could be.

    `salt` makes the same calculations others, with other keys and numbers. `slow` is what one sleeps (s).
    """

    stages_at: ClassVar[str] = "bigdata_test_bulk:stages"

    calculations: int = 2_000
    block: int = 10_000
    salt: int = 0
    lines: int = 60
    first: int = 0
    slow: float = 0.0

    def data_files(self, folder: Path) -> Iterable[Path]:
        return []

    def inputs(self, folder: Path) -> dict[str, Input]:
        return {}


def energy(salt: int, index: int, row: int) -> float:
    """What a calculation gives, eV: nothing physical, and known beforehand."""
    return salt - index - row / 16


def stages(model: Bulk, inputs: Mapping[str, Input]) -> Workload:
    calculate = Stage(
        name="calculate",
        function="bigdata_test_bulk:calculate",
        n_tasks=model.calculations,
        fields={"salt": model.salt, "lines": model.lines},
        rate=Rate("calculation", model.slow or 2e-3, "the test"),
        memory=1,
        task_fields=lambda i: _fields(model.first + i),
        rows={f"energy_{n}": "float64" for n in range(ROWS)},
        packs=Pack(n_bytes=PACK_BYTES),
        checkpoints=True,
    )
    along = {"calculation": model.calculations}
    energies = by_rows(model.block, "energies", "float64", {**along, "part": ROWS}, units="eV")
    lines = by_rows(model.block, "lines", "int64", along, about="lines of one raw file")
    blocks = range(0, model.calculations, model.block)
    collect = Stage(
        name="collect",
        function="bigdata_test_bulk:collect",
        fields={"block": model.block},
        memory=1,
        arrays=(energies, lines),
        needs=lambda j: [("calculate", i) for i in range(blocks[j], min(blocks[j] + model.block, model.calculations))],
    )
    return Workload(stages=(calculate, collect))


def _fields(number: int) -> dict[str, Any]:
    return {"structure": f"{number // SETTINGS:032x}", "setting": {"kgrid": number % SETTINGS, "xc": "pbe"}}


def calculate(ctx: Context[Bulk]) -> dict[str, float]:
    import time

    if ctx.model.slow:
        time.sleep(ctx.model.slow)
    number = ctx.model.first + ctx.index
    for name in FILES:
        rows = ((n, energy(ctx.model.salt, number, n), number * n % 997) for n in range(ctx.model.lines))
        (ctx.scratch / name).write_text("".join(f"{n:6d} {value:18.6f} {other:12d}\n" for n, value, other in rows))
    ctx.pack.add(ctx.scratch)
    return {f"energy_{n}": energy(ctx.model.salt, number, n) for n in range(ROWS)}


def collect(ctx: Context[Bulk]) -> None:
    import numpy as np

    rows = ctx.rows("calculate")
    own = range(ctx.model.calculations)[ctx.own("lines")]
    assert rows.numbers == list(own)
    packs = ctx.packs["calculate"]
    ctx.write("energies", np.stack([rows[f"energy_{n}"] for n in range(ROWS)], axis=1))
    ctx.write("lines", np.array([packs[i].read(FILES[0]).count(b"\n") for i in own]))
