"""What a command prints fits the terminal, breaks at words, and names what was typed."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout

import pytest
import requests
from rich.cells import cell_len

from qftools import cancel
from qftools.cli import main
from qftools.journal.journal import Journal
from qftools.sandbox import Sandbox
from qftools.sandbox.sandbox import APP_CODE

WRONG = {"X-QF-APPCODE": APP_CODE, "X-QF-SIGN": "0" * 32}
REFUSES = 77016  # an amount: its cancel is refused, and stays unfinished


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """A sandbox with a call that was signed wrongly, and a journal with what is unfinished."""
    path = tmp_path_factory.mktemp("widths") / "journal.db"
    with Sandbox() as sandbox, Journal(path) as journal:
        client = sandbox.client()
        order = client.pay(pay_type="800101", txamt=REFUSES, txcurrcd="HKD")
        cancel(client, order, journal=journal)
        url = sandbox.serve()
        requests.post(f"{url}/trade/v1/query", data={"syssn": "1"}, headers=WRONG, timeout=10)
        yield sandbox, url, path


COMMANDS = {
    "report": ("report", "--sandbox", "{url}"),
    "pending": ("pending", "--journal", "{journal}"),
    "demo": ("demo",),
    "demo in full": ("demo", "--full"),
    "exam": ("exam", "--situation", "S08", "--shop", "false"),
    "policy": ("policy",),
    "policy of one": ("policy", "800101"),
    "explain": ("explain", "1145"),
    "explain a paste": ("explain", '{{"respcd": "1108", "syssn": "20260105154100020000977813"}}'),
}
# Where a table is too wide: heads of empty cells are left out; the demo's columns have numbers.
NOT_BOTH = {*"1234567", "situation", "cost"}


def said(there, command, language, columns, monkeypatch):
    _, url, journal = there
    out = Terminal() if columns else io.StringIO()
    monkeypatch.setenv("COLUMNS", str(columns or 33))  # means nothing where there is no terminal
    words = [word.format(url=url, journal=journal) for word in COMMANDS[command]]
    with redirect_stdout(out), pytest.raises(SystemExit):
        main(["--lang", language, *words])
    return out.getvalue()


def without_colour(text):
    return re.sub(r"\x1b\[[\d;]*m", "", text)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_lines_fit_the_terminal_and_no_word_is_broken(there, command, language, monkeypatch):
    seen = {
        columns: without_colour(said(there, command, language, columns, monkeypatch))
        for columns in (40, 80, 200)
    }

    for columns, text in seen.items():
        # A command to copy stays in one line.
        lines = [line for line in text.splitlines() if "--journal" not in line]
        assert max(map(cell_len, lines)) <= columns
    assert not re.search(r" $", seen[40], re.MULTILINE)
    if language == "en":  # a Chinese line may end beside any character
        narrow, middle, wide = (set(re.findall(r"[^\s─]+", text)) for text in seen.values())
        assert narrow ^ middle <= NOT_BOTH and middle == wide


@pytest.mark.parametrize("command", COMMANDS)
def test_a_pipe_gets_the_same_words_without_colour(there, command, monkeypatch):
    piped = said(there, command, "en", 0, monkeypatch)
    shown = without_colour(said(there, command, "en", 200, monkeypatch))

    assert "\x1b" not in piped
    assert set(piped.split()) - {"─"} >= set(re.findall(r"[^\s─]+", shown))


def test_the_next_command_repeats_the_account_and_the_journal_that_were_typed_but_no_key(
    there, monkeypatch
):
    sandbox, url, journal = there
    monkeypatch.setenv("QFTOOLS_CLIENT_KEY", sandbox.credentials.client_key)
    account = ("--base-url", url, "--app-code", APP_CODE)
    payment = ("--pay-type", "800101", "--txamt", "2500", "--txcurrcd", "HKD")
    out = io.StringIO()
    with redirect_stdout(out), pytest.raises(SystemExit):
        main(["--lang", "en", "pay", *payment, *account])

    assert f"resume --all --journal {journal}" in said(there, "pending", "en", 0, monkeypatch)
    lines = [line for line in out.getvalue().splitlines() if "--out-trade-no" in line]
    assert len(lines) == 2
    assert all(line.endswith(" ".join(account)) for line in lines)
    assert sandbox.credentials.client_key not in out.getvalue()


def test_the_demo_says_what_to_do_next_on_the_narrowest_terminal(there, monkeypatch):
    for columns in (19, 20, 21):
        assert "Deliver what was" in said(there, "demo", "en", columns, monkeypatch)
