"""Many orders with unknown results at once, within the gateway's rate limits.

Takes any executor. Knows no file: rows come in, results come out as they are ready.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, Literal, ParamSpec, TypeVar

from qftools import catalogue
from qftools.cancellation.findings import Finding
from qftools.cancellation.outcome import Outcome, Taken, outcome_of
from qftools.cancellation.policy import Policy
from qftools.cancellation.refund import follow
from qftools.cancellation.refunding import sent_before
from qftools.cancellation.routing import HongKong, Profile, route
from qftools.cancellation.run import cancel, take
from qftools.cancellation.walk import Ask, Walk
from qftools.client.client import Client
from qftools.errors import InputError, QFPayError
from qftools.journal.journal import Journal
from qftools.models import Order
from qftools.sweep.cells import Stated, currency
from qftools.sweep.pace import LIMITS, Pace

BATCH = 25  # orders of one merchant that an executor of other processes gets at a time
WORKERS = 8
THREADS = sys.platform != "emscripten"  # Python in a browser can start none
_AHEAD = 4  # batches of rows read ahead of the workers: keeps memory flat


_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Row:
    """One order or refund of a sweep, and the line that it came from.

    Attributes:
        stated: An amount whose currency the file does not name: a query tells it, before
            anything else is asked.
        refund_of: Where the order is a refund whose reply was lost: the gateway's number of the
            payment. It is queried to its verdict, and never sent.
    """

    line: int
    order: Order
    stated: Stated | None = None
    refund_of: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one order.

    Attributes:
        line: The line that it came from.
        order: The order, completed with the gateway's values.
        verdict: How it ended; empty for a dry run, or where it did not end.
        charged: Whether the payer was: no, yes, returned, unknown.
        finding: What the last query told.
        would: For a dry run: the call that would be sent; empty for none.
        reason: Why, where the verdict does not say.
        error: Why nothing could be asked; empty where it could. A later run tries again.
        requests: How many requests it took.
        at: When it was ready, in seconds since 1970.
    """

    line: int
    order: Order
    verdict: str = ""
    charged: str = "unknown"
    finding: str = ""
    would: str = ""
    reason: str = ""
    error: str = ""
    requests: int = 0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to know; plain enough to be sent to another machine.

    Attributes:
        connect: Makes a client; called in the worker.
        journal: The journal's file on the worker's machine; None for none.
        policy: Timeouts and retries; None for each pay type's own.
        profile, hk_cancel: Which call cancels, see ``cancel``.
        dry: Only look.
        limit: Whose limit it is: ``"account"`` counts the requests of the app
            code together, the reading that passes no limit; ``"merchant"``
            counts an agent's merchants (mchid) apart. The source says "per
            merchant" (docs2026) and not which of the two.
        threads: How many orders of a batch are asked for at the same time.
    """

    connect: Callable[[], Client]
    journal: str | None = None
    policy: Policy | None = None
    profile: Profile = "seed"
    hk_cancel: HongKong = "deny"
    dry: bool = False
    limit: Literal["account", "merchant"] = "account"
    threads: int = WORKERS


class Stopped(BaseException):
    """The sweep stops: the order is left for later."""


class InlineExecutor(Executor):
    """Does the work at once, in the thread that asks for it: one order after another.

    For lessons and tests, whose results shall come in the order of the rows, and
    for Python in a browser, where no thread can start; there a sweep takes it by itself.

    Example:
        >>> from qftools.sandbox import Sandbox
        >>> client = Sandbox().client()
        >>> amounts = (77001, 2500, 77005)
        >>> orders = [client.pay(pay_type="800101", txamt=n, txcurrcd="HKD") for n in amounts]
        >>> sweep = Sweep(Task(lambda: client), InlineExecutor())
        >>> for result in sweep.run(Row(line, order) for line, order in enumerate(orders, 2)):
        ...     print(result.line, result.verdict)
        2 PAID
        3 CANCELLED
        4 PAID
    """

    def submit(
        self, fn: Callable[_Given, _Made], /, *args: _Given.args, **kwargs: _Given.kwargs
    ) -> Future[_Made]:
        """Call *fn* now; the future that comes back is done."""
        future: Future[_Made] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # Ctrl-C is not an error of the job: it goes to the caller
            future.set_exception(error)
        return future


@dataclass(slots=True)
class Sweep:
    """Cancels many orders, each to its verdict.

    Args:
        task: What the workers do.
        executor: Where they work; threads of this process by default. In any
            other executor (processes, a Dask cluster's) the orders of one
            merchant stay together, a batch at a time, so that its limit holds.
            [InlineExecutor][qftools.sweep.sweep.InlineExecutor] takes them one by one.
        workers: How many threads, where no executor is given.
        batch: How many orders of one merchant go to another process at a time.

    Example:
        >>> from qftools.sandbox import Sandbox
        >>> with Sandbox() as sandbox:
        ...     client = sandbox.client()
        ...     paid = client.pay(pay_type="800101", txamt=77001, txcurrcd="HKD")
        ...     left = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        ...     rows = [Row(1, paid), Row(2, left)]
        ...     results = list(Sweep(Task(lambda: client), workers=1).run(rows))
        >>> [result.verdict for result in results]
        ['PAID', 'CANCELLED']
    """

    task: Task
    executor: Executor | None = None
    workers: int = WORKERS
    batch: int = BATCH

    def run(self, rows: Iterable[Row]) -> Generator[Result, None, None]:
        """Yield each order's result as it is ready; close the iterator to stop early.

        Rows are read as they are needed. What was begun when it stops is in the
        journal; it is resumed when the same order comes again.
        """
        executor = self.executor or self._own_executor()
        stop = threading.Event()
        try:
            if isinstance(executor, (ThreadPoolExecutor, InlineExecutor)):
                yield from self._run_here(executor, rows, stop)
            else:
                yield from self._run_apart(executor, rows)
        finally:
            stop.set()
            if self.executor is None:
                executor.shutdown(wait=True, cancel_futures=True)

    def _own_executor(self) -> Executor:
        return ThreadPoolExecutor(self.workers) if THREADS else InlineExecutor()

    def _run_here(
        self, executor: Executor, rows: Iterable[Row], stop: threading.Event
    ) -> Iterator[Result]:
        """Each order a job of its own: they share the paces."""
        desk = _Desk(self.task, stop)
        # What is done at once is told at once; for threads, rows are kept ready.
        ahead = 1 if isinstance(executor, InlineExecutor) else self.workers * _AHEAD
        running: set[Future[Result]] = set()
        try:
            for row in rows:
                running.add(executor.submit(desk.result, row))
                if len(running) >= ahead:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from _results(done)
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from _results(done)
        finally:
            stop.set()
            for future in running:
                future.cancel()
            wait(running)
            desk.close()

    def _run_apart(self, executor: Executor, rows: Iterable[Row]) -> Iterator[Result]:
        """One batch of each merchant at a time; it takes along what the last ones have sent."""
        queues: OrderedDict[str, deque[Row]] = OrderedDict()
        sent: dict[str, tuple[float, ...]] = {}
        running: dict[Future[tuple[list[Result], tuple[float, ...]]], str] = {}
        source = iter(rows)
        more = True
        try:
            while True:
                more = more and _fill(queues, source, self.batch * _AHEAD * self.workers, self.task)
                for merchant in [m for m in queues if m not in running.values()]:
                    rows_of_it = _up_to(queues, merchant, self.batch)
                    job = executor.submit(work, self.task, rows_of_it, sent.get(merchant, ()))
                    running[job] = merchant
                if not running:
                    return
                for future in _first(running):
                    results, sent[running.pop(future)] = future.result()
                    yield from results
        finally:
            for future in running:
                future.cancel()


def work(
    task: Task, rows: list[Row], before: tuple[float, ...] = ()
) -> tuple[list[Result], tuple[float, ...]]:
    """Bring a batch of one merchant's orders to their verdicts, in the worker's process.

    Returns:
        The results, and when the requests left that still count for the limit.
    """
    desk = _Desk(task, threading.Event(), before)
    try:
        with ThreadPoolExecutor(min(task.threads, len(rows))) as threads:
            results = list(threads.map(desk.result, rows))
        return results, desk.pace(rows[0].order).sent
    finally:
        desk.close()


class _Desk:
    """What the orders of one process share: a client, a journal, and a pace per merchant."""

    def __init__(self, task: Task, stop: threading.Event, before: tuple[float, ...] = ()) -> None:
        self.task, self.stop = task, stop
        self.client = task.connect()
        self.journal = Journal(task.journal) if task.journal and not task.dry else None
        # A sweep that was interrupted has used up a part of the minute already.
        known = self.journal.asked(self.client, LIMITS[-1][1] / 1000) if self.journal else ()
        both = Counter(before) | Counter(int(sent * 1000) / 1000 for sent in known)
        self._before = tuple(sorted(both.elements()))
        self._paces: dict[str, Pace] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        if self.journal is not None:
            self.journal.close()

    def pace(self, order: Order) -> Pace:
        merchant = merchant_of(order, self.task)
        with self._lock:
            if merchant not in self._paces:
                self._paces[merchant] = Pace(self.client.clock, self._before)
            return self._paces[merchant]

    def pause(self, seconds: float) -> None:
        # The real clock can be interrupted; another one does not take long.
        if self.client.pause is not time.sleep:
            self.client.pause(seconds)
        elif self.stop.wait(seconds):
            raise Stopped

    def result(self, row: Row) -> Result:
        """The result of one order; an error is a result, too."""
        watch = _Watch(self, row)
        try:
            if self.task.dry:
                return self._looked(row, watch)
            return self._cancelled(row, watch)
        except QFPayError as error:
            said = error.say() if isinstance(error, InputError) else str(error)
            return Result(
                row.line,
                row.order,
                error=f"{type(error).__name__}: {said}",
                requests=watch.requests,
                at=self.client.clock(),
            )

    def _cancelled(self, row: Row, watch: _Watch) -> Result:
        task, order = self.task, row.order
        if row.stated is not None:
            after, _ = self._look(row, watch)
            order = _with_amount(row, after.order)
        how: dict[str, Any] = {"pause": self.pause, "journal": self.journal, "watch": watch}
        outcome: Outcome
        if row.refund_of is not None:
            outcome = follow(self.client, order, row.refund_of, policy=task.policy, **how)
        else:
            how |= {"profile": task.profile, "hk_cancel": task.hk_cancel}
            outcome = cancel(self.client, order, policy=task.policy, **how)
        _check_amount(row, outcome.order)  # where the look was lost, nothing compared it before
        return Result(
            row.line,
            outcome.order,
            outcome.verdict.value,
            outcome.charged,
            finding=outcome.steps[-1].finding.value if outcome.steps else "",
            reason="; ".join(filter(None, [outcome.reason, *outcome.warnings])),
            requests=watch.requests,
            at=self.client.clock(),
        )

    def _look(self, row: Row, watch: _Watch) -> tuple[Walk, Taken]:
        walk = Walk(row.order, self.task.policy, self.task.profile, self.task.hk_cancel)
        if row.refund_of is not None:
            walk = sent_before(row.order, row.refund_of, self.task.policy)
        action = walk.action
        assert isinstance(action, Ask)
        return take(self.client, walk, action, watch)

    def _looked(self, row: Row, watch: _Watch) -> Result:
        after, taken = self._look(row, watch)
        would = ""
        if taken.finding is Finding.HELD and row.refund_of is None:
            would = "unfreeze"
        elif taken.finding is Finding.OPEN and after.order.pay_type and row.refund_of is None:
            task = self.task
            by = route(after.order.pay_type, profile=task.profile, hk_cancel=task.hk_cancel)
            would = by.call or ""
        end = after.end
        return Result(
            row.line,
            after.order,
            charged=outcome_of(after, (taken,)).charged if end else "unknown",
            finding=taken.finding.value,
            would=would,
            reason="; ".join(filter(None, [taken.note(), _differs(row, after.order)])),
            requests=watch.requests,
            at=self.client.clock(),
        )


class _Watch:
    """Keeps one order's requests to the merchant's pace, and the cancel to the row's amount."""

    def __init__(self, desk: _Desk, row: Row) -> None:
        self._desk, self._row, self._pace = desk, row, desk.pace(row.order)
        self.requests = 0

    def asking(self, walk: Walk, action: Ask) -> None:
        if self._desk.stop.is_set():
            raise Stopped
        if action.endpoint != "query":
            _check_amount(self._row, walk.target or walk.order)
        self._pace.take(self._desk.pause)
        self.requests += 1

    def told(self, walk: Walk, taken: Taken) -> None:
        response = taken.exchange.response if taken.exchange else None
        if response is not None and response.status == 429:
            self._pace.limited(taken.answer.wait)
        elif response is not None:
            self._pace.answered()


def _with_amount(row: Row, found: Order) -> Order:
    """The row's order with the amount that it states, in the currency that the books name."""
    txcurrcd = currency(found.txcurrcd or "")
    if row.stated is None or txcurrcd not in catalogue.currencies():
        return row.order  # not in the books, or not yet: the amount stays open
    txamt = row.stated.txamt(txcurrcd, found.txamt)
    return replace(row.order, txamt=txamt, txcurrcd=txcurrcd)


def _check_amount(row: Row, found: Order) -> None:
    """Refuse a row that states another amount than the books have.

    Raises:
        InputError: It does, or states what can't be an amount in the currency of the books.
    """
    stated = _with_amount(row, found).txamt
    if row.stated is not None and None not in (stated, found.txamt) and stated != found.txamt:
        raise InputError(
            "txamt",
            "is {stated} in the row and {books} at the gateway",
            "corrected in the row",
            stated=stated,
            books=found.txamt,
        )


def _differs(row: Row, found: Order) -> str:
    """What to say where the books have another amount than the row states."""
    try:
        _check_amount(row, found)
    except InputError as error:
        return error.say()
    return ""


def merchant_of(order: Order, task: Task) -> str:
    """Whose limit an order counts for, within one account."""
    return (order.mchid or "") if task.limit == "merchant" else ""


def _results(futures: Iterable[Future[Result]]) -> Iterator[Result]:
    for future in futures:
        try:
            yield future.result()
        except Stopped:
            continue


def _fill(
    queues: OrderedDict[str, deque[Row]], source: Iterator[Row], most: int, task: Task
) -> bool:
    """Read rows until enough are waiting; say whether there may be more."""
    waiting = sum(map(len, queues.values()))
    for row in source:
        queues.setdefault(merchant_of(row.order, task), deque()).append(row)
        waiting += 1
        if waiting >= most:
            return True
    return False


def _up_to(queues: OrderedDict[str, deque[Row]], merchant: str, most: int) -> list[Row]:
    queue = queues[merchant]
    rows = [queue.popleft() for _ in range(min(most, len(queue)))]
    if not queue:
        del queues[merchant]
    return rows


def _first(running: Iterable[Future[Any]]) -> list[Future[Any]]:
    """The futures that are done, at least one. Dask's own futures are waited for as they are."""
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    return list(done)
