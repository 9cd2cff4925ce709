"""Federated averaging: pooled training without pooled images (`gfce.training.federated`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfce.repairs.method import Method, Option, Options

if TYPE_CHECKING:
    from gfce.training.start import Begun, Start

LOCAL_EPOCHS = Option(
    default=1,
    meaning="epochs of each hospital between two means of the weights",
    low=1,
    high=100_000,
)


def train(start: Start, options: Options) -> Begun:
    """Begin a training by FedAvg (McMahan et al., AISTATS 2017, algorithm 1)."""
    from gfce.training.federated import begin_federated  # torch is slow to import

    return begin_federated(start, int(options["local_epochs"]))


METHOD = Method(
    title="Federated averaging",
    needs="a network between the training hospitals, for weights; nothing of the other hospital",
    options={"local_epochs": LOCAL_EPOCHS},
    training_sets="pooled",
    train=train,
)
