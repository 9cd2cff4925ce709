"""FedProx: federated averaging whose hospitals are held near the common weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.repairs.fedavg import LOCAL_EPOCHS
from gfce.repairs.fedavg import METHOD as FEDAVG
from gfce.repairs.method import Method, Option, Options

if TYPE_CHECKING:
    from gfce.training.start import Begun, Start


def train(start: Start, options: Options) -> Begun:
    """Begin a training by FedProx (Li et al., MLSys 2020, eq. 2), by Adam as all trainings are.

    The term pulls on generator and discriminator. Its gradient is added to that of the loss before
    Adam divides both by their size: mu weighs the pull against the loss, not against the rate. The
    paper's 0.001 to 1 are for losses of about 1; that of a generator is 100 times an L1 loss.
    """
    from gfce.training.federated import begin_federated  # torch is slow to import

    return begin_federated(start, int(options["local_epochs"]), float(options["mu"]))


METHOD = Method(
    title="Federated averaging with a proximal term",
    needs=FEDAVG.needs,
    options={
        "local_epochs": LOCAL_EPOCHS,
        "mu": Option(
            default=10.0,
            meaning="weight of the squared distance from the common weights",
            low=0.0,
            high=1000.0,
        ),
    },
    training_sets="pooled",
    train=train,
)
