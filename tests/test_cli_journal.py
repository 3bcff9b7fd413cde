"""``qftools pending``, ``resume`` and ``journal show``, as their user types them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner

from qftools import cancel
from qftools.cli import main
from qftools.journal.journal import Journal
from qftools.sandbox import Sandbox
from tests.test_journal import HASTY, Died, Dies, placed

KEY = "MARKER5744993FBC034DBBB995FA"


@pytest.fixture
def sandbox():
    with Sandbox(client_key=KEY) as running:
        running.serve()
        yield running


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def client(sandbox):
    """The same account as the command line's, over the same address."""
    return sandbox.client(base_url=sandbox.url, adapter=None)


@pytest.fixture
def qftools(sandbox, path, no_waiting):
    runner = CliRunner(
        env={
            "QFTOOLS_BASE_URL": sandbox.url,
            "QFTOOLS_APP_CODE": sandbox.credentials.app_code,
            "QFTOOLS_CLIENT_KEY": KEY,
            "QFTOOLS_JOURNAL": str(path),
        }
    )

    return lambda *args, **how: runner.invoke(main, ("--lang", "en", *args), **how)


def interrupted(client, path, at=3, **more):
    """A cancel whose process died at the n-th moment; returns the order."""
    order = placed(client, **more)
    with Journal(path) as journal, pytest.raises(Died):
        cancel(client, order, journal=journal, watch=Dies(at))
    return order


def test_a_cancel_is_journalled_where_the_user_said_and_nothing_is_owed_after_it(
    qftools, client, path
):
    order = placed(client)

    done = qftools("cancel", "--syssn", order.syssn)

    assert done.exit_code == 0, done.output
    assert qftools("pending").output == "No unfinished cancels or refunds.\n"
    with Journal(path) as journal:
        assert journal.entry(1).verdict == "CANCELLED"


def test_no_journal_means_no_file(qftools, client, path):
    done = qftools("cancel", "--syssn", placed(client).syssn, "--no-journal")

    assert done.exit_code == 0
    assert not path.exists()


def test_without_a_journal_nothing_is_owed_and_none_is_made(qftools, tmp_path):
    done = qftools("pending", env={"QFTOOLS_JOURNAL": "", "XDG_STATE_HOME": str(tmp_path / "s")})

    assert (done.exit_code, done.output) == (0, "No unfinished cancels or refunds.\n")
    assert not (tmp_path / "s").exists()


def test_pending_says_which_order_since_when_and_what_to_do(qftools, client, path):
    order = interrupted(client, path)

    done = qftools("pending", "--json")

    (entry,) = json.loads(done.output)["pending"]
    assert entry["order"]["out_trade_no"] == order.out_trade_no
    assert entry["begun"] == "2026-01-05 10:00:00 +0800"
    assert entry["next"].endswith("Resume with: qftools resume 1. It queries first.")
    assert "INTERRUPTED" in qftools("pending").output


def test_resume_ends_with_the_status_of_the_verdict(qftools, client, path, sandbox):
    order = interrupted(client, path, at=1)
    sandbox.payer(order).pay()

    done = qftools("resume", "1")

    assert done.exit_code == 10
    assert "PAID" in done.output


def test_resume_all_goes_on_with_everything_and_ends_well_when_all_is_proved(
    qftools, client, path, sandbox
):
    orders = [interrupted(client, path, at) for at in range(4)]

    done = qftools("resume", "--all", "--json")

    assert done.exit_code == 0, done.output
    resumed = json.loads(done.output)["resumed"]
    assert {entry["verdict"] for entry in resumed} == {"CANCELLED"}
    assert {sandbox.order(order).state for order in orders} == {"cancelled"}


