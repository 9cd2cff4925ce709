"""Federated averaging: hospitals train on their own patients, and only weights leave them.

All hospitals are simulated in one process, one after the other. A round is `local_epochs` epochs of
each hospital from the common weights; behind it the common weights are the hospitals' mean, each
weighing as its slices (McMahan et al., AISTATS 2017, algorithm 1). The discriminator is averaged as
the generator is (FedGAN: Rasouli et al., arXiv:2006.07228, 2020), and so are the running statistics
of batch normalization. Every epoch has each slice once: as many as the pooled training has.

A hospital keeps Adam's moments from round to round: the few hospitals of a study take part in every
round and have a state, unlike telephones (cross-silo: Kairouz et al., Found. Trends Mach. Learn.
14(1-2), 2021, table 1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gfce.training.adam import Adam
from gfce.training.data import Batches, epoch_order
from gfce.training.start import Begun, Start
from gfce.training.state import State


@dataclass(frozen=True)
class FederatedBatches(Batches):
    """The slices of each step: in each epoch hospital after hospital.

    A hospital's slices come in the order that they have among all of them.

    Attributes:
        members: indices of each hospital's slices.
    """

    members: tuple[NDArray[np.int64], ...] = ()

    @property
    def turns(self) -> list[int]:
        """The hospital of each step of an epoch."""
        steps = [-(-len(member) // self.size) for member in self.members]
        return [hospital for hospital, count in enumerate(steps) for _ in range(count)]

    def __len__(self) -> int:
        """Steps of an epoch."""
        return len(self.turns)

    def indices(self, epoch: int, device: torch.device) -> tuple[Tensor, ...]:
        """Indices of the slices of each step of an epoch (from 0), int64, on a device."""
        order = epoch_order(len(self.slices), self.seed, epoch, shuffle=self.shuffle)
        own = [
            torch.tensor(order[np.isin(order, member)], device=device) for member in self.members
        ]
        return tuple(chosen for each in own for chosen in torch.split(each, self.size))


@dataclass(kw_only=True)
class Federation(State):
    """The common model, and the state of each hospital.

    Generator and discriminator are the common ones; the optimizers are those of the hospitals.

    Attributes:
        hospitals: the state of each.
        shares: the weight of each in the mean; their sum is 1.
        turns: the hospital of each step of an epoch.
        local_epochs: epochs between two means.
        epochs: epochs of the training, the last of which ends in a mean in any case.
    """

    hospitals: Sequence[State]
    shares: Sequence[float]
    turns: Sequence[int]
    local_epochs: int
    epochs: int

    @property
    def at_work(self) -> State:
        """The hospital whose turn it is."""
        return self.hospitals[self.turns[self.step]]

    @property
    def common(self) -> dict[str, nn.Module]:
        """The common networks by name."""
        return super().networks

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The common networks and those of each hospital, by name."""
        return self.common | _named([hospital.networks for hospital in self.hospitals])

    @property
    def optimizers(self) -> dict[str, Adam]:
        """The hospitals' optimizers by name."""
        return _named([hospital.optimizers for hospital in self.hospitals])

    def end_epoch(self, rate: float) -> None:
        """End the epoch, and the round if it is the round's last one."""
        super().end_epoch(rate)
        if self.epoch % self.local_epochs == 0 or self.epoch == self.epochs:
            self._average()
            self.spread()

    @torch.no_grad()
    def _average(self) -> None:
        for name, network in self.common.items():
            states = [hospital.networks[name].state_dict() for hospital in self.hospitals]
            for key, value in network.state_dict().items():
                parts = [share * s[key] for share, s in zip(self.shares, states, strict=True)]
                value.copy_(torch.stack(parts).sum(0))

    def spread(self) -> None:
        """Give the hospitals the common weights."""
        for name, network in self.common.items():
            for hospital in self.hospitals:
                hospital.networks[name].load_state_dict(network.state_dict())


def begin_federated(start: Start, local_epochs: int, proximal: float = 0.0) -> Begun:
    """Begin a federated training of the institutions of a training set.

    Args:
        start: what it starts from; its slices say their institutions.
        local_epochs: epochs of each hospital between two means; the last round has fewer where it
            does not divide the epochs.
        proximal: mu of FedProx; a hospital's loss then has mu / 2 times the squared distance of
            its weights from the common ones (Li et al., MLSys 2020, eq. 2). 0 is FedAvg.
    """
    institutions = np.array(start.slices.institutions)
    members = tuple(np.flatnonzero(institutions == name) for name in dict.fromkeys(institutions))
    batches = FederatedBatches(**vars(start.batches()), members=members)
    common = start.state(len(batches))
    federation = Federation(
        **vars(common),
        hospitals=[start.state(0) for _ in members],
        shares=[len(member) / len(institutions) for member in members],
        turns=batches.turns,
        local_epochs=local_epochs,
        epochs=start.settings.epochs,
    )
    federation.spread()
    if proximal:
        _hold(federation, proximal)
    return federation, batches


def _hold(federation: Federation, proximal: float) -> None:
    """Add the gradient of the proximal term before each step of each hospital's optimizers."""
    for hospital in federation.hospitals:
        for name in hospital.networks:
            anchors = list(federation.common[name].parameters())
            optimizer = hospital.optimizers[f"{name}_optimizer"]
            optimizer.before_step.append(_pull(optimizer.weights, anchors, proximal))


def _pull(
    weights: list[nn.Parameter], anchors: list[nn.Parameter], proximal: float
) -> Callable[[], None]:
    def add() -> None:
        for weight, anchor in zip(weights, anchors, strict=True):
            if weight.grad is not None:
                weight.grad.add_(weight - anchor, alpha=proximal)

    return add


def _named(by_hospital: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        f"hospital{number}.{name}": value
        for number, named in enumerate(by_hospital)
        for name, value in named.items()
    }
