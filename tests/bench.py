"""How fast, as ratios: each line is measured against something that everybody has.

    python -m tests.bench           steady numbers
    python -m tests.bench --quick   in a few seconds

A ratio moves little between machines; a time says nothing without the machine. Nothing here
passes or fails.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import timeit
from collections.abc import Callable
from typing import NamedTuple

from qftools.client import Client
from qftools.models import Order
from qftools.sandbox import Sandbox
from qftools.signing import sign
from qftools.walk import Walk

PARAMS: dict[str, str | int] = {
    "mchid": "MNxMp11FV35qQN",
    "out_trade_no": "4MDGEJ7L496LAAU1V1HBY9HMOGWZWLXQ",
    "syssn": "20200305066100020000977812",
    "txamt": 2500,
    "txdtm": "2020-03-05 16:50:30",
    "udid": "0001",
}
READY = "&".join(f"{name}={value}" for name, value in PARAMS.items()).encode() + b"key"


class Line(NamedTuple):
    """One line: what is measured, and against what. Both give seconds for one go."""

    what: str
    ours: Callable[[], float]
    against: str
    theirs: Callable[[], float]


def best_of(act: Callable[[], object], rounds: int) -> Callable[[], float]:
    """Seconds for one go of *act*: the best of *rounds*, since all noise is upwards."""

    def measure() -> float:
        timer = timeit.Timer(act)
        times, _ = timer.autorange()
        return min(timer.repeat(rounds, times)) / times

    return measure


def python(code: str, rounds: int) -> Callable[[], float]:
    """Seconds of a fresh interpreter with *code*, less those of one with nothing to do."""

    def start(statement: str) -> None:
        subprocess.run([sys.executable, "-c", statement], check=True, stdout=subprocess.DEVNULL)

    def measure() -> float:
        busy = min(timeit.repeat(lambda: start(code), number=1, repeat=rounds))
        idle = min(timeit.repeat(lambda: start("pass"), number=1, repeat=rounds))
        return max(busy - idle, 1e-6)

    return measure


def lines(client: Client, order: Order, rounds: int) -> list[Line]:
    """The table of what is measured."""
    requests = python("import requests", rounds)
    signing = best_of(lambda: sign(PARAMS, "key"), rounds)
    query = best_of(lambda: client.query(order), rounds)
    step = best_of(lambda: Walk(order).action, rounds)
    return [
        Line(
            "sign six fields",
            signing,
            "the MD5 of ready bytes",
            best_of(lambda: hashlib.md5(READY).hexdigest().upper(), rounds),
        ),
        Line("import qftools", python("import qftools", rounds), "import requests", requests),
        Line(
            "import qftools and sign",
            python("from qftools import sign; sign({'a': 1}, 'k')", rounds),
            "import requests",
            requests,
        ),
        Line("qftools --help", python(HELP, rounds), "import requests", requests),
        Line(
            "a query in process",
            query,
            "sign six fields",
            best_of(lambda: sign(PARAMS, "key"), rounds),
        ),
        Line("a step of the walk", step, "a query in process", query),
    ]


HELP = "from qftools.cli import main; main(['--help'], standalone_mode=False)"


def main() -> int:
    """Measure every line, and print it when it is measured."""
    rounds = 2 if "--quick" in sys.argv[1:] else 7
    with Sandbox() as sandbox:
        client = sandbox.client()
        order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        for line in lines(client, order, rounds):
            ours, theirs = line.ours(), line.theirs()
            print(
                f"{line.what:26} {ours / theirs:8.2f} x  {line.against:26}"
                f" ({ours * 1e6:,.1f} µs : {theirs * 1e6:,.1f} µs)",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
