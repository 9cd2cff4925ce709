"""The paper's tables 2 to 5 as printed, and how many patients each of its institutions tested."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
"""Where they lie; read by `gfce.statistics.audit.published`."""
