"""`gfce evaluate-bundle`: another hospital's patients are scored where they are.

The bundle's models and the hospital's dataset become a study in a temporary folder, on which the
steps of every study run: what they write is what they would write if the hospital were one of the
study's external institutions. Of that, scores and counts are kept.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from gfce.config import StudyConfig
from gfce.dicom.pseudonyms import Pseudonyms, read_key, write_links
from gfce.errors import UserError
from gfce.evaluation.baselines import Known, baseline_rows, one_of_each_design
from gfce.evaluation.evaluate import evaluate
from gfce.evaluation.predict import predict
from gfce.evaluation.tables import BASELINES_TABLE
from gfce.exchange.institution import check_institution
from gfce.exchange.patients import examined, index_by_pseudonyms, refuse_wrong_images
from gfce.exchange.received_bundle import ReceivedBundle
from gfce.exchange.request import Request, check_places, read_bids
from gfce.exchange.rows import patient_rows, write_rows
from gfce.images.fitting import load_normalization
from gfce.images.preprocess import preprocess
from gfce.progress import progress
from gfce.statistics.tables.read import gather_metrics
from gfce.study import Results
from gfce.study.remote import BASELINES, METRICS, PATIENTS

OPTIONS = {
    "cohort.dataset": "the dataset",
    "cohort.mask_label": "--mask-label",
    "cohort.bids.": "--bids: ",
}
"""What takes the place of keys of a configuration here."""
TEMPORARY = "gfce-evaluate-bundle-"
"""What the name of the temporary folder begins with; a process that is killed leaves it."""


def evaluate_bundle(request: Request) -> str:
    """Predict and score the patients of an institution by every model of a bundle.

    Returns:
        What was done, in one line.

    Raises:
        UserError: the bundle, the dataset, the key or the output cannot be used; a name is taken;
            nobody is usable; two modalities of a patient are one image. Then there is no output.
    """
    check_places(request)
    bundle = ReceivedBundle.read(request.bundle)
    check_institution(request.institution, bundle.config)
    pseudonyms = Pseudonyms(read_key(request.key, request.dataset))
    with tempfile.TemporaryDirectory(prefix=TEMPORARY) as folder, _in_the_users_words(folder):
        config = _study(bundle.config, request, Path(folder))
        bundle.unpack(Results(config))
        patients, excluded = examined(config, request.workers)
        refuse_wrong_images(config, patients, request.workers)
        links = index_by_pseudonyms(config, patients, pseudonyms)
        preprocess(config, request.institution)
        _score(config, bundle)
        tables = {
            METRICS: gather_metrics(config),
            BASELINES: _baselines(config, bundle),
            PATIENTS: patient_rows(config),
        }
    write_links(request.key, links)
    write_rows(request.output, tables, excluded, bundle, config)
    return (
        f"{request.institution}: {len(patients)} patients scored by {len(bundle.cells)} models, "
        f"{excluded.total()} excluded"
    )


def _study(sent: StudyConfig, request: Request, folder: Path) -> StudyConfig:
    """The bundle's study with the hospital as its only external institution."""
    cohort: dict[str, Any] = {
        "dataset": request.dataset,
        "external": [request.institution],
        "bids": read_bids(request.bids),
    }
    if request.mask_label is not None:
        cohort["mask_label"] = request.mask_label
    training = {"device": _device(request.device or sent.training.device)}
    return sent.model_copy(
        update={
            "results": folder,
            "cohort": sent.cohort.model_copy(update=cohort),
            "training": sent.training.model_copy(update=training),
        }
    )


def _device(asked: str) -> str:
    """The kind of device that is used, which rows.json names."""
    from gfce.training.arithmetic import find_device  # torch is slow to import

    try:
        return find_device(asked).type
    except UserError:
        raise UserError("--device: this machine has no usable GPU: give --device cpu") from None


def _score(config: StudyConfig, bundle: ReceivedBundle) -> None:
    results = Results(config)
    for cell in bundle.cells:
        predict(config, cell)
        evaluate(config, cell)
        # All models' volumes together may be more than a disk of temporary files holds.
        shutil.rmtree(results.predictions(cell))


def _baselines(config: StudyConfig, bundle: ReceivedBundle) -> pd.DataFrame:
    results = Results(config)
    known: Known = {}
    return BASELINES_TABLE.frame(
        [
            row
            for cell in progress(one_of_each_design(bundle.cells), "baselines")
            for row in baseline_rows(
                config,
                cell,
                load_normalization(results.normalization(cell)),
                bundle.cells[cell].mean_ce,
                known,
            )
        ]
    )


@contextmanager
def _in_the_users_words(folder: str) -> Iterator[None]:
    """Messages of the steps name no temporary folder, and options for keys of a configuration."""
    try:
        yield
    except UserError as error:
        text = str(error).replace(f"{folder}/", "")
        for key, option in OPTIONS.items():
            text = text.replace(key, option)
        raise UserError(text) from None
