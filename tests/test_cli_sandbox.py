"""``qftools sandbox`` as a process of its own: one line when ready, curl's answers, a clean end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from qftools import sign

PARAMS = {
    "txamt": "2500",
    "txcurrcd": "HKD",
    "pay_type": "800101",
    "out_trade_no": "C1",
    "txdtm": "2026-01-05 10:00:00",
}


@contextmanager
def running(*options):
    """A sandbox process and the address that its one line tells."""
    command = [sys.executable, "-m", "qftools", "--lang", "en", "sandbox", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process, line.split(" at ")[1].split(",")[0]
    finally:
        process.kill()
        process.communicate()


def curl(*arguments):
    done = subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def signed(params, key="K"):
    return ["-H", "X-QF-APPCODE: A", "-H", f"X-QF-SIGN: {sign(params, key)}"]


def form(params):
    return [
        part for name, value in params.items() for part in ("--data-urlencode", f"{name}={value}")
    ]


@pytest.mark.needs("curl")
def test_curl_pays_by_post_and_reverses_by_get():
    reversal = {name: PARAMS[name] for name in ("out_trade_no", "txamt", "txdtm")}

    with running("--app-code", "A", "--client-key", "K") as (_, url):
        paid = curl(*signed(PARAMS), *form(PARAMS), f"{url}/trade/v1/payment")
        reversed_ = curl("-G", *signed(reversal), *form(reversal), f"{url}/trade/v1/reversal")

    assert paid["respcd"] == "0000"
    assert reversed_["respcd"] == "0000"
    assert reversed_["orig_syssn"] == paid["syssn"]


@pytest.mark.needs("curl")
def test_a_bad_signature_gets_1108():
    with running("--app-code", "A", "--client-key", "K") as (_, url):
        refused = curl(*signed(PARAMS, "wrong"), *form(PARAMS), f"{url}/trade/v1/payment")

    assert refused["respcd"] == "1108"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_it_says_one_line_and_stops_cleanly(name):
    with running("--app-code", "A", "--client-key", "K") as (process, _):
        process.send_signal(signal.Signals[name])
        output, errors = process.communicate(timeout=20)

    assert (process.returncode, output, errors) == (0, "", "")


def test_a_given_key_is_not_in_the_line():
    with running("--app-code", "A", "--client-key", "very-secret") as (process, url):
        process.terminate()
        output, errors = process.communicate(timeout=20)

    assert "very-secret" not in url + output + errors


@pytest.mark.needs("curl")
def test_books_that_are_kept_in_a_file_are_there_again(tmp_path):
    books = str(tmp_path / "books.sqlite3")
    account = ("--app-code", "A", "--client-key", "K", "--data", books)
    wanted = {"out_trade_no": "C1"}

    with running(*account) as (process, url):
        curl(*signed(PARAMS), *form(PARAMS), f"{url}/trade/v1/payment")
        process.terminate()
        process.communicate(timeout=20)
    with running(*account) as (_, url):
        found = curl(*signed(wanted), *form(wanted), f"{url}/trade/v1/query")

    assert [row["out_trade_no"] for row in found["data"]] == ["C1"]


def test_a_port_that_is_taken_is_an_error_that_names_it():
    with running() as (_, url):
        port = url.rpartition(":")[2]
        command = [sys.executable, "-m", "qftools", "sandbox", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)

    assert done.returncode == 1
    assert port in done.stderr
