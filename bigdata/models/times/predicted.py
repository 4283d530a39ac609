"""How long the paper's networks train, as its authors' 1,450 timed trainings tell.

From 2,517 rows of github.com/tisabe/jraph_MPEU (see make.py): 731 are of trainings without times, and 336 repeat
others. The law is in law.py, its numbers in the tables beside this module. Median absolute relative errors, and how
many of those held out the intervals of 90 % hold, calibrated without them:

    held out                                           batch    step     holds
    three of ten iterations of all settings            1.3 %    0.5 %    89-90 %
    one batch size of each group                       2.0 %    3.5 %    88 % (calibrated on the other dataset)
    all of 2,000,000 steps, which are of other days    2.7 %    2.0 %    30 %

So intervals say how trainings of the same days, of the authors' code on their machines (an NVIDIA A100 and CPUs of
their cluster), differ. Other days differ more, by 3 %, and other machines, versions and larger graphs by any factor.
Worst of all is SchNet on QM9 by CPU in batches of 16 (static-64): trainings of 100,000 steps and of 2,000,000 differ by
a quarter there, and the law is between them.
"""

from __future__ import annotations

from bigdata.models.times.law import Seconds
from bigdata.models.times.tables import shipped
from bigdata.models.times.trainings import Group

PAPER_STEPS = 2_000_000


def predicted(
    network: str, dataset: str, batch: int, device: str, batching: str = "dynamic", n_steps: int = PAPER_STEPS
) -> tuple[Seconds, Seconds]:
    """Mean seconds of making a batch and of a gradient step, over a training of `n_steps` steps, compilations included.

    `network` is schnet or mpeu, `dataset` aflow or qm9, `device` cpu or gpu (NVIDIA A100), `batching` dynamic,
    dynamic-64, static or static-64 (see trainings.BATCHINGS); `batch` counts graphs. Each time is (low, middle, high),
    an interval of 90 %. Raises ValueError where nothing near was measured, which says what was.
    """
    return shipped().predicted(Group(network, dataset, device, batching), batch, n_steps)
