"""Checkpoint files: written atomically, verified when read, tensors and JSON only."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

LOGGER = logging.getLogger(__name__)
FORMAT = 1


class Checkpoint(NamedTuple):
    """A training's state: tensors by name, and all other values as JSON."""

    tensors: dict[str, Tensor]
    values: dict[str, Any]


class _UnusableError(Exception):
    """Why a checkpoint cannot be continued."""


def previous(path: Path) -> Path:
    """Where the checkpoint before the last one is kept."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def write(path: Path, checkpoint: Checkpoint, key: str) -> None:
    """Write a checkpoint such that a crash at any moment leaves a complete one on the disk.

    Args:
        path: the file to write; a file of that name becomes the previous checkpoint.
        checkpoint: the state to keep.
        key: hash of all that the training depends on.
    """
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()
    }
    values = json.dumps({"format": FORMAT, "key": key, **checkpoint.values})
    content = save(tensors, {"values": values, "sha256": _digest(tensors, values)})
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        path.replace(previous(path))
    part.replace(path)
    _sync_folder(path.parent)


def read(path: Path, key: str) -> Checkpoint | None:
    """Read the newest usable checkpoint of this key, the last or the previous one (None: neither).

    A file that is truncated, damaged or of another key is renamed to `<name>.set-aside`, and the
    log says so.
    """
    for candidate in (path, previous(path)):
        if not candidate.exists():
            continue
        try:
            return _read(candidate, key)
        except _UnusableError as reason:
            aside = candidate.with_name(candidate.name + ".set-aside")
            candidate.replace(aside)
            LOGGER.warning("%s: %s: set aside as %s", candidate, reason, aside.name)
    return None


def _read(path: Path, key: str) -> Checkpoint:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        text, digest = metadata["values"], metadata["sha256"]
    except (SafetensorError, KeyError, OSError) as error:
        raise _UnusableError(f"not a complete checkpoint ({error})") from None
    if digest != _digest(tensors, text):
        raise _UnusableError("its content is damaged (checksum)")
    values = json.loads(text)
    if values.pop("format") != FORMAT or values.pop("key") != key:
        raise _UnusableError("it belongs to another configuration, data set or version")
    return Checkpoint(tensors, values)


def _digest(tensors: dict[str, Tensor], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().data)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
