"""Panels speak English in tests, whatever the machine's locale."""

from __future__ import annotations

import pytest

from qftools import locale


@pytest.fixture(autouse=True)
def english() -> None:
    """English, whatever the machine speaks."""
    locale.use_language("en")
