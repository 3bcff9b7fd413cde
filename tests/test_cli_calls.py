"""The commands that talk to a gateway, as they are typed, against the sandbox on loopback."""

from __future__ import annotations

import json
import socket
import socketserver
import threading

import pytest
from click.testing import CliRunner

from qftools.cancellation.verdicts import VERDICTS, Verdict
from qftools.cli import main
from qftools.sandbox import Sandbox

PAY = ("pay", "--pay-type", "800101", "--txcurrcd", "HKD")
TIME = ("--txdtm", "2026-01-05 10:00:00")


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        running.serve()
        yield running


@pytest.fixture
def qftools(sandbox, no_waiting):
    """Type ``qftools --lang en ...`` with the sandbox's account in the environment."""
    environment = {
        "QFTOOLS_BASE_URL": sandbox.url,
        "QFTOOLS_APP_CODE": sandbox.credentials.app_code,
        "QFTOOLS_CLIENT_KEY": sandbox.credentials.client_key,
        "QFTOOLS_MCHID": "",
        "QFTOOLS_ENVIRONMENT": "",
    }
    runner = CliRunner(env=environment)

    def typed(*args, **how):
        return runner.invoke(main, ["--lang", "en", *args], **how)

    return typed


def test_a_placed_payment_is_not_called_paid_and_the_next_commands_are_named(qftools):
    done = qftools(*PAY, "--txamt", "2500", "--out-trade-no", "T1", *TIME)

    assert done.exit_code == 0
    assert "Placed, not paid" in done.output
    assert "2500 (HKD 25.00)" in done.output
    assert (
        "qftools cancel --out-trade-no T1 --txamt 2500 --txdtm '2026-01-05 10:00:00'" in done.output
    )


def test_a_payer_who_is_typing_is_in_progress_and_not_an_error(qftools):
    done = qftools(
        *("pay", "--pay-type", "800108", "--txcurrcd", "HKD", "--txamt", "2500"),
        *("--auth-code", "280000000000077002"),
    )

    assert done.exit_code == 4
    assert "This is not a failure" in done.output


def test_a_lost_reply_ends_with_3_and_names_the_query(qftools):
    done = qftools(*PAY, "--txamt", "77027", "--out-trade-no", "T1")

    assert done.exit_code == 3
    assert "qftools query --out-trade-no T1" in done.output


def test_a_refused_payment_ends_with_1_and_says_what_the_code_means_in_both_languages(qftools):
    qftools(*PAY, "--txamt", "2500", "--out-trade-no", "T1")

    english = qftools(*PAY, "--txamt", "2500", "--out-trade-no", "T1")
    chinese = qftools("pay", "--lang", "zh", *PAY[1:], "--txamt", "2500", "--out-trade-no", "T1")

    assert english.exit_code == chinese.exit_code == 1
    assert "1251" in english.output
    assert "错误：1251" in chinese.output


def test_a_pay_type_that_no_source_lists_is_warned_of_and_sent(qftools, sandbox):
    done = qftools("pay", "--pay-type", "800709", *PAY[3:], "--txamt", "2500")

    assert "Warning: No source lists the pay type 800709" in done.output
    assert len(sandbox.exchanges) == 1


def test_wrong_input_ends_with_2_and_nothing_is_sent(qftools, sandbox):
    done = qftools(*PAY, "--txamt", "-1")

    assert done.exit_code == 2
    assert "txamt" in done.output
    assert sandbox.exchanges == ()


def test_a_row_of_a_query_says_the_state(qftools):
    qftools(*PAY, "--txamt", "77001", "--out-trade-no", "T1")

    shown = qftools("query", "--out-trade-no", "T1")
    rows = json.loads(qftools("query", "--out-trade-no", "T1", "--json").output)["data"]

    assert shown.exit_code == 0
    assert "paid" in shown.output
    assert [row["state"] for row in rows] == ["paid"]


def test_a_hold_captured_in_part_is_not_shown_as_if_all_of_it_was_charged(qftools, sandbox):
    client = sandbox.client()
    hold = client.pay(pay_type="801808", txamt=2500, txcurrcd="HKD")
    sandbox.payer(hold).pay()
    client.capture(hold, 1000, out_trade_no="PART")

    shown = qftools("query", "--syssn", hold.syssn).output

    assert "txamt is what was held" in shown
    assert "was held" not in qftools("query", "--out-trade-no", "PART").output


def test_a_query_that_finds_nothing_ends_as_not_found(qftools):
    done = qftools("query", "--out-trade-no", "NOBODY")

    assert done.exit_code == VERDICTS[Verdict.NOT_FOUND].exit_status
    assert "may still be on its way" in done.output


@pytest.mark.parametrize(
    ("txamt", "verdict"),
    [
        ("2500", Verdict.CANCELLED),
        ("77001", Verdict.PAID),
        ("77005", Verdict.PAID),
        ("77016", Verdict.NOT_CANCELLABLE),
        ("77053", Verdict.ALREADY_CANCELLED),
    ],
)
def test_a_cancel_ends_with_the_status_of_its_verdict(qftools, sandbox, txamt, verdict):
    qftools(*PAY, "--txamt", txamt, "--out-trade-no", "T1")

    done = qftools("cancel", "--out-trade-no", "T1")

    assert done.exit_code == VERDICTS[verdict].exit_status
    assert verdict.value in done.output
    assert (sandbox.order("T1").paid > 0) == (verdict is Verdict.PAID)


def test_a_cancel_as_json_has_every_step(qftools):
    qftools(*PAY, "--txamt", "2500", "--out-trade-no", "T1")

    done = qftools("cancel", "--out-trade-no", "T1", "--json")

    assert [step["endpoint"] for step in json.loads(done.output)["steps"]] == [
        "query",
        "reversal",
        "query",
    ]


