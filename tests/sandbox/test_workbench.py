"""The workbench: what it reads of the sandbox, and what a browser does with it."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests
from playwright.sync_api import expect

from qftools.sandbox import Sandbox
from qftools.sandbox.control.inspection import FORMS
from qftools.sandbox.control.stream import FLAGS
from qftools.sandbox.replaying import WAYS, sealed, ways
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from qftools.sandbox.web.server import IN_PROCESS_URL
from qftools.sandbox.words import words
from qftools.signing import sign
from qftools.transport.door import WireRequest

ORDER: dict[str, Any] = {"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD"}
FORM = "application/x-www-form-urlencoded"
NASTY = "<script>alert(1)</script>\"'&"
FIELDS = (
    *(("txamt", "2500"), ("txcurrcd", "HKD"), ("pay_type", "800101"), ("out_trade_no", "B7")),
    *(("txdtm", "2026-01-05 10:00:00"), ("goods_name", "green tea")),
)


@pytest.fixture
def api(sandbox):
    """Call the control API in process: path, and a JSON body to post."""
    session = requests.Session()
    session.mount(IN_PROCESS_URL, sandbox._adapter())

    def call(path, body=None):
        method = "GET" if body is None else "POST"
        return session.request(method, f"{IN_PROCESS_URL}/sandbox{path}", json=body).json()

    return call


def sent(sandbox, way="right", fields=FIELDS, endpoint="payment"):
    """Let a program call the gateway, signed right or wrong."""
    signature, algorithm = sealed(WAYS[way], fields, CLIENT_KEY, "MD5")
    headers = {"host": "127.0.0.1", "content-type": FORM, "x-qf-appcode": APP_CODE}
    headers |= {"x-qf-sign": signature, "x-qf-signtype": algorithm, "user-agent": "shop"}
    body = urlencode(fields).encode()
    with sandbox._assembly.lock:
        return sandbox._gateway.handle(
            WireRequest("POST", f"/trade/v1/{endpoint}", "", headers, body)
        )


def filled(sandbox, calls):
    """Let the gateway answer so many queries; every hundredth lacks its signature."""
    for number in range(1, calls + 1):
        headers = {"x-qf-appcode": APP_CODE, "content-type": FORM}
        if number % 100:
            headers["x-qf-sign"] = sign({"syssn": f"S{number}"}, CLIENT_KEY)
        body = f"syssn=S{number}".encode()
        with sandbox._assembly.lock:
            sandbox._gateway.handle(WireRequest("POST", "/trade/v1/query", "", headers, body))


def numbers(part):
    return [item.get("number", f"n{item.get('id')}") for item in part["items"]]


# -- the stream -----------------------------------------------------------------------------


def test_the_stream_counts_all_and_gives_a_part(sandbox, api):
    sandbox._gateway.log.limit = 300
    filled(sandbox, 350)

    newest = api("/stream?limit=2")
    deep = api(f"/stream?offset=298&limit=5&until={newest['until']}")

    assert (newest["total"], newest["kept"], newest["forgotten"]) == (350, 300, 50)
    assert (newest["matching"], newest["counts"]["signature"]) == (300, 3)
    assert numbers(newest) == [350, 349]
    assert numbers(deep) == [52, 51]


def test_the_stream_is_narrowed_by_what_is_true_of_a_call(sandbox, api):
    sandbox.client().pay(**ORDER, out_trade_no="A1")
    sent(sandbox, "encoded")
    sent(sandbox)
    order = sandbox.order("B7")
    sandbox.fault("duplicated", on="query")
    sandbox.client().query(out_trade_no="B7")
    sandbox.payer(order).pay()

    narrowed = {
        "only=signature": [2],
        "only=failed": [2],
        "only=fault": [4],
        "only=notification": ["n1"],
        "endpoint=payment": [3, 2, 1],
        "q=b7+green": [3, 2],
        "q=%234": [4],
        "q=none+of+these": [],
        "order=B7": ["n1", 4, 3, 2],
        "only=signature,notification": [],
        "only=unheard-of": [],
    }
    assert {asked: numbers(api(f"/stream?{asked}")) for asked in narrowed} == narrowed


def test_what_is_read_further_down_stays_in_its_place_while_calls_come_in(sandbox, api):
    filled(sandbox, 10)
    first = api("/stream?limit=3")
    filled(sandbox, 5)

    below = api(f"/stream?until={first['until']}&offset=3&limit=2")

    assert numbers(below) == [7, 6]
    assert (below["matching"], below["newer"]) == (10, 5)


def test_a_secret_is_not_found_by_searching_for_it(sandbox, api):
    sandbox.client().pay(**ORDER, goods_name=f"tea {CLIENT_KEY}")

    assert api(f"/stream?q={CLIENT_KEY}")["matching"] == 0
    assert api("/stream?q=tea")["matching"] == 1


def test_a_finding_of_the_report_is_pinned_to_the_calls_that_show_it(sandbox, api):
    sandbox.notifications.receive("http://shop.localhost/", lambda *_: (200, b"SUCCESS"))
    client = sandbox.client()
    for _ in range(2):
        client.pay(**ORDER, goods_name="tea")
    pinned = api("/stream?only=finding")
    report = sandbox.report()

    assert report.findings
    assert set(numbers(pinned)) == {n for one in report.findings for n in one.found.exchanges}
    shown = api(f"/exchanges/{numbers(pinned)[0]}")["findings"]
    assert {one["rule"] for one in shown} <= set(report.broken())
    assert shown


def test_there_is_a_word_for_every_chip_and_a_text_for_every_way_to_send_again():
    assert {f"chip_{flag}" for flag in FLAGS} <= set(words())
    assert all(text.zh and text.en for said in ways().values() for text in said)


# -- one call ----------------------------------------------------------------------------------


def test_a_call_shows_each_field_with_its_meaning_and_where_the_signed_texts_differ(sandbox, api):
    sent(sandbox, "encoded")

    call = api("/exchanges/1")

    fields = {row["name"]: row for row in call["request"]["fields"]}
    assert fields["txamt"]["meaning"]["en"] and fields["txamt"]["source"]
    assert {"respcd", "resperr"} <= {row["name"] for row in call["reply"]["fields"]}
    assert call["explanation"]["proved"]
    assert {"wanted": "·", "given": "+"} in call["explanation"]["compared"]
    assert "urlencode" in call["explanation"]["code"]["python"]["en"]


def test_no_reply_to_a_query_is_called_a_paid_order_but_for_its_row(sandbox, api):
    sent(sandbox)
    reply = sandbox.client().query(out_trade_no="B7")

    call = api("/exchanges/2")

    (outer,) = [row for row in call["reply"]["fields"] if row["name"] == "respcd"]
    (inner,) = [row for row in call["reply"]["rows"][0] if row["name"] == "respcd"]
    assert (outer["value"], inner["value"]) == ("0000", "1143")
    for said in (outer["meaning"]["en"], call["respcd_text"]["en"], reply.meaning.en):
        assert said == "the query worked; each row says how its order stands"
    assert inner["meaning"]["en"].startswith("not paid yet")


@pytest.mark.parametrize("number", ["A/1", "茶 1", "100%25", "A?b#c"])
def test_an_order_is_found_under_its_number_whatever_characters_it_has(sandbox, api, number):
    sent(sandbox, fields=tuple({**dict(FIELDS), "out_trade_no": number}.items()))

    path = f"/orders/{quote(number, safe='')}"

    assert api(path)["out_trade_no"] == number
    assert api(f"{path}/timeline")["order"]["out_trade_no"] == number
    url = f"{sandbox.serve()}/sandbox{path}/evidence"
    assert escape(number) in requests.get(url).text


def test_the_evidence_marks_what_the_workbench_sent_again(sandbox, api):
    sent(sandbox)
    api("/exchanges/1/replay", {"way": "unsorted"})

    page = requests.get(f"{sandbox.serve()}/sandbox/orders/B7/evidence?lang=en").text

    calls = page.partition("<ol>")[2].split("</li>")
    assert ["#1 sent again" in call for call in calls[:2]] == [False, True]


def test_a_call_is_copied_for_other_tools_without_the_key(sandbox, api):
    sent(sandbox)

    for form in FORMS:
        text = api(f"/exchanges/1/copy?form={form}")["text"]

        assert "trade" in text
        assert CLIENT_KEY not in text


def test_a_call_that_was_signed_wrongly_is_answered_once_it_is_sent_again_signed_right(
    sandbox, api
):
    sent(sandbox, "unsorted")

    again = api("/exchanges/1/replay", {"way": "right"})

    assert (again["number"], again["replay_of"], again["respcd"]) == (2, 1, "0000")
    assert sandbox.order("B7").state == "waiting"


def test_a_call_is_sent_again_in_the_way_that_was_chosen(sandbox, api):
    sent(sandbox)

    shown = {}
    for way in ("as it was", "unsorted", "lost after", "5xx"):
        again = api("/exchanges/1/replay", {"way": way})
        shown[way] = (again["signature"], again["fate"], again["fault"])

    assert shown == {
        "as it was": ("ok", "answer", ""),
        "unsorted": ("wrong", "answer", ""),
        "lost after": ("ok", "lost", "lost after"),
        "5xx": ("ok", "answer", "5xx"),
    }


def test_what_the_workbench_sends_is_no_part_of_the_report(sandbox, api):
    sent(sandbox)
    before = sandbox.report().to_dict()

    api("/exchanges/1/replay", {"way": "unsorted"})

    assert sandbox.report().to_dict() == before


# -- one order ---------------------------------------------------------------------------------


def test_an_order_is_shown_on_one_clock_with_what_the_books_said(sandbox, api):
    answers = iter([(500, b""), (200, b"SUCCESS")])
    sandbox.notifications.receive("http://shop.localhost/", lambda *_: next(answers))
    client = sandbox.client()
    order = client.pay(**ORDER, out_trade_no="A1", notify_url="http://shop.localhost/")
    sandbox.clock.advance(5)
    sandbox.payer(order).pay()
    sandbox.clock.advance(120)
    client.query(order)

    shown = api("/orders/A1/timeline?lang=en")

    assert [(step["at"][11:], step["kind"], step["what"]) for step in shown["steps"]] == [
        ("10:00:00", "call", "payment"),
        ("10:00:05", "books", "pay"),
        ("10:00:05", "notification", "refused"),
        ("10:02:05", "notification", "acknowledged"),
        ("10:02:05", "call", "query"),
    ]
    assert shown["steps"][1]["moves"] == [{"before": "waiting", "after": "paid"}]
    assert "Payer → Wallet: pays; Wallet → Gateway: paid; Gateway: paid" in shown["told"]
    assert 'href="#exchange/1"' in shown["drawing"]


def test_a_lost_reply_that_the_gateway_acted_on_is_seen_in_the_books(sandbox, api):
    sandbox.fault("lost after", on="payment")
    sent(sandbox)

    (step,) = api("/orders/B7/timeline")["steps"]

    assert step["moves"] == [{"before": "created", "after": "waiting"}]
    assert "(lost)" in api("/orders/B7/timeline")["told"]


def test_after_a_restore_the_timeline_begins_anew(sandbox, api):
    sent(sandbox)
    name = api("/snapshot", {})["snapshot"]
    sandbox.payer(sandbox.order("B7")).pay()
    api("/restore", {"snapshot": name})

    shown = api("/orders/B7/timeline")

    assert (shown["order"]["state"], shown["steps"], shown["whole"]) == ("waiting", [], False)


# -- in a browser ------------------------------------------------------------------------------


def refused(asked):
    """The address of a request that was not answered as wished; the console does not name it."""
    answer = asked.response()
    return [] if answer is None or answer.ok else [asked.url]


@pytest.fixture(scope="module")
def bench(browser):
    """A workbench in a browser, one session for all that follows; its console stays silent."""
    said = []
    with Sandbox() as sandbox:
        url = sandbox.serve()
        sandbox.client().pay(**ORDER, out_trade_no="A1", notify_url="http://127.0.0.1:1/n")
        sent(sandbox, "encoded")
        context = browser.new_context(
            viewport={"width": 1280, "height": 800}, accept_downloads=True
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("requestfinished", lambda asked: said.extend(refused(asked)))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{url}/?lang=en")
        yield sandbox, page
        context.close()
    assert said == []


in_a_browser = pytest.mark.needs("chromium")


@in_a_browser
def test_a_wrong_signature_is_found_understood_and_mended_in_the_workbench_alone(bench):
    sandbox, page = bench

    page.click("[data-chip=signature]")
    page.click("#rows .row")
    page.wait_for_selector("#inspector .why .pill.good")
    said = page.inner_text("#inspector")
    page.click("#replay-right")
    page.wait_for_selector("#inspector .head .pill.good")
    expect(page.locator("#inspector")).to_be_focused()  # no key goes astray

    assert "the values were URL-encoded before signing" in said
    assert page.locator("#inspector .signed mark").count() == 0
    assert sandbox.order("B7").state == "waiting"
    expect(page.locator("#order:has(.qf-draw)")).to_contain_text("B7")
    page.click("[data-chip=signature]")


@in_a_browser
def test_a_call_appears_by_itself_and_its_link_leads_to_it(bench):
    sandbox, page = bench

    sandbox.client().query(out_trade_no="none")
    number = sandbox._gateway.log.count

    page.click(f"#rows [href='#exchange/{number}']")
    page.wait_for_selector(f"#inspector h2:has-text('#{number}')")
    page.goto(page.url.partition("#")[0] + "#order/A1")
    page.wait_for_selector("#order .qf-draw")


@in_a_browser
def test_the_evidence_of_one_order_is_exported_as_one_file_that_needs_nothing_else(bench, tmp_path):
    _, page = bench
    page.goto(page.url.partition("#")[0] + "#order/A1")
    page.click("#act-pay")
    page.wait_for_selector("#order h2 .pill.paid")

    with page.expect_download() as download:
        page.click("#evidence")
    download.value.save_as(tmp_path / "A1.html")
    html = (tmp_path / "A1.html").read_text("utf-8")

    assert download.value.suggested_filename == "order-A1.html"
    assert "<svg" in html and "out_trade_no" in html and "HKD 25.00" in html
    assert "default-src 'none'" in html
    assert "<script" not in html and "<link" not in html and CLIENT_KEY not in html


@in_a_browser
def test_payer_faults_clock_and_snapshots_are_within_reach(bench):
    sandbox, page = bench
    sandbox.client().pay(**ORDER, out_trade_no="C3")
    page.goto(page.url.partition("#")[0] + "#order/C3")

    page.click("#open-controls")
    page.click("#snapshot")
    page.click("#fault-form button")
    page.wait_for_selector("#faults button")
    page.click("#restore-1")
    page.keyboard.press("Escape")
    page.click("[data-advance='3600']")
    page.wait_for_selector("#order .pill.expired")

    assert [fault.name for fault in sandbox._gateway.faults] == ["lost after"]
    sandbox._gateway.faults.clear()


@in_a_browser
def test_everything_is_reached_by_the_keyboard(bench):
    _, page = bench
    page.goto(page.url.partition("#")[0] + "#orders")
    page.locator("#q").blur()

    page.keyboard.press("/")
    page.keyboard.type("reversal payment")
    page.wait_for_selector("#empty:not([hidden])")
    page.keyboard.press("Escape")
    page.wait_for_selector("#rows .row")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("#rows .row[aria-current=true]").get_attribute("href")
    page.keyboard.press("Enter")

    expect(page.locator("#inspector")).to_be_focused()
    assert page.evaluate("location.hash") == second


@in_a_browser
def test_hostile_text_stays_text(bench):
    sandbox, page = bench
    requests.post(
        f"{sandbox.url}/trade/v1/query",
        data={"out_trade_no": NASTY, NASTY: NASTY},
        headers={"X-QF-APPCODE": "x", "X-QF-SIGN": NASTY},
    )
    sandbox.client().pay(**ORDER, out_trade_no="<b>N</b>", goods_name=NASTY)

    page.click(f"#rows [href='#exchange/{sandbox._gateway.log.count - 1}']")
    expect(page.locator("#inspector")).to_contain_text(NASTY)

    page.click(f"#rows [href='#exchange/{sandbox._gateway.log.count}']")
    page.wait_for_selector("#order .qf-draw")
    assert page.locator("main script, main b b").count() == 0


@in_a_browser
def test_nothing_sticks_out_at_any_width_and_a_phone_shows_one_pane(bench):
    _, page = bench
    for width in (320, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        for pane in ("stream", "inspector", "order"):
            if width < 1120:
                page.click(f".panes [data-pane={pane}]")
                assert page.locator("main > .pane:visible").count() == 1
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1280, "height": 800})


@in_a_browser
def test_what_is_typed_before_the_page_is_ready_is_searched(bench):
    sandbox, page = bench
    held = []
    page.route("**/words.json", lambda route: held.append(route))
    with page.expect_request("**/words.json"):
        page.goto(f"{sandbox.url}/?lang=en", wait_until="commit")

    page.fill("#q", "no such call")
    held[0].continue_()
    page.unroute_all()  # the page is shared

    page.wait_for_selector("#empty:visible")
    page.fill("#q", "")


@in_a_browser
def test_ten_thousand_calls_are_searched_narrowed_and_scrolled_to_the_end(bench):
    sandbox, page = bench
    page.goto("about:blank")  # a call that is being forgotten is not read meanwhile
    filled(sandbox, 10_000)
    page.goto(f"{sandbox.url}/?lang=en")
    count = page.locator("#count")

    page.fill("#q", "s9999")
    page.wait_for_selector("#count:text-matches('^1 of ')")
    page.fill("#q", "")
    page.click("[data-chip=signature]")
    page.wait_for_selector("#count:text-matches('^100 of ')")
    page.click("[data-chip=signature]")
    page.wait_for_selector("#count:text-matches('^10[0-9]{3}')")
    page.evaluate("document.querySelector('#list').scrollTop = 1e9")
    page.wait_for_selector("#rows .row >> text=S10 >> visible=true", state="attached")

    assert "older calls are no longer kept" in count.inner_text()
    assert page.locator("#rows > *").count() < 60


@in_a_browser
def test_what_stands_before_a_real_gateway_says_so_and_offers_nothing_that_it_can_not_do(
    sandbox, browser
):
    url = sandbox.serve()
    about = requests.get(f"{url}/sandbox").json()
    about |= {"real": True, "tap": "https://openapi-hk.qfapi.com"}
    about["calls"] = ["GET /sandbox/stream"]
    context = browser.new_context()
    page = context.new_page()
    page.route("**/sandbox", lambda route: route.fulfill(json=about))
    page.goto(f"{url}/?lang=en")
    page.wait_for_selector("#real:visible")

    said, title = page.inner_text("#real"), page.title()
    offered = page.locator("[data-advance]:visible").count()
    context.close()

    assert said.startswith("REAL") and "https://openapi-hk.qfapi.com" in said
    assert title.startswith("REAL")
    assert offered == 0
