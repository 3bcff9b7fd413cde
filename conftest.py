"""What lessons, examples and tests share: kernels, no loop in the way, and no language chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import nbval.kernel
import pytest

from qftools import texts

pytest_plugins = ["pytester"]  # for the tests of our own plugin

_start = nbval.kernel.start_new_kernel


def start_new_kernel(*args: Any, **kwargs: Any) -> Any:
    """Start a kernel; where its port was taken first and it died, twice at most another."""
    for left in (2, 1, 0):
        try:
            return _start(*args, **kwargs)
        except RuntimeError:
            if not left:
                raise
    raise AssertionError("unreachable")


nbval.kernel.start_new_kernel = start_new_kernel
# It writes out each message of a kernel for a log that is off, which took longer than reading it.
nbval.kernel.pformat = lambda message: message


@pytest.fixture(autouse=True)
def no_language_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever language a test has chosen, or a command for click: the next begins without.

    Nor is a panel of a test before shown again whenever this one chooses: they stay alive.
    """
    monkeypatch.setattr(texts, "_chosen", None)
    monkeypatch.setattr(texts, "_followers", texts._followers.copy())
    monkeypatch.delenv("LANGUAGE", raising=False)


@pytest.fixture(autouse=True)
def no_loop_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """Between its calls, a browser of this run leaves its event loop set: others begin without."""
    left = asyncio._get_running_loop()
    if left is None or "browser" in request.fixturenames:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(left)
