"""What a study says of a network and of its training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Discriminator, Field

from bigdata.spec.study import Finding, SpecModel
from bigdata.units import Length

Activation = Literal["shifted-softplus", "silu", "relu"]
Sum = Literal["mean", "sum"]


class _Network(SpecModel):
    """What all networks have."""

    latent: int = Field(default=64, ge=2, le=4096, description="Features of each atom.")
    steps: int = Field(default=3, ge=1, le=20, description="Message-passing steps.")
    readout: Sum = Field(
        default="mean", description="Over atoms: mean for quantities of an atom, sum for those that grow with the cell."
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Share of an update's features left out in training.")
    layer_norm: bool = Field(default=False, description="Normalise the features of each atom before each step.")
    depth: int = Field(default=2, ge=1, le=6, description="Linear layers of each perceptron.")


class _Scalar(_Network):
    """Networks whose messages are scalars: exact on graphs whose equivalent atoms are merged."""

    aggregation: Sum = Field(default="mean", description="Of the messages that an atom gets.")


class MPEU(_Scalar):
    """Message passing with edge updates (Jørgensen et al. 2018, arXiv 1806.03146)."""

    kind: Literal["mpeu"] = "mpeu"
    activation: Activation = "shifted-softplus"


class SchNet(_Scalar):
    """Continuous-filter convolutions (Schütt et al. 2018, doi 10.1063/1.5019779)."""

    kind: Literal["schnet"] = "schnet"
    activation: Activation = "shifted-softplus"


class EdgeGated(_Scalar):
    """Edge-gated convolutions: one edge layer a step, light and quick to train.

    After Bresson & Laurent 2017 (arXiv 1711.07553) and Choudhary & DeCost 2021 (doi 10.1038/s41524-021-00650-1), with
    gates that are linear in the edge.
    """

    kind: Literal["edge-gated"] = "edge-gated"
    activation: Activation = "silu"
    element_features: bool = Field(
        default=True, description="Give group, period, block, electronegativity … of the elements beside their number."
    )


class PaiNN(_Network):
    """Polarizable atom interaction network: scalar and vector features (Schütt et al. 2021, arXiv 2102.03150)."""

    kind: Literal["painn"] = "painn"
    latent: int = Field(default=128, ge=2, le=4096, description="Scalar, and vector, features of each atom.")
    activation: Activation = "silu"
    radial: int = Field(default=20, ge=1, le=500, description="Radial functions of the filters.")
    radius: Length = Field(
        default=10.0, gt=0, description="Where filters go to zero, for graphs that have no `cutoff` of their own."
    )


class Dense(SpecModel):
    """Layers of equally many nodes on the composition: what can be told without the structure."""

    kind: Literal["dense"] = "dense"
    layers: int = Field(default=2, ge=1, le=20, description="Hidden layers.")
    nodes: int = Field(default=64, ge=2, le=4096, description="Of each hidden layer.")
    readout: Sum = Field(
        default="mean", description="Mean for quantities of an atom, sum for those that grow with the cell."
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Share of the first layer left out in training.")
    activation: Activation = "silu"
    element_features: bool = Field(
        default=True, description="Give group, period, block, electronegativity … of the elements beside their number."
    )


Network = Annotated[MPEU | SchNet | EdgeGated | PaiNN | Dense, Discriminator("kind")]


class Decay(SpecModel):
    """The learning rate falls by steps."""

    factor: float = Field(gt=0, le=1, description="What the rate is multiplied with …")
    every: int = Field(ge=1, description="… each time that so many gradient steps are done.")


class Training(SpecModel):
    """How a network is trained: Adam on standardised targets, stopped early by the validation part."""

    batch: int = Field(default=32, ge=1, description="Crystals of each gradient step.")
    max_steps: int = Field(default=20_000, ge=1, description="Gradient steps at most.")
    learning_rate: float = Field(default=3e-3, gt=0)
    decay: Decay | Literal["linear", "cosine", "none"] = Field(
        default="linear", description="How the learning rate falls: to zero at `max_steps`, by steps, or not."
    )
    warm_up: float = Field(default=0.0, ge=0, lt=1, description="Share of `max_steps` in which the rate rises.")
    cool_down: float = Field(
        default=0.0, ge=0, le=1, description="Share of `max_steps`, in the end, in which the rate falls to zero."
    )
    loss: Literal["mae", "mse", "huber"] = Field(default="mse", description="Of standardised targets.")
    huber: float = Field(default=1.0, gt=0, description="Where Huber's loss turns from squares to absolute values.")
    weight_decay: float = Field(default=0.0, ge=0, description="Decoupled from the gradient, as in AdamW.")
    averaging: float = Field(
        default=0.995, ge=0, lt=1, description="Memory of the moving average of the weights that predicts; 0: none."
    )
    baseline: Literal["mean", "elements"] = Field(
        default="mean",
        description="What is subtracted first: the mean of the training targets, or a ridge fit to the composition.",
    )
    jitter: Length = Field(
        default=0.0, ge=0, description="Noise on distances in training, one draw for each set of equal distances."
    )
    evaluate_every: int = Field(default=1000, ge=1, description="Gradient steps between looks at the validation part.")
    patience: int | None = Field(
        default=None,
        ge=1,
        description="Stop when validation is worse than it was so many steps ago; never if left out.",
    )
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = Field(
        default=(0,), description="A network is trained for each; their mean predicts."
    )
    cores: int = Field(default=1, ge=1, le=256, description="Of each training. Their number changes the last bits.")
    precision: Literal["float32", "mixed"] = Field(
        default="float32", description="mixed: products in bfloat16, sums in float32, on GPUs; CPUs compute in float32."
    )

    @property
    def n_evaluations(self) -> int:
        """Looks at the validation part when training isn't stopped early; the last is at `max_steps`."""
        return -(-self.max_steps // self.evaluate_every)

    def findings(self, *path: str | int) -> Iterable[Finding]:
        """What of it doesn't go together, where it stands at `path` of a spec."""
        for i, seed in enumerate(self.seeds):
            if seed in self.seeds[:i]:
                yield Finding((*path, "seeds", i), f"seed {seed} is listed twice", "Keep one of the two")
        if self.warm_up + self.cool_down > 1:
            right = "Let them make 1 at most"
            yield Finding((*path, "cool_down"), "overlaps the warm-up", right)
        if self.patience is not None and self.patience < self.evaluate_every:
            what = f"is shorter than the {self.evaluate_every} steps between two evaluations"
            yield Finding((*path, "patience"), what, "Evaluate more often, or be more patient")
