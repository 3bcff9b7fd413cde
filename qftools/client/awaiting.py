"""One text for both clients: every flow is a coroutine, and a plain client's never waits.

What decides what is sent, how a reply is read and what comes next is written once, as ``async
def``. An `AsyncClient` awaits it in an event loop. A `Client` has done its I/O when a call
returns, so its flows run from beginning to end at once, without any loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def settled(given: T | Awaitable[T]) -> T:
    """Return what a step gave: itself, or, from an async client, what is to be awaited.

    Example:
        >>> async def later(value):
        ...     return value
        >>> at_once(settled(1)), at_once(settled(later(2)))
        (1, 2)
    """
    return await given if isinstance(given, Awaitable) else given


def at_once(flow: Coroutine[Any, Any, T]) -> T:
    """Run *flow* to its end, and return what it returns.

    Raises:
        RuntimeError: It waits for an event loop: a plain client was given something async.

    Example:
        >>> import asyncio
        >>> at_once(asyncio.sleep(0))
        Traceback (most recent call last):
        ...
        RuntimeError: a plain client can't await: use an AsyncClient
    """
    try:
        flow.send(None)
    except StopIteration as ended:
        value: T = ended.value
        return value
    flow.close()
    raise RuntimeError("a plain client can't await: use an AsyncClient")
