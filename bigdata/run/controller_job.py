"""The small batch job that hosts a run's controller and its Dask scheduler."""

from __future__ import annotations

import shlex

from bigdata.errors import SiteError
from bigdata.jobs import batch
from bigdata.run.controller_process import controller_command
from bigdata.run.orders import Orders
from bigdata.spec.site import Site
from bigdata.store.folder import RunFolder

# The end of the job's name, after the run's.
CONTROLLER = "controller"


def controller_walltime(site: Site) -> float | None:
    """Seconds that the controller's job may run; None where the site doesn't say."""
    return site.controller_job.walltime or next(iter(site.pools.values())).walltime


def submit_controller(folder: RunFolder, orders: Orders) -> Orders:
    """Hand the controller's job to the batch system, and write its number into the orders. SiteError if refused."""
    # It loads Dask, and whoever launches in the background needn't wait for that.
    from bigdata.jobs.script import Refused, controller_script

    _, site = orders.to_run()
    orders.write(folder)
    command = f"exec {shlex.join(controller_command(folder))}"
    job = controller_script(site, f"{batch.prefix(folder)}{CONTROLLER}", folder.controller_log.absolute(), command)
    try:
        orders = orders.in_job(job.submit(site.scheduler))
    except Refused as refused:
        raise SiteError(
            f"{site.scheduler} didn't take the controller's job: {refused.words}\nThe job was:\n{refused.script}"
        ) from None
    except TimeoutError:
        raise SiteError(f"{site.scheduler} doesn't answer. Submit again later.") from None
    # A job that begins and ends in no time has taken the orders away by now.
    return orders.write(folder) if folder.launch.exists() else orders
