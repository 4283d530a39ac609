"""How a property's values came to be, in the words that tell whether those of two datasets mean the same."""

from __future__ import annotations

import pydantic

from bigdata.spec.study import SpecModel


class Label(SpecModel):
    """The level of a calculation: free texts, "" for what isn't said."""

    functional: str = pydantic.Field(
        default="", description="Exchange-correlation functional, or what stands for one: PBE(+U), measured."
    )
    corrections: str = pydantic.Field(
        default="", description="What was added to calculated values: none, the Materials Project's."
    )
    program: str = pydantic.Field(default="", description="What calculated the values: VASP.")

    def over(self, other: Label) -> Label:
        """What this label says, and what only the other one does."""
        said = {part: getattr(self, part) or getattr(other, part) for part in Label.model_fields}
        return Label(**said)

    @property
    def text(self) -> str:
        """All that it says, on one line."""
        corrections = f"corrections: {self.corrections}" if self.corrections else ""
        return ", ".join(filter(None, (self.functional, corrections, self.program)))
