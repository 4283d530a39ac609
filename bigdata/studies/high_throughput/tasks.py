"""What the tasks of a high-throughput study do: calculate, and put together what calculations left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bigdata.calculators.calculation import Outcome
from bigdata.calculators.code import Code
from bigdata.calculators.driving import Limits
from bigdata.calculators.driving import calculate as driven
from bigdata.data.materials.structures import Structures
from bigdata.studies.high_throughput.calculations import open_calculations
from bigdata.studies.high_throughput.code import code_of, measures
from bigdata.studies.high_throughput.machine import TaskMachine
from bigdata.studies.high_throughput.model import SPECIES, HighThroughput
from bigdata.studies.high_throughput.neighbours import Neighbours
from bigdata.studies.high_throughput.outcomes import (
    BANDS,
    DOS,
    OUTCOME,
    bands_bytes,
    calculated,
    on_grid,
    outcome_json,
    radii,
    reason,
    spectrum_bytes,
    spectrum_of,
    structure_of,
)
from bigdata.studies.high_throughput.quantities import DONE, DOUBTFUL, FAILED, NAMES, QUANTITIES
from bigdata.studies.high_throughput.stages import CALCULATE

if TYPE_CHECKING:
    from bigdata.kind import Context

STATUS, FERMI, ENERGY, VOLUME = map(NAMES.index, ("status", "fermi_energy", "total_energy", "volume"))


def calculate(ctx: Context[HighThroughput]) -> dict[str, Any]:
    """One calculation through all steps of the workflow. One that fails is a result, with its reasons."""
    calculations, calculator = ctx.opened(open_calculations), ctx.model.calculator
    code = code_of(ctx.model, Path(ctx.inputs[SPECIES].folder) if calculator.species else None)
    machine = TaskMachine(ctx, calculator.launch)
    outcome = driven(
        code,
        calculations.structure(ctx.index),
        calculations.setting(ctx.index, ctx.model),
        ctx.model.workflow,
        machine,
        Limits(timeout=calculator.timeout, restarts=calculator.restarts),
    )
    ctx.log(f"{outcome.status}: {reason(outcome) or 'nothing to remark'}")
    _pack(ctx, code, outcome)
    return {"calculated": calculated(outcome), "reason": reason(outcome), "radii": radii(outcome)}


def _pack(ctx: Context[HighThroughput], code: Code, outcome: Outcome) -> None:
    folder, results = ctx.scratch, outcome.results
    _add(ctx, OUTCOME, outcome_json(outcome, folder))
    if results is not None and results.spectrum is not None:
        _add(ctx, DOS, spectrum_bytes(results.spectrum))
    if results is not None and results.bands is not None and ctx.model.keeps("band_structure"):
        _add(ctx, BANDS, bands_bytes(results.bands))
    if ctx.model.archive.raw == "packed":
        for file in _readable(code, outcome, folder):
            ctx.pack.add(file, file.relative_to(folder).as_posix())


def _readable(code: Code, outcome: Outcome, folder: Path) -> Iterator[Path]:
    """The files worth keeping of every step, in its folder."""
    for record in outcome.steps:
        yield from code.keep(record.step, folder / record.step)


def _add(ctx: Context[HighThroughput], name: str, data: bytes) -> None:
    path = ctx.scratch / f".{name}"
    path.write_bytes(data)
    ctx.pack.add(path, name)
    path.unlink()


def collect(ctx: Context[HighThroughput]) -> None:
    """The numbers of a block of structures, with every setting."""
    shape, first = _block(ctx, "status")
    found = np.empty((*shape, len(QUANTITIES)))
    found[:] = [quantity.missing for quantity in QUANTITIES]
    flat, rows = found.reshape(-1, len(QUANTITIES)), ctx.rows(CALCULATE)
    places = np.array(rows.numbers, dtype=np.int64) - first
    flat[places] = rows["calculated"]
    said = np.full(len(flat), "", dtype=object)
    said[places] = rows["radii"]
    odd = _out_of_line(ctx, found, said.reshape(shape))
    found[odd, STATUS] = DOUBTFUL
    ctx.write("out_of_line", odd)
    for i, quantity in enumerate(QUANTITIES):
        ctx.write(quantity.name, found[..., i].astype(quantity.dtype))


def _out_of_line(ctx: Context[HighThroughput], found: Any, radii: Any) -> Any:
    """(S, P) which calculations of a block are, of the numbers (S, P, Q) and the radii of all."""
    atoms = ctx.read("n_atoms", ctx.own("status"))[:, None]
    is_done = found[..., STATUS] == DONE
    energies, volumes = (np.where(is_done, found[..., place] / atoms, np.nan) for place in (ENERGY, VOLUME))
    odd = np.zeros(is_done.shape, dtype=bool)
    for place in Neighbours(ctx.model.points, measures(ctx.model), energies, volumes, radii).out_of_line:
        odd[place] = True
    return odd


def spectra(ctx: Context[HighThroughput]) -> None:
    """The densities of states of a block of structures, on the spec's energies."""
    shape, first = _block(ctx, "dos")
    energies = np.array(ctx.model.dos.energies)
    found = np.full((*shape, len(energies)), np.nan, dtype=np.float32)
    flat = found.reshape(-1, len(energies))
    for i, row in _ended_well(ctx):
        pack = ctx.packs[CALCULATE][i]
        if DOS in pack:
            flat[i - first] = on_grid(spectrum_of(pack.read(DOS)), float(row[FERMI]), energies)
    ctx.write("dos", found)


