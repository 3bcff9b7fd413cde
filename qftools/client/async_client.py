"""The async client, for FastAPI and every other program that runs in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qftools.client.calls import Calls

if TYPE_CHECKING:
    import httpx2

    from qftools.client.async_connection import AsyncConnection


@contextmanager
def needs_extra() -> Iterator[None]:
    """Name the extra where an import in here fails.

    Raises:
        ImportError: One does.
    """
    try:
        yield
    except ImportError as error:
        needed = "AsyncClient needs the extra async: pip install 'qfpay-toolkit[async]'"
        raise ImportError(needed) from error


class AsyncClient(Calls["httpx2.AsyncBaseTransport", Awaitable[None]]):
    """Talks to one gateway for one merchant, in an event loop of asyncio.

    It has the calls of [Client][qftools.client.client.Client], with the same arguments, results
    and errors; each is awaited. It needs the extra ``async``.

    The arguments are those of [Client][qftools.client.client.Client], except:

    Args:
        pause: Is awaited for so many seconds before a query is repeated; ``asyncio.sleep`` by
            default.
        adapter: Carries the requests, an ``httpx2.AsyncBaseTransport``.

    If the task is cancelled in the middle of a call, nothing is known of that call, as after a
    lost reply: query the order, or use [acancel][qftools.cancellation.run.acancel] with a journal.

    Raises:
        ImportError: The extra ``async`` is not installed.
        WrongPlaceError: Host and credentials do not belong together.
        InputError: As for ``Client``.

    Example:
        >>> from qftools.sandbox import Sandbox
        >>> async def main():
        ...     with Sandbox() as sandbox:
        ...         async with sandbox.async_client() as client:
        ...             order = await client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        ...             return (await client.query(order)).transaction.state
        >>> asyncio.run(main())
        'open'
    """

    _sleep = staticmethod(asyncio.sleep)
    _connection: AsyncConnection

    def _connect(
        self, timeout: tuple[float, float], adapter: httpx2.AsyncBaseTransport | None
    ) -> AsyncConnection:
        with needs_extra():
            from qftools.client.async_connection import AsyncConnection

        return AsyncConnection(self.base_url, timeout, self.clock, adapter)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close_connections()

    async def close_connections(self) -> None:
        """Close the kept-alive connections; the client opens new ones when needed."""
        await self._connection.close()

    pay = Calls._pay
    query = Calls._query
    find = Calls._find
    reverse = Calls._reverse
    close = Calls._close
    refund = Calls._refund
    capture = Calls._capture
    release = Calls._release
    call = Calls._call
