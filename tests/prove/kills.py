"""``make kills K=300``: real processes, really killed, over real sockets; then ``resume --all``.

python -m tests.prove.kills 300
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

from qftools.cancellation.verdicts import Verdict
from qftools.journal.journal import Journal
from qftools.models import Order
from qftools.sandbox import Sandbox
from qftools.sandbox.books.states import State
from tests.prove.proof import BORNE_OUT

#: Amounts of the magic table that go different ways: 0 is an ordinary order, which is cancelled.
AMOUNTS = (0, 0, 77001, 77005, 77011, 77015, 77017, 77018, 77024, 77028)
PAY_TYPES = ("800101", "800201", "802301")
CURRENCY = {"802301": "SGD"}
QUICK = [
    word
    for value in ("first_wait=0.01", "wait_step=0", "longest_wait=0.01")
    for word in ("--policy", value)
]


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


def kill(number: int, seed: int = 0, workers: int = 2, more: tuple[str, ...] = ()) -> Killed:
    """Kill *number* processes that cancel orders; resume; compare with the books.

    Args:
        number: How many to kill.
        seed: Of the orders and the moments.
        workers: How many are at it at the same time.
        more: Added to the command line of each cancel.
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
                        sandbox, environment, shares[k], random.Random(seed * 64 + k), more
                    ),
                    range(workers),
                )
            )
        orders = [order for share, _ in done for order in share]
        said = _resumed(environment)
        verdicts, disagreements = _compared(sandbox, path, orders)
        return Killed(number, done[0][1], verdicts, tuple(said + disagreements))


def _share(
    sandbox: Sandbox,
    environment: dict[str, str],
    kills: int,
    dice: random.Random,
    more: tuple[str, ...],
) -> tuple[list[Order], int]:
    """Kill so many processes; return their orders, and how many calls a whole cancel makes."""
    victims = Victims(environment)
    try:
        calls = _calls_of_a_whole_cancel(victims, sandbox, more)
        orders = []
        while kills:
            orders.append(_placed(sandbox, dice))
            kills -= victims.run([*_args(orders[-1]), *more], dice.randrange(calls))["killed"]
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


def _placed(sandbox: Sandbox, dice: random.Random) -> Order:
    pay_type, amount = dice.choice(PAY_TYPES), dice.choice(AMOUNTS)
    return sandbox.client().pay(
        pay_type=pay_type,
        txamt=amount or dice.randint(300, 30_000),
        txcurrcd=CURRENCY.get(pay_type, "HKD"),
    )


def _args(order: Order) -> list[str]:
    named = ["--out-trade-no", order.out_trade_no or "", "--pay-type", order.pay_type or ""]
    return ["cancel", *named, "--txamt", str(order.txamt), "--txdtm", order.txdtm or "", *QUICK]


def _calls_of_a_whole_cancel(victims: Victims, sandbox: Sandbox, more: tuple[str, ...]) -> int:
    order = sandbox.client().pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
    return int(victims.run([*_args(order), *more], at=-1)["calls"])


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
                if state in (State.CANCELLED, State.CANCELLING):
                    said.append(f"{order.out_trade_no} was cancelled, and nobody wrote it down")
                continue
            verdict = entries[-1].verdict
            verdicts[str(verdict)] += 1
            if len(entries) != 1:
                said.append(f"{order.out_trade_no} has {len(entries)} entries")
            elif verdict is None or state not in BORNE_OUT.get(Verdict(verdict), ()):
                said.append(f"{order.out_trade_no}: the journal says {verdict}, the books {state}")
        marks = [file.name for file in path.parent.iterdir() if "owner" in file.name]
    left = [file.name for file in path.parent.iterdir() if "owner" in file.name]
    if left:
        said.append(f"{len(left)} of {len(marks)} marks of dead owners were left behind")
    return verdicts, said


def main() -> int:
    """Kill, resume, count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("number", type=int, nargs="?", default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    started = time.perf_counter()
    done = kill(options.number, options.seed)
    seconds = time.perf_counter() - started
    print(
        f"{options.number} orders, {done.kills} processes killed at one of {done.calls} calls each"
    )
    print(f"{seconds:.1f} s, seed {options.seed}; after qftools resume --all:")
    for verdict, count in done.verdicts.most_common():
        print(f"  {count:6}  {verdict}")
    print(f"disagreements with the books: {len(done.disagreements)}")
    for line in done.disagreements:
        print(f"  {line}")
    return 1 if done.disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
