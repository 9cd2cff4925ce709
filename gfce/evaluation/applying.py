"""A model applied to a patient, with what its repair does at test time."""

from __future__ import annotations

from gfce.images.arrays import Volume
from gfce.repairs.method import Application, Method


def apply_model(method: Method | None, application: Application) -> Volume:
    """The synthetic CE of a patient, network units, float32 (slice, row, column).

    Args:
        method: the repair of the model's cell (None: it has none).
        application: the model and the patient.

    Raises:
        UserError: what the repair has fitted is damaged.
    """
    from gfce.training.synthesis import synthesize  # torch is slow to import

    if method and method.at_test:
        application = method.at_test(application)
    return synthesize(
        application.generator,
        application.inputs["t1w"],
        application.inputs["t2w"],
        application.training.batch_size,
        application.training.precision,
    )
