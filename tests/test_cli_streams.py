"""What a terminal, a pipe or a full disk can't take changes no verdict's exit status."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading

import pytest

from qftools.sandbox import Sandbox

COMMAND = (sys.executable, "-m", "qftools")
# U+009B begins a terminal's command, U+202E writes backwards; no code page but UTF-8 has all.
FOREIGN = "caf\u00e9 撤销 \U0001f600 \u202eback"
CODE_PAGES = ["ascii", "cp1252", "gbk", "utf-8"]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(lang="zh") as running:
        running.serve()
        yield running


@pytest.fixture
def qftools(sandbox, tmp_path):
    """Run the real command in a process of its own; bytes come back."""

    def run(*args, encoding="utf-8", lost=None, **how):
        environment = {
            **os.environ,
            "QFTOOLS_BASE_URL": sandbox.url,
            "QFTOOLS_APP_CODE": sandbox.credentials.app_code,
            "QFTOOLS_CLIENT_KEY": sandbox.credentials.client_key,
            "QFTOOLS_JOURNAL": str(tmp_path / "journal.db"),
            "PYTHONIOENCODING": encoding,
        }
        command = [*COMMAND, *args]
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        if lost == "closed":
            command = ["sh", "-c", '"$@" >&-', "sh", *command]
        elif lost is not None:
            how["stdout"] = lost()
        try:
            return subprocess.run(command, env=environment, check=False, timeout=60, **how)
        finally:
            if callable(lost):
                os.close(how["stdout"])

    return run


@pytest.fixture
def order(sandbox):
    """An open order, whose goods name holds what no code page can write."""
    return sandbox.client().pay(
        pay_type="800101", txamt=2500, txcurrcd="HKD", goods_name="撤销", attach=FOREIGN
    )


@pytest.mark.parametrize("encoding", CODE_PAGES)
def test_every_code_page_shows_a_cancel_and_its_evidence(qftools, order, encoding):
    cancelled = qftools("--lang", "zh", "cancel", "--syssn", order.syssn, encoding=encoding)
    again = qftools("--lang", "zh", "query", "--syssn", order.syssn, encoding=encoding)
    shown = qftools("--lang", "zh", "journal", "show", "1", encoding=encoding)

    assert (cancelled.returncode, again.returncode, shown.returncode) == (0, 0, 0), cancelled
    assert "CANCELLED" in cancelled.stdout.decode(encoding)
    assert order.out_trade_no in again.stdout.decode(encoding)
    assert "POST" in shown.stdout.decode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize(
    "args",
    [
        ("demo",),
        ("policy",),
        ("--help",),
        ("cancel", "--help"),
        ("explain", "-"),
        ("sign", "goods_name=" + FOREIGN),
        ("pay", "--pay-type", "撤销", "--txamt", "1", "--txcurrcd", "HKD"),
        ("query", "--out-trade-no", FOREIGN),
    ],
    ids=" ".join,
)
def test_no_command_is_ended_by_a_character(qftools, args, encoding):
    done = qftools("--lang", "zh", *args, encoding=encoding, input=b"{}")

    printed = done.stdout.decode(encoding) + done.stderr.decode(encoding)
    assert printed
    assert "Traceback" not in printed and "Error" not in printed
    assert not set(printed) & {"\x9b", "\u202e"}


@pytest.mark.parametrize("encoding", CODE_PAGES)
def test_json_is_json_in_every_code_page(qftools, order, encoding):
    signed = qftools("sign", f"a={FOREIGN}", "--json", encoding=encoding)
    shown = qftools("--lang", "zh", "cancel", "--syssn", order.syssn, "--json", encoding=encoding)
    kept = qftools("journal", "show", "1", "--format", "json", encoding=encoding)

    assert json.loads(signed.stdout.decode(encoding))["text"] == f"a={FOREIGN}"
    assert json.loads(shown.stdout.decode(encoding))["advice"].startswith("无需再操作")
    assert "order" in json.loads(kept.stdout.decode(encoding))


@pytest.mark.parametrize("encoding", CODE_PAGES)
def test_a_page_on_standard_output_is_one_page_in_every_code_page(qftools, order, encoding):
    qftools("cancel", "--syssn", order.syssn)

    how = ("--format", "html", "--lang", "zh")
    page = qftools("journal", "show", "1", *how, encoding=encoding).stdout.decode("utf-8")

    assert "结论" in page or "&#32467;&#35770;" in page


def full_disk():
    return os.open("/dev/full", os.O_WRONLY)


def no_reader():
    reader, writer = os.pipe()
    os.close(reader)
    return writer


# How the output of a command can be lost, and what the system calls it.
LOST = {
    "a full disk": (full_disk, b"No space left on device"),
    "a closed stream": ("closed", b"Bad file descriptor"),
    "a reader that is gone": (no_reader, b"Broken pipe"),
}
ways_to_lose = pytest.mark.parametrize(("lost", "why"), LOST.values(), ids=LOST)


@ways_to_lose
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_verdict_that_can_not_be_printed_keeps_its_exit_status_and_goes_to_the_other_stream(
    qftools, sandbox, lost, why, form
):
    paid = sandbox.client().pay(pay_type="800101", txamt=77001, txcurrcd="HKD")
    order = sandbox.client().pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
    seen = {
        number: qftools("--lang", "en", "cancel", "--syssn", number, *form, lost=lost)
        for number in (paid.syssn, order.syssn)
    }

    assert [done.returncode for done in seen.values()] == [10, 0]
    for done in seen.values():
        assert why in done.stderr
        assert b"the exit status is the result's" in done.stderr
    assert b"PAID" in seen[paid.syssn].stderr
    assert b"CANCELLED" in seen[order.syssn].stderr
    assert sandbox.order(order).state == "cancelled"


@ways_to_lose
def test_a_resume_that_can_not_be_printed_keeps_its_exit_status(qftools, order, lost, why):
    qftools("cancel", "--syssn", order.syssn)

    done = qftools("--lang", "en", "resume", "1", lost=lost)

    assert (done.returncode, why in done.stderr) == (0, True)


@ways_to_lose
def test_a_payment_that_can_not_be_printed_is_not_called_refused(qftools, sandbox, lost, why):
    pay = ("pay", "--pay-type", "800101", "--txcurrcd", "HKD", "--txamt", "2500")

    done = qftools(*pay, lost=lost)

    assert done.returncode == 0
    assert sandbox.orders()[-1].out_trade_no.encode() in done.stderr


@pytest.mark.parametrize("args", [("policy",), ("query",), ("journal", "list"), ("pending",)])
def test_what_only_shows_has_failed_where_it_can_not_show(qftools, args):
    full = qftools("--lang", "en", *args, lost=full_disk)
    piped = qftools("--lang", "en", *args, lost=no_reader)

    assert full.returncode == 1
    assert b"Standard output can't be written: No space left on device" in full.stderr
    assert (piped.returncode, piped.stderr) == (1, b"")  # as with any filter: no noise


def test_errors_that_can_not_be_printed_keep_their_exit_status(qftools):
    writer = full_disk()
    done = qftools("cancel", "--txamt", "no number", stderr=writer)
    os.close(writer)

    assert done.returncode == 2


def test_a_surrogate_in_a_name_is_refused_and_shown_as_an_escape(qftools):
    done = qftools("query", "--out-trade-no", b"A\xff".decode("utf-8", "surrogateescape"))

    assert done.returncode == 2
    assert b"out_trade_no" in done.stderr


# ---- a gateway that writes what no terminal and no JSON reader wants ---------------------------

# As they stand in the JSON of a reply: half a character, a terminal's command, text backwards.
NASTY = r"half \ud83d, steering \u009b2J \u001b[2J, backwards \u202e"
ROW = (
    r'{"out_trade_no":"A1","syssn":"20260105154100020000000001","txamt":"2500","txcurrcd":"HKD",'
    r'"pay_type":"800101","order_type":"payment","respcd":"0000","cancel":"0",'
    rf'"goods_name":"{NASTY}","txdtm":"2026-01-05 10:00:00"}}'
)
PAID = rf'{{"respcd":"0000","respmsg":"{NASTY}","resperr":"{NASTY}","data":[{ROW}]}}'
UNCLEAR = rf'{{"respcd":"1298","respmsg":"{NASTY}","resperr":"{NASTY}"}}'
REFUSED = rf'{{"respcd":"1108","respmsg":"{NASTY}","resperr":"{NASTY}"}}'


class Gateway(http.server.ThreadingHTTPServer):
    """Answers everything with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.answer = answer


