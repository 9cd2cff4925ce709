"""The names of files in a BIDS dataset."""

from __future__ import annotations

from functools import cached_property
from typing import Any


class FileNames:
    """Entities of file names, by PyBIDS.

    PyBIDS' own index (BIDSLayout) is not used. It reads every JSON of a dataset and ends with a
    traceback at the first that is broken or contradicts the file's name; it finds ids in folders
    above the dataset; and its messages hold absolute paths.
    """

    @cached_property
    def _config(self) -> Any:
        from bids.layout.models import Config  # slow to import, and only needed here

        return Config.load("bids")

    def entities(self, path: str) -> dict[str, Any]:
        """Entities of a path below the dataset, suffix and extension among them."""
        from bids.layout import parse_file_entities

        return parse_file_entities(f"/{path}", config=self._config)
