"""The exam itself: a right shop passes, and each classic mistake fails where it matters."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import html
import json
import os
import re
import shlex
import sys
from email.message import Message
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests
from click.testing import CliRunner

from qftools.cli import main
from qftools.errors import GatewayError, InputError
from qftools.exam import results
from qftools.exam.certificate import as_html
from qftools.exam.conducting import Exam, free_port
from qftools.exam.evidence import in_short
from qftools.exam.judging import judge, lessons
from qftools.exam.results import Sheet, as_junit, details, to_dict, where
from qftools.exam.shops import Command, Function
from qftools.exam.situations import LEVELS, chosen, say, situations
from qftools.exam.stage import Stage, account
from qftools.locale import use_language
from qftools.sandbox.report.report import Finding, Found, rules
from qftools.sandbox.web.shared import SharedServer
from qftools.texts import Text
from tests.exam import shops

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "docs/samples/python/qfpay.py"
OURS = ("URL={url}", "APP_CODE={app_code}", "CLIENT_KEY={client_key}", "JOURNAL={journal}")
ENV = [word for name in (*OURS, "PAUSE=0.001") for word in ("--env", f"QFPAY_{name}")]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path):
    """A shop that is told of no journal keeps its orders in the folder in which it is started."""
    monkeypatch.chdir(tmp_path)


def examined(shop, days):
    """Run a shop of tests/exam/shops.py in process."""
    return list(Exam(Function(lambda sale: shop(sale).sell()), shop.receiver).run(days))


# -- the catalogue ------------------------------------------------------------------------


def test_there_are_ten_basics_and_each_level_holds_the_one_before():
    sets = [{day.id for day in chosen(level)} for level in LEVELS]

    assert [len(ids) for ids in sets] == [10, 44, 64]
    assert sets[0] < sets[1] < sets[2]


COUNTED = re.compile(
    r"(\d+) (?:bad days|situations)|(\d+) 种(?:异常|情形|支付异常)|all (\d+) \||全部 (\d+)"
)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "README.zh.md",
        "CHANGELOG.md",
        "docs/en/sandbox/exam.md",
        "docs/zh/sandbox/exam.md",
    ],
)
def test_what_counts_the_situations_counts_them_right(page):
    text = ROOT.joinpath(page).read_text("utf-8")
    if not page.endswith("exam.md"):
        text = "\n".join(line for line in text.splitlines() if "`qftools exam" in line)

    told = {int("".join(found)) for found in COUNTED.findall(text)}

    assert told == {len(situations())}
    deaf = [sum(bool(day.notice) for day in chosen(level)) for level in LEVELS[1:]]
    assert deaf == [2, 6]  # "two of the level money, and six in all, need a receiver"
    for level in LEVELS[:2]:
        rows = re.findall(rf"\| `--level {level}` \| (\d+)", text)
        assert set(map(int, rows)) <= {len(chosen(level))}
        assert bool(rows) is page.endswith("exam.md")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_situation_has_its_story_and_no_two_are_the_same(language):
    told = [f"{day.wallet(language)} {day.title(language)}" for day in situations().values()]

    assert len(set(told)) == len(told)
    assert all(day.right(language) for day in situations().values())


def test_a_right_shop_passes_all_of_them_and_the_books_end_as_the_catalogue_says():
    judged = examined(shops.Shop, chosen())

    assert {one.day.id: one.result for one in judged if one.result != "passed"} == {}
    assert {one.day.id: one.truth for one in judged if one.day.ends != "either"} == {
        day.id: day.ends for day in situations().values() if day.ends != "either"
    }
    assert all(one.belief != "unknown" or one.day.open for one in judged)


# -- the first week -----------------------------------------------------------------------

PAGES = [ROOT / f"docs/{lang}/start/first-week.md" for lang in ("en", "zh")]


class SendsOneSignedCall(shops.Shop):
    """All that the first day asks for: it pays, and reads the code of the answer."""

    def sell(self):
        try:
            self.pay(self.order(self.sale.number))
        except GatewayError:
            return "not paid"
        return "paid"


class QueriesUntilPaid(SendsOneSignedCall):
    """The second day: whether it is paid is in the row of a query."""

    def sell(self):
        order = self.order(self.sale.number)
        self.pay(order)
        while self.client.query(order["out_trade_no"]).asked_rows[0].state != "paid":
            self.sale.pause(3)
        return "paid"


def days_of(page):
    """The situations of each day, by the options that stand on the page."""
    found = re.findall(r"\*\*(?:Exam:|考试：)\*\* `([^`]*)`", page.read_text("utf-8"))
    for options in found:
        words = options.split()
        assert set(words[::2]) in ({"--situation"}, {"--level"})
        yield chosen(ids=words[1::2]) if words[0] == "--situation" else chosen(words[1])


def test_every_day_of_the_first_week_ends_with_an_exam_that_its_work_passes():
    english, chinese = (list(days_of(page)) for page in PAGES)
    able = (SendsOneSignedCall, QueriesUntilPaid, shops.Shop)

    assert english == chinese and len(english) == 5
    assert english[3:] == [chosen("money"), chosen("complete")]
    for shop, days in zip(able, english, strict=False):
        assert [one.result for one in examined(shop, days)] == ["passed"] * len(days)


# -- one mistake each ---------------------------------------------------------------------

# A shop, where it is examined, what it does wrong, and in which situations.
BASICS = [day.id for day in chosen("basics")]
MONEY = [day.id for day in chosen("money")]
CANCELS = [*BASICS, "S15", "S16", "S17", "S18", "S19", "S20", "S21", "S22", "S23"]
CRASHES = [*BASICS, "S33", "S34", "S35", "S36", "S37", "S38"]
SILENT = "S08 S09 S14 S24 S25 S26 S27 S29 S30 S32 S63"
MISTAKES = [
    (shops.ChargesAgain, MONEY, "charged-twice", "S08 S09 S14 S24 S25 S26 S29 S30 S64"),
    (shops.TakesSilenceForFailure, MONEY, "kept-money", SILENT),
    (shops.TakesProgressForFailure, BASICS, "kept-money", "S02 S04 S05 S06 S09"),
    (shops.ReadsTheOuterCode, BASICS, "gave-away", "S02 S04 S05 S06 S07 S09 S10"),
    (shops.BelievesTheCancel, CANCELS, "cancel-believed", "S18"),
    (shops.ForgetsInACrash, CRASHES, "charged-twice", "S33 S38"),
    (shops.TrustsNotifications, [*BASICS, "S39", "S40"], "gave-away", "S39 S40"),
    (shops.ReversesEverything, CANCELS, "wrong-endpoint", "S04 S16"),
    (shops.SaysUnknownTooSoon, BASICS, "unsettled", "S02 S04 S05 S06 S07 S09"),
]


@pytest.mark.parametrize(
    ("shop", "days", "wrong", "where"), MISTAKES, ids=[row[0].__name__ for row in MISTAKES]
)
def test_a_classic_mistake_fails_where_it_matters_and_nowhere_else(shop, days, wrong, where):
    found = {one.day.id: one.wrong[0].id for one in examined(shop, chosen(ids=days)) if one.wrong}
    if shop is shops.ChargesAgain:  # whose first order stays open behind the second, too
        assert found.pop("S32") == found.pop("S63") == "kept-money"
    if shop is shops.TakesSilenceForFailure:  # and so it ends as if it believed that reply
        assert found.pop("S64") == "answer-not-genuine"

    assert found == dict.fromkeys(where.split(), wrong)


def test_a_shop_that_checks_no_answer_fails_where_one_was_altered_and_nowhere_else():
    judged = [one for one in examined(shops.TrustsAnswers, chosen()) if one.wrong]

    assert {one.day.id: [lesson.id for lesson in one.wrong] for one in judged} == {
        "S61": ["answer-not-genuine", "gave-away"],
        "S62": ["answer-not-genuine", "kept-money"],
        "S63": ["answer-not-genuine", "gave-away"],
        "S64": ["answer-not-genuine", "kept-money"],
    }
    assert [one.price for one in judged] == ["HKD 770.06", "HKD 770.01", "HKD 25.00", "HKD 25.00"]


def test_charging_twice_costs_the_second_charge_and_giving_away_the_goods():
    twice, gave = (
        examined(shop, chosen(ids=[day]))[0]
        for shop, day in ((shops.ChargesAgain, "S29"), (shops.ReadsTheOuterCode, "S02"))
    )

    assert (twice.truth, twice.price) == ("charged-twice", "HKD 770.01")
    assert (gave.belief, gave.truth, gave.price) == ("paid", "not paid", "HKD 770.06")


def test_a_customer_pays_what_a_shop_left_open():
    (judged,) = examined(shops.TakesProgressForFailure, chosen(ids=["S02"]))

    assert (judged.belief, judged.truth) == ("not paid", "paid")


def test_the_same_seed_gives_the_same_exam():
    def run():
        return [
            (one.result, one.evidence) for one in examined(shops.Shop, chosen(ids=["S18", "S37"]))
        ]

    assert run() == run()


def test_a_situation_that_a_shop_can_t_be_put_in_is_not_run_and_says_why():
    shop = Command("shop {amount} {currency} {pay_type}")
    held = Exam(shop, pay_types=("800101", "800208"))
    days = {name: held.lacks(situations()[name]) for name in ("S01", "S03", "S04", "S39")}

    assert days == {
        "S01": "",
        "S03": "lacks auth_code",
        "S04": "lacks pay_type",
        "S39": "lacks receiver",
    }
    assert all(say(word, language) for word in days.values() if word for language in ("zh", "en"))


def test_every_lesson_is_told_in_both_languages():
    for lesson in lessons().values():
        for words in (lesson.title, lesson.why, lesson.advice):
            assert words.zh and words.en


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("shop {txamt}", "has {txamt} in it"),
        ("", "a command line"),
        ("no-such-program {amount}", "can't be started"),
    ],
)
def test_a_command_that_can_t_be_run_is_refused(line, said):
    server = SharedServer()
    try:
        with pytest.raises(InputError, match=said):
            Exam(Command(line), server=server).examine(situations()["S01"])
    finally:
        server.stop()


def test_a_shop_that_moves_the_clock_need_not_wait(tmp_path):
    server = SharedServer()
    stage = Stage(situations()["S47"], tmp_path, real=True, server=server)
    with contextlib.closing(stage), stage.sale.client() as client:
        order = client.pay(pay_type="800101", txamt=stage.sale.txamt, txcurrcd="HKD")
        before = client.query(order).asked_rows[0].state

        requests.post(stage.sale.environment["QFTOOLS_CLOCK"], json={"advance": 61}, timeout=5)

        assert (before, client.query(order).asked_rows[0].state) == ("open", "paid")
    server.stop()


@pytest.mark.parametrize("said", ["not paid", "paid", "unknown"])
def test_a_shop_that_never_asks_the_gateway_passes_nowhere(said):
    judged = list(Exam(Function(lambda sale: said)).run(chosen("basics")))

    assert {one.result for one in judged} == {"failed"}
    assert all("never-asked" in [lesson.id for lesson in one.wrong] for one in judged)


class SellsForAHundredTimesAsMuch(shops.Shop):
    def order(self, number):
        return super().order(number) | {"txamt": 100 * self.sale.txamt}


def test_a_shop_that_charges_another_amount_fails_and_it_costs_the_difference():
    (judged,) = examined(SellsForAHundredTimesAsMuch, chosen(ids=["S03"]))

    assert [lesson.id for lesson in judged.wrong] == ["wrong-amount"]
    assert judged.price == "HKD 2475.00"


# -- the command line ---------------------------------------------------------------------


@pytest.fixture
def run():
    def run(*words):
        done = CliRunner().invoke(main, ["exam", *words])
        use_language("en")
        return done

    return run


def test_a_shop_in_a_process_is_killed_and_started_again_and_its_results_are_written(run, tmp_path):
    shop = f"{sys.executable} {SAMPLE} shop {{number}} {{amount}} {{currency}} {{pay_type}}"
    receiver = f"{sys.executable} {SAMPLE} serve {{port}}"
    days = [word for day in ("S03", "S33", "S39") for word in ("--situation", day)]
    junit, page = tmp_path / "junit.xml", tmp_path / "page.html"
    files = ("--junit", str(junit), "--certificate", str(page))

    done = run("--shop", shop, "--receiver", receiver, *days, *ENV, *files, "--json")

    told = json.loads(done.stdout)
    assert [one["result"] for one in told["situations"]] == ["skipped", "passed", "passed"]
    assert (done.exit_code, told["passed"], told["cost"]) == (0, True, 0)
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "0", "1")
    assert "Exam passed: chosen situations (1 not run)" in page.read_text("utf-8")
    assert account(0)[1] not in done.output + page.read_text("utf-8") + junit.read_text("utf-8")


def test_watched_a_shop_goes_step_by_step_and_each_request_is_shown_before_it_is_sent():
    shop = f"{sys.executable} {SAMPLE} shop {{number}} {{amount}} {{currency}} {{pay_type}}"

    words = ["exam", "--shop", shop, "--situation", "S01", *ENV, "--watch"]
    done = CliRunner().invoke(main, words, input=20 * "\n")

    asked = [line.split("  ")[0] for line in done.stderr.splitlines() if line.startswith("POST")]
    assert asked == ["POST /trade/v1/payment", "POST /trade/v1/query"]
    assert done.stderr.count("Press Enter to send it") == 2
    assert done.exit_code == 0 and account(0)[1] not in done.output


def test_a_shop_that_listens_is_started_and_asked(run):
    port = free_port()
    start = f"{sys.executable} {SAMPLE} serve {port}"

    done = run(
        *("--shop", f"http://127.0.0.1:{port}/checkout", "--start", start),
        *("--situation", "S36", *ENV, "--json"),
    )

    assert [one["result"] for one in json.loads(done.stdout)["situations"]] == ["passed"]


def test_what_a_wrong_shop_says_is_shown_with_evidence_and_harmless(run, tmp_path):
    shop = tmp_path / "shop.py"
    shop.write_text(
        "import os\n"
        "print('<script>alert(1)</script>', chr(27) + '[2J', os.environ['QFTOOLS_CLIENT_KEY'])\n"
        "print('I do not know')\n"
    )
    page = tmp_path / "page.html"
    words = ("--shop", f"{sys.executable} {shop}", "--situation", "s01", "--lang", "zh")

    done = run(*words, "--certificate", str(page))

    html = page.read_text("utf-8")
    assert done.exit_code == 1
    assert done.stderr.startswith("S01  没有回答  ")  # what a log gets while the exam runs
    assert "800101  下单后立即支付成功" in done.output
    assert "它的最后一行：I do not know" in done.output and "--situation S01 --watch" in done.output
    assert "考试未通过" in html and "&lt;script&gt;" in html and "<script" not in html
    assert account(0)[1] not in html + done.output
    assert "\x1b[2J" not in done.output


# -- the cause ----------------------------------------------------------------------------


class SignsWithASeparator(shops.Shop):
    """It writes &key= in front of the key, as another gateway wants it."""

    def sell(self):
        order, url = self.order(self.sale.number), self.sale.environment["QFTOOLS_BASE_URL"]
        for endpoint in ("payment", *3 * ["query"]):
            fields = {name: str(value) for name, value in order.items()}
            text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
            key = self.sale.environment["QFTOOLS_CLIENT_KEY"]
            signed = hashlib.md5(f"{text}&key={key}".encode()).hexdigest().upper()
            headers = {
                "X-QF-APPCODE": self.sale.environment["QFTOOLS_APP_CODE"],
                "X-QF-SIGN": signed,
            }
            self.post(f"{url}/trade/v1/{endpoint}", headers, fields)
        return "unknown"

    def post(self, url, headers, fields):
        requests.post(url, headers=headers, data=fields, timeout=5)


class SendsJson(SignsWithASeparator):
    def post(self, url, headers, fields):
        requests.post(url, headers=headers, json=fields, timeout=5)


@pytest.fixture
def served():
    server = SharedServer()

    def examine(shop, *days):
        sell = Function(lambda sale: shop(sale).sell(), served=True)
        return list(Exam(sell, server=server).run(chosen(ids=days)))

    yield examine
    server.stop()


def told(judged):
    return [lesson.id for lesson in judged.wrong]


@pytest.mark.parametrize(
    ("shop", "cause", "detail"),
    [
        (SignsWithASeparator, "always-unsigned", "&key= stands between the text and the key"),
        (SendsJson, "always-refused", "the body is JSON; the gateway reads forms only"),
    ],
)
def test_where_every_request_was_refused_that_is_the_cause_and_advice_about_queries_is_not_told(
    served, shop, cause, detail
):
    use_language("en")
    judged = served(shop, "S01", "S12")

    assert [(one.result, told(one)) for one in judged] == 2 * [("failed", [cause])]
    for written in ("\n".join(details(judged[0])), as_junit(sheet(judged)), page(judged)):
        assert detail in html.unescape(written)
    shown = to_dict(sheet(judged))
    assert detail in shown["situations"][0]["wrong"][0]["details"][0]
    assert sum(one["times"] for one in shown["situations"][0]["findings"]) == 4
    assert shown["causes"][0]["situations"] == ["S01", "S12"]


def sheet(judged):
    return Sheet(judged, "", 0, "shop")


def page(judged):
    return as_html(sheet(judged))


class BelievesThePlacing(shops.Shop):
    """0000 of the payment: it says paid, though the payer has yet to scan."""

    def settled(self, order):
        return "paid"


def test_the_0000_of_a_placed_order_and_of_a_cancel_have_their_own_words():
    (placed,) = examined(BelievesThePlacing, chosen(ids=["S02"]))
    (cancelled,) = examined(shops.BelievesTheCancel, chosen(ids=["S18"]))

    assert (told(placed), told(cancelled)) == (["placed-believed"], ["cancel-believed"])
    assert "only means placed" in placed.wrong[0].why.en
    assert "proves nothing" in cancelled.wrong[0].why.en


class ReversesEverythingAndGivesUp(shops.ReversesEverything):
    def settled(self, order):
        super().settled(order)
        return "unknown"


def test_who_never_asked_is_told_that_and_who_used_the_wrong_call_is_told_which():
    (never,) = Exam(Function(lambda sale: "unknown")).run(chosen(ids=["S01"]))
    wrong_call = examined(ReversesEverythingAndGivesUp, chosen(ids=["S04", "S16"]))

    assert told(never) == ["never-asked"]
    assert [told(one) for one in wrong_call] == 2 * [["wrong-endpoint"]]
    assert [one.result for one in wrong_call] == ["failed", "unsettled"]
    assert "close is right" in wrong_call[1].shown_by(wrong_call[1].wrong[0])[0]


@pytest.mark.parametrize(
    ("program", "lesson", "detail"),
    [
        ("raise SystemExit(3)", "no-answer-failed", "It ended with exit status 3."),
        ("import signal; signal.pause()", "no-answer-late", "It was killed after 0.5 s"),
        ("print('Order PAID!')", "no-answer", "Its last line: Order PAID!"),
        ("", "no-answer", "It wrote nothing."),
    ],
)
def test_a_shop_without_an_answer_is_told_how_it_ended(program, lesson, detail):
    use_language("en")
    server = SharedServer()
    limit = 0.5 if lesson == "no-answer-late" else 20.0
    shop = Command(shlex.join((sys.executable, "-c", program)), limit=limit)
    try:
        judged = Exam(shop, server=server).examine(situations()["S01"])
    finally:
        server.stop()

    assert (judged.result, told(judged)) == ("broken", [lesson])
    assert detail in judged.shown_by(judged.wrong[0])[0]


def test_a_sentence_that_several_findings_say_is_said_once():
    day, rule = situations()["S01"], rules()["signature-wrong"]
    found = [Finding(rule, Found("", Text("一样", "the same"), (n,))) for n in range(1, 7)]

    judged = judge(day, "unknown", (), found, asked=False, refused=range(1, 7))

    assert judged.shown_by(judged.wrong[0]) == (Text("一样", "the same").say(),)
    assert details(judged).count(judged.shown_by(judged.wrong[0])[0]) == 1


def test_identical_exchanges_are_told_once_with_their_numbers_and_how_often(served):
    use_language("en")
    (judged,) = served(SignsWithASeparator, "S01")

    assert in_short(judged.evidence) == (
        "#1 payment -> 1108",
        "#2-#4 query -> 1108 (3 times)",
    )
    assert [seen.numbers for seen in judged.evidence] == ["#1", "#2-#4"]
    assert judged.evidence[1].whole().startswith("#2-#4 (3 times) POST ")


def test_the_row_of_a_query_is_in_its_line_and_so_is_what_the_network_did():
    use_language("en")
    (judged,) = examined(shops.TrustsAnswers, chosen(ids=["S61"]))

    lines = in_short(judged.evidence)
    assert lines[0] == "#1 payment -> 0000"
    assert lines[1].startswith("#2 query -> 0000, row 0000 [reply altered on its way to say paid")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("lesson", lessons().values(), ids=lessons())
def test_the_page_that_a_lesson_names_exists_in_both_languages(language, lesson):
    path, _, anchor = lesson.page.partition("#")
    folder = ROOT / "docs" / language
    found = [folder / f"{path.rstrip('/')}.md", folder / path / "index.md"]
    text = next(one for one in found if one.is_file()).read_text("utf-8")

    assert not anchor or f"{{ #{anchor} }}" in text


def test_where_the_address_of_the_documentation_is_a_placeholder_no_link_leads_to_it(monkeypatch):
    use_language("en")
    lesson = lessons()["always-unsigned"]
    address = "Documentation, https://{}.github.io/qfpay-toolkit/"
    for owner, named in (
        ("OWNER", "page signing/mistakes/ of the documentation"),
        ("shop", "https://shop.github.io/qfpay-toolkit/en/signing/mistakes/"),
    ):
        urls = Message()
        urls["Project-URL"] = address.format(owner)
        monkeypatch.setattr(results, "metadata", lambda name, urls=urls: urls)

        assert where(lesson) == named


def test_the_number_of_a_sale_is_an_out_trade_no_that_the_table_of_fields_allows(tmp_path):
    for place, seed in enumerate((0, 7, -1)):
        folder = tmp_path / str(place)
        with contextlib.closing(Stage(situations()["S01"], folder, seed=seed)) as stage:
            assert re.fullmatch(r"[0-9A-Za-z_|*]{1,128}", stage.sale.number)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_command_on_the_page_is_the_one_that_the_exam_starts(run, tmp_path, language):
    shop = tmp_path / "shop.py"
    shop.write_text("import sys\nprint(sys.argv[1:])\n")
    words = "{number} {amount} {currency} {pay_type} {auth_code}"

    done = run("--shop", f"{sys.executable} {shop} {words}", "--situation", "S01", "--json")

    said = json.loads(done.stdout)["situations"][0]["said"]
    given = [word if word else "''" for word in ast.literal_eval(said)]
    page = ROOT.joinpath(f"docs/{language}/sandbox/exam.md").read_text("utf-8")
    assert f"$ php shop.php {' '.join(given)}\n" in page


def test_failed_situations_are_short_and_the_causes_stand_at_the_end_once(run, tmp_path):
    shop = tmp_path / "shop.py"
    shop.write_text("print('perhaps')\n")
    words = ("--shop", f"{sys.executable} {shop}", "--situation", "S01", "--situation", "S02")

    for language, cause in (
        ("en", "2 situations, one cause: The last line is not paid, not paid or unknown"),
        ("zh", "2 种情形，同一个原因：最后一行不是 paid、not paid、unknown 三者之一"),
    ):
        out = run(*words, "--lang", language).stdout
        head, end = out.split(cause)
        assert "sandbox/exam/#contract" in end and "sandbox/exam/#contract" not in head
        assert lessons()["no-answer"].advice.say(language) in end
        assert "  S01 S02" in end


def test_every_exchange_is_shown_in_full_where_that_is_asked_for(run):
    shop = f"{sys.executable} {SAMPLE} shop {{number}} 1 {{currency}} {{pay_type}}"
    words = ("--shop", shop, "--situation", "S01", *ENV)

    short, full = (run(*words, *more).stdout for more in ((), ("--full",)))

    assert "    #1 payment -> 0000\n" in short and "X-QF-APPCODE" not in short
    assert "    X-QF-APPCODE: " in full and "\\n" not in short + full


def test_the_list_shows_every_situation_of_a_level(run):
    done = run("--list", "--level", "complete", "--json")

    assert [one["id"] for one in json.loads(done.stdout)["situations"]] == list(situations())


def test_a_judgement_needs_no_sandbox():
    day = situations()["S01"]

    assert judge(day, "paid", ()).wrong == (lessons()["gave-away"],)
    assert judge(day, None, ()).result == "broken"
    assert judge(day, "not paid", (), fooled=True).wrong == (lessons()["notification-unchecked"],)


def test_no_shop_sees_the_credentials_of_the_shell(monkeypatch):
    from qftools.exam.stage import without_ours

    monkeypatch.setenv("QFTOOLS_CLIENT_KEY", "of the shell")

    assert "QFTOOLS_CLIENT_KEY" not in without_ours(os.environ)