class Answers(http.server.BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *args): ...


@pytest.fixture(params=[PAID, UNCLEAR, REFUSED], ids=["paid", "unclear", "refused"])
def nasty(request):
    with Gateway(request.param.encode()) as server:
        threading.Thread(target=server.serve_forever).start()
        statuses = {PAID: (10, 0), UNCLEAR: (15, 3), REFUSED: (15, 1)}
        yield f"http://127.0.0.1:{server.server_address[1]}", statuses[request.param]
        server.shutdown()


def test_no_text_of_a_gateway_ends_a_command_breaks_json_or_steers_a_terminal(qftools, nasty):
    url, (cancelled, asked) = nasty
    quick = ("--policy", "first_wait=0", "--policy", "wait_step=0", "--policy", "look_tries=1")
    runs = {
        ("cancel", "A1", *quick): cancelled,
        ("query", "A1"): asked,
        ("journal", "show", "1"): 0,
    }
    for args, status in runs.items():
        shown = args[0] == "journal"
        where = () if shown else ("--base-url", url)
        for form in (), (("--format", "json") if shown else ("--json",)):
            done = qftools(*args, *where, *form)
            printed = (done.stdout + done.stderr).decode("utf-8")

            assert done.returncode == status, printed
            assert not set(printed) & {"\x1b", "\x9b", "\u202e"}
            if form:
                assert json.loads(done.stdout)
