"""``qftools explain`` and ``qftools replay``, as their users type them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from qftools import Journal, cancel, sign
from qftools.cli import main
from qftools.sandbox import Sandbox
from tests.test_cli_first_day import at_a_terminal

PASTES = Path(__file__).parent / "pastes"
KEY = "5744993FBC034DBBB995FA0123456789"
APP = "A3B6E2F0C1D94E57A8B2C3D4E5F60718"
TEXT = "out_trade_no=A1&pay_type=800101&txamt=2500&txcurrcd=HKD&txdtm=2026-01-05 10:00:00"
PARAMS = dict(pair.split("=") for pair in TEXT.split("&"))
WRONG = hashlib.md5(f"{TEXT}&key={KEY}".encode()).hexdigest()


@pytest.fixture
def qftools():
    """Type ``qftools ...``."""
    runner = CliRunner(env={"QFTOOLS_CLIENT_KEY": KEY, "COLUMNS": "100"})

    return lambda *args, **how: runner.invoke(main, args, **how)


def curl(url, signature):
    return (
        f"curl {url}/trade/v1/payment -H 'X-QF-APPCODE: {APP}' -H 'X-QF-SIGN: {signature}' "
        f"--data '{TEXT.replace(' ', '+')}'"
    )


def test_a_paste_on_standard_input_is_explained_and_the_status_says_that_something_is_wrong(
    qftools,
):
    done = qftools("explain", "--lang", "en", input=curl("https://openapi-hk.qfapi.com", WRONG))

    assert done.exit_code == 1
    assert "Proved cause: &key= stands between the text and the key" in done.output
    assert KEY not in done.output


def test_it_is_explained_in_chinese_too(qftools):
    done = qftools("explain", "--lang", "zh", input=f"{TEXT}\nsign={WRONG}")

    assert "已证实的原因：" in done.output and "密钥前多了 &key=" in done.output


def test_a_right_request_ends_with_0(qftools):
    signature = sign(PARAMS, KEY)

    done = qftools("explain", "--lang", "en", input=curl("https://openapi-hk.qfapi.com", signature))

    assert done.exit_code == 0
    assert "Nothing wrong was found." in done.output


def test_json_holds_the_findings_and_the_fix_in_the_chosen_language(qftools):
    done = qftools("explain", "--json", "--code", "php", input=f"{TEXT}\nsign={WRONG}")

    diagnosis = json.loads(done.output)
    assert diagnosis["signature"] == "wrong"
    assert diagnosis["findings"][0]["proof"] == "reproduced"
    assert "$text . $key" in diagnosis["findings"][0]["code"]
    assert KEY not in done.output


def test_the_key_of_another_environment_is_named_by_its_variable(qftools):
    signature = sign(PARAMS, "the other key")
    env = {"QFTOOLS_CLIENT_KEY": KEY, "LIVE_KEY": "the other key"}

    done = qftools(
        *("explain", "--lang", "en", "--other-key-env", "LIVE_KEY"),
        input=f"{TEXT}\nsign={signature}",
        env=env,
    )

    assert "another account or environment was used: LIVE_KEY" in done.output
    assert "the other key" not in done.output


def test_a_key_in_the_paste_is_redacted_and_said(qftools):
    done = qftools("explain", "--lang", "en", input=f"client_key={KEY}\n{TEXT}\nsign={WRONG}")

    assert KEY not in done.output
    assert "the client key is visible in what was pasted" in done.output


@pytest.mark.parametrize("text", ["", "hello"])
def test_what_can_not_be_read_ends_with_2_and_says_what_can(qftools, text):
    done = qftools("explain", "--lang", "en", input=text)

    assert done.exit_code == 2
    assert "the cURL command, the raw HTTP" in done.output


def test_a_terminal_is_not_steered_by_what_was_pasted(qftools):
    done = qftools("explain", input="txamt=1&udid=\x1b]0;owned\x07\x1b[2J\nsign=" + "0" * 32)

    assert "\x1b]0" not in done.output and "\x07" not in done.output


POSTMAN = {
    "item": [
        {
            "request": {
                "method": "POST",
                "url": "https://openapi-hk.qfapi.com/trade/v1/payment",
                "header": [{"key": "X-QF-SIGN", "value": WRONG}],
                "body": {
                    "mode": "urlencoded",
                    "urlencoded": [{"key": "goods_name", "value": "茶"}],
                },
            }
        }
    ]
}


@pytest.mark.parametrize(
    ("paste", "status"),
    [
        (b"HTTP/1.1 abc", 2),
        (b"HTTP/1.1 abc\r\n\r\n{}", 2),
        (b"\xed\xa0\x80", 2),
        (b"https://[::1/trade/v1/query?syssn=1&sign=AA", 1),
        (b"curl https://[::1/trade/v1/query -d syssn=1", 1),
        (b"curl http://h:x/trade/v1/query -d syssn=1", 1),
        (b"POST https://[/trade/v1/query HTTP/1.1\r\nHost: h\r\n\r\nsyssn=1", 1),
        (rb'{"syssn": "\ud800", "sign": "AA"}', 1),
        (rb'{"syssn": "\udcff", "sign": "AA"}', 1),
        (rb'{"respcd": "0000", "syssn": "\ud800"}', 0),
        (rb'fetch("https://h/trade/v1/query", {"method": "POST", "body": "syssn=\ud800"})', 1),
        (rb'requests.post("https://h/trade/v1/query", data={"syssn": "\ud800"})', 1),
        (b"syssn=\xed\xa0\x80&txamt=1 sign=AA", 1),
        (b"Array\n(\n [\xff] => 1\n [txamt] => \xff\n)\nsign: AA", 1),
        (json.dumps(POSTMAN, ensure_ascii=False).encode("gbk"), 1),
        (json.dumps(POSTMAN, ensure_ascii=False).encode("utf-16"), 1),
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_broken_paste_gets_a_diagnosis_or_a_refusal_and_never_a_traceback(
    qftools, paste, status, form
):
    done = qftools("explain", *(["--json"] if form == "json" else []), input=paste)

    assert done.exit_code == status
    assert isinstance(done.exception, SystemExit | None)


def test_a_postman_file_saved_in_gbk_is_read_as_it_was_written(qftools):
    done = qftools("explain", input=json.dumps(POSTMAN, ensure_ascii=False).encode("gbk"))

    assert "茶" in done.output


# ---- replay -----------------------------------------------------------------------------


def test_a_recorded_request_is_replayed_to_a_sandbox_of_its_own(qftools):
    recorded = curl("https://openapi-hk.qfapi.com", sign(PARAMS, KEY))

    done = qftools("replay", "--json", input=recorded)

    assert done.exit_code == 0
    assert json.loads(json.loads(done.output)["body"])["respcd"] == "0000"


def test_a_wrong_signature_is_refused_until_it_is_signed_anew(qftools):
    recorded = curl("https://openapi-hk.qfapi.com", WRONG)

    refused = qftools("replay", input=recorded)
    resigned = qftools("replay", "--resign", input=recorded)

    assert (refused.exit_code, resigned.exit_code) == (1, 0)
    assert "1108" in refused.output


def test_a_running_sandbox_gets_the_request(qftools, tmp_path):
    with Sandbox() as elsewhere, Sandbox() as sandbox:
        order = elsewhere.client().pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        recorded = tmp_path / "recorded.har"
        recorded.write_text(json.dumps(elsewhere.exchanges[-1].as_har()), "utf-8")
        url = sandbox.serve()

        done = qftools("replay", "--resign", "--base-url", url, str(recorded))

        assert done.exit_code == 0
        assert sandbox.order(order.out_trade_no).txamt == 2500


def test_a_header_in_chinese_is_sent_as_utf_8(qftools):
    recorded = curl("https://h", WRONG).replace("-H", "-H 'User-Agent: 收银台' -H", 1)
    with Sandbox() as sandbox:
        done = qftools("replay", "--resign", "--base-url", sandbox.serve(), input=recorded)

        sent = sandbox.exchanges[0].request.header("user-agent")

    assert done.exit_code == 0
    assert sent is not None
    assert sent.encode("latin-1").decode() == "收银台"


@pytest.mark.parametrize("base", [True, False])
@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"X-A": "b\r\nX-Forged: 1"}, "The header X-A holds a line break"),
        ({"X-A\n": "b"}, "The header X-A\\n holds a line break"),
        ({"X-A": "b\ud800"}, ""),
    ],
)
def test_a_header_that_no_one_can_send_is_refused_and_nothing_is_sent(qftools, headers, said, base):
    call = {"url": "https://h/trade/v1/query", "method": "POST", "headers": headers, "body": "a=1"}
    with Sandbox() as sandbox:
        to = ("--base-url", sandbox.serve()) if base else ()

        done = qftools("replay", "--lang", "en", *to, input=json.dumps(call))

        assert done.exit_code == (2 if said else 1)
        assert said in done.output
        assert len(sandbox.exchanges) == (base and not said)


@pytest.mark.parametrize("method", ["GE T", "撤销"])
def test_a_method_that_is_none_is_refused_too(qftools, method):
    call = {"url": "https://h/trade/v1/query", "method": method, "headers": {}, "body": "a=1"}
    with Sandbox() as sandbox:
        done = qftools("replay", "--base-url", sandbox.serve(), input=json.dumps(call))

    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)


@pytest.mark.parametrize(
    "url",
    [
        "https://openapi-hk.qfapi.com",
        "http://[::1",
        "http://127.0.0.1\\@h",
        "http://10.0.0.1:8787",
        "https://localhost",
        "x",
    ],
)
def test_nothing_is_sent_to_anything_but_this_machine(qftools, url):
    recorded = curl("https://openapi-hk.qfapi.com", WRONG)

    done = qftools("replay", "--lang", "en", "--base-url", url, input=recorded)

    assert done.exit_code == 2
    assert "is not this machine" in done.output


# ---- codes, sentences, orders ---------------------------------------------------------------


def test_a_code_or_a_sentence_may_stand_on_the_command_line(qftools):
    code, words = qftools("explain", "1145"), qftools("explain", "接口返回 1145 是什么意思")

    assert "may I charge again: not before a query" in code.output
    assert code.output.splitlines()[1:] == words.output.splitlines()[1:]


def test_a_code_is_no_file_even_where_a_file_has_that_name(qftools, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("1145").write_text("nothing")

    assert "1145" in qftools("explain", "1145").output


def test_a_file_that_is_not_there_is_called_missing_and_not_taken_for_a_number(qftools):
    done = qftools("explain", "pasted.txt")

    assert done.exit_code == 2
    assert "does not exist" in done.output


def test_a_number_without_journal_and_account_says_what_to_set(qftools, tmp_path):
    done = qftools("explain", "A1", env={"QFTOOLS_JOURNAL": str(tmp_path / "none.db")})

    assert done.exit_code == 2
    assert "QFTOOLS_BASE_URL" in done.output
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("as_json", [False, True])
def test_a_number_is_looked_up_in_the_journal_and_at_the_gateway(qftools, tmp_path, as_json):
    with Sandbox() as sandbox, Journal(tmp_path / "j.db") as journal:
        client = sandbox.client()
        order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD", out_trade_no="A1")
        cancel(client, order, journal=journal)
        env = {
            "QFTOOLS_BASE_URL": sandbox.serve(),
            "QFTOOLS_APP_CODE": sandbox.credentials.app_code,
            "QFTOOLS_CLIENT_KEY": sandbox.credentials.client_key,
            "QFTOOLS_JOURNAL": str(tmp_path / "j.db"),
        }
        before = len(sandbox.exchanges)

        done = qftools("explain", "A1", *(["--json"] if as_json else []), env=env)

        assert {one.endpoint for one in sandbox.exchanges[before:]} == {"query"}
    assert done.exit_code == 0
    if as_json:
        told = json.loads(done.output)
        assert told["journal"][0]["verdict"] == "CANCELLED"
        assert told["gateway"]["findings"][0]["meaning"]["money_moved"] == "no"
    else:
        assert "Entry 1 of the journal, A1: CANCELLED" in done.output
        assert "order A1: cancelled" in done.output


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_line_is_wider_than_the_terminal_and_none_is_too_wide_to_read(
    qftools, columns, language
):
    told = at_a_terminal(columns, {}, "explain", "--lang", language, "1145")

    assert max(map(cell_len, told)) <= min(columns, 110)
    assert not [line for line in told if line != line.rstrip()]
