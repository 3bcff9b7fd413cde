"""Panels speak English in tests, whatever the machine's locale, and end with their test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ipywidgets import Widget

from qftools import locale


@pytest.fixture(autouse=True)
def english() -> None:
    """English, whatever the machine speaks."""
    locale.use_language("en")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """ipywidgets keeps each widget until it is closed, and saves all of them with a notebook."""
    yield
    Widget.close_all()
