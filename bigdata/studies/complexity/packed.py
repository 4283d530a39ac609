"""What tasks of a complexity study leave in their packs: models that are kept, predictions of samples left out."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bigdata.kind import Context
    from bigdata.studies.complexity.model import Complexity

# JSON: of each fold, the models that were fitted; of a model kept, formulas that fit nearly as well, and what matters.
FOLDS, NEAR, IMPORTANCE = "folds.json", "near.json", "importance.json"
# Arrays: (terms, n) what was learned of samples left out; (n,) predictions in the target's unit; of classes, (n,) 1
# where a sample lies in the hull of another class; the model itself.
LEFT_OUT, PREDICTION, OVERLAP, MODEL = "left_out.npy", "prediction.npy", "overlap.npy", "model.npz"
# Of a search for formulas that is cut into tasks: what one of them found.
STEP = "step.npz"
Packed = Mapping[str, bytes]


def pack_json(ctx: Context[Complexity], name: str, content: Any) -> None:
    """Put JSON data into the task's pack."""
    path = ctx.scratch / name
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    ctx.pack.add(path)


def pack_array(ctx: Context[Complexity], name: str, values: NDArray[Any]) -> None:
    """Put an array into the task's pack."""
    path = ctx.scratch / name
    np.save(path, values, allow_pickle=False)
    ctx.pack.add(path)


def pack_arrays(ctx: Context[Complexity], name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Put arrays into the task's pack, as one file."""
    path = ctx.scratch / name
    np.savez(path, allow_pickle=False, **arrays)
    ctx.pack.add(path)


def packed_json(pack: Packed, name: str) -> Any:
    """JSON data of a pack."""
    return json.loads(pack[name])


def packed_array(pack: Packed, name: str) -> NDArray[Any]:
    """An array of a pack."""
    return np.asarray(np.load(io.BytesIO(pack[name]), allow_pickle=False))


def packed_arrays(pack: Packed, name: str) -> dict[str, NDArray[Any]]:
    """The arrays of a file of a pack, by name."""
    with np.load(io.BytesIO(pack[name]), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
