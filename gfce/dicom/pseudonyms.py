"""Pseudonyms: keyed hashes of ids, and the table that leads back, beside the key.

A hash without a key could be reversed by trying all ids; HMAC-SHA256 (RFC 2104) with a secret key
cannot. Who has the key and the ids can link them again, as PS3.15, E.3 has it for pseudonyms.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from gfce.errors import UserError
from gfce.files import write_csv

KEY_BYTES = 32
PATIENT_DIGITS = 12
"""48 bits: among 10000 patients two share a pseudonym with a chance of 2e-7, which is checked."""
SERIES_DIGITS = 8
LINK_COLUMNS = ["participant_id", "institution", "issuer_of_patient_id", "patient_id"]


class Pseudonyms:
    """Names that say nothing without the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def patient(self, institution: str, issuer: str, patient_id: str) -> str:
        """The BIDS id of a patient: ids of two institutions are of two patients."""
        return "sub-" + self._digest("patient", institution, issuer, patient_id)[:PATIENT_DIGITS]

    def series(self, *identity: str) -> str:
        """A short name of a series (or of a part of one)."""
        return self._digest("series", *identity)[:SERIES_DIGITS]

    def _digest(self, *parts: str) -> str:
        return hmac.new(self._key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()


def read_key(path: Path, dataset: Path) -> bytes:
    """Read the key, or make one that only its owner may read.

    Raises:
        UserError: the key would lie in the dataset, is readable by others, or is none.
    """
    if path.resolve().is_relative_to(dataset.resolve()):
        raise UserError("the key file lies in the dataset: keep it where the dataset never goes")
    if not path.exists():
        _make_key(path)
    if not path.is_file():
        raise UserError("the key file is no file: name another")
    if path.stat().st_mode & 0o077:
        raise UserError("the key file may be read by others: chmod 600 it")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except ValueError:
        key = b""
    if len(key) < KEY_BYTES:
        raise UserError(
            f"the key file does not hold {KEY_BYTES} bytes in hexadecimal: name another"
        )
    return key


def write_links(key: Path, links: Mapping[str, tuple[str, str, str]]) -> None:
    """Write who is behind a pseudonym beside the key; patients of earlier imports stay.

    `links` gives the institution, the issuer and the PatientID of each pseudonym.
    """
    path = links_path(key)
    rows = pd.DataFrame([(name, *link) for name, link in links.items()], columns=LINK_COLUMNS)
    if path.exists():
        earlier = pd.read_csv(path, dtype=str, keep_default_na=False)
        rows = pd.concat([earlier[~earlier["participant_id"].isin(links)], rows])
    with _private():
        write_csv(rows.sort_values("participant_id"), path)


def links_path(key: Path) -> Path:
    """Where the table of pseudonyms lies."""
    return key.with_name(f"{key.name}.patients.csv")


def _make_key(path: Path) -> None:
    with _private():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another import was faster
            return
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")


@contextmanager
def _private() -> Iterator[None]:
    """Files that are made within the block may be read by their owner alone."""
    mask = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(mask)
