"""``qftools listen``, ``report`` and ``openapi``, as they are typed, beside a served sandbox."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from qftools.cli import main
from qftools.sandbox import Sandbox
from qftools.sandbox.notifications.receiver import Receiver
from qftools.sandbox.report.report import rules
from qftools.sandbox.sandbox import CLIENT_KEY
from tests.sandbox.receiving import Receiver as Shop

ORDER = {"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD"}


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        running.serve()
        yield running


@pytest.fixture
def typed():
    """Type ``qftools --lang ...``."""
    return lambda *args: CliRunner().invoke(main, ["--lang", "en", *args])


@contextmanager
def listening(*args):
    """``qftools listen`` as a process; yields it with its address, and ends it as Ctrl-C does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "qftools", "--lang", "en", "listen", "--port", "0", *args],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        line = process.stdout.readline()
        (url,) = re.findall(r"http://[\d.:]+/", line)
        yield process.stdout, url
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(timeout=10)
        process.stdout.close()
    assert status == 0


def paid(sandbox, **more):
    order = sandbox.client().pay(**ORDER, **more)
    sandbox.payer(order).pay()
    return order


def test_listen_shows_each_with_its_check_and_retry_and_acknowledges_it(sandbox):
    with listening("--sandbox", sandbox.url) as (lines, _):
        order = paid(sandbox)

        line = lines.readline()

        assert f"payment  {order.out_trade_no}  2500 (HKD 25.00)  signature right" in line
        assert "first delivery  -> HTTP 200 SUCCESS" in line
        (notice,) = sandbox.notifications
        assert notice.state == "acknowledged"


def test_listen_counts_retries_and_says_why_a_signature_is_wrong(sandbox):
    key = ("--client-key", CLIENT_KEY)
    with listening("--answer", "later", *key) as (lines, url):
        sandbox.fault("tampered", on="notification")
        paid(sandbox, notify_url=url)
        sandbox.clock.advance(720)

        said = [lines.readline() for _ in range(4)]

    assert "signature wrong" in said[0]
    assert "HTTP 403" in said[0]
    assert "not the MD5 of this body and the client key" in said[1]
    assert "first delivery" in said[2]
    assert "retry 1" in said[3]


OWN: dict[str, Any] = {"app_code": "SHOP", "client_key": "0123456789ABCDEF0123456789ABCDEF"}


def test_a_sandbox_with_a_key_of_its_own_checks_for_listen_and_never_tells_the_key():
    with Sandbox(**OWN) as sandbox:
        sandbox.serve()
        with listening("--sandbox", sandbox.url, "--json") as (lines, _):
            sandbox.fault("tampered", on="notification")
            paid(sandbox)
            tampered = json.loads(lines.readline())
            sandbox.fault("early", on="notification")
            paid(sandbox)
            early = json.loads(lines.readline())
        answers = requests.get(f"{sandbox.url}/sandbox/stream", timeout=10).text

    assert (tampered["signed"], tampered["status"]) == (False, 403)
    assert "None of the sandbox's merchants" in tampered["why"]
    assert (early["signed"], early["why"], early["status"]) == (True, "", 200)
    assert OWN["client_key"] not in answers + json.dumps([tampered, early])


def test_without_a_key_or_a_sandbox_listen_says_that_nothing_was_checked():
    with Sandbox(**OWN) as sandbox, listening() as (lines, url):
        sandbox.serve()
        paid(sandbox, notify_url=url)
        said = lines.readline(), lines.readline()
        unsigned = requests.post(url, data=b"{}", timeout=10)

    assert "signature not checked" in said[0] and "HTTP 200 SUCCESS" in said[0]
    assert "No key was given to check it with: --client-key or --sandbox." in said[1]
    assert unsigned.status_code == 403  # without any signature it is forged for certain


def test_a_key_that_is_not_the_sandboxs_is_said_to_be_another_one():
    with Sandbox(**OWN) as sandbox:
        sandbox.serve()
        with listening("--sandbox", sandbox.url, "--client-key", CLIENT_KEY) as (lines, _):
            paid(sandbox)
            said = lines.readline(), lines.readline()

    assert "signature wrong" in said[0]
    assert "with another key than the one given here" in said[1]


def test_where_the_sandbox_has_gone_nothing_is_called_forged():
    with Sandbox(**OWN) as sandbox:
        sandbox.serve()
        with listening("--sandbox", sandbox.url) as (lines, url):
            sandbox._assembly.stop()
            requests.post(url, data=b"{}", headers={"X-QF-SIGN": "0" * 32}, timeout=10)
            said = lines.readline()

    assert "signature not checked" in said


