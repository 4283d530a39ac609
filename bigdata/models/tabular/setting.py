"""What a study says of the models that it compares: classes, each with a grid of sizes and with options.

An entry of `models:` is a grid; its points are the models that are compared, named by their place on the grid's axes:
`dense:2,32`. Options that the entry leaves open are tuned: see `draws`.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, model_validator

from bigdata.spec.study import Finding, SpecModel

Positive = Annotated[int, Field(ge=1)]
Several = Annotated[tuple[Positive, ...], Field(min_length=1)]
Operator = Literal[
    "+", "-", "|-|", "*", "/", "exp", "exp-", "log", "sqrt", "cbrt", "^-1", "^2", "^3", "^6", "abs", "sin", "cos"
]
OPERATORS: tuple[Operator, ...] = ("+", "-", "|-|", "*", "/", "exp", "exp-", "sqrt", "cbrt", "^-1", "^2", "^3", "log")


@dataclass(frozen=True)
class Point:
    """One model to fit: its class, its place on the axes, and its options. JSON data alone."""

    kind: str
    place: Mapping[str, Any]
    options: Mapping[str, Any]

    @property
    def name(self) -> str:
        """`dense:2,32`; the class alone where it has no axes."""
        at = ",".join(f"{value}" for value in self.place.values())
        return f"{self.kind}:{at}" if at else self.kind

    def with_options(self, options: Mapping[str, Any]) -> Point:
        return Point(self.kind, self.place, {**self.options, **options})


class Grid(SpecModel):
    """An entry of `models:`. AXES are the fields that span the grid; TUNED the options that are tuned where the entry
    leaves them open, each with the values that it may take;
    OF_NUMBERS those that do nothing where classes of samples are told apart."""

    AXES: ClassVar[tuple[str, ...]] = ()
    OF_NUMBERS: ClassVar[tuple[str, ...]] = ()
    TUNED: ClassVar[Mapping[str, Sequence[Any]]] = {}

    tuned: tuple[str, ...] | None = Field(
        default=None, description="The options to tune; left out: those of the class that aren't given."
    )

    @model_validator(mode="after")
    def _which_are_tuned(self) -> Self:
        # Said once and for all: in a study that was written down whole, every option is given.
        if self.tuned is None:
            object.__setattr__(self, "tuned", tuple(name for name in self.TUNED if name not in self.model_fields_set))
        return self

    @property
    def points(self) -> list[Point]:
        """The models of the grid, the last axis running fastest."""
        dumped = self.model_dump(mode="json", exclude={"kind", "tuned"})
        axes = [[(axis, value) for value in dumped.pop(axis)] for axis in self.AXES]
        kind: str = getattr(self, "kind")  # noqa: B009
        return [Point(kind, dict(place), dumped) for place in itertools.product(*axes)]

    def draws(self, n: int, seed: int, of_classes: bool = False) -> list[dict[str, Any]]:
        """At most n different choices of the options that are tuned, drawn at random; the first has all as they are
        written or by default."""
        fixed = self.OF_NUMBERS if of_classes else ()
        free = {name: values for name, values in self.TUNED.items() if name in (self.tuned or ()) and name not in fixed}
        everything = [dict(zip(free, values, strict=True)) for values in itertools.product(*free.values())]
        first = {name: self.model_dump(mode="json")[name] for name in free}
        others = [choice for choice in everything if choice != first]
        return [first, *random.Random(seed).sample(others, min(n - 1, len(others)))]

    def findings(self, *path: str | int) -> Iterator[Finding]:
        """What of it doesn't go together; it stands at `path`."""
        for i, name in enumerate(self.tuned or ()):
            if name not in self.TUNED:
                right = (
                    f"Write some of {', '.join(self.TUNED)}" if self.TUNED else "Leave it out: nothing is tuned here"
                )
                yield Finding(
                    (*path, "tuned", i), f"`{name}` is no option that is tuned", right, name, tuple(self.TUNED)
                )
        for axis in self.AXES:
            values = getattr(self, axis)
            for i, value in enumerate(values):
                if value in values[:i]:
                    yield Finding((*path, axis, i), f"{value} is listed twice", "Keep one of the two")


class Sisso(Grid):
    """Symbolic regression by sure independence screening (Ouyang et al. 2018, doi 10.1103/PhysRevMaterials.2.083802;
    Purcell et al. 2023): formulas of the columns, all rungs up to the highest and all dimensions up to the largest. Of
    classes: expressions in which their convex hulls overlap least, and a linear rule in these."""

    AXES = ("rung", "dimension")
    OF_NUMBERS = ("residuals", "refinements", "tasks")
    TUNED: ClassVar[Mapping[str, Sequence[Any]]] = {
        "residuals": [1, 5, 10, 20],
        "features_per_dimension": [20, 50, 100],
    }

    kind: Literal["sisso"] = "sisso"
    rung: Annotated[tuple[Annotated[int, Field(ge=0, le=3)], ...], Field(min_length=1)] = Field(
        default=(0, 1, 2), description="How often operators are applied; lower rungs are always fitted too."
    )
    dimension: Annotated[tuple[Annotated[int, Field(ge=1, le=4)], ...], Field(min_length=1)] = Field(
        default=(1, 2, 3), description="Terms of a formula; smaller ones are always fitted too."
    )
    operators: Annotated[tuple[Operator, ...], Field(min_length=1)] = OPERATORS
    features_per_dimension: Annotated[int, Field(ge=1, le=5000)] = Field(
        default=50, description="How many expressions screening keeps for each dimension."
    )
    residuals: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=10, description="Of how many of the best models of the last dimension the residuals are screened for."
    )
    refinements: Annotated[int, Field(ge=0, le=100)] = Field(
        default=4,
        description="How often the best formula is looked at with each of its terms left out, and screening done again "
        "for what is missing; 0: not, as in the paper.",
    )
    use_units: bool = Field(
        default=True, description="Add and compare columns of one unit alone; without, all columns are pure numbers."
    )
    max_operations: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Leave out expressions with more operators than this."
    )
    smallest: float = Field(default=1e-3, ge=0, description="Leave out expressions whose largest value is smaller.")
    largest: float = Field(default=1e5, gt=0, description="Leave out expressions with a larger value.")
    tasks: str = Field(
        default="",
        description="A field: formulas have the same terms for all of its values, and coefficients for each.",
    )
    near: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=20, description="How many of the models that fit nearly as well are kept and listed."
    )

    @property
    def points(self) -> list[Point]:
        """All rungs and dimensions up to the largest."""
        whole = self.model_copy(
            update={
                "rung": tuple(range(max(self.rung) + 1)),
                "dimension": tuple(range(1, max(self.dimension) + 1)),
            }
        )
        return Grid.points.fget(whole)  # type: ignore[attr-defined,no-any-return]


