"""Dask's own dashboard: off, unless the site or `--dashboard` asks for it; then on loopback only.

Whoever may log in to that machine can look at it: it has no password.
"""

from __future__ import annotations

import importlib.util
import socket
from typing import Any

from bigdata.errors import SiteError
from bigdata.store.lock import user

PORT_AT_HOME = 8787


def scheduler_options(*, dashboard: bool, port: int = 0) -> dict[str, Any]:
    """Options of Dask's scheduler, `port` of its dashboard, 0 for any; no address at all would still open 8787 to
    everybody. SiteError without bokeh.
    """
    if dashboard and importlib.util.find_spec("bokeh") is None:
        raise SiteError("the dashboard needs bokeh, which isn't installed: `pip install bokeh`, or leave it off.")
    return {"dashboard": dashboard, "dashboard_address": f"127.0.0.1:{port}"}


def how_to_reach(cluster: Any) -> str:
    """The command that opens a way to a dashboard, and its address then."""
    port = cluster.scheduler.http_server.port
    # A machine that doesn't know its own full name calls itself localhost.
    name = socket.getfqdn()
    host = socket.gethostname() if name.startswith("localhost") else name
    tunnel = f"ssh -N -L {PORT_AT_HOME}:127.0.0.1:{port} {user()}@{host}"
    return f"the dashboard: `{tunnel}` on your machine, then http://127.0.0.1:{PORT_AT_HOME}/status"
