"""``qftools sandbox`` as a process of its own: one line when ready, curl's answers, a clean end."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
import requests

from qftools import sign

KEY = "0123456789ABCDEF0123456789ABCDEF"
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
        (url,) = re.findall(r"http://[\d.:]+", line)
        yield process, url
    finally:
        process.kill()
        process.communicate()


def curl(*arguments):
    done = subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def signed(params, key=KEY):
    return ["-H", "X-QF-APPCODE: A", "-H", f"X-QF-SIGN: {sign(params, key)}"]


def form(params):
    return [
        part for name, value in params.items() for part in ("--data-urlencode", f"{name}={value}")
    ]


@pytest.mark.needs("curl")
def test_curl_pays_by_post_and_reverses_by_get():
    reversal = {name: PARAMS[name] for name in ("out_trade_no", "txamt", "txdtm")}

    with running("--app-code", "A", "--client-key", KEY) as (_, url):
        paid = curl(*signed(PARAMS), *form(PARAMS), f"{url}/trade/v1/payment")
        reversed_ = curl("-G", *signed(reversal), *form(reversal), f"{url}/trade/v1/reversal")

    assert paid["respcd"] == "0000"
    assert reversed_["respcd"] == "0000"
    assert reversed_["orig_syssn"] == paid["syssn"]


@pytest.mark.needs("curl")
def test_a_bad_signature_gets_1108():
    with running("--app-code", "A", "--client-key", KEY) as (_, url):
        refused = curl(*signed(PARAMS, "wrong"), *form(PARAMS), f"{url}/trade/v1/payment")

    assert refused["respcd"] == "1108"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_it_says_one_line_and_stops_cleanly(name):
    with running("--app-code", "A", "--client-key", KEY) as (process, _):
        process.send_signal(signal.Signals[name])
        output, errors = process.communicate(timeout=20)

    assert (process.returncode, output, errors) == (0, "", "")


def test_a_given_key_is_not_in_the_line():
    with running("--app-code", "A", "--client-key", "very-secret") as (process, url):
        process.terminate()
        output, errors = process.communicate(timeout=20)

    assert "very-secret" not in url + output + errors


def test_a_control_token_is_asked_for_and_never_printed(monkeypatch):
    monkeypatch.setenv("QFTOOLS_CONTROL_TOKEN", "a-very-secret-token")
    options = ("--app-code", "A", "--client-key", KEY, "--public-url", "http://127.0.0.1:7")
    with running(*options) as (process, url):
        assert url == "http://127.0.0.1:7"
        process.terminate()
        output, errors = process.communicate(timeout=20)

    assert "a-very-secret-token" not in output + errors


@pytest.mark.needs("curl")
def test_books_that_are_kept_in_a_file_are_there_again(tmp_path):
    books = str(tmp_path / "books.sqlite3")
    account = ("--app-code", "A", "--client-key", KEY, "--data", books)
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


def ask(url, endpoint, params):
    """Sign and post as the account A with the key K."""
    headers = {"X-QF-APPCODE": "A", "X-QF-SIGN": sign(params, KEY)}
    return requests.post(f"{url}/trade/v1/{endpoint}", data=params, headers=headers, timeout=20)


def stopped(process):
    """Stop it and return the lines that it printed since it was ready."""
    process.terminate()
    return process.communicate(timeout=20)[0].splitlines()


def test_each_exchange_is_one_line():
    order = {name: PARAMS[name] for name in ("out_trade_no", "txamt", "txdtm")}

    with running("--app-code", "A", "--client-key", KEY) as (process, url):
        ask(url, "payment", PARAMS)
        ask(url, "reversal", order)
        requests.post(f"{url}/trade/v1/query", timeout=20)
        lines = stopped(process)

    assert [line.split(maxsplit=1)[1] for line in lines] == [
        "payment   0000  C1 (waiting)",
        "reversal  0000  C1 (waiting -> cancelled)",
        "query     1108  app code unknown  #3 the sandbox does not know the app code -."
        " To mend it: It knows A.",
    ]


def test_with_json_each_exchange_is_one_object():
    with running("--app-code", "A", "--client-key", KEY, "--json") as (process, url):
        ask(url, "payment", PARAMS)
        (line,) = map(json.loads, stopped(process))

    assert (line["endpoint"], line["respcd"], line["signature"]) == ("payment", "0000", "ok")
    assert line["orders"][0]["out_trade_no"] == "C1"


def test_quiet_says_when_it_is_ready_and_no_more():
    with running("--app-code", "A", "--client-key", KEY, "--quiet") as (process, url):
        ask(url, "payment", PARAMS)

        assert stopped(process) == []


def test_a_reader_that_reads_nothing_stops_nobody():
    with running("--app-code", "A", "--client-key", KEY) as (_, url):
        answers = {ask(url, "query", {"out_trade_no": "x" * 60}).status_code for _ in range(1500)}

    assert answers == {200}


def test_switches_profile_and_language_reach_the_gateway():
    options = ("--set", "cancel_unsupported_code=1250", "--profile", "docs-2026-02")
    with running("--app-code", "A", "--client-key", KEY, *options, "--lang", "zh") as (_, url):
        paid = ask(url, "payment", PARAMS | {"pay_type": "800208", "auth_code": "13" + "0" * 16})
        order = {name: PARAMS[name] for name in ("out_trade_no", "txamt", "txdtm")}
        refused = ask(url, "reversal", order)

    assert paid.json()["resperr"] == "交易成功"
    assert refused.json()["respcd"] == "1250"  # that edition closes it


@pytest.mark.parametrize("option", [("--set", "speed=high"), ("--set", "cancel_paid=maybe")])
def test_a_switch_that_does_not_exist_is_named(option):
    command = [sys.executable, "-m", "qftools", "sandbox", "--port", "0", *option]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)

    assert done.returncode == 1
    assert "cancel_paid" in done.stderr


def test_a_file_brings_its_merchants_and_orders(tmp_path):
    book = tmp_path / "book.toml"
    book.write_text(
        f"""
        [[merchants]]
        app_code = "A"
        client_key = "{KEY}"
        [[orders]]
        app_code = "A"
        pay_type = "800101"
        out_trade_no = "L1"
        txamt = 2500
        txdtm = "2020-03-05 16:50:30"
        state = "paid"
        """,
        encoding="utf-8",
    )

    with running("--load", str(book)) as (_, url):
        found = ask(url, "query", {"out_trade_no": "L1"}).json()["data"]

    assert [row["respcd"] for row in found] == ["0000"]


def test_a_key_of_fewer_than_8_characters_is_refused_in_one_sentence():
    command = [sys.executable, "-m", "qftools", "--lang", "en", "sandbox", "--client-key", "K"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)

    assert done.returncode != 0
    assert "client_key is shorter than 8 characters; it must be as QFPay issued it" in done.stderr
    assert "Traceback" not in done.stderr
