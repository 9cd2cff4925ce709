"""What a hospital asks for when it evaluates a bundle, and where things may lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gfce.cohort.conversions import check_new
from gfce.config import Bids
from gfce.config.reading import checked, read_yaml
from gfce.errors import UserError


@dataclass(frozen=True)
class Request:
    """What a hospital asks for.

    Attributes:
        bundle: the file that it was sent.
        dataset: its BIDS dataset.
        institution: its name, in participants.tsv and in the study's tables.
        key: file with the secret of its pseudonyms; made if it is not there.
        output: folder of rows to write.
        device: where to compute (None: as the study's configuration says).
        mask_label: label of the tumour in its masks (None: as the study's configuration says).
        bids: file with the keys of `cohort.bids`, of a dataset that needs them (None: it needs
            none).
        workers: processes to share the patients.
    """

    bundle: Path
    dataset: Path
    institution: str
    key: Path
    output: Path
    device: str | None = None
    mask_label: int | None = None
    bids: Path | None = None
    workers: int = 1


def check_places(request: Request) -> None:
    """Refuse places that would give a secret away or mix what is sent with what stays.

    Raises:
        UserError: the output exists or lies in the dataset, or the key would lie in the output.
    """
    check_new(request.output)
    output, dataset = request.output.resolve(), request.dataset.resolve()
    if output.is_relative_to(dataset) or dataset.is_relative_to(output):
        raise UserError(
            "--output: one of it and the dataset lies in the other: name another folder"
        )
    if request.key.resolve().is_relative_to(output):
        raise UserError("--key: lies in the output, which goes to others: keep it elsewhere")


def read_bids(path: Path | None) -> Bids:
    """What to take from a dataset that has more than one file of a modality, or other names.

    Raises:
        UserError: the file cannot be read, or has a key or a value that there is not.
    """
    if path is None:
        return Bids()
    content = read_yaml(path, "--bids", "a YAML file")
    return checked(Bids, content, "--bids", "docs/own-data.md")