def test_resume_leaves_an_order_alone_that_somebody_is_cancelling(qftools, client, path):
    order = placed(client)
    seen = []

    class Watch:
        def asking(self, walk, action):
            seen.append(qftools("resume", "1"))

        def told(self, walk, taken): ...

    with Journal(path) as journal:
        cancel(client, order, journal=journal, watch=Watch())

    assert {done.exit_code for done in seen} == {15}
    assert all("being cancelled or refunded by another process" in done.output for done in seen)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("resume",), "Give either numbers of entries"),
        (("resume", "1", "--all"), "Give either numbers of entries"),
        (("journal", "show", "4711"), "The journal has nothing about 4711"),
        (("pending", "--journal", "not-there.db"), "There is no journal not-there.db"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_wrong(qftools, args, said):
    done = qftools(*args)

    assert done.exit_code == 2
    assert said in done.output


def test_a_journal_that_cannot_be_used_is_told_before_anything_is_sent(
    qftools, client, path, sandbox
):
    order = placed(client)
    path.write_bytes(b"no journal at all " * 300)
    asked = len(sandbox.exchanges)

    done = qftools("cancel", "--syssn", order.syssn)

    assert done.exit_code == 1
    assert f"the journal {path} is no journal, or damaged" in done.output
    assert len(sandbox.exchanges) == asked


# ---- evidence ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["1", "out_trade_no", "syssn"])
def test_evidence_is_found_by_entry_or_by_either_number_of_the_order(qftools, client, path, number):
    order = interrupted(client, path)

    done = qftools("journal", "show", getattr(order, number, number))

    assert order.out_trade_no in done.output
    assert "POST" in done.output and "X-QF-APPCODE" in done.output


def interrupted_never(client, path, **more):
    order = placed(client, **more)
    with Journal(path) as journal:
        cancel(client, order, journal=journal, policy=HASTY)
    return order


def test_evidence_as_json_has_every_exchange(qftools, client, path):
    interrupted_never(client, path)

    shown = json.loads(qftools("journal", "show", "1", "--format", "json").output)

    assert shown["verdict"] == "CANCELLED"
    assert [step["endpoint"] for step in shown["steps"]] == ["query", "reversal", "query"]
    assert all(step["exchange"]["response"]["status"] == 200 for step in shown["steps"])


class Page(HTMLParser):
    """Collects the tags, and every address that a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str | None] = []
        self.lang: str | None = None

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "action")]
        if tag == "html":
            self.lang = dict(attrs)["lang"]


@pytest.mark.parametrize(
    ("lang", "tag", "word"), [("en", "en", "Verdict"), ("zh", "zh-CN", "结论")]
)
def test_the_page_stands_alone_in_either_language_and_shows_foreign_text_as_text(
    qftools, client, path, tmp_path, lang, tag, word
):
    interrupted_never(client, path, goods_name="<script>alert(1)</script>")
    target = tmp_path / "evidence.html"

    qftools("journal", "show", "1", "--format", "html", "-o", str(target), "--lang", lang)

    written = target.read_text("utf-8")
    page = Page()
    page.feed(written)
    assert page.lang == tag and word in written
    assert "script" not in page.tags and "&lt;script&gt;" in written
    assert page.fetched == []


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_the_client_key_is_in_no_evidence(qftools, client, path, form):
    interrupted_never(client, path, goods_name=f"sold {KEY}")

    shown = qftools("journal", "show", "1", "--format", form).output

    assert KEY not in shown
    assert "[redacted]" in shown


def test_evidence_cannot_steer_a_terminal(qftools, client, path):
    # The gateway takes no control characters; this one writes the rest of a line backwards.
    interrupted_never(client, path, goods_name="\u202egone")

    shown = qftools("journal", "show", "1").output

    assert "gone" in shown
    assert "\u202e" not in shown


# ---- the list, and what can't be read --------------------------------------------------------


def wreck(path, number):
    """Let an entry say what no qftools has written."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute('UPDATE entry SET walk = \'{"step": "DANCE"}\' WHERE number = ?', (number,))


def test_the_list_has_every_cancel_settled_or_not(qftools, client, path):
    over = placed(client)
    with Journal(path) as journal:
        cancel(client, over, journal=journal, policy=HASTY)
    owed = interrupted(client, path)

    entries = json.loads(qftools("journal", "list", "--json").output)["entries"]
    shown = qftools("journal", "list").output

    assert [(entry["number"], entry["settled"], entry["verdict"]) for entry in entries] == [
        (1, True, "CANCELLED"),
        (2, False, None),
    ]
    assert "steps" not in entries[0]
    for word in (over.out_trade_no, owed.out_trade_no, "CANCELLED", "INTERRUPTED", "yes", "no"):
        assert word in shown


def test_a_journal_that_is_not_there_is_an_empty_list(qftools, path):
    done = qftools("journal", "list")

    assert (done.exit_code, done.output) == (0, "The journal is empty.\n")
    assert not path.exists()


@pytest.mark.parametrize("command", [("pending",), ("journal", "list")])
def test_an_entry_that_cannot_be_read_is_listed_as_such_beside_the_others(
    qftools, client, path, command
):
    lost, owed = interrupted(client, path), interrupted(client, path)
    wreck(path, 1)

    shown = qftools(*command).output
    told = json.loads(qftools(*command, "--json").output)

    assert f"Entry 1 can't be read ({lost.out_trade_no})" in shown
    assert "Cancel the order again" in shown
    assert owed.out_trade_no in shown
    assert [entry["number"] for entry in told["unreadable"]] == [1]


def test_resume_all_goes_past_what_cannot_be_read_and_does_not_end_well(
    qftools, client, path, sandbox
):
    interrupted(client, path)
    owed = interrupted(client, path)
    wreck(path, 1)

    done = qftools("resume", "--all")

    assert done.exit_code == 15
    assert "Entry 1 can't be read" in done.output
    assert sandbox.order(owed).state == "cancelled"


@pytest.mark.parametrize("name", ["number", "out_trade_no", "syssn"])
@pytest.mark.parametrize("command", [("resume",), ("journal", "show")])
def test_what_cannot_be_read_is_said_by_any_of_its_names(qftools, client, path, command, name):
    order = interrupted(client, path)
    wreck(path, 1)

    done = qftools(*command, getattr(order, name, "1"))

    assert done.exit_code == 1
    assert "entry 1 of the journal" in done.output and "can't be read" in done.output


def test_of_several_one_that_cannot_be_gone_on_with_does_not_stop_the_others(
    qftools, client, path, sandbox
):
    first, second = interrupted(client, path), interrupted(client, path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE entry SET app_code = 'ANOTHER' WHERE number = 1")

    done = qftools("resume", first.out_trade_no, second.out_trade_no, "--json")

    resumed = json.loads(done.stdout)["resumed"]
    assert done.exit_code == 15
    assert "ANOTHER" in resumed[0]["error"]
    assert resumed[1]["verdict"] == "CANCELLED"
