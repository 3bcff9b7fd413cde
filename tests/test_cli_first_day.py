"""What the command line prints to a person: at a narrow terminal, after trouble, and next."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
from urllib.parse import parse_qs

import pytest
from click import unstyle
from click.testing import CliRunner

from qftools.cli import main
from qftools.sandbox import Sandbox

KEY = "0123456789ABCDEF0123456789ABCDEF"
HASTE = ("--policy", "first_wait=0.01", "--policy", "wait_step=0")
ADVICE = "do not charge again under a new number"


@pytest.fixture
def sandbox():
    with Sandbox(client_key=KEY) as running:
        running.serve()
        yield running


@pytest.fixture
def environment(sandbox, tmp_path):
    return {
        "QFTOOLS_BASE_URL": sandbox.url,
        "QFTOOLS_APP_CODE": sandbox.credentials.app_code,
        "QFTOOLS_CLIENT_KEY": KEY,
        "QFTOOLS_JOURNAL": str(tmp_path / "journal.db"),
    }


@pytest.fixture
def qftools(environment, no_waiting):
    runner = CliRunner(env=environment)
    return lambda *args, lang="en", **how: runner.invoke(main, ("--lang", lang, *args), **how)


def at_a_terminal(columns, environment, *args):
    """The lines that a command prints to a terminal of so many columns."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = [sys.executable, "-m", "qftools", "--lang", "en", *args]
    there = {**os.environ, **environment, "TERM": "xterm"}
    there.pop("COLUMNS", None)
    running = subprocess.Popen(command, stdout=its, env=there)
    os.close(its)
    printed = b""
    try:
        while part := os.read(ours, 4096):
            printed += part
    except OSError:  # Linux says the end of a terminal so
        pass
    os.close(ours)
    assert running.wait(timeout=30) == 0
    return unstyle(printed.decode()).splitlines()


def placed(qftools, number="A1"):
    order = ("--pay-type", "800101", "--txamt", "2500", "--txcurrcd", "HKD")
    paid = qftools("pay", *order, "--out-trade-no", number, "--json")
    return json.loads(paid.output)["order"]


@pytest.mark.parametrize("columns", [60, 80])
def test_a_number_is_whole_on_a_narrow_terminal(qftools, environment, columns):
    syssn = placed(qftools)["syssn"]
    qftools("cancel", "A1")

    asked = at_a_terminal(columns, environment, "query", "A1")
    listed = at_a_terminal(columns, environment, "journal", "list")

    assert f"syssn         {syssn}" in [line.rstrip() for line in asked]
    assert "state         cancelled" in [line.rstrip() for line in asked]
    assert f"syssn         {syssn}" in [line.rstrip() for line in listed]


def test_a_wide_terminal_and_a_file_show_a_table(qftools, environment):
    syssn = placed(qftools)["syssn"]

    wide = at_a_terminal(150, environment, "query", "A1")
    piped = qftools("query", "A1").output.splitlines()

    for lines in (wide, piped):
        (row,) = [line.split() for line in lines if syssn in line]
        assert (row[0], row[4]) == ("open", "A1")


def test_what_is_long_is_wrapped_at_words_in_a_block(qftools, environment):
    qftools("cancel", "NOSUCH", *HASTE)

    lines = [line.rstrip() for line in at_a_terminal(60, environment, "pending")]

    assert "state         NOT_FOUND" in lines
    assert ADVICE in " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= 60


def test_an_order_that_is_not_found_is_followed_by_the_command_to_go_on_with(qftools):
    ended = qftools("cancel", "NOSUCH", *HASTE)
    again = json.loads(qftools("cancel", "NOSUCH", *HASTE, "--json").output)
    resumed = qftools("resume", "1")

    assert ended.output.endswith("\n  qftools resume 1\n")
    assert again["command"] == "qftools resume 1"
    assert resumed.output.endswith("\n  qftools resume 1\n\n")


def test_without_a_journal_the_command_to_go_on_with_is_the_cancel(qftools):
    ended = qftools("cancel", "NOSUCH", *HASTE, "--no-journal")

    typed = " ".join((*HASTE, "--no-journal"))
    assert ended.output.endswith(f"\n  qftools cancel --out-trade-no NOSUCH {typed}\n")


def test_a_settled_cancel_is_followed_by_no_command(qftools):
    placed(qftools)

    ended = qftools("cancel", "A1")
    again = json.loads(qftools("cancel", "A1", "--json").output)

    assert ended.output.endswith("charge under a new out_trade_no.\n")
    assert again["command"] is None


def test_a_note_is_printed_once_while_nothing_changes(qftools):
    ended = qftools("cancel", "NOSUCH", *HASTE)

    assert ended.output.count("the gateway has no such order") == 1
    assert ended.output.count("as above") == 2


@pytest.mark.parametrize("begun", [False, True], ids=["no journal yet", "all settled"])
def test_resume_all_says_that_nothing_is_owed(qftools, begun):
    if begun:
        placed(qftools)
        qftools("cancel", "A1")

    said = qftools("resume", "--all")
    plain = json.loads(qftools("resume", "--all", "--json").output)

    assert (said.output, said.exit_code) == ("No unfinished cancels or refunds.\n", 0)
    assert plain == {"resumed": [], "unreadable": []}


