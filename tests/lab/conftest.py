"""A JupyterLab for all tests of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import running


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab on a copy of the notebooks."""
    with running.lab(tmp_path_factory.mktemp("lab")) as address:
        yield address
