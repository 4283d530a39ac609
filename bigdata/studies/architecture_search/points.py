"""What a point of the space means: the network and the training of a trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, Protocol, get_args

from pydantic import TypeAdapter, ValidationError

from bigdata.kind import Finding
from bigdata.models.networks.setting import Network, Training
from bigdata.studies.architecture_search.dimensions import Choices, Dimension
from bigdata.studies.architecture_search.space import Point, Space

MODEL, TRAINING = "model.", "training."
KIND = "model.kind"
USUAL_KIND = "mpeu"
# What isn't a trial's own: how far it is trained, and what follows from its number.
FIXED = {
    "training.max_steps": "how far trials are trained is said once for all: by `training` or by `stopping`",
    "training.evaluate_every": "rungs end with a look at the validation part: it is the same for all trials",
    "training.seeds": "each trial has the seed that follows from its number",
    "training.cores": "all trials run on as many cores, or their bits would differ by more than their settings",
}


class Setting(NamedTuple):
    """What a trial trains, and how."""

    network: Network
    training: Training


class Searched(Protocol):
    """Of a study: what isn't searched, and how far trials are trained."""

    @property
    def model(self) -> Network | None: ...

    @property
    def training(self) -> Training: ...


def setting_of(study: Searched, point: Point, max_steps: int | None = None) -> Setting:
    """The network and the training of a point, trained for `max_steps`. Raises ValidationError for what can't be.

    Fields that the network of this kind doesn't have are left unused: `model.layers` is one of dense networks alone.
    """
    asked = Training.model_validate(_below(TRAINING, point))
    given = study.training.model_copy(update={name: getattr(asked, name) for name in asked.model_fields_set})
    more = {"seeds": (0,), **({"max_steps": max_steps} if max_steps else {})}
    return Setting(_network(study.model, _below(MODEL, point)), given.model_copy(update=more))


def _network(given: Network | None, asked: Mapping[str, Any]) -> Network:
    kind = given.kind if given else asked.get("kind", USUAL_KIND)
    known = {name: value for name, value in asked.items() if name in fields_by_kind()[kind]}
    made: Network = TypeAdapter(Network).validate_python(known | {"kind": kind})
    return given.model_copy(update={name: getattr(made, name) for name in known}) if given else made


def _below(prefix: str, point: Point) -> dict[str, Any]:
    return {path.removeprefix(prefix): value for path, value in point.items() if path.startswith(prefix)}


@cache
def fields_by_kind() -> dict[str, frozenset[str]]:
    """The fields that a network of each kind has."""
    union = get_args(get_args(Network)[0])
    return {kind.model_fields["kind"].default: frozenset(kind.model_fields) for kind in union}


def unused(study: Searched, space: Space) -> dict[str, list[str]]:
    """The kinds of network, among those searched, that don't have a searched field, by its path."""
    kinds = kinds_of(study.model, space)
    paths = [path for path in space if path.startswith(MODEL)]
    found = {p: [k for k in kinds if p.removeprefix(MODEL) not in fields_by_kind()[k]] for p in paths}
    return {path: missing for path, missing in found.items() if missing}


def kinds_of(model: Network | None, space: Mapping[str, Dimension]) -> list[str]:
    """The kinds of network that trials have."""
    asked = space[KIND].spread(1) if KIND in space else (model.kind if model else USUAL_KIND,)
    return [kind for kind in asked if isinstance(kind, str) and kind in fields_by_kind()]


def wrong_space(fields: Mapping[str, Any]) -> Iterator[Finding]:
    """Searched fields that there aren't, and values that they can't have; `fields` are those of the study."""
    space = Space(fields["space"])
    model = fields.get("model")
    kinds = kinds_of(model, space)
    if model is not None and KIND in space:
        what = "is said beside `space: {model.kind: …}`, and what it says would be that of one kind alone"
        yield Finding(
            ("model",), what, "Leave it out, and write fixed fields as one choice: `model.latent: [64]`", at_key=True
        )
    for path, dimension in space.items():
        if found := _unknown(path, kinds):
            yield found
        elif path != KIND:
            yield from _impossible(path, dimension, kinds)
        else:
            yield from _no_kinds(dimension)


def _unknown(path: str, kinds: list[str]) -> Finding | None:
    here = ("space", path)
    if path in FIXED:
        return Finding(here, f"can't be searched: {FIXED[path]}", "Leave it out", at_key=True)
    networks = {field for kind in kinds or fields_by_kind() for field in fields_by_kind()[kind]}
    known = [*(MODEL + field for field in sorted(networks)), *(TRAINING + field for field in Training.model_fields)]
    known = [one for one in known if one not in FIXED]
    if path in known:
        return None
    of = f" of {' or '.join(kinds)}" if path.startswith(MODEL) and kinds else ""
    right = "Write `model.` or `training.` and one of its fields, such as `model.latent`"
    return Finding(here, f"is no field{of} that can be searched", right, path, tuple(known), at_key=True)


def _no_kinds(dimension: Dimension) -> Iterator[Finding]:
    known = fields_by_kind()
    if not isinstance(dimension, Choices):
        yield Finding(("space", KIND), "isn't a list of kinds", f"Choose among {', '.join(known)}")
        return
    for i, kind in enumerate(dimension.choices):
        if kind not in known:
            right = f"Choose among {', '.join(known)}"
            yield Finding(("space", KIND, i), f"`{kind}` is no network", right, str(kind), tuple(known))


def _impossible(path: str, dimension: Dimension, kinds: list[str]) -> Iterator[Finding]:
    """Values that no network of these kinds, or no training, can have; of a range its ends."""
    is_list = isinstance(dimension, Choices)
    for i, value in enumerate(dimension.spread(2)):
        wrong = [_refused(path, value, kind) for kind in kinds or [USUAL_KIND]]
        if wrong and all(wrong):
            where = ("space", path, i) if is_list else ("space", path)
            yield Finding(where, f"can't be {value}: {wrong[0]}", "Choose values that the field can have")
            return


def _refused(path: str, value: Any, kind: str) -> str:
    """Why a field can't have this value with networks of a kind; "" where it can."""
    try:
        if path.startswith(TRAINING):
            Training.model_validate({path.removeprefix(TRAINING): value})
        elif path.removeprefix(MODEL) in fields_by_kind()[kind]:
            _network(None, {"kind": kind, path.removeprefix(MODEL): value})
        else:
            return f"{kind} has no such field"
    except ValidationError as error:
        return error.errors()[0]["msg"][:1].lower() + error.errors()[0]["msg"][1:]
    return ""
