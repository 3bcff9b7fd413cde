"""Panels speak English in tests, whatever the machine's locale."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qftools import locale


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """English, and whatever was spoken before comes back."""
    before = locale.language()
    locale.use_language("en")
    yield
    locale.use_language(before)
