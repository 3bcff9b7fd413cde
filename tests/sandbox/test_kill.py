"""Killed at any moment, under load: what was answered is in the books after the restart.

``CI=true`` kills 200 times; without it ten times.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from qftools.sandbox import Sandbox
from qftools.sandbox.sandbox import APP_CODE
from tests.sandbox.doors import FORM, signature

KILLS = 200 if os.environ.get("CI") == "true" else 10
OF_A_FILE = 10  # kills before the books begin anew: each start reads all that is in them
CALLERS = 4
Answered = dict[str, tuple[str, ...]]

# Everything is imported once; each sandbox is then a fork, which starts in no time.
NURSERY = """
import os, signal, sys
from qftools.sandbox import Sandbox
import qftools.transport.server, qftools.sandbox.keeping.store, qftools.catalogue
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    if os.fork() == 0:
        sandbox = Sandbox(data=line.strip())
        print(os.getpid(), sandbox.serve().rpartition(":")[2], flush=True)
        while True:
            signal.pause()
"""


@pytest.fixture(scope="module")
def start() -> Iterator[object]:
    """Start a sandbox on the file; returns its process id and port."""
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert nursery.stdin and nursery.stdout
    stdin, stdout = nursery.stdin, nursery.stdout

    def started(path: Path) -> tuple[int, int]:
        stdin.write(f"{path}\n")
        stdin.flush()
        pid, port = stdout.readline().split()
        return int(pid), int(port)

    yield started
    stdin.close()
    nursery.wait(timeout=20)
    stdout.close()


class Caller(threading.Thread):
    """Pays and cancels until nobody answers; notes in which states each order may be."""

    def __init__(self, port: int, name: str, answered: Answered) -> None:
        super().__init__()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._name = name
        self._answered = answered

    def run(self) -> None:
        try:
            for count in range(100_000):
                self._pay_and_cancel(f"{self._name}N{count}", cancel=count % 2 == 0)
        except (OSError, http.client.HTTPException, ValueError):
            return  # killed
        finally:
            self._connection.close()

    def _pay_and_cancel(self, number: str, *, cancel: bool) -> None:
        order = {"out_trade_no": number, "txamt": "1", "txdtm": "2026-01-05 10:00:00"}
        self._ask("payment", order | {"pay_type": "800101", "txcurrcd": "HKD"})
        self._answered[number] = ("waiting",)
        if cancel:
            self._answered[number] = ("waiting", "cancelled")  # asked, not yet answered
            self._ask("reversal", order)
            self._answered[number] = ("cancelled",)

    def _ask(self, endpoint: str, params: dict[str, str]) -> None:
        headers = {
            "Content-Type": FORM,
            "X-QF-APPCODE": APP_CODE,
            "X-QF-SIGN": signature(params),
        }
        self._connection.request("POST", f"/trade/v1/{endpoint}", urlencode(params), headers)
        answer = json.loads(self._connection.getresponse().read())
        assert answer["respcd"] == "0000", answer


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("series", range(KILLS // OF_A_FILE))
def test_no_answered_request_is_missing_after_a_kill(start, tmp_path, series):
    chance = random.Random(series)
    file = tmp_path / "books.sqlite3"
    answered: Answered = {}
    for kill in range(OF_A_FILE):
        pid, port = start(file)
        before = len(answered)
        callers = [Caller(port, f"K{kill}C{index}", answered) for index in range(CALLERS)]
        for caller in callers:
            caller.start()
        enough = before + chance.randrange(1, 40)
        while len(answered) < enough and any(caller.is_alive() for caller in callers):
            callers[0].join(0.001)
        os.kill(pid, signal.SIGKILL)
        for caller in callers:
            caller.join()
        assert len(answered) >= enough

    with Sandbox(data=file) as sandbox:
        books = {order.out_trade_no: order.state for order in sandbox.orders()}

    assert len(answered) >= OF_A_FILE
    wrong = [number for number, states in answered.items() if books.get(number) not in states]
    assert wrong == []
