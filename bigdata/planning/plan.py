"""Study and site in, Plan out: every task with its key, what is done, what the rest will cost, and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bigdata.display import duration
from bigdata.errors import PlanRefused, SpecError
from bigdata.kind.stage import BUILT_IN
from bigdata.naming import named
from bigdata.places import ledger_file
from bigdata.planning.extent import Extent
from bigdata.planning.found import records
from bigdata.planning.known import Record, Sorting, record_of
from bigdata.planning.ledger import Ledger
from bigdata.planning.refusals import refusals
from bigdata.planning.run_folder import run_folder
from bigdata.planning.variants import Given, planned_variant
from bigdata.planning.workload import refuse_unknown_stages
from bigdata.spec import Study
from bigdata.spec.left_empty import switched_off
from bigdata.spec.site import Site, load_site, process, site_here
from bigdata.store.folder import RunFolder

# A worker takes that long to start.
SMALL_SECONDS = 2.0
# In the few lines of a plan.
MOST_STAGES_SAID, MOST_REFUSALS_SAID = 20, 5


@dataclass(frozen=True, repr=False)
class Plan(Extent):
    """All that `submit` will do. Made without loading Dask or Zarr; nothing is written yet.

    `site_because` says why the site was taken, where nobody named it; a `fresh` plan takes nothing over from other
    runs. `spent` is what the last submission said of a budget that ended it. `files` are the records of the user's
    files.
    """

    site_because: str = ""
    fresh: bool = False
    spent: str = ""
    files: tuple[Mapping[str, Any], ...] = ()

    def __repr__(self) -> str:
        """In a few lines, as a notebook shows it; `bigdata plan` says more."""
        sums = f"{self.n_files:,} files, about {duration(self.seconds.middle)}"
        stages = [f"  {s.path}: {s.n_todo:,} of {s.n_tasks:,} tasks to do" for s in self.stages[:MOST_STAGES_SAID]]
        if len(self.stages) > MOST_STAGES_SAID:
            stages.append(f"  … and {len(self.stages) - MOST_STAGES_SAID} more stages")
        refused = [f"  refused: {reason}" for reason in self.refusals()[:MOST_REFUSALS_SAID]]
        head = f"<plan of {self.study.name} ({self.study.kind}) at {self.site.site}, into {self.folder.path}: {sums}>"
        return "\n".join([head, *stages, *refused])

    def graph(self) -> dict[str, tuple[Any, ...]]:
        """The study as a Dask graph: `dask.get(plan.graph(), "end")`. PlanRefused where a stage grows."""
        # By name, as stages name their functions: planning doesn't load what runs tasks.
        made: dict[str, tuple[Any, ...]] = named("bigdata.run.dask_graph:graph")(self)
        return made

    def refusals(self) -> list[str]:
        """Why the plan must not run, with the arithmetic; empty where it may."""
        return refusals(self)

    def require_packages(self) -> None:
        """Raise SpecError where tasks have to run with packages of this environment that aren't there.

        Where workers have their own, of an image or of somebody's Dask cluster, these are looked at when they come.
        """
        if self.study.extra and any(s.todo or s.n_open for s in self.stages):
            from bigdata.spec.extras import refused_here

            if problem := refused_here(self.study, self.site):
                raise SpecError([problem])

    def refuse(self, *, is_client: bool = False) -> None:
        """Raise SpecError where packages are missing here, unless tasks go to a Dask client's workers; PlanRefused
        where there is another reason.
        """
        if not is_client:
            self.require_packages()
        if reasons := self.refusals():
            raise PlanRefused("the plan is refused:\n" + "\n".join(f"  {r}" for r in reasons))


def plan(
    study: Study,
    *,
    site: Site | str | None = None,
    runs: str | Path | None = None,
    fresh: bool = False,
    before: Plan | None = None,
) -> Plan:
    """Compile a study for a site; its run is (or will be) a folder below `runs`, which see `run_folder`.

    Without a site it is the one that this machine is recognised to be of, else `local`, or, where that has only seconds
    of work to do, this process. What other runs below `runs` have done is taken over from them, unless the plan is to
    be `fresh`. `before` is an earlier plan of the same study, whose keys needn't be made again.
    Raises SpecError where the data that the study names can't be used. See `Plan.refusals` for what a site can't take.
    """
    because, unnamed = "", site is None
    if site is None:
        chosen = site_here()
        site, because = chosen.site, chosen.because
    site = load_site(site) if isinstance(site, str) else site
    folder = RunFolder(run_folder(study, runs))
    record = record_of(folder, fresh=fresh)
    sorting = Sorting(record, shares=len(study.variants) > 1)
    notes = list(study.repeated.notes) if study.repeated else []
    notes += [f"`{key}: null` turns it off" for key in switched_off(study.root)]
    made_before = {v.group: v.keys for v in before.variants if v.keys} if before and before.study is study else {}
    given = Given(site, record, sorting, made_before, Ledger(ledger_file(), site), notes)
    variants = tuple(planned_variant(given, study, n, folder.path) for n in range(len(study.variants)))
    refuse_unknown_stages(study, (v.workload for v in variants))
    made = Plan(
        study=study,
        site=site,
        folder=folder,
        variants=variants,
        notes=tuple(dict.fromkeys(notes)),
        site_because=because,
        fresh=fresh,
        spent=_spent(record),
        files=tuple(records(study)),
    )
    if unnamed and _is_small(made):
        because = f"`process`: its tasks take less than {duration(SMALL_SECONDS)}, which workers take to start"
        return replace(made, site=process(), site_because=because)
    return made


def _is_small(made: Plan) -> bool:
    """Whether starting workers of this machine would take longer than the tasks: those of our own kinds alone, whose
    times are measured, since a task of somebody's that ends its process would end the run's.
    """
    stages = [s for s in made.stages if s.n_todo]
    return (
        made.site.scheduler == "local"
        and made.task_seconds.middle <= SMALL_SECONDS
        and all(s.stage.rate.source == BUILT_IN and s.stage.cores == 1 for s in stages)
    )


def _spent(record: Record) -> str:
    """Why the last submission had to end before its time, where it did."""
    past = record.past
    return str(past.ends[-1].get("spent", "")) if past.ends and past.state == "done" else ""
