"""The sandbox as a service: who is let in, what the control token opens, and what says it is up.

Nothing here listens anywhere but on loopback: an address of the documentation's own network
(203.0.113.1) is none of this machine's.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from qftools.cli import main
from qftools.errors import SandboxError
from qftools.sandbox import Sandbox
from qftools.sandbox.control.remote import TOKEN, Remote

ORDER = {"pay_type": "800201", "txamt": 2500, "txcurrcd": "HKD"}  # a QR code for the payer
SECRET = "a-control-token-of-this-test"
PUBLIC = "http://pay.example:8787"
ELSEWHERE = "203.0.113.1"
OWN: dict[str, Any] = {"app_code": "SHOP", "client_key": "0123456789ABCDEF0123456789ABCDEF"}
GUARDED = ("/", "/?lang=zh", "/sandbox", "/sandbox/orders", "/sandbox/nothing", "/sandbox/stream")


@pytest.fixture
def sandbox():
    with Sandbox(lang="en") as running:
        running.serve(public_urls=[PUBLIC], control_token=SECRET)
        yield running


def get(sandbox, path, **headers):
    return requests.get(
        sandbox.url + path, headers={name.title(): value for name, value in headers.items()}
    )


def basic(password):
    return "Basic " + base64.b64encode(f"anyone:{password}".encode()).decode()


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer wrong", SECRET, f"Token {SECRET}", basic("wrong"), "Basic é="]
)
def test_without_the_token_workbench_and_control_api_are_closed(sandbox, sent):
    for path in GUARDED:
        answer = get(sandbox, path, **({"authorization": sent.encode("latin-1")} if sent else {}))

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert SECRET not in answer.text


@pytest.mark.parametrize("sent", [f"Bearer {SECRET}", f"bearer  {SECRET}", basic(SECRET)])
def test_with_the_token_they_answer_programs_and_browsers(sandbox, sent):
    assert [get(sandbox, path, authorization=sent).status_code for path in GUARDED] == [
        *(200, 200, 200, 200, 404, 200)
    ]


def test_a_phone_opens_the_payers_page_pays_and_follows_the_order_without_the_token(sandbox):
    order = sandbox.client().pay(**ORDER)
    page = f"{sandbox.url}/payer/{order.syssn}"
    phone = {"Host": "pay.example:8787", "Origin": PUBLIC}

    shown = requests.get(page, headers=phone)
    before = requests.head(page, headers=phone).headers["X-Order-State"]
    requests.post(page, data={"act": "pay"}, headers=phone).raise_for_status()
    after = requests.head(page, headers=phone).headers["X-Order-State"]

    assert order.reply.body["qrcode"].startswith(f"{PUBLIC}/payer/")
    assert "HKD" in shown.text
    assert (before, after) == ("waiting", "paid")
    assert sandbox.order(order).state == "paid"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("pay.example", 200),
        ("PAY.example:1", 200),
        ("localhost:9", 200),
        ("pay.example.evil.example", 421),
        ("evil.example", 421),
        (ELSEWHERE, 421),
    ],
)
def test_only_loopback_and_the_hosts_of_public_addresses_are_answered(sandbox, host, status):
    answer = get(sandbox, "/healthz", host=host)

    assert answer.status_code == status
    assert status == 200 or "loopback names, 127.0.0.1, pay.example are answered" in answer.text


def test_a_page_of_another_origin_is_refused_even_with_the_token(sandbox):
    sent = {"authorization": basic(SECRET), "origin": "http://evil.example"}

    assert get(sandbox, "/sandbox/orders", **sent).status_code == 403


def test_health_is_open_says_ok_and_leaves_no_exchange(sandbox):
    answer = get(sandbox, "/healthz")

    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert requests.head(f"{sandbox.url}/healthz").status_code == 200
    assert requests.post(f"{sandbox.url}/healthz", data="x").status_code == 405
    assert sandbox.exchanges == ()


def test_commands_take_the_token_from_the_environment(sandbox, monkeypatch):
    with pytest.raises(SandboxError, match="wants its control token: set QFTOOLS_CONTROL_TOKEN"):
        Remote(sandbox.url).call("GET", "/sandbox/report")
    monkeypatch.setenv(TOKEN, SECRET)

    assert Remote(sandbox.url).call("GET", "/sandbox/report")["grade"] == "clean"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ELSEWHERE, "192.168.1.20", "sandbox", "127.1"])
def test_no_address_but_loopback_is_listened_on_without_token_and_key_of_ones_own(host):
    with Sandbox() as published, Sandbox(**OWN) as own:
        for sandbox, token, said in (
            (own, "", "give a control token of at least 16 characters"),
            (own, "short", "at least 16 characters"),
            (own, "sixteen or more, but with blanks", "without blanks"),
            (published, SECRET, "an app code and a client key of your own"),
        ):
            with pytest.raises(SandboxError, match=said) as refused:
                sandbox.serve(host=host, control_token=token)
            assert not token or token not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["pay.example", "ftp://pay.example", "http://pay.example/shop", "http://a@pay.example"]
)
def test_a_public_address_is_scheme_host_and_port(url):
    with Sandbox() as sandbox, pytest.raises(SandboxError, match="no public address"):
        sandbox.serve(public_urls=[url])


def test_other_machines_are_let_in_loudly_even_if_it_is_quiet():
    options = ("--host", ELSEWHERE, "--quiet", "--port", "0", "--control-token", SECRET)
    account = ("--app-code", "SHOP", "--client-key", OWN["client_key"])

    done = CliRunner().invoke(main, ["--lang", "en", "sandbox", *options, *account])

    assert f"Warning: this listens on {ELSEWHERE}. Every machine" in done.stderr
    assert f"can't listen on {ELSEWHERE}:0" in done.stderr
    assert SECRET not in done.output
