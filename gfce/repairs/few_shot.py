"""Fine-tuning of a finished model with a few patients of the hospital that it is to work at.

All weights are trained on, from those of the model without a repair, with the losses, the optimizer
and the order of slices of every training (`gfce.training.loop.train`), by a learning rate of its
own that falls linearly to 0 from the first epoch: the second half of pix2pix' schedule (Isola et
al. 2017), whose first half the model has had. Fine-tuning of all layers for medical images:
Tajbakhsh et al. 2016, IEEE Trans Med Imaging 35:1299; of MRI networks with few images of another
domain: Dar et al. 2020, Magn Reson Med 84:663.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gfce.repairs.method import Learned, Method, Option

if TYPE_CHECKING:
    from gfce.config import Training
    from gfce.images.store import StoredPatient
    from gfce.training.finished import FinishedModel


def fine_tune(model: FinishedModel) -> Learned:
    """Train the finished model further, once for each external institution.

    Each has a checkpoint of its own: whoever is killed goes on where it stood, and ends with the
    same bytes. The discriminator, which no file of weights holds, begins anew.

    Raises:
        TrainingStopped: a signal or the walltime stopped it; its state is saved.
        UserError: as `gfce.training.loop.train`.
    """
    from gfce.training.cell import software_versions

    started = time.monotonic()
    targets: dict[str, dict[str, Any]] = {}
    for institution, patients in model.targets().items():
        settings = _settings(model, (time.monotonic() - started) / 60)
        targets[institution] = _fine_tune_to(model, institution, patients, settings)
    return Learned(
        {
            "versions": software_versions(),
            "device": next(iter(targets.values()))["device"],
            "steps": sum(target["steps"] for target in targets.values()),
            "adapted_to": targets,
        }
    )


def _settings(model: FinishedModel, passed_minutes: float) -> Training:
    """The options of a training that begins when some of the walltime is over."""
    training, options = model.config.training, model.options
    walltime = training.walltime_minutes
    # No time at all would be no limit.
    left = walltime and max(walltime - passed_minutes, 1e-6)
    changes = {
        "epochs": options["epochs"],
        "constant_epochs": 0,
        "learning_rate": options["learning_rate"],
        "walltime_minutes": left,
    }
    return training.model_copy(update=changes)


def _fine_tune_to(
    model: FinishedModel, institution: str, patients: list[StoredPatient], settings: Training
) -> dict[str, Any]:
    """Train for one institution and write its weights and its history; what run.json says of it."""
    import pandas as pd

    from gfce.files import atomic_write, write_csv
    from gfce.study import model_label
    from gfce.training.cell import slices_of
    from gfce.training.loop import train
    from gfce.training.weights import load_generator, save_weights

    config, cell, results = model.config, model.cell, model.results
    names = [patient.patient_id for patient in patients]
    slices = slices_of(patients, model.normalization)
    network, bounded = config.network(cell.network), model.normalization.bounded
    trained = train(
        slices,
        network,
        settings,
        bounded=bounded,
        seed=int(cell.seed),
        checkpoint=results.adapted_checkpoint(cell, institution),
        key=model.key_of(names),
        initial=load_generator(model.weights).state_dict(),
        label=f"{model_label(config, cell)} at {institution}",
    )
    with atomic_write(results.adapted_weights(cell, institution)) as temporary:
        save_weights(temporary, trained.generator, network, bounded=bounded)
    write_csv(pd.DataFrame(trained.history), results.adapted_history(cell, institution))
    return {
        "device": trained.device,
        "steps": trained.steps,
        "slices": len(slices),
        "patients": names,
    }


METHOD = Method(
    title="Fine-tuned with a few patients of the hospital",
    needs="T1w, T2w and CE of a few patients of the other hospital",
    options={
        "patients": Option(
            default=5, meaning="patients of each external institution", low=1, high=1000
        ),
        "epochs": Option(default=20, meaning="passes over their slices", low=1, high=100_000),
        "learning_rate": Option(
            default=1e-4, meaning="of the first epoch; it falls linearly to 0", low=1e-9, high=1
        ),
    },
    training_sets="single",
    begins_with_none=True,
    target_patients="patients",
    learn=fine_tune,
)