class Dense(Grid):
    """Dense networks: layers of equally many nodes, trained by Adam, stopped early by a part of the training groups."""

    AXES = ("layers", "nodes")
    TUNED: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": [3e-4, 1e-3, 3e-3, 1e-2],
        "weight_decay": [0.0, 1e-4, 1e-3, 1e-2],
        "batch": [16, 32, 128],
    }

    kind: Literal["dense"] = "dense"
    layers: Several = (1, 2, 3)
    nodes: Several = (16, 64)
    activation: Literal["relu", "tanh", "silu"] = "relu"
    learning_rate: float = Field(default=3e-3, gt=0)
    weight_decay: float = Field(default=0.0, ge=0, description="Decoupled from the gradient, as in AdamW.")
    batch: Positive = Field(default=32, description="Samples of each gradient step.")
    max_epochs: Positive = Field(default=300, description="Passes over the training part at most.")
    patience: Positive = Field(default=30, description="Stop after so many epochs without a better validation error.")
    validation: float = Field(default=0.1, gt=0, lt=1, description="Share of the training groups that stops it early.")
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = Field(
        default=(0,), description="A network is trained for each; their mean predicts, and their parameters add up."
    )


class Forest(Grid):
    """Random forests (Breiman 2001, doi 10.1023/A:1010933404324)."""

    AXES = ("trees", "max_leaves")
    TUNED: ClassVar[Mapping[str, Sequence[Any]]] = {
        "max_features": [0.33, 0.5, 0.7, 1.0],
        "min_samples_leaf": [1, 2, 4],
    }

    kind: Literal["forest"] = "forest"
    trees: Several = (50, 200)
    max_leaves: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1)] = (16, 64, 256)
    max_features: float = Field(default=0.5, gt=0, le=1, description="Share of the columns that each split looks at.")
    min_samples_leaf: Positive = Field(default=1, description="Samples that a leaf has at least.")


class Tree(Grid):
    """Single regression trees."""

    AXES = ("max_leaves",)
    TUNED: ClassVar[Mapping[str, Sequence[Any]]] = {"min_samples_leaf": [1, 2, 5, 10]}

    kind: Literal["tree"] = "tree"
    max_leaves: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1)] = (8, 32, 128)
    min_samples_leaf: Positive = Field(default=1, description="Samples that a leaf has at least.")


class Boosting(Grid):
    """Gradient-boosted trees (Friedman 2001, doi 10.1214/aos/1013203451)."""

    AXES = ("trees", "max_leaves")
    TUNED: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": [0.03, 0.1, 0.3],
        "min_samples_leaf": [1, 5, 20],
    }

    kind: Literal["boosting"] = "boosting"
    trees: Several = (100, 400)
    max_leaves: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1)] = (8, 32)
    learning_rate: float = Field(default=0.1, gt=0, le=1)
    min_samples_leaf: Positive = Field(default=5, description="Samples that a leaf has at least.")


class Ridge(Grid):
    """Linear regression on standardised columns, with a penalty on the squares of the coefficients."""

    TUNED: ClassVar[Mapping[str, Sequence[Any]]] = {"alpha": [1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]}

    kind: Literal["ridge"] = "ridge"
    alpha: float = Field(
        default=1e-2,
        gt=0,
        description="The penalty, where the sum of squares is a mean over samples: 1 would halve all coefficients of "
        "columns that don't correlate.",
    )


class Polynomial(Grid):
    """Ridge regression on all monomials of the standardised columns up to a degree."""

    AXES = ("degree",)
    TUNED: ClassVar[Mapping[str, Sequence[Any]]] = {"alpha": [1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]}

    kind: Literal["polynomial"] = "polynomial"
    degree: Annotated[tuple[Annotated[int, Field(ge=1, le=4)], ...], Field(min_length=1)] = (2,)
    alpha: float = Field(default=1e-2, gt=0, description="The penalty, for a mean of squares: it doesn't grow with n.")


class GaussianProcess(Grid):
    """Gaussian-process regression on standardised columns; its length scale and noise are those of greatest marginal
    likelihood (Rasmussen & Williams 2006, ch. 5)."""

    AXES = ("kernel",)

    kind: Literal["gaussian-process"] = "gaussian-process"
    kernel: Annotated[tuple[Literal["rbf", "matern"], ...], Field(min_length=1)] = ("rbf",)
    restarts: Annotated[int, Field(ge=0, le=100)] = Field(default=1, description="Further starts of the search.")
    most_samples: Positive = Field(
        default=3000, description="Learn from so many samples at most, drawn at random: the time grows with their cube."
    )


Models = Annotated[
    Sisso | Dense | Forest | Tree | Boosting | Ridge | Polynomial | GaussianProcess, Discriminator("kind")
]
