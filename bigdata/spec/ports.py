"""The ports that a site's firewall leaves open: one, or a range, for each of those who listen."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bigdata.spec.study import SpecModel, WrongText

# Below are those that only root may open.
LEAST, MOST = 1024, 65_535
_RANGE = r"(\d{4,5})(?:-(\d{4,5}))?"


def _checked(given: Any) -> Any:
    # A single port is a whole number in YAML.
    text = str(given) if type(given) is int else given
    if not isinstance(text, str) or not (found := re.fullmatch(_RANGE, text)):
        raise WrongText(f"`{given}` is no range of ports", "Write `40000-40100`, or one port")
    first, last = int(found[1]), int(found[2] or found[1])
    if not LEAST <= first <= last <= MOST:
        raise WrongText(f"`{text}` is no range of ports", f"Write the lower port first, from {LEAST} to {MOST}")
    return text


_SCHEMA = {"type": ["string", "integer"], "pattern": f"^{_RANGE}$", "minimum": LEAST, "maximum": MOST}
Range = Annotated[str, BeforeValidator(_checked), Field(json_schema_extra=_SCHEMA)]
"""`40000-40100`, both ends among them, or one port."""


class Ports(SpecModel):
    """Where connections may come in; any port that is free where nothing is said."""

    scheduler: Range | None = Field(
        default=None, description="Of the controller's machine, for workers, such as `40000-40100`."
    )
    workers: Range | None = Field(default=None, description="Of a node, for its workers: one for each task of a job.")
    nannies: Range | None = Field(
        default=None, description="Of a node, for the programs that watch its workers: one for each."
    )
    dashboard: Range | None = Field(default=None, description="Of the controller's machine, on loopback.")


def ports(text: str | None) -> range:
    """The ports that a text says; 0, which stands for any free one, where there is none."""
    if text is None:
        return range(1)
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)
