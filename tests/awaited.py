"""Lets a plain test speak to an async client: what is awaited runs in one event loop.

So the same test says of both clients what they promise.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import qftools
from qftools import AsyncClient, Client, Journal, Outcome
from qftools.sandbox import Sandbox


class Awaited:
    """An async client whose calls return when they are done.

    Used in a ``with`` it has one event loop, and else another one for each call, or what *run_now*
    runs them in.
    """

    def __init__(self, client: AsyncClient, run_now: Callable[..., Any] = asyncio.run) -> None:
        self.__dict__.update(client=client, run_now=run_now)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if not inspect.iscoroutinefunction(found):
            return found
        return lambda *args, **named: self.run_now(found(*args, **named))

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.client, name, value)

    def __enter__(self) -> Awaited:
        runner = asyncio.Runner()
        self.__dict__.update(runner=runner, run_now=runner.run)
        return self

    def __exit__(self, *exc: object) -> None:
        self.close_connections()
        self.runner.close()


def awaited(*args: Any, pause: Callable[[float], object] | None = None, **named: Any) -> Any:
    """An async client for plain tests; it takes what a `Client` takes, also a plain pause."""
    if pause is not None:
        named["pause"] = later(pause)
    return Awaited(AsyncClient(*args, **named))


def later(pause: Callable[[float], object]) -> Any:
    """What an async client can wait with."""

    async def sleep(seconds: float) -> None:
        pause(seconds)

    return sleep


def of_sandbox(sandbox: Sandbox) -> Any:
    """An async client for plain tests that is wired to *sandbox*."""
    return Awaited(sandbox.async_client())


def cancel(client: Any, *args: Any, **named: Any) -> Outcome:
    """Cancel, with either client."""
    if not isinstance(client, Awaited):
        return qftools.cancel(client, *args, **named)
    outcome: Outcome = client.run_now(qftools.acancel(client.client, *args, **named))
    return outcome


def resume(journal: Journal, client: Any, number: int, **named: Any) -> Outcome:
    """Go on with an entry of *journal*, with either client."""
    if not isinstance(client, Awaited):
        return journal.resume(client, number, **named)
    outcome: Outcome = client.run_now(journal.aresume(client.client, number, **named))
    return outcome


CLIENTS: dict[str, Callable[..., Any]] = {"plain": Client, "async": awaited}
