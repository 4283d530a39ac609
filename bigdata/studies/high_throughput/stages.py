"""The stages of a high-throughput study: a task a calculation, then arrays over structures and settings.

                ┌─▶ collect    numbers, from what the calculations returned
calculate ──────┼─▶ spectra    densities of states, from their packs
 a task each    └─▶ geometry   structures, from their packs where they are relaxed
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from bigdata.archives.packages import n_uploads, said
from bigdata.kind import (
    BUILT_IN,
    PROCESS_BYTES,
    ArraySpec,
    Coordinate,
    Findings,
    Input,
    Pack,
    Rate,
    Row,
    Stage,
    TaskId,
    Workload,
    blocks,
    by_rows,
)
from bigdata.studies.high_throughput.calculations import Calculations, open_calculations
from bigdata.studies.high_throughput.code import absent_program, unknown_functionals
from bigdata.studies.high_throughput.estimates import Estimate
from bigdata.studies.high_throughput.model import SPECIES, STRUCTURES, HighThroughput
from bigdata.studies.high_throughput.page_size import report_bytes
from bigdata.studies.high_throughput.quantities import NAMES, QUANTITIES
from bigdata.studies.high_throughput.settings import measures

TASKS = "bigdata.studies.high_throughput.tasks"
CALCULATE = "calculate"
# Calculations whose numbers one task puts together: what they return comes to it in one message, 300 bytes each.
MOST_NUMBERS = 10_000
# Bytes of a shard of spectra or structures: files of a few MB are what shared disks like.
SHARD_BYTES = 6_000_000
NUMBER_RATE = Rate("calculation", 2e-5, BUILT_IN)
PACK_RATE = Rate("pack", 1e-3, BUILT_IN)


def stages(model: HighThroughput, inputs: Mapping[str, Input]) -> Workload:
    """What one variant of the study computes and stores."""
    if wrong := list(unknown_functionals(model)):
        raise Findings(*wrong)
    calculations = open_calculations(model, inputs)
    estimate = Estimate(model, calculations)
    made = [_calculate(model, calculations, estimate, inputs), _collect(calculations)]
    if model.keeps("dos"):
        made.append(_spectra(model, calculations))
    if not model.is_relaxed or model.keeps("relaxed_structure"):
        made.append(_geometry(model, calculations))
    return Workload(
        stages=tuple(made),
        coordinates=tuple(_coordinates(model, calculations)),
        notes=(
            *calculations.notes,
            *absent_program(model),
            *estimate.notes(),
            *_upload(model, estimate, len(calculations)),
        ),
        report_bytes=report_bytes(model, len(calculations)),
        sizes={"structures": len(calculations.entries), "settings": len(calculations.points)},
    )


def _upload(model: HighThroughput, estimate: Estimate, n: int) -> Iterator[str]:
    """What `bigdata upload` will send, where all calculations end well."""
    if model.upload is not None:
        least, _ = n_uploads(n * estimate.packed_bytes, n)
        yield f"upload: {said(least)}, by `bigdata upload` when the run is done"


def _calculate(
    model: HighThroughput, calculations: Calculations, estimate: Estimate, inputs: Mapping[str, Input]
) -> Stage:
    # Neither where a code is installed nor on how many cores it runs changes what it computes.
    fields = {
        "calculator": {"code", "options"},
        "workflow": True,
        "dos": True,
        "largest_force": True,
        "archive": {"raw"},
    }
    return Stage(
        name=CALCULATE,
        function=f"{TASKS}:calculate",
        fields=model.model_dump(mode="json", include=fields),  # type: ignore[arg-type]
        n_tasks=len(calculations),
        rate=estimate.rate,
        work=estimate.work,
        memory=estimate.memory,
        task_fields=calculations.fields,
        parts_of=(STRUCTURES,),
        inputs=tuple(name for name in inputs if name == SPECIES),
        rows={
            "calculated": Row(length=len(NAMES), dim="quantity", about="numbers of each calculation; see `quantity`"),
            "reason": Row("string", about="why a calculation failed, or what makes it doubtful"),
            "radii": Row("string", about="muffin-tin radii by element, in angstrom; none where the code has no such"),
        },
        cores=model.calculator.cores,
        checkpoints=True,
        packs=Pack(n_bytes=estimate.packed_bytes),
        log_bytes=estimate.log_bytes,
    )


def _of_rows(rows: int, calculations: Calculations) -> Callable[[int], list[TaskId]]:
    """For a stage's `needs`: the calculations of the structures of its task's rows."""
    p, n = len(calculations.points), len(calculations)
    return lambda i: [(CALCULATE, j) for j in range(i * rows * p, min(n, (i + 1) * rows * p))]


def _collected(
    name: str,
    calculations: Calculations,
    rows: int,
    rate: Rate,
    memory: int,
    arrays: Iterable[ArraySpec],
    inputs: tuple[str, ...] = (),
    version: int = 1,
) -> Stage:
    p = len(calculations.points)
    return Stage(
        name=name,
        function=f"{TASKS}:{name}",
        version=version,
        fields={},
        rate=rate,
        work=lambda i: float(p * len(range(i * rows, min(len(calculations.entries), (i + 1) * rows)))),
        memory=PROCESS_BYTES + memory,
        arrays=tuple(arrays),
        needs=_of_rows(rows, calculations),
        inputs=inputs,
        despite_failures=(CALCULATE,),
    )


def rows_of(calculations: Calculations, most: float) -> int:
    """Structures in a task where it takes at most so many of them."""
    return blocks(len(calculations.entries), max(1, int(most)))[0]


def _collect(calculations: Calculations) -> Stage:
    rows = rows_of(calculations, MOST_NUMBERS / len(calculations.points))
    along = {"structure": len(calculations.entries), "setting": len(calculations.points)}
    arrays = [by_rows(rows, q.name, q.dtype, along, q.units, q.about) for q in QUANTITIES]
    about = "whether it is doubtful beside the structure's other settings, though not by itself"
    arrays.append(by_rows(rows, "out_of_line", "bool", along, "1", about))
    # 2: calculations that are out of line are doubtful.
    return _collected("collect", calculations, rows, NUMBER_RATE, 20_000 * MOST_NUMBERS, arrays, version=2)


def _spectra(model: HighThroughput, calculations: Calculations) -> Stage:
    n, p, energies = len(calculations.entries), len(calculations.points), model.dos.n
    rows = rows_of(calculations, SHARD_BYTES / (4 * p * energies))
    along = {"structure": n, "setting": p, "energy": energies}
    about = "density of states, spins summed, at energies counted from the Fermi energy; NaN where there is none"
    arrays = [by_rows(rows, "dos", "float32", along, "1/eV", about)]
    return _collected("spectra", calculations, rows, PACK_RATE, 3 * SHARD_BYTES, arrays)


def _geometry(model: HighThroughput, calculations: Calculations) -> Stage:
    """The structures that energies belong to: of each calculation where these relax, else those that were given."""
    n, p = len(calculations.entries), len(calculations.points) if model.is_relaxed else 1
    atoms = int(calculations.structures.n_atoms.max())
    array = partial(by_rows, rows_of(calculations, SHARD_BYTES / (8 * p * (3 * atoms + 9))))
    one = {"structure": n, "setting": p} if model.is_relaxed else {"structure": n}
    arrays = [
        array("lattice", "float64", one | {"vector": 3, "axis": 3}, "angstrom", "lattice vectors"),
        array(
            "position",
            "float64",
            one | {"atom": atoms, "vector": 3},
            "1",
            "in fractions of the lattice vectors; NaN behind a structure's last atom",
        ),
        array("atomic_number", "uint8", {"structure": n, "atom": atoms}, "1", "0 behind a structure's last atom"),
    ]
    rows = arrays[0].shard[0]
    return _collected("geometry", calculations, rows, PACK_RATE, 3 * SHARD_BYTES, arrays, (STRUCTURES,))


def _coordinates(model: HighThroughput, calculations: Calculations) -> Iterator[Coordinate]:
    entries, points = calculations.entries, calculations.points
    structure, setting = partial(Coordinate, dim="structure"), partial(Coordinate, dim="setting")
    yield structure(name="structure", values=entries.ids)
    yield structure(name="formula", values=entries.formulas)
    yield structure(name="n_atoms", values=calculations.structures.n_atoms.tolist(), about="atoms of the cell")
    yield setting(name="setting", values=[one.name for one in points])
    yield setting(name="xc", values=[one.xc for one in points], about="functional")
    yield setting(name="k_grid", values=[one.k_words for one in points], about="k-points, or their largest distance")
    if all(one.k_grid for one in points):
        yield setting(name="n_k_points", values=[math.prod(one.k_grid or ()) for one in points], about="of the grid")
    for name, values in measures(points).items():
        yield setting(name=name, values=_one_type(values), about="of the basis")
    yield Coordinate(name="quantity", dim="quantity", values=list(NAMES), about="what `calculated` holds")
    if model.keeps("dos"):
        yield Coordinate(
            name="energy", dim="energy", values=model.dos.energies, units="eV", about="from the Fermi energy"
        )


def _one_type(values: list[float | str | None]) -> list[float] | list[str]:
    """A coordinate holds numbers, or texts: NaN or "" for settings that don't say one."""
    if any(isinstance(value, str) for value in values):
        return ["" if value is None else str(value) for value in values]
    return [float("nan") if value is None else float(value) for value in values]
