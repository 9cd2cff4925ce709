"""What takes minutes is tested by `make test-long`."""

from __future__ import annotations

import os

import pytest

LONG = bool(os.environ.get("GFCE_TEST_LONG"))
takes_minutes = pytest.mark.skipif(not LONG, reason="takes minutes: make test-long")
