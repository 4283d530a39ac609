"""What a model of a run says of new structures, whichever kind of study made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigdata.errors import SpecError
from bigdata.naming import named
from bigdata.spec.extras import require
from bigdata.store.reading import View

if TYPE_CHECKING:
    from bigdata.data.materials.structures import Structures
    from bigdata.models.prediction import Prediction


def predict(run: View, structures: Structures, model: str = "", seen: bool = False) -> Prediction:
    """The predictions of a run's model, the best if `model` is left out; of a sweep's run, of its first variant.

    A network says nothing of materials that it was trained on, unless `seen`. `structures` are those of a dataset,
    `bigdata.data.materials.dataset.open_materials(…).structures`. SpecError where the study makes no predictions, has
    no such model, or needs packages that are missing here.
    """
    if not run.model.predict_at:
        raise SpecError(
            f"{run.run.folder.path} is the run of a study of the kind `{run.model.study}`, which makes no predictions."
        )
    require(run.model)
    made: Prediction = named(run.model.predict_at)(run, structures, model, seen)
    return made
