"""A recording against the sandbox: what differs is found, and the switch that removes it named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from qftools import Client, QFPayError, refund
from qftools.cli import main
from qftools.compare.comparison import compare
from qftools.compare.page import as_html
from qftools.errors import InputError
from qftools.exchange.redaction import redactor_for
from qftools.exchange.writing import as_har
from qftools.sandbox import Sandbox
from qftools.sandbox.sandbox import CLIENT_KEY
from qftools.signing import sign
from qftools.tap.tap import Tap

PAY: dict[str, Any] = {"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD"}


def har(exchanges) -> bytes:
    return json.dumps(as_har(exchanges)).encode()


def recorded(story: Callable[[Client, Sandbox], object], **switches: Any) -> bytes:
    """The recording of a story at a sandbox with other switches."""
    with Sandbox(**switches) as sandbox:
        story(sandbox.client(), sandbox)
        return har(sandbox.exchanges)


def asked(call: Callable[..., object], *args: Any, **more: Any) -> None:
    with suppress(QFPayError):  # a refusal is a reply, too
        call(*args, **more)


def paid(client, sandbox, **more):
    order = client.pay(**{**PAY, **more})
    sandbox.payer(order).pay()
    sandbox.clock.advance(5)
    return order


def refunds_twice(client, sandbox):
    order = paid(client, sandbox)
    client.query(order)
    for _ in range(2):
        asked(client.refund, order, 2500)


def pays_twice(client, sandbox):
    client.pay(**PAY, out_trade_no="A1")
    sandbox.clock.advance(60)
    asked(client.pay, **PAY, out_trade_no="A1")


def closes_by_the_wrong_call(client, sandbox):
    asked(client.close, client.pay(**PAY))


def reverses(client, sandbox):
    order = client.pay(**PAY)
    asked(client.reverse, order)
    for _ in range(2):
        client.query(out_trade_no=order.out_trade_no)


def reverses_a_paid_one(client, sandbox):
    order = paid(client, sandbox)
    asked(client.reverse, order)
    client.query(order)


def refunds_fps(client, sandbox):
    order = paid(client, sandbox, pay_type="802001")
    client.query(order)
    asked(client.refund, order, 2500)


def asks_for_an_old_one(client, sandbox):
    client.pay(**PAY, out_trade_no="A1")
    sandbox.clock.advance(40 * 86_400)
    client.query(out_trade_no="A1")


SWITCHED = [
    ("full_refund_again", "1264", refunds_twice),
    ("duplicate_code", "1102", pays_twice),
    ("cancel_unsupported_code", "1250", closes_by_the_wrong_call),
    ("seed_sample", "on", reverses),
    ("result_in", "txstatus", reverses),
    ("cancel_latency", "2", reverses),
    ("cancel_paid", "refund", reverses_a_paid_one),
    ("fps_refund", "allow", refunds_fps),
    ("strict_month", "on", asks_for_an_old_one),
    ("cancel_routes", "docs-2026-late", reverses),
]


@pytest.mark.parametrize(("name", "value", "story"), SWITCHED, ids=[row[0] for row in SWITCHED])
def test_a_difference_of_a_switch_is_found_and_the_switch_named(name, value, story):
    assert compare(recorded(story)).differences == ()  # the same sandbox answers the same

    found = compare(recorded(story, **{name: value}))

    assert found.differences
    assert found.switches == (f"{name}={value}",) and found.left == 0
    assert all(f"{name}={value}" in item.switches for item in found.differences)
    assert compare(recorded(story, **{name: value}), {name: value}).differences == ()


def test_several_switches_together_are_named_each_for_its_own_difference():
    switches = {"full_refund_again": "1264", "duplicate_code": "2011", "seed_sample": "on"}

    def story(client, sandbox):
        refunds_twice(client, sandbox)
        pays_twice(client, sandbox)
        reverses(client, sandbox)

    found = compare(recorded(story, **switches))

    named = {value for item in found.differences for value in item.switches}
    assert named == {f"{name}={value}" for name, value in switches.items()}
    assert set(found.switches) == named and found.left == 0


def doctored(change: Callable[[dict[str, Any]], object]) -> bytes:
    """A recording whose first reply, a payment's, a real gateway would have given so."""
    value = json.loads(recorded(reverses))
    change(value["log"]["entries"][0]["response"])
    return json.dumps(value).encode()


def body_of(change: Callable[[dict[str, Any]], Any], **how: Any) -> bytes:
    def changed(response: dict[str, Any]) -> None:
        body = json.loads(response["content"]["text"])
        response["content"]["text"] = json.dumps(change(body) or body, **how)

    return doctored(changed)


CHANGED = {
    "a field more": (body_of(lambda body: body.update(trace="1")), "field", "trace"),
    "a field less": (body_of(lambda body: body.pop("chnlsn") and None), "field", "chnlsn"),
    "a number": (body_of(lambda body: body.update(txamt=2500)), "type", "txamt"),
    "an order": (body_of(lambda body: dict(reversed(body.items()))), "order", ""),
    "a code": (body_of(lambda body: body.update(respcd="1145")), "code", "respcd"),
    "compact": (body_of(lambda body: None, separators=(",", ":")), "format", ""),
    "another number": (body_of(lambda body: body.update(txamt="2501")), "value", "txamt"),
    "empty": (body_of(lambda body: body.update(sysdtm="")), "value", "sysdtm"),
    "status": (doctored(lambda reply: reply.update(status=502)), "status", ""),
    "no header": (doctored(lambda reply: reply["headers"].pop(1)), "header", "X-Powered-By"),
    "a header's name": (
        doctored(lambda reply: reply["headers"][1].update(name="x-powered-by")),
        "header",
        "x-powered-by",
    ),
    "a header more": (
        doctored(lambda reply: reply["headers"].append({"name": "X-New", "value": "1"})),
        "header",
        "X-New",
    ),
    "no signature": (doctored(lambda reply: reply["headers"].pop()), "signature", "X-QF-SIGN"),
    "another signature": (
        doctored(lambda reply: reply["headers"][-1].update(value="ab" * 32)),
        "signature",
        "X-QF-SIGN",
    ),
    "another order of headers": (
        doctored(lambda reply: reply["headers"].reverse()),
        "header order",
        "",
    ),
}


