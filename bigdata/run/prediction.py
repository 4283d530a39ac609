"""What a model of a run says of new structures, whichever kind of study made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigdata.errors import SpecError
from bigdata.naming import named
from bigdata.spec.extras import require
from bigdata.store.reading import View

if TYPE_CHECKING:
    from bigdata.data.materials.dataset import MaterialsDataset
    from bigdata.data.materials.structures import Structures
    from bigdata.models.prediction import Prediction


def predict(run: View, new: MaterialsDataset | Structures, model: str = "", seen: bool = False) -> Prediction:
    """The predictions of a run's model, the best if `model` is left out; of a sweep's run, of its first variant.

    A network says nothing of materials that it was trained on, unless `seen`. `new` is a dataset,
    `bigdata.data.materials.dataset.open_materials(…)`, or its structures where the study's models are of structures.
    SpecError where the study makes no predictions, has no such model, or needs packages or data that are missing.
    """
    if not run.model.predict_at:
        raise SpecError(
            f"{run.run.folder.path} is the run of a study of the kind `{run.model.study}`, which makes no predictions."
        )
    require(run.model)
    asked = _structures(new) if run.model.predicts == "structures" else new
    made: Prediction = named(run.model.predict_at)(run, asked, model, seen)
    return made


def _structures(new: MaterialsDataset | Structures) -> Structures:
    from bigdata.data.materials.structures import Structures

    if isinstance(new, Structures):
        return new
    if not new.has_structures:
        raise SpecError(f"{new.label} has formulas only, and a prediction needs structures.")
    return new.structures
