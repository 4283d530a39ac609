"""A study's results in the words of its report: the base of what its figures, tables and sentences share."""

from __future__ import annotations

from typing import Generic, TypeVar, cast

from bigdata.spec.study import StudyModel
from bigdata.store.reading import View

M = TypeVar("M", bound=StudyModel)


class StudyResults(Generic[M]):
    """Reads a view's arrays when asked for. Raises DamagedData where they aren't there or aren't whole.

    A kind's own subclass has a property for each thing that several parts of its report speak of. `view.once(Results)`
    makes it once for all of them.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self.model = cast(M, view.model)