@pytest.mark.parametrize(("command", "pay_type"), [("reverse", "800101"), ("close", "800201")])
def test_one_cancel_call_says_that_it_is_no_verdict(qftools, sandbox, command, pay_type):
    qftools(
        "pay",
        "--pay-type",
        pay_type,
        "--txcurrcd",
        "HKD",
        "--txamt",
        "2500",
        "--out-trade-no",
        "T1",
    )

    done = qftools(command, "--out-trade-no", "T1", "--txamt", "2500", *TIME)

    assert done.exit_code == 0
    assert "This is not a verdict" in done.output
    assert sandbox.order("T1").state == "cancelled"


def test_a_refund_gives_the_money_back(qftools, sandbox):
    qftools(*PAY, "--txamt", "77001", "--out-trade-no", "T1")

    done = qftools("refund", "--syssn", sandbox.order("T1").syssn, "--txamt", "77001")

    assert done.exit_code == 0
    assert sandbox.order("T1").kept == 0
    assert "REFUND   refund" in done.output and "REFUNDED  The refund went through" in done.output


def test_a_refund_by_a_number_alone_ends_in_a_verdict_for_a_script(qftools, sandbox):
    qftools(*PAY, "--txamt", "77001", "--out-trade-no", "T1")

    part = json.loads(qftools("refund", "T1", "--txamt", "500", "--json").output)
    refused = qftools("refund", "T1", "--txamt", "77001")

    assert (part["verdict"], part["how"], part["command"]) == ("REFUNDED", "refund", None)
    assert refused.exit_code == 2 and "is 77001, and the refunds of this payment" in refused.output
    assert sandbox.order("T1").refunded == 500


def test_a_refund_without_an_answer_is_gone_on_with_under_its_number(qftools, sandbox):
    qftools(*PAY, "--txamt", "77001", "--out-trade-no", "T1")
    sandbox.fault("lost before", "refund", 2)
    quick = ("--policy", "first_wait=0", "--policy", "wait_step=0")

    kept = qftools("refund", "T1", "--txamt", "500", *quick)
    bare = qftools("refund", "T1", "--txamt", "500", "--out-trade-no", "R2", "--no-journal", *quick)

    assert kept.exit_code == bare.exit_code == 13
    assert "  qftools resume " in kept.output
    syssn = sandbox.order("T1").syssn
    again = f"qftools refund --syssn {syssn} --txamt 500 --out-trade-no R2"
    assert bare.output.endswith(f"  {again} {' '.join(quick)} --no-journal\n")


@pytest.mark.parametrize("flag", ["--base-url", "--app-code", "--client-key"])
def test_what_is_missing_of_the_account_is_named_with_its_variable(qftools, flag):
    variable = "QFTOOLS_" + flag[2:].replace("-", "_").upper()

    done = qftools("query", "--out-trade-no", "T1", env={variable: ""})

    assert done.exit_code == 2
    assert f"{flag} is missing: give it, or set {variable}" in done.output


def test_the_key_is_never_shown(qftools, sandbox):
    key = sandbox.credentials.client_key
    outputs = [
        qftools(*PAY, "--txamt", "2500", "--out-trade-no", "T1", *how).output
        for how in ((), ("--json",), ("--mchid", "bad id"))
    ]
    outputs.append(qftools("cancel", "--out-trade-no", "T1", "--json").output)

    assert all(outputs)
    assert not any(key in output for output in outputs)


def test_text_from_the_gateway_can_not_steer_the_terminal(qftools):
    done = qftools("query", "--out-trade-no", "T1", "--field", "respcd=\x1b[2J")

    assert "\x1b" not in done.output


# ---- what never left ---------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("args", [("query", "T1"), ("cancel", "T1"), (*PAY, "--txamt", "1")])
def test_certificates_that_are_not_there_are_wrong_input_and_nothing_is_owed(
    qftools, tmp_path, variable, args
):
    how = {"REQUESTS_CA_BUNDLE": "", variable: str(tmp_path / "nowhere")}
    how["QFTOOLS_JOURNAL"] = str(tmp_path / "journal.db")

    done = qftools(*args, "--base-url", "https://127.0.0.1:1", env=how)

    assert done.exit_code == 2
    assert variable in done.output and "nowhere" in done.output
    assert qftools("journal", "list", env=how).output == "The journal is empty.\n"


def test_a_payment_that_found_no_gateway_was_not_sent_and_says_so(qftools):
    with socket.socket() as closed:  # bound, but nothing listens
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        said = qftools(*PAY, "--txamt", "1", "--base-url", url)
        told = json.loads(qftools(*PAY, "--txamt", "1", "--base-url", url, "--json").output)

    assert said.exit_code == 3
    assert "this request was not sent" in said.output
    assert "Ask before you act again" not in said.output
    assert told["error"]["sent"] is False


class Guarded(socketserver.StreamRequestHandler):
    """A proxy that lets nothing through without a password."""

    def handle(self):
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("args", "status"),
    [
        ((*PAY, "--txamt", "1"), 3),
        (("query", "T1"), 3),
        (("cancel", "T1", "--policy", "first_wait=0.01", "--policy", "wait_step=0"), 15),
    ],
)
def test_a_proxy_that_wants_a_password_is_named_with_its_variables(qftools, args, status):
    place = ("--base-url", "https://gateway.example", "--allow", "unlisted-host")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Guarded) as proxy:
        threading.Thread(target=proxy.serve_forever).start()
        how = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}", "NO_PROXY": ""}
        done = qftools(*args, *place, env=how)
        proxy.shutdown()

    assert done.exit_code == status
    assert "407" in done.output
    assert "HTTPS_PROXY" in done.output
