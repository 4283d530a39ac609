"""Which site this machine belongs to: by a variable of the environment, or by the host's name."""

from __future__ import annotations

import os
import socket
from fnmatch import fnmatchcase

from pydantic import Field

from bigdata.spec.pool import Line
from bigdata.spec.study import SpecModel


class RecognisedBy(SpecModel):
    """Where both are given, both have to fit."""

    environment: Line | None = Field(
        default=None,
        description="A variable that is set here, as `VAR`, or has a value, as `VAR=value`; `*` stands for any text.",
    )
    host: Line | None = Field(
        default=None, description="The host's name, in full or up to its first dot; `*` stands for any text."
    )

    def here(self) -> str:
        """What this machine is recognised by, in words; empty where it isn't."""
        reasons = [f"the host name `{h}`" for h in [_host(self.host)] if h]
        reasons += [f"`{v}` in the environment" for v in [_variable(self.environment)] if v]
        wanted = [w for w in (self.host, self.environment) if w is not None]
        return " and ".join(reasons) if len(reasons) == len(wanted) else ""


def _host(pattern: str | None) -> str:
    # Some machines call themselves `login1`, others `login1.cluster.example.org`.
    name = socket.gethostname()
    fits = (n for n in (name, name.partition(".")[0]) if pattern is not None and fnmatchcase(n, pattern))
    return next(fits, "")


def _variable(wanted: str | None) -> str:
    name, equals, pattern = (wanted or "").partition("=")
    value = os.environ.get(name)
    fits = value is not None and (not equals or fnmatchcase(value, pattern))
    return (wanted or "") if fits else ""
