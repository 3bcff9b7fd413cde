"""``make kills K=300``: real processes, really killed, over real sockets; then ``resume --all``.

python -m tests.prove.kills 300                  a third each: cancels, releases, refunds
python -m tests.prove.kills 100 --kind refund    refunds alone
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from qftools.cancellation.refund import refund
from qftools.cancellation.verdicts import Verdict
from qftools.journal.entries import Entry
from qftools.journal.journal import Journal
from qftools.models import Order
from qftools.sandbox import Sandbox
from qftools.sandbox.books.states import State
from tests.prove.proof import BORNE_OUT

CURRENCY = {"802301": "SGD"}
QUICK = [
    word
    for value in ("first_wait=0.01", "wait_step=0", "longest_wait=0.01")
    for word in ("--policy", value)
]

SETTLES = ("--policy", "expiry=0")  # a refund that was not found may be sent again at once


@dataclass(frozen=True, slots=True)
class Kind:
    """What the processes do that are killed.

    Attributes:
        pay_types: The payments that they do it to.
        amounts: Of the magic table, which go different ways; 0 is an ordinary one.
        is_paid: The payer pays before, or confirms the hold.
    """

    pay_types: tuple[str, ...]
    amounts: tuple[int, ...]
    is_paid: bool = True


KINDS = {
    "cancel": Kind(
        ("800101", "800201", "802301"),
        (0, 0, 77001, 77005, 77011, 77015, 77017, 77018, 77024, 77028),
        is_paid=False,
    ),
    "release": Kind(("801808",), (0, 0, 77017, 77018, 77024, 77072, 77073)),
    "refund": Kind(("800101", "800201"), (0, 0, 77001, 77026, 77061, 77062, 77063)),
}


@dataclass(frozen=True, slots=True)
class Killed:
    """What became of the orders.

    Attributes:
        kills: How many processes were killed.
        calls: How many calls a whole cancel makes, before each of which it may be killed.
        verdicts: How the orders ended after ``resume --all``.
        disagreements: Where journal and books differ. Empty: none.
    """

    kills: int
    calls: int
    verdicts: Counter[str]
    disagreements: tuple[str, ...]


class Victims:
    """A process that forks processes which will be killed."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.prove.victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def run(self, args: list[str], at: int) -> dict[str, Any]:
        """Type one command and kill it at that call; come back when it is dead."""
        stdin, stdout = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)
        stdin.write(json.dumps({"args": args, "at": at}) + "\n")
        stdin.flush()
        told: dict[str, Any] = json.loads(stdout.readline())
        return told

    def close(self) -> None:
        """End it."""
        cast(IO[str], self._process.stdin).close()
        self._process.wait(timeout=30)
        cast(IO[str], self._process.stdout).close()