def test_listen_forwards_the_bytes_and_brings_the_answer_back(sandbox):
    with (
        Shop((500, b"not yet")) as shop,
        listening("--forward", shop.url) as (lines, url),
    ):
        paid(sandbox, notify_url=url)

        line = lines.readline()

    headers, body = shop.came[0]
    (notice,) = sandbox.notifications
    assert "-> HTTP 500 not yet" in line
    assert body == notice.body
    assert Receiver(CLIENT_KEY).receive(headers, body).signed
    assert notice.attempts[0].status == 500


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Host": "evil.example"}, b"{}", 421),
        ({"Host": "127.0.0.1.evil.example"}, b"{}", 421),
        ({"Origin": "https://evil.example"}, b"{}", 403),
        ({"Origin": "null"}, b"{}", 403),
        ({"Sec-Fetch-Site": "cross-site"}, b"{}", 403),
        ({}, b"x" * (256 * 1024 + 1), 413),
    ],
)
def test_what_comes_from_elsewhere_leaves_no_line(headers, body, status):
    with listening() as (lines, url):
        assert requests.post(url, data=body, headers=headers, timeout=20).status_code == status
        requests.post(url, data=b"{}", headers={"X-QF-SIGN": "0" * 32}, timeout=20)
        assert "first delivery" in lines.readline()
        assert "No key was given" in lines.readline()


@pytest.mark.parametrize(
    "body",
    [
        b'{"txcurrcd": "HKD", "txamt": "' + b"9" * 5_000 + b'"}',
        b'{"txcurrcd": "HKD", "txamt": ' + b"9" * 5_000 + b"}",
        b'{"txcurrcd": "HKD", "txamt": "\xc2\xb2"}',
        b'{"txcurrcd": ["HKD"], "txamt": {}, "notify_type": 1e999}',
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b'{"out_trade_no": "\\ud800"}',
        b'{"notify_type": "\\u001b[2J", "out_trade_no": "\\n\\u202e\\u009b"}',
        b"\xff\xfe[",
        b"",
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_body_makes_listen_fail_or_steers_the_terminal(body, form):
    with listening(*form) as (lines, url):
        answer = requests.post(url, data=body, headers={"X-QF-SIGN": "\xe9" * 9}, timeout=20)
        line = lines.readline()

    assert answer.status_code == 200
    assert line.endswith("\n") and line[:-1].isprintable()


def test_when_listen_stops_the_sandbox_notifies_nobody(sandbox):
    with listening("--sandbox", sandbox.url) as (_, url):
        during = sandbox.notifications.url

    assert (during, sandbox.notifications.url) == (url, "")


@pytest.mark.parametrize(
    ("headers", "body", "why"),
    [
        ({}, b"{}", "X-QF-SIGN is missing"),
        ({"X-QF-SIGN": "nonsense"}, b"{}", "not the MD5"),
        ({"x-qf-sign": "0" * 32}, b"\xff\xfe", "not the MD5"),
    ],
)
def test_a_receiver_says_why_it_does_not_believe(headers, body, why):
    arrival = Receiver("key").receive(headers, body)

    assert not arrival.signed
    assert why in arrival.why


def test_the_report_is_printed_and_its_status_follows_the_grade(sandbox, typed):
    client = sandbox.client()
    client.reverse(client.pay(**ORDER))

    by_default = typed("report", "--sandbox", sandbox.url)
    strict = typed("report", "--sandbox", sandbox.url, "--fail-on", "warning")

    assert "not reliable  Cancelled without looking first" in by_default.output
    assert "#2" in by_default.output
    assert (by_default.exit_code, strict.exit_code) == (0, 1)


def test_the_report_speaks_chinese(sandbox):
    client = sandbox.client()
    client.reverse(client.pay(**ORDER))
    done = CliRunner().invoke(main, ["--lang", "zh", "report", "--sandbox", sandbox.url])

    assert rules()["cancelled-unseen"].title.zh in done.output


def test_the_report_as_json_is_what_the_control_api_says(sandbox, typed):
    done = typed("report", "--sandbox", sandbox.url, "--json")

    assert json.loads(done.output) == requests.get(f"{sandbox.url}/sandbox/report").json()


def test_where_no_sandbox_is_the_next_step_is_named(typed):
    done = typed("report", "--sandbox", "http://127.0.0.1:1")

    assert done.exit_code != 0
    assert "start one with `qftools sandbox`" in done.output


def test_an_address_elsewhere_is_not_asked(typed):
    done = typed("report", "--sandbox", "https://openapi-hk.qfapi.com")

    assert done.exit_code != 0
    assert "no address of a sandbox here" in done.output


def test_the_description_is_printed_or_written(typed, tmp_path):
    file = tmp_path / "openapi.json"

    printed = typed("openapi", "--url", "http://127.0.0.1:9")
    written = typed("openapi", "-o", str(file))

    assert json.loads(printed.output)["servers"] == [{"url": "http://127.0.0.1:9"}]
    assert written.exit_code == 0
    assert json.loads(file.read_text("utf-8"))["openapi"] == "3.1.0"
