"""By which network and at which port a process is reached: said in the site's file, and looked at before use."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from itertools import islice

import psutil

from bigdata.errors import SiteError
from bigdata.spec.words import listed


def address_of(interface: str, field: str) -> str:
    """The IPv4 address of this machine in a network; SiteError, with those that there are, where it has none there.

    `field` is where the site's file names the interface.
    """
    found = addresses()
    if interface not in found:
        raise SiteError(
            f"{socket.gethostname()} has no network interface `{interface}` with an IPv4 address. It has "
            f"{listed(found)}: write the one by which nodes and controller reach each other into `{field}:` of the "
            "site's file, or leave it out."
        )
    return found[interface]


def addresses() -> dict[str, str]:
    """The first IPv4 address of each network interface of this machine."""
    of = {
        name: [a.address for a in known if a.family == socket.AF_INET] for name, known in psutil.net_if_addrs().items()
    }
    return {name: found[0] for name, found in of.items() if found}


def free_ports(ports: Sequence[int], n: int, field: str, host: str = "") -> list[int]:
    """So many of these ports at which nobody listens; 0 is any. SiteError where there are fewer.

    `host` is the address that is to be listened at, all of this machine's where it is empty.
    """
    # Two users of one login node don't both begin with the first.
    free = (port for port in random.sample(ports, len(ports)) if _is_free(port, host))
    found = list(islice(free, n))
    if len(found) < n:
        said = f"{ports[0]} to {ports[-1]}" if len(ports) > 1 else str(ports[0])
        raise SiteError(
            f"`{field}:` of the site's file allows {said}, and {socket.gethostname()} has {len(found)} of them free "
            f"where {n} {'is' if n == 1 else 'are'} needed. "
            "Write a wider range, or wait until other jobs there have ended."
        )
    return found


def _is_free(port: int, host: str) -> bool:
    with socket.socket() as probe:
        # As those who will listen there: what is left of closed connections is in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
