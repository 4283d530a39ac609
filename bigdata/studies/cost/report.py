"""What a cost study shows: section 6 of doi 10.1039/d4fd00102h, for the user's own plan; and the paper's own sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

from bigdata.kind import Headline, ReportParts, StudyResults, Table, View
from bigdata.studies.cost.fitting import Share, excesses, pack_of, shares, unsaid, waves
from bigdata.studies.cost.model import Calculations, Cost, Trials
from bigdata.studies.cost.sums import QUANTITIES, Sums
from bigdata.studies.published import Published, published

SOURCES = ("D. Speckhard et al., How big is big data?, Faraday Discuss. 2024, doi 10.1039/d4fd00102h: section 6.",)
HOURS_OF_YEAR = 365.25 * 24
DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB")
HEADS = {"files": "files", "bytes": "bytes", "hours": "hours", "wall_hours": "wall time", "dollars": "USD"}


class Results(StudyResults[Cost]):
    """The sums, from the store."""

    @property
    def sums(self) -> Sums:
        view = self.view
        of = {name: view[name][...] for name in QUANTITIES}
        return Sums(tuple(self.model.stages), of, {name: view[f"total_{name}"][...] for name in QUANTITIES})


def report(view: View) -> ReportParts:
    """Summary, tables and what tells variants apart."""
    results = view.once(Results)
    return ReportParts(
        summary=_sentences(results),
        tables=[partial(_sums, results), partial(_fits, results), _published],
        sources=SOURCES,
        headline=[partial(_headline, results)],
    )


def _headline(results: Results) -> Headline:
    return {HEADS[name]: results.sums.middle(name) for name in QUANTITIES if name != "wall_hours"}


def _sentences(results: Results) -> Iterator[Callable[[], str]]:
    yield lambda: _said_of_limits(results)
    for name in results.model.stages:
        yield partial(_said_of_stage, results, name)
    yield _said_of_paper


def _said_of_stage(results: Results, name: str) -> str:
    stage, found = results.model.stages[name], results.sums
    middle = {q: found.middle(q, name) for q in QUANTITIES}
    what = f"{stage.n:,} {'calculations' if isinstance(stage, Calculations) else 'trainings'}"
    leaves = " and ".join(_known([(middle["files"], _files), (middle["bytes"], decimal_size)]))
    unit = "GPU-hours" if stage.device == "gpu" else "core-hours"
    takes = ", ".join(_known([(middle["hours"], lambda v: f"{v:,.0f} {unit}"), (middle["dollars"], dollars)]))
    said = f"{name}: {what}" + (f" leave {leaves}" if leaves else "") + (" and" if leaves and takes else "")
    said += f" take {takes}" if takes else ""
    wall = middle["wall_hours"]
    if math.isfinite(wall):
        said += f", {long_time(wall)} with {_workers(stage)} at work"
    return f"{said}."


def _workers(stage: Calculations | Trials) -> str:
    noun = "GPU" if stage.device == "gpu" else "core"
    return f"{stage.at_once:,} {noun}{'s' if stage.at_once > 1 else ''}"


def _known(values: list[tuple[float, Callable[[float], str]]]) -> list[str]:
    return [said(value) for value, said in values if math.isfinite(value)]


def _files(n: float) -> str:
    return f"{n:,.0f} files"


def decimal_size(n_bytes: float) -> str:
    """8.1e12 → `8.1 TB`: disks and quotas are sold in decimal units."""
    power = min(len(DECIMAL) - 1, max(0, int(math.log10(max(1.0, n_bytes)) // 3)))
    return f"{n_bytes / 1000**power:,.3g} {DECIMAL[power]}"


def dollars(amount: float) -> str:
    return f"{amount:,.0f} USD" if amount >= 100 else f"{amount:,.2f} USD"


def long_time(hours: float) -> str:
    """3,667 h → `0.42 years`."""
    if hours >= HOURS_OF_YEAR / 4:
        return f"{hours / HOURS_OF_YEAR:.2f} years"
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"


def _said_of_limits(results: Results) -> str:
    """Whether all of it fits, by how much, and what would make it fit."""
    model, found = results.model, results.sums
    if broken := excesses(model, found):
        return f"It doesn't fit: {' and '.join(map(_of_limit, broken))}. {_ways(model)}".strip()
    unknown = "".join(
        f" Its {name} have a limit, and the plan doesn't say how many it takes." for name in unsaid(model, found)
    )
    fits = f"It fits: {' and '.join(map(_of_limit, every))}." if (every := shares(model, found)) else ""
    return f"{fits}{unknown}".strip()


def _of_limit(share: Share) -> str:
    """`8.1 TB are 4.0 times the limit of 2 TB`, `150 files are 15 % of the limit of 1,000 files`."""
    times = f"{share.times:.1f} times" if share.times >= 1.05 else f"{100 * share.times:.4g} % of"
    return f"{_amount(share.quantity, share.wanted)} are {times} the limit of {_amount(share.quantity, share.limit)}"


def _amount(quantity: str, value: float) -> str:
    return decimal_size(value) if quantity == "bytes" else _files(value)


def _ways(model: Cost) -> str:
    """What would make it fit."""
    said = []
    for name in model.stages:
        if (found := waves(model, name)) is not None:
            said.append(
                f"{name} fits in {found.n:,} waves of at most {found.size:,} calculations, each archived elsewhere "
                f"before "
                "the next begins"
            )
        if (n := pack_of(model, name)) is not None:
            each = "each calculation" if n == 1 else f"{n:,} calculations"
            said.append(f"with one archive for {each} its files fit at once")
    return f"{'; '.join(said)}." if said else ""


def _said_of_paper() -> str:
    every = published()
    wrong = [
        f"{p.quantity}: printed {_plain(p.value, p.unit)}, {_plain(p.recomputed, p.unit)} by its inputs"
        for p in every
        if not p.agrees
    ]
    return (
        f"Of the paper's own sums in section 6, {len(wrong)} of {len(every)} don't follow from its inputs "
        f"({'; '.join(wrong)})."
    )


def _plain(value: float, unit: str) -> str:
    """11,000 USD, 0.418 years."""
    return f"{value:,.0f} {unit}".strip() if value >= 1000 else f"{value:.3g} {unit}".strip()


def _sums(results: Results) -> Table:
    found = results.sums
    rows: list[list[object]] = [
        [name, *(_range(q, found.of[q][i].tolist()) for q in QUANTITIES)] for i, name in enumerate(found.stages)
    ]
    if len(found.stages) > 1:
        rows.append(["all", *(_range(q, found.total[q].tolist()) for q in QUANTITIES)])
    caption = (
        "The middle of each sum, and in brackets where nine of ten lie, where the plan gives ranges. Hours are those "
        "of "
        "cores, or of GPUs for stages on GPUs. What the plan doesn't say is left open, and counted nowhere."
    )
    return Table("What it costs", ("stage", *HEADS.values()), rows, {}, caption)


def _range(quantity: str, values: list[float]) -> str:
    low, middle, high = values
    if not math.isfinite(middle):
        return ""
    said = _SAID[quantity]
    return said(middle) if low == high else f"{said(middle)} [{said(low)}, {said(high)}]"


_SAID: dict[str, Callable[[float], str]] = {
    "files": lambda v: f"{v:,.0f}",
    "bytes": decimal_size,
    "hours": lambda v: f"{v:,.4g}" if v < 1000 else f"{v:,.0f}",
    "wall_hours": long_time,
    "dollars": lambda v: f"{v:,.2f}" if v < 100 else f"{v:,.0f}",
}


def _fits(results: Results) -> Table:
    model, found = results.model, results.sums
    rows = []
    for quantity, limit in (("files", model.limits.files), ("bytes", model.limits.bytes)):
        if limit is not None:
            wanted = found.middle(quantity)
            rows.append([quantity, _amount(quantity, wanted), _amount(quantity, limit), f"{wanted / limit:.2f}"])
    return Table("Against the limits", ("", "wanted", "limit", "share"), rows, {}, _ways(model))


def _published() -> Table:
    rows = [
        [p.section, p.quantity, _plain(p.value, p.unit), _plain(p.recomputed, p.unit), _verdict(p), p.how]
        for p in published()
    ]
    columns = ("section", "quantity", "as printed", "recomputed", "verdict", "how")
    caption = (
        "The sums of section 6 of the paper, made again from the inputs that it states. The price of a search is "
        "printed "
        "ten times too high: with the step times of the paper, 2,000 trainings take 3,667 GPU-hours."
    )
    return Table("The paper's own sums", columns, rows, {}, caption)


def _verdict(p: Published) -> str:
    return "agrees" if p.agrees else f"printed {p.value / p.recomputed:.1f} times too high"
