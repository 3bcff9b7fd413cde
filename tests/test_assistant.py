"""The tools for assistants, as the SDK's own client sees them over standard input and output."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from qftools import InputError, Sandbox, SandboxError
from qftools.assistant.pages import pages
from qftools.assistant.place import opened
from qftools.assistant.tools import offered, tools
from qftools.cancellation.verdicts import REFUNDS, VERDICTS
from qftools.cli import main
from qftools.exchange.redaction import REDACTED
from qftools.journal.journal import Journal
from tests.raw_server import RawServer

ROOT = Path(__file__).parents[1]
APP_CODE = "3F504C39125E4886B4741A5D7E8B9F10"
KEY = "0123456789ABCDEF0123456789ABCDEF"
HOST = "openapi-hk.qfapi.com"


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    return tmp_path_factory.mktemp("assistant") / "journal.db"


@pytest.fixture(scope="module")
def ask(journal):
    """Asks a server that runs as an assistant starts it: a method of the SDK's client."""
    sdk = pytest.importorskip("mcp", reason="needs the extra mcp")
    from anyio.from_thread import start_blocking_portal

    server = sdk.StdioServerParameters(
        command=sys.executable,
        args=["-m", "qftools", "mcp", "--app-code", APP_CODE, "--journal", str(journal)],
        env={"QFTOOLS_CLIENT_KEY": KEY, "PYTHONPATH": str(ROOT), "LANGUAGE": "en"},
    )
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(sdk.Client(sdk.stdio_client(server))) as assistant,
    ):
        yield lambda method, *given: portal.call(getattr(assistant, method), *given)


@pytest.fixture
def call(ask):
    """Calls a tool, and returns what it says; no answer has the key."""

    def called(tool, /, **given):
        result = ask("call_tool", tool, given)
        (content,) = result.content
        assert KEY not in content.text
        said = json.loads(content.text)
        assert result.is_error == (isinstance(said, dict) and "error" in said)
        return said

    return called


# ---- over standard input and output -------------------------------------------------------------


def test_the_client_finds_each_tool_with_what_it_takes_and_whether_it_changes_anything(ask):
    found = {tool.name: tool for tool in ask("list_tools").tools}

    assert found.keys() == tools().keys()
    assert found["cancel"].input_schema["required"] == ["number"]
    assert found["sandbox_payer"].input_schema["required"] == ["number", "act"]
    assert found["look"].annotations.read_only_hint
    assert found["cancel"].annotations.destructive_hint


def test_an_order_is_cancelled_to_its_verdict_with_every_call_in_the_journal(call, journal):
    call("pay", pay_type="800101", txamt=2500, out_trade_no="A1")

    assert call("look", number="A1")["rows"][0]["state"] == "open"
    call("sandbox_fault", name="lost after", on="cancel")
    assert call("cancel", number="A1")["verdict"] == "CANCELLED"
    with Journal(journal) as kept:
        assert [entry.verdict for entry in kept.entries(out_trade_no="A1")] == ["CANCELLED"]
    record = Path(f"{journal}.calls").read_text().splitlines()
    assert [json.loads(line)["tool"] for line in record][-4:] == [
        *("pay", "look", "sandbox_fault", "cancel")
    ]


def test_a_payment_that_has_completed_is_not_cancelled_and_the_report_is_clean(call):
    call("sandbox_reset")
    call("pay", pay_type="800101", txamt=2500, out_trade_no="A2")
    call("sandbox_payer", number="A2", act="pay")

    assert call("cancel", number="A2")["verdict"] == "PAID"
    assert call("sandbox_orders")[0]["state"] == "paid"
    assert call("report")["grade"] == "clean"


def test_a_paste_with_the_key_is_explained_without_it_and_kept_out_of_the_record(call, journal):
    paste = f'{{"out_trade_no": "A3", "respcd": "1145", "user_truename": "Li", "key": "{KEY}"}}'

    said = call("explain", paste=paste, language="php")

    assert REDACTED in json.dumps(said)
    assert "Li" not in Path(f"{journal}.calls").read_text()
    assert KEY not in Path(f"{journal}.calls").read_text()