def test_pending_names_the_gateway_where_entries_belong_to_several(qftools, environment):
    qftools("cancel", "ONE", *HASTE)
    alone = qftools("pending").output
    with Sandbox(client_key=KEY) as other:
        url = other.serve()
        qftools("cancel", "TWO", *HASTE, "--base-url", url)

        both = qftools("pending").output
        resumed = qftools("resume", "--all", "--base-url", url).output

    assert environment["QFTOOLS_BASE_URL"] not in alone
    assert "Resume all of them: qftools resume --all" in alone
    assert environment["QFTOOLS_BASE_URL"] in both and url in both
    assert "Resume those of the current account: qftools resume --all" in both
    assert "Skipped, because they belong to other accounts: 1." in resumed


# ---- wrong use, in both languages -------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "english", "chinese"),
    [
        (("cancel",), "Which order?", "没有说明是哪笔订单"),
        (("cancel", "A1", "B1"), "Got unexpected extra argument (B1)", "多出的参数：B1"),
        (("pending", "A", "B"), "Got unexpected extra arguments (A B)", "多出的参数：A B"),
        (("cancel", "--syssn"), "requires an argument", "选项 '--syssn' 需要 1 个值"),
        (("query", "--json=3"), "does not take a value", "选项 '--json' 不接受值"),
        (("cancel", "A", "--hk-cancel", "x"), "is not one of 'deny'", "不在可选值之中：'deny'"),
        (("report", "--sandbox", "https://x.example"), "is no address", "不是本机沙盒的地址"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use_is_said_in_the_readers_language(qftools, args, english, chinese):
    said, translated = qftools(*args), qftools(*args, lang="zh")

    assert english in said.output and chinese in translated.output
    assert said.exit_code == translated.exit_code != 0


def test_a_sandbox_that_is_not_there_and_a_port_that_is_taken_are_said_in_chinese(qftools):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        busy = qftools("sandbox", "--port", str(port), lang="zh")
    gone = qftools("report", "--sandbox", f"http://127.0.0.1:{port}", lang="zh")

    assert f"无法监听 127.0.0.1:{port}" in busy.output
    assert f"http://127.0.0.1:{port} 上没有沙盒应答" in gone.output


def test_help_is_whole_in_the_readers_language_also_after_one_who_reads_the_other(qftools):
    for command in ([], ["demo"]):
        chinese = qftools(*command, "--help", lang="zh").output
        english = qftools(*command, "--help", lang="en").output
        again = qftools(*command, "--help", lang="zh").output

        assert chinese == again and "显示这段说明后退出" in chinese
        assert not re.search("[一-鿿]", english) and "Show this message and exit." in english
    assert "显示版本后退出" in qftools("--help", lang="zh").output


# ---- no way to the gateway, and Ctrl-C --------------------------------------------------------


def test_a_host_that_refuses_is_named_with_the_systems_reason(qftools):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    asked = qftools("query", "A1", "--base-url", url)
    ended = qftools("cancel", "A1", *HASTE, "--base-url", url)

    assert f"Error: no connection to {url}: {os.strerror(errno.ECONNREFUSED)}" in asked.output
    assert "was not sent" in asked.output and asked.exit_code == 3
    assert ended.output.count(f"no connection to {url}") == 2  # once on the way, once as the reason


def test_a_query_without_an_answer_can_simply_be_asked_again(qftools):
    wrong = qftools("query", "A1", "--client-key", KEY[::-1])

    assert "A query changes nothing: query again." in wrong.output


@pytest.mark.parametrize(
    ("args", "asking"),
    [
        (("pay", "--pay-type", "800101", "--txcurrcd", "HKD"), "--out-trade-no"),
        (
            ("reverse", "--txdtm", "2026-01-05 10:00:00", "--out-trade-no", "A1"),
            "--out-trade-no A1",
        ),
    ],
    ids=["pay", "reverse"],
)
def test_ctrl_c_while_money_may_move_says_the_number_to_ask_for(environment, args, asking):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-m", "qftools", "--lang", "en", *args, "--txamt", "2500"]
        there = {**os.environ, **environment, "QFTOOLS_BASE_URL": url}
        running = subprocess.Popen(
            command, env=there, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        taken, _ = silent.accept()
        with taken:
            sent = taken.recv(65_536).decode()
            while "txamt=2500" not in sent:
                sent += taken.recv(65_536).decode()
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=30)
    form = parse_qs(sent.rpartition("\r\n")[2])

    assert running.returncode == 130
    assert f"Check with: qftools query {asking}" in said
    assert form["out_trade_no"][0] in said


def test_the_report_puts_findings_that_differ_only_in_their_evidence_together(qftools, sandbox):
    for _ in range(3):
        qftools("query", "A1", "--client-key", KEY[::-1])

    said = qftools("report", "--sandbox", sandbox.url).output

    assert said.count("Sent a request with a wrong signature  x9: A1") == 1
    assert "#1, #2, #3" in said


@pytest.mark.parametrize("columns", [40, 200])
def test_the_report_begins_with_its_summary_and_fits_the_terminal(qftools, sandbox, columns):
    qftools("query", "A1", "--client-key", KEY[::-1])

    told = at_a_terminal(columns, {}, "report", "--sandbox", sandbox.url)

    assert "exchanges checked" in told[0]
    assert max(map(len, told)) <= min(columns, 110)
