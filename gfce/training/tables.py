"""The table of a training: history.csv."""

from __future__ import annotations

from gfce.contract.table import Column, Table

HISTORY = Table(
    name="history",
    title="Course of a training",
    key=("epoch",),
    columns=(
        Column("epoch", "integer", "Epoch", minimum=1),
        Column("loss_generator", "number", "Generator's loss: adversarial and weighted L1"),
        Column("loss_adversarial", "number", "Adversarial part of the generator's loss"),
        Column("loss_l1", "number", "Mean absolute error in the network's range"),
        Column("loss_discriminator", "number", "Discriminator's loss"),
        Column("learning_rate", "number", "Learning rate of the epoch", minimum=0),
        Column("seconds", "number", "Wall seconds of the epoch", "s", minimum=0),
    ),
)