def geometry(ctx: Context[HighThroughput]) -> None:
    """The structures of a block: as the calculations left them, or where these don't relax, as they were given."""
    calculations, rows = ctx.opened(open_calculations), ctx.own("atomic_number")
    given = calculations.structures.between(rows.start, min(rows.stop, len(calculations.structures)))
    most = int(calculations.structures.n_atoms.max())
    for name, values in (_relaxed(ctx, most) if ctx.model.is_relaxed else _padded(given, most)).items():
        ctx.write(name, values)
    ctx.write("atomic_number", _numbers(given, most))


def _relaxed(ctx: Context[HighThroughput], most: int) -> dict[str, Any]:
    """(S, P, …) lattices and positions; NaN of calculations that failed."""
    (n, p), first = _block(ctx, "lattice")
    lattices, positions = np.full((n * p, 3, 3), np.nan), np.full((n * p, most, 3), np.nan)
    for i, _ in _ended_well(ctx):
        relaxed = structure_of(ctx.packs[CALCULATE][i].read(OUTCOME))
        if relaxed is not None:
            lattices[i - first] = relaxed.lattice
            positions[i - first, : len(relaxed.numbers)] = relaxed.positions
    return {"lattice": lattices.reshape(n, p, 3, 3), "position": positions.reshape(n, p, most, 3)}


def _padded(given: Structures, most: int) -> dict[str, Any]:
    positions = np.full((len(given), most, 3), np.nan)
    for i, structure in enumerate(given):
        positions[i, : len(structure.numbers)] = structure.positions
    return {"lattice": given.lattices, "position": positions}


def _numbers(given: Structures, most: int) -> Any:
    numbers = np.zeros((len(given), most), dtype=np.uint8)
    for i, structure in enumerate(given):
        numbers[i, : len(structure.numbers)] = structure.numbers
    return numbers


def _block(ctx: Context[HighThroughput], name: str) -> tuple[tuple[int, int], int]:
    """How many structures and settings the task's shard of an array has, and its first calculation."""
    (array,) = (array for array in ctx.stage.arrays if array.name == name)
    n, p = array.shape_of(array.shard_at(ctx.index))[:2]
    return (n, p), ctx.own(name).start * p


def _ended_well(ctx: Context[HighThroughput]) -> Iterator[tuple[int, Any]]:
    """The task's calculations that didn't fail, with what they returned."""
    rows = ctx.rows(CALCULATE)
    for i, row in zip(rows.numbers, rows["calculated"], strict=True):
        if row[STATUS] != FAILED:
            yield i, row
