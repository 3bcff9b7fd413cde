"""Plain words: who is meant is named, and Chinese output is Chinese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from qftools import cancel
from qftools.cli import main
from qftools.journal.journal import Journal
from qftools.journal.page import as_html, as_text
from qftools.sandbox import Sandbox
from tests.raw_server import RawServer

ROOT = Path(__file__).parents[1]
VAGUE = re.compile(r"\b([Nn]obody|[Ss]omebody|[Ww]hoever)\b")
KINDS = {".py", ".json", ".toml", ".md", ".css", ".mjs", ".html", ".po", ".ipynb", ".yml"}
KINDS |= {".sh", ".php", ".java", ".go", ".cs"}
PLACES = (
    "qftools",
    "docs",
    "notebooks",
    "README.md",
    "README.zh.md",
    "CONTRIBUTING.md",
    "Makefile",
)


def texts():
    for place in PLACES:
        for path in sorted([ROOT / place, *(ROOT / place).rglob("*")]):
            name = str(path.relative_to(ROOT))
            made = "/notebooks/" in name  # by the build of the site
            if path.suffix in KINDS and path.is_file() and not made:
                yield name, path.read_text("utf-8")


def test_code_help_pages_and_lessons_name_who_is_meant():
    found = [
        f"{name}: {line.strip()[:100]}"
        for name, text in texts()
        for line in text.splitlines()
        if VAGUE.search(line)
    ]

    assert found == [], "say whom you mean: no request, another process, the caller"


# ---- Chinese output -----------------------------------------------------------------------------

KEY = "0123456789ABCDEF0123456789ABCDEF"
ACCOUNT = ("--app-code", "A", "--client-key", KEY)
GONE = "http://127.0.0.1:1"  # nothing listens there
# What stays as it is: quoted words, commands, options, addresses, paths, names with signs in them.
KEPT = re.compile(
    r"'[^']*'|“[^”]*”|`[^`]*`|\"[^\"]*\"|https?://\S+|/\S+|--?[a-z][\w-]*|qftools( [a-z]+)*"
    r"|main( [a-z]+)*|\w*[_=]\w*|app code|client key|Ctrl-C"
)
ENGLISH = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)+|\b[A-Z][a-z]+[A-Z]\w+")


def half_english(output):
    """Runs of English words in *output*, and names of Python's errors; usage lines aside."""
    lines = [line for line in output.splitlines() if not line.startswith("用法：")]
    return [words for line in lines for words in ENGLISH.findall(KEPT.sub("，", line))]


def said(*args):
    return CliRunner().invoke(main, ["--lang", "zh", *args]).output


