"""What only an async client has: a task that is cancelled, a loop that ends, an extra.

What both clients promise is tested for both, in test_client, test_cancel and test_envelope.
"""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys

import httpx2
import pytest

from qftools import AsyncClient, Client, InputError, Journal, acancel, arefund, cancel, refund
from qftools.cancellation.outcome import Taken
from qftools.cancellation.policy import Policy
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import Ask, Walk
from qftools.sandbox import Sandbox
from tests.awaited import later


class Hurried(httpx2.AsyncBaseTransport):
    """Cancels the task at one moment: before or after the gateway got its n-th request."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, at: int) -> None:
        self.inner, self.at, self.moments = inner, at, 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await self._moment()
        answer = await self.inner.handle_async_request(request)
        await self._moment()
        return answer

    async def _moment(self) -> None:
        task = asyncio.current_task()
        if self.moments == self.at and task is not None:
            task.cancel()
        self.moments += 1
        await asyncio.sleep(0)


@pytest.mark.parametrize("at", range(6))  # three requests, each before and after it arrived
def test_a_task_that_is_cancelled_anywhere_leaves_a_journal_that_resume_finishes(sandbox, at):
    async def main(journal: Journal) -> None:
        client = sandbox.async_client()
        order = await client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        carrier = Hurried(client._connection._adapter, at)
        client._connection._adapter = carrier
        task = asyncio.create_task(acancel(client, order, journal=journal))
        await asyncio.wait([task])

        assert task.cancelled()
        (owed,) = journal.pending(client)
        outcome = await journal.aresume(client, owed.number)
        books = sandbox.order(order).state
        assert (books, journal.pending()) == ("cancelled", ())
        assert outcome.verdict in (Verdict.CANCELLED, Verdict.ALREADY_CANCELLED)
        assert len(outcome.steps) >= 2

    with Journal(":memory:") as journal:
        asyncio.run(main(journal))


class _Watch:
    """Notes what is asked and what is told."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def asking(self, walk: Walk, action: Ask) -> None:
        self.seen.append(action.endpoint)

    def told(self, walk: Walk, taken: Taken) -> None:
        self.seen.append(taken.finding)


def test_a_cancel_is_resumed_with_the_policy_the_pause_and_the_watch_that_are_given(sandbox):
    waits: list[float] = []
    watch = _Watch()

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        sandbox.clock.advance(seconds)

    async def main(journal: Journal) -> None:
        async with sandbox.async_client() as client:
            order = await client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
            with sandbox.fault("lost before", times=None):
                await acancel(client, order, journal=journal, policy=Policy(look_tries=1))
            sandbox.fault("lost before", "query", 1)
            patient = Policy(first_wait=7.0, longest_wait=7.0)
            await journal.aresume(client, 1, policy=patient, pause=pause, watch=watch)

    with Journal(":memory:") as journal:
        asyncio.run(main(journal))

    assert waits[0] == 7.0
    assert watch.seen[:3] == ["query", "SILENT", "query"]


def test_a_refund_whose_reply_is_lost_is_awaited_to_its_proof(sandbox):
    async def main() -> None:
        async with sandbox.async_client() as client:
            order = await client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
            sandbox.payer(order).pay()
            sandbox.fault("lost_reply", on="refund")
            outcome = await arefund(client, order, 500)
            assert outcome.verdict is Verdict.REFUNDED
            with pytest.raises(InputError, match="client is AsyncClient"):
                refund(client, order, 500)

    asyncio.run(main())


def test_what_is_known_of_an_order_by_name_is_awaited_like_an_order(sandbox):
    async def main() -> None:
        async with sandbox.async_client() as client:
            order = await client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
            outcome = await acancel(client, out_trade_no=order.out_trade_no)
            assert (outcome.verdict, outcome.order.syssn) == (Verdict.CANCELLED, order.syssn)

    asyncio.run(main())


def test_many_cancels_run_at_once_in_one_loop_and_each_has_its_own_verdict():
    async def main(sandbox: Sandbox) -> None:
        async with AsyncClient(
            sandbox.credentials,
            sandbox.serve(),
            clock=sandbox.clock.now,
            pause=later(sandbox.clock.sleep),
        ) as client:
            placed = [
                client.pay(pay_type="800101", txamt=2500 + number, txcurrcd="HKD")
                for number in range(8)
            ]
            orders = await asyncio.gather(*placed)
            sandbox.payer(orders[3]).pay()
            with Journal(":memory:") as journal:
                outcomes = await asyncio.gather(
                    *(acancel(client, order, journal=journal) for order in orders)
                )

        verdicts = [outcome.verdict for outcome in outcomes]
        assert verdicts == [Verdict.PAID if n == 3 else Verdict.CANCELLED for n in range(8)]

    with Sandbox() as sandbox:
        asyncio.run(main(sandbox))


def test_a_client_serves_one_event_loop_after_another(sandbox):
    client = AsyncClient(sandbox.credentials, sandbox.serve())

    async def ask() -> bool:
        found = await client.query("A1")
        await client.close_connections()
        return found.ok

    assert [asyncio.run(ask()) for _ in range(2)] == [True, True]


def test_each_cancel_refuses_the_other_client(sandbox):
    with pytest.raises(InputError, match="client is AsyncClient; it must be a Client"):
        cancel(sandbox.async_client(), "A1")
    with pytest.raises(InputError, match="client is Client; it must be an AsyncClient"):
        asyncio.run(acancel(sandbox.client(), "A1"))
    with Journal(":memory:") as journal:
        with pytest.raises(InputError, match="must be a Client"):
            journal.resume(sandbox.async_client(), 1)
        with pytest.raises(InputError, match="must be an AsyncClient"):
            asyncio.run(journal.aresume(sandbox.client(), 1))
    assert sandbox.exchanges == ()


def test_both_clients_have_the_same_calls_with_the_same_arguments():
    for name in ("pay", "query", "find", "reverse", "close", "refund", "call"):
        plain, awaited = getattr(Client, name), getattr(AsyncClient, name)
        assert inspect.iscoroutinefunction(awaited)
        assert str(inspect.signature(plain)) == str(inspect.signature(awaited))
    plain, awaited = inspect.signature(cancel), inspect.signature(acancel)
    assert [*plain.parameters] == [*awaited.parameters]


def test_without_the_extra_the_names_are_there_and_a_client_names_what_it_needs():
    code = (
        "import sys; sys.modules['httpx2'] = None\n"
        "from qftools import AsyncClient, Credentials, acancel, cancel\n"
        "from qftools.sandbox import Sandbox\n"
        "with Sandbox() as sandbox:\n"
        "    print(cancel(sandbox.client(), 'A1').verdict)\n"
        "    for make in (sandbox.async_client, "
        "lambda: AsyncClient(sandbox.credentials, 'http://localhost')):\n"
        "        try: make()\n"
        "        except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    needed = "AsyncClient needs the extra async: pip install 'qfpay-toolkit[async]'\n"
    assert done.stdout == "NOT_FOUND\n" + 2 * needed, done.stderr
