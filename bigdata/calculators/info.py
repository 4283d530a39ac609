"""INFO.OUT, which Elk and exciting write alike: text, of which the last of each thing counts."""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = r"[-+]?\d+\.\d+(?:[Ee][-+]?\d+)?"


@dataclass(frozen=True)
class InfoText:
    """All of the file."""

    text: str

    @property
    def converged(self) -> bool:
        """Whether the density was; also of a run that was asked to do more and didn't."""
        return "Convergence targets achieved" in self.text

    def last(self, label: str) -> float:
        """The last number behind a label; NaN where there is none."""
        found = re.findall(rf"^ {label}\s*: +({NUMBER})", self.text, re.M)
        return float(found[-1]) if found else float("nan")
