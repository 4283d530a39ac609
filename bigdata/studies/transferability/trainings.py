"""What is trained: a network for each training set, share of its groups, and seed."""

from __future__ import annotations

from dataclasses import dataclass

from bigdata.studies.transferability.model import Combined, Transferability


@dataclass(frozen=True)
class OneTraining:
    """A network of a model: trained on `share` of the model's training groups, from `seed`."""

    model: str
    members: Combined
    share: float
    seed: int

    @property
    def label(self) -> str:
        """`mp, seed 0`; `mp, 10 %, seed 0`."""
        share = "" if self.share == 1 else f"{100 * self.share:g} %, "
        return f"{self.model}, {share}seed {self.seed}"

    @property
    def fields(self) -> dict[str, object]:
        """What its numbers depend on beside the study's datasets, split, graph, network and training."""
        return {**self.members.model_dump(mode="json"), "share": self.share, "seed": self.seed}


def shares(study: Transferability) -> list[float]:
    """The rungs of the data ladder, from the least to the whole."""
    return [*sorted(study.ladder), 1.0]


def trainings(study: Transferability) -> list[OneTraining]:
    """All of them: those on the whole come first."""
    return [
        OneTraining(model, members, share, seed)
        for share in reversed(shares(study))
        for model, members in study.members.items()
        for seed in study.training.seeds
    ]


def rungs(study: Transferability) -> list[tuple[str, float]]:
    """Each model with each share of its groups below the whole, from the least on."""
    return [(model, share) for share in shares(study)[:-1] for model in study.members]


def pairs(study: Transferability) -> list[tuple[str, str]]:
    """Each model with each dataset that it predicts."""
    return [(model, dataset) for model in study.members for dataset in study.datasets]


def places(study: Transferability, model: str, share: float = 1.0) -> list[int]:
    """Where the trainings of a model stand among all, one for each seed."""
    return [i for i, one in enumerate(trainings(study)) if (one.model, one.share) == (model, share)]