def test_a_code_says_what_it_means_on_each_call_and_an_unlisted_one_is_unknown(call):
    readings = call("code", code="1297")["readings"]

    assert (readings["any call"]["kind"], readings["close"]["kind"]) == ("unknown", "failure")
    assert call("code", code="1297", endpoint="close")["readings"].keys() == {"close"}
    assert call("code", code="9876")["kind"] == "unknown"
    assert call("which_call", pay_type="800201")["call"] == "close"


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("cancel", {}, "number is missing"),
        ("cancel", {"number": "2.02611E+25"}, "spreadsheet"),
        ("look", {"number": 5}, "number must be text"),
        ("sandbox_payer", {"number": "A9", "act": "pay"}, "A9"),
        ("refund", {"number": "A1"}, "name is unknown"),
    ],
)
def test_what_can_not_be_done_is_an_error_that_says_why(call, name, given, problem):
    assert problem in call(name, **given)["message"]


def test_the_pages_are_markdown_in_both_languages(ask):
    found = {page.uri for page in ask("list_resources").resources}
    (page,) = ask("read_resource", "qftools://zh/which-call").contents

    assert found == pages().keys()
    assert page.mime_type == "text/markdown"
    assert page.text.startswith("# 支付类型")
    assert "| 800201 |" in page.text


# ---- what needs no server -----------------------------------------------------------------------


def account(**given):
    names = ("base_url", "app_code", "client_key", "mchid", "environment")
    return {**dict.fromkeys(names), "algorithm": "MD5", "allow": (), **given}


def real(**given):
    return account(
        base_url=f"https://{HOST}",
        app_code=APP_CODE,
        client_key=KEY,
        **{"environment": "production", **given},
    )


def test_every_tool_says_in_both_languages_what_happens_if_the_payment_has_completed():
    for tool in tools().values():
        assert "completed" in tool.about.en, tool.name
        assert "已经完成" in tool.about.zh, tool.name


@pytest.mark.parametrize(("page", "rows"), [("verdicts", VERDICTS), ("refund-verdicts", REFUNDS)])
def test_the_verdicts_of_cancels_and_of_refunds_are_told_with_their_advice(page, rows):
    for language in ("zh", "en"):
        said = pages()[f"qftools://{language}/{page}"].markdown()

        assert all(f"| {row.verdict} | {row.charged} |" in said for row in rows.values())
        assert all(row.advice.say(language) in said for row in rows.values())


def test_every_page_has_a_table_in_both_languages():
    for page in pages().values():
        assert page.markdown().count("\n| ") > 5, page.uri


@pytest.mark.parametrize("named", [None, "openapi.qfapi.com"])
def test_a_gateway_with_real_money_is_refused_unless_its_host_is_named(named):
    with (
        Journal(":memory:") as kept,
        pytest.raises(InputError, match=HOST),
        opened(real(), named, kept),
    ):
        pass


def test_real_money_can_not_be_named_where_there_is_a_sandbox_alone():
    with (
        Journal(":memory:") as kept,
        pytest.raises(InputError, match="the gateway is sandbox"),
        opened(account(), HOST, kept),
    ):
        pass


def test_where_money_is_real_nothing_is_offered_that_charges_or_refunds():
    with Journal(":memory:") as kept, opened(real(), HOST, kept) as place:
        assert "REAL MONEY" in place.about
        assert [*offered(place)] == ["look", "explain", "code", "which_call", "cancel"]


def test_a_sandbox_that_runs_on_this_machine_is_taken_with_its_published_key():
    with Sandbox() as sandbox, Journal(":memory:") as kept:
        with opened(account(base_url=sandbox.serve()), None, kept) as place:
            tools()["pay"].run(place, {"pay_type": "800101", "txamt": 77001, "out_trade_no": "A/1"})
            paid = tools()["look"].run(place, {"number": "A/1"})

        assert paid["rows"][0]["state"] == "paid"
        assert sandbox.order("A/1").state == "paid"


def test_what_is_no_sandbox_on_this_machine_is_refused_before_any_key_is_used():
    with (
        RawServer(lambda _: [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]) as server,
        Journal(":memory:") as kept,
        pytest.raises(SandboxError, match="no sandbox"),
        opened(account(base_url=server.url), None, kept),
    ):
        pass


def test_without_the_extra_the_command_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "qftools.assistant.server", None)

    done = CliRunner().invoke(main, ["--lang", "en", "mcp"])

    assert done.exit_code == 2
    assert "pip install 'qfpay-toolkit[mcp]'" in done.output
