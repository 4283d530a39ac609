"""Network interfaces and ports of this machine."""

from __future__ import annotations

import socket

import pytest

from bigdata.engine.network import address_of, addresses, free_ports
from bigdata.errors import SiteError


def test_loopback_has_its_address() -> None:
    assert address_of("lo", "interface") == "127.0.0.1"


def test_an_interface_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(SiteError) as refused:
        address_of("ib99", "controller_interface")
    said = str(refused.value)
    assert said.startswith(f"{socket.gethostname()} has no network interface `ib99` with an IPv4 address. It has ")
    assert all(f"`{name}`" in said for name in addresses())
    assert "into `controller_interface:` of the site's file, or leave it out." in said


def test_any_port_stays_any() -> None:
    assert free_ports(range(1), 1, "ports.scheduler") == [0]


def test_ports_that_are_taken_are_passed_over() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        taken = one.getsockname()[1]
        found = free_ports(range(taken, min(65_536, taken + 20)), 3, "ports.workers", "127.0.0.1")
        assert len(set(found)) == 3
        assert taken not in found
        with pytest.raises(SiteError) as refused:
            free_ports([taken], 1, "ports.scheduler", "127.0.0.1")
    assert str(refused.value).startswith(
        f"`ports.scheduler:` of the site's file allows {taken}, and {socket.gethostname()} has 0 of them free "
        "where 1 is needed."
    )
