"""The quantity that a study of a dataset looks at: its name, its unit, and which of its values count."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from bigdata.spec.study import Finding, SpecModel


class Target(SpecModel):
    """A quantity in one unit. Kinds that need to say more of it subclass this."""

    quantity: str = Field(default="", description="Its name, for figures: formation energy.")
    units: str = Field(default="", description="The unit that all values are converted to; as stored where left out.")
    range: tuple[float, float] | None = Field(
        default=None, description="Leave out entries whose value lies outside [from, to]; they are counted."
    )

    def findings(self, *path: str | int) -> Iterable[Finding]:
        """What is wrong with it, where it stands at `path` of a spec."""
        if self.range is not None and not self.range[0] < self.range[1]:
            yield Finding((*path, "range"), "begins above its end", "Write [from, to], the lower value first")