@pytest.fixture
def nowhere(tmp_path, monkeypatch, no_waiting):
    monkeypatch.setenv("QFTOOLS_JOURNAL", str(tmp_path / "journal.db"))
    for name in ("BASE_URL", "APP_CODE", "CLIENT_KEY"):
        monkeypatch.delenv(f"QFTOOLS_{name}", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "args",
    [
        ("cancl",),
        ("pay", "--txmat", "1"),
        ("pay", "--txamt", "x"),
        ("pay",),
        ("cancel",),
        ("cancel", "A", "B"),
        ("pending", "A"),
        ("resume",),
        ("resume", "7"),
        ("journal", "show", "9"),
        ("sign",),
        ("sign", "a"),
        ("sign", "a=1", "--body", "gone"),
        ("explain", "--key-env", "GONE", "-"),
        ("sandbox", "--clock", "x"),
        ("sandbox", "--port", "99999999"),
        ("sandbox", "--load", "gone.toml"),
        ("sandbox", "--set", "nope=1"),
        ("sandbox", "--set", "cancel_paid=perhaps"),
        ("sandbox", "--set", "cancel_latency=x"),
        ("sandbox", "--notify-url", "ftp://x"),
        ("sandbox", "--notify-url", "http://192.0.2.1/"),
        ("sandbox", "--app-code", ""),
        ("tap",),
        ("tap", "--to", "nonsense"),
        ("tap", "--to", "https://openapi-hk.qfapi.com"),
        ("tap", "--to", "http://127.0.0.1:1", "--record", "/gone/calls.har"),
        ("tap", "--to", "http://127.0.0.1:1", "--record", __file__),
        ("compare",),
        ("compare", __file__),
        ("compare", __file__, "--set", "nope=1"),
        ("listen", "--forward", "nonsense"),
        ("report", "--sandbox", "nonsense"),
        ("report", "--sandbox", "http://a b"),
        ("policy", "999"),
        ("report", "--sandbox", GONE),
        ("listen", "--sandbox", GONE),
        ("query", "A1", "--base-url", GONE, *ACCOUNT),
        ("cancel", "A1", "--base-url", "nonsense", *ACCOUNT),
        ("query", "A1", "--base-url", "https://example.com", *ACCOUNT),
        ("query", "A1", "--base-url", GONE, "--app-code", "A", "--client-key", "short"),
        ("sweep", "gone.csv", "--base-url", GONE, *ACCOUNT),
        ("openapi", "--output", "/gone/openapi.json"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_told_in_chinese_throughout(nowhere, args):
    output = said(*args)

    assert re.search("[\u4e00-\u9fff]", output)
    assert half_english(output) == []


@pytest.mark.parametrize(
    "written",
    [
        "x =",
        "other = 1",
        "orders = 1",
        '[[orders]]\nout_trade_no = "1"',
        '[[merchants]]\napp_code = "A"\nclient_key = "short"',
        '[[merchants]]\napp_code = "A"\nclient_key = "0123456789"\nmchid = "maybe"',
        '[[merchants]]\napp_code = "A"\nclient_key = "0123456789"\nzip = 1',
    ],
)
def test_a_file_that_cannot_be_loaded_is_told_in_chinese_throughout(nowhere, written):
    (nowhere / "orders.toml").write_text(written)

    output = said("sandbox", "--load", str(nowhere / "orders.toml"))

    assert re.search("[\u4e00-\u9fff]", output)
    assert half_english(output) == []


@pytest.mark.parametrize("args", [("sandbox", "--data"), ("pending", "--journal")], ids=" ".join)
def test_a_file_of_something_else_is_told_in_chinese_throughout(nowhere, args):
    (nowhere / "other.db").write_text("not a database of ours")

    output = said(*args, str(nowhere / "other.db"))

    assert re.search("[\u4e00-\u9fff]", output)
    assert half_english(output) == []


@pytest.mark.parametrize(
    "body", [b"{bad", b"[]", b"", b"<html>", b"\xff\xfe", b'{"a":1}', b"[" * 100_000]
)
def test_a_reply_that_cannot_be_read_is_told_in_chinese_throughout(nowhere, body):
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with RawServer(lambda _: [reply]) as server:
        output = said("query", "A1", "--base-url", server.url, *ACCOUNT)

    assert "应答" in output
    assert half_english(output) == []


def test_a_line_of_json_that_cannot_be_read_is_told_in_chinese_throughout(nowhere):
    orders = nowhere / "orders.jsonl"
    orders.write_text('{"out_trade_no": "1",}\n[1]\n' + "[" * 9_999)

    output = said("sweep", str(orders), "--base-url", GONE, *ACCOUNT)

    assert "第 1 行" in output
    assert half_english(output) == []


def test_the_page_of_a_cancel_shows_chinese_as_it_is(tmp_path):
    with Sandbox(lang="zh") as sandbox, Journal(tmp_path / "journal.db") as journal:
        client = sandbox.client()
        order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD", goods_name="龙井茶")
        cancel(client, order, journal=journal)
        (entry,) = journal.entries()

    for page in (as_html(entry, "zh"), as_text(entry, "zh")):
        assert "交易成功" in page and "龙井茶" in page
        assert "\\u" not in page