def kill(
    number: int,
    seed: int = 0,
    workers: int = 2,
    more: tuple[str, ...] = (),
    what: str = "cancel",
) -> Killed:
    """Kill *number* processes that cancel, release or refund; resume; compare with the books.

    Args:
        number: How many to kill.
        seed: Of the orders and the moments.
        workers: How many are at it at the same time.
        more: Added to the command line of each process.
        what: One of `KINDS`.
    """
    with tempfile.TemporaryDirectory() as folder, Sandbox(clock="real") as sandbox:
        sandbox.serve()
        path = Path(folder, "journal.db")
        environment = _environment(sandbox, path)
        shares = [number // workers + (k < number % workers) for k in range(workers)]
        with ThreadPoolExecutor(workers) as pool:
            done = list(
                pool.map(
                    lambda k: _share(
                        sandbox, environment, shares[k], random.Random(seed * 64 + k), more, what
                    ),
                    range(workers),
                )
            )
        orders = [order for share, _ in done for order in share]
        said = _resumed(environment)
        compared = _compared_refunds if what == "refund" else _compared
        verdicts, disagreements = compared(sandbox, path, orders)
        return Killed(number, done[0][1], verdicts, tuple(said + disagreements))


def _share(
    sandbox: Sandbox,
    environment: dict[str, str],
    kills: int,
    dice: random.Random,
    more: tuple[str, ...],
    what: str,
) -> tuple[list[Order], int]:
    """Kill so many processes; return their orders, and how many calls a whole run makes."""
    victims = Victims(environment)
    kind = KINDS[what]
    try:
        whole = _placed(sandbox, dice, kind, amount=0)
        calls = int(victims.run([*_args(what, whole), *more], at=-1)["calls"])
        orders = []
        while kills:
            orders.append(_placed(sandbox, dice, kind, dice.choice(kind.amounts)))
            args = [*_args(what, orders[-1]), *more]
            kills -= victims.run(args, dice.randrange(calls))["killed"]
        return orders, calls
    finally:
        victims.close()


def _environment(sandbox: Sandbox, path: Path) -> dict[str, str]:
    me = sandbox.credentials
    return {
        **os.environ,
        "QFTOOLS_BASE_URL": sandbox.url,
        "QFTOOLS_APP_CODE": me.app_code,
        "QFTOOLS_CLIENT_KEY": me.client_key,
        "QFTOOLS_JOURNAL": str(path),
    }


def _placed(sandbox: Sandbox, dice: random.Random, kind: Kind, amount: int) -> Order:
    pay_type = dice.choice(kind.pay_types)
    order = sandbox.client().pay(
        pay_type=pay_type,
        txamt=amount or dice.randint(300, 30_000),
        txcurrcd=CURRENCY.get(pay_type, "HKD"),
    )
    if kind.is_paid and not sandbox.order(order).paid:
        sandbox.payer(order).pay()
    return order


def _args(what: str, order: Order) -> list[str]:
    if what == "refund":
        assert order.txamt is not None and order.syssn is not None
        part = order.txamt // 2 if order.txamt % 2 else order.txamt
        return ["refund", order.syssn, "--txamt", str(part), "--yes", *QUICK, *SETTLES]
    named = ["--out-trade-no", order.out_trade_no or "", "--pay-type", order.pay_type or ""]
    return ["cancel", *named, "--txamt", str(order.txamt), "--txdtm", order.txdtm or "", *QUICK]


def _resumed(environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "qftools", "resume", "--all"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return []
    return [f"resume --all ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}"]


_CANCELLED = (State.CANCELLED, State.CANCELLING, State.RELEASED, State.RELEASING)
REFUND_BORNE_OUT = {
    True: (Verdict.REFUNDED,),
    False: (Verdict.NOT_REFUNDED, Verdict.NOT_FOUND),
}
"""The verdicts of a refund that bear out whether the books have it."""


def _compared(sandbox: Sandbox, path: Path, orders: list[Order]) -> tuple[Counter[str], list[str]]:
    verdicts: Counter[str] = Counter()
    said = []
    with Journal(path) as journal:
        said += [f"still owed: entry {entry.number}" for entry in journal.pending()]
        for order in orders:
            entries = journal.entries(out_trade_no=order.out_trade_no)
            state = State(sandbox.order(order).state)
            if not entries:
                verdicts["died before it began"] += 1
                if state in _CANCELLED:
                    said.append(f"{order.out_trade_no} was cancelled, and nobody wrote it down")
                continue
            verdict = entries[-1].verdict
            verdicts[str(verdict)] += 1
            if len(entries) != 1:
                said.append(f"{order.out_trade_no} has {len(entries)} entries")
            elif verdict is None or state not in BORNE_OUT.get(Verdict(verdict), ()):
                said.append(f"{order.out_trade_no}: the journal says {verdict}, the books {state}")
    return verdicts, said + _marks_left(path)


def _marks_left(path: Path) -> list[str]:
    left = [file.name for file in path.parent.iterdir() if "owner" in file.name]
    return [f"{len(left)} marks of dead owners were left behind"] if left else []


def _compared_refunds(
    sandbox: Sandbox, path: Path, orders: list[Order]
) -> tuple[Counter[str], list[str]]:
    """Compare; then send what was not found again, under its number: it must be made once."""
    verdicts: Counter[str] = Counter()
    said = []
    client = sandbox.client(base_url=sandbox.url)
    with Journal(path) as journal:
        for order in orders:
            entries = journal.entries(syssn=order.syssn)
            verdict = entries[-1].verdict if entries else None
            verdicts[str(verdict) if entries else "died before it began"] += 1
            said += _of_a_refund(sandbox, order, entries)
            if verdict is Verdict.NOT_FOUND:
                again = entries[-1].order
                refund(client, order, again.txamt, out_trade_no=again.out_trade_no, journal=journal)
                entries = journal.entries(syssn=order.syssn)[1:]
                said += _of_a_refund(sandbox, order, entries)
    return verdicts, said + _marks_left(path)


def _of_a_refund(sandbox: Sandbox, order: Order, entries: tuple[Entry, ...]) -> list[str]:
    books = sandbox.order(order)
    rows = (row for row in sandbox.orders("refund") if row.orig_syssn == order.syssn)
    made = [row for row in rows if row.state == "refunded"]
    given = sum(row.txamt for row in made)
    name, said = order.syssn, []
    if given != books.refunded or given > books.paid or len(made) > 1:
        said.append(f"{name}: {books.paid} was paid, and {given} given back by {len(made)} refunds")
    if not entries:
        return [*said, f"{name} was refunded, and nobody wrote it down"] if made else said
    entry = entries[-1]
    if len(entries) != 1:
        said.append(f"{name} has {len(entries)} entries")
    elif entry.verdict not in REFUND_BORNE_OUT[bool(made)]:
        said.append(f"{name}: the journal says {entry.verdict}, and {given} was given back")
    elif made and given != entry.order.txamt:
        said.append(f"{name}: {given} was given back instead of {entry.order.txamt}")
    return said


def main() -> int:
    """Kill, resume, count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("number", type=int, nargs="?", default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kind", choices=KINDS, help="one alone; a third each by default")
    options = parser.parse_args()
    wanted = [options.kind] if options.kind else list(KINDS)
    number = options.number // len(wanted)
    return 1 if any([report(what, number, options.seed) for what in wanted]) else 0


def report(what: str, number: int, seed: int) -> int:
    """Kill, print what was seen, and return how often journal and books differ."""
    started = time.perf_counter()
    done = kill(number, seed, what=what)
    seconds = time.perf_counter() - started
    print(f"{what}: {done.kills} processes killed, each at one of {done.calls} calls")
    print(f"{seconds:.1f} s, seed {seed}; after qftools resume --all:")
    for verdict, count in done.verdicts.most_common():
        print(f"  {count:6}  {verdict}")
    print(f"disagreements with the books: {len(done.disagreements)}")
    for line in done.disagreements:
        print(f"  {line}")
    return len(done.disagreements)


if __name__ == "__main__":
    sys.exit(main())