@pytest.mark.parametrize(("recording", "kind", "where"), CHANGED.values(), ids=CHANGED)
def test_each_kind_of_difference_is_told_with_its_place(recording, kind, where):
    found = compare(recording, search=False)

    assert (kind, where) in {(item.point.kind, item.point.where) for item in found.differences}
    assert {item.endpoint for item in found.differences} == {"payment"}
    assert {item.exchanges for item in found.differences} == {(1,)}


def test_a_tap_records_what_compare_reads_at_a_gateway_with_other_switches(tmp_path):
    record = tmp_path / "calls.har"
    another: dict[str, Any] = {"client_key": "another key 01234567", "full_refund_again": "1264"}
    with Sandbox(clock="real", **another) as far, Tap(far.serve(), record=record) as tap:
        client = Client(far.credentials, tap.serve())
        order = client.pay(**PAY)
        far.payer(order).pay()
        client.query(order)
        for _ in range(2):
            asked(client.refund, order, 2500)

    found = compare(record.read_bytes())

    assert [(item.point.where, item.switches) for item in found.differences] == [
        ("respcd", ("full_refund_again=1264",))
    ]


def test_signatures_are_judged_with_the_key_and_made_anew_without_it():
    key = "another key 01234567"

    params = {"syssn": "20260105154100020000977813", "out_trade_no": ""}
    with Sandbox(client_key=key, empty_values="include") as sandbox:
        headers = {
            "X-QF-APPCODE": sandbox.credentials.app_code,
            "X-QF-SIGN": sign(params, key, empty_values="exclude"),
        }
        url = f"{sandbox.serve()}/trade/v1/query"
        requests.post(url, data=params, headers=headers, timeout=10)
        recording = har(sandbox.exchanges)

    assert compare(recording, client_key=key).switches == ("empty_values=include",)
    assert [item.point.recorded for item in compare(recording).differences] == []


def test_an_order_from_before_the_recording_is_taken_from_its_rows():
    def story(client, sandbox):
        order = paid(client, sandbox)
        client.query(order)
        asked(refund, client, order, 1000)

    value = json.loads(recorded(story))
    del value["log"]["entries"][0]  # the payment

    found = compare(json.dumps(value).encode())

    assert found.differences == ()


def test_what_is_about_an_order_that_nothing_shows_is_left_out():
    value = json.loads(recorded(reverses))
    value["log"]["entries"] = value["log"]["entries"][1:2]  # the reversal alone

    found = compare(json.dumps(value).encode())

    assert found.compared == {} and found.left_out == 1 and found.differences == ()


def test_the_exchanges_of_a_sandbox_are_a_recording_too():
    with Sandbox(seed_sample="on") as sandbox:
        url = sandbox.serve()
        reverses(sandbox.client(), sandbox)
        one = [requests.get(f"{url}/sandbox/exchanges/{n}", timeout=10).json() for n in (1, 2)]

    assert compare(json.dumps(one).encode()).switches == ("seed_sample=on",)


@pytest.mark.parametrize(
    "source", [b"", b"{", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"log": {"entries": [1, {}]}}']
)
def test_what_is_no_recording_is_refused(source):
    with pytest.raises(InputError):
        compare(source)


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry["response"]["headers"].append({"name": "", "value": "1"}),
        lambda entry: entry["request"]["postData"].update(text="txamt=\ud800"),
        lambda entry: entry.update(startedDateTime="9999-12-31T23:59:59Z"),
        lambda entry: entry["response"]["content"].update(text='{"respcd": [], "data": [1, {}]}'),
    ],
    ids=["no name", "half a character", "no time", "no code"],
)
def test_a_strange_entry_breaks_nothing(change):
    value = json.loads(recorded(reverses))
    change(value["log"]["entries"][0])

    assert sum(compare(json.dumps(value).encode(), search=False).compared.values()) >= 2


NASTY = "<script>alert(1)</script>\x1b[2J"


def test_the_page_names_no_order_no_amount_and_no_key_and_escapes_what_a_gateway_wrote():
    recording = body_of(lambda body: body.update({NASTY: "1", "respcd": NASTY, CLIENT_KEY: "1"}))

    found = compare(recording)
    page = as_html(found, redactor_for(frozenset({CLIENT_KEY})), "en")

    (number,) = set(re.findall(r'\\"out_trade_no\\": \\"(\w+)\\"', recording.decode()))
    assert found.differences
    for secret in (number, CLIENT_KEY, "<script", "\x1b", "2500"):
        assert secret not in page


def test_the_command_prints_text_json_and_a_page_and_ends_with_one_where_they_differ(tmp_path):
    path, page = tmp_path / "calls.har", tmp_path / "page.html"
    path.write_bytes(recorded(refunds_twice, full_refund_again="1264"))

    def typed(*args):
        return CliRunner().invoke(main, ["--lang", "en", "compare", str(path), *args])

    text = typed("--html", str(page))
    assert text.exit_code == 1
    assert "--set full_refund_again=1264 answers as the recording does" in text.output
    assert "--set full_refund_again=1264" in page.read_text()
    told = json.loads(typed("--json").output)
    assert told["switches"] == ["full_refund_again=1264"] and told["left"] == 0
    assert typed("--set", "full_refund_again=1264").exit_code == 0
