"""pydicom without a word: its warnings and its log repeat values, which may name the patient."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom import config

_LOGGER = logging.getLogger("pydicom")


@contextmanager
def quietly() -> Iterator[None]:
    """Within the block pydicom neither warns nor logs, and checks no value that it reads."""
    settings, disabled = config.settings, _LOGGER.disabled
    mode = settings.reading_validation_mode
    settings.reading_validation_mode, _LOGGER.disabled = config.IGNORE, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        settings.reading_validation_mode, _LOGGER.disabled = mode, disabled
