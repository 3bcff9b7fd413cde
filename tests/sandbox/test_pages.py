"""Payer page and workbench: words, escaping, headers; and a browser in front of the payer page."""

from __future__ import annotations

import re
from string import Template

import pytest
import requests

from qftools.sandbox.books.payer import ACTS
from qftools.sandbox.books.states import State
from qftools.sandbox.gateway.faults import NAMES, OF_NOTIFICATIONS
from qftools.sandbox.web import pages
from qftools.sandbox.web.pages import STATIC
from qftools.sandbox.web.server import IN_PROCESS_URL
from qftools.sandbox.words import words

ORDER = {"pay_type": "800101", "txamt": 2500, "txcurrcd": "HKD"}
NASTY = "<script>alert(1)</script>\"'&"


@pytest.fixture
def web(sandbox):
    session = requests.Session()
    session.mount(IN_PROCESS_URL, sandbox._adapter())

    def ask(path, method="GET", **options):
        options = {"allow_redirects": False} | options
        return session.request(method, IN_PROCESS_URL + path, **options)

    return ask


def test_every_word_is_there_in_both_languages():
    assert all(text.en and text.zh for text in words().values())


def test_there_is_a_word_for_every_state_act_and_fault():
    needed = {f"state_{state.value.replace(' ', '_')}" for state in State}
    needed |= {f"act_{act}" for act in ACTS}
    needed |= {f"fault_{name.replace(' ', '_')}" for name in (*NAMES, *OF_NOTIFICATIONS)}

    assert needed <= set(words())


@pytest.mark.parametrize("script", [name for name in STATIC if name.endswith(".js")])
def test_a_script_says_only_words_that_exist(web, script):
    said = set(re.findall(r'say\("(\w+)"\)', web(f"/static/{script}").text))

    assert said <= set(words())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_payer_page_shows_the_order_in_the_language_asked_for(sandbox, web, lang):
    order = sandbox.client().pay(**ORDER)

    html = web(f"/payer/{order.syssn}?lang={lang}").text

    assert "<small>HKD</small>25.00" in html
    assert words()["state_waiting"].say(lang) in html
    assert order.out_trade_no in html


def test_the_payer_page_speaks_what_the_browser_prefers(sandbox, web):
    order = sandbox.client().pay(**ORDER)

    html = web(f"/payer/{order.syssn}", headers={"Accept-Language": "zh-HK,zh;q=0.9"}).text

    assert words()["act_pay"].zh in html


@pytest.mark.parametrize("path", ["/", "/payer/1", "/static/workbench.js", "/static/words.json"])
def test_a_page_takes_nothing_from_elsewhere_and_sits_in_no_frame(web, path):
    policy = web(path).headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", [*STATIC, "workbench.html", "payer.html"])
def test_no_file_names_another_host(name):
    hosts = set(re.findall(r"https?://([\w.-]+)", pages.file(name)))

    assert hosts <= {"www.w3.org", "127.0.0.1"}  # the name of SVG; an example


@pytest.mark.parametrize("name", ["..%2fembedded.py", "../embedded.py", "payer.html", "", "x"])
def test_only_listed_files_are_served(web, name):
    assert web(f"/static/{name}").status_code == 404


def test_what_a_merchant_sends_is_text_on_the_page(sandbox, web):
    order = sandbox.client().pay(**ORDER, goods_name=NASTY)

    html = web(f"/payer/{order.syssn}").text

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil", "http://[bad"]
)
def test_only_a_web_address_becomes_the_way_back(sandbox, web, url):
    order = sandbox.client().pay(**ORDER, return_url=url)
    sandbox.payer(order).pay()

    page = web(f"/payer/{order.syssn}")

    assert page.status_code == 200
    assert 'class="back"' not in page.text


def test_the_way_back_carries_what_the_real_redirect_carries(sandbox, web):
    order = sandbox.client().pay(**ORDER, return_url="https://shop.example/back?a=1")
    sandbox.payer(order).pay()

    html = web(f"/payer/{order.syssn}").text

    (link,) = re.findall(r'class="back" href="([^"]+)"', html)
    assert link.startswith("https://shop.example/back?a=1&amp;syssn=")
    assert "respcd=0000" in link


def test_a_press_without_javascript_pays(sandbox, web):
    order = sandbox.client().pay(**ORDER)

    answer = web(f"/payer/{order.syssn}", "POST", data={"act": "pay", "lang": "zh"})

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/payer/{order.syssn}?lang=zh"
    assert sandbox.order(order).state == "paid"


def test_another_page_cannot_press_the_button(sandbox, web):
    order = sandbox.client().pay(**ORDER)

    answer = web(
        f"/payer/{order.syssn}",
        "POST",
        data={"act": "pay"},
        headers={"Origin": "https://evil.example"},
    )

    assert answer.status_code == 403
    assert sandbox.order(order).state == "waiting"


@pytest.mark.parametrize("number", ["1", "%00", "a/b", "%F0%9F%92%A9", "x" * 3000])
def test_an_order_that_does_not_exist_has_a_page_that_says_so(web, number):
    answer = web(f"/payer/{number}?lang=en")

    assert answer.status_code == 404
    assert "no such order" in answer.text


def test_every_place_of_a_template_is_filled(web, sandbox):
    order = sandbox.client().pay(**ORDER)

    for path in ("/", f"/payer/{order.syssn}", "/payer/none"):
        assert not Template.pattern.search(re.sub(r"\$\$", "", web(path).text))


# -- in a browser -------------------------------------------------------------------------


@pytest.fixture
def open_page(browser):
    """Open an address; a page that says anything on its console fails the test."""
    said = []
    contexts = []

    def visit(url, *, lang="en-US", width=1200, scheme="light"):
        context = browser.new_context(
            locale=lang, viewport={"width": width, "height": 844}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(url)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert said == []


@pytest.mark.needs("chromium")
def test_the_payer_page_follows_a_cancel_of_the_merchant(sandbox, open_page):
    sandbox.serve()
    order = sandbox.client().pay(**ORDER)
    phone = open_page(order.reply.body["qrcode"], width=390)

    sandbox.client().reverse(order)

    phone.wait_for_selector("#state.cancelled")
    assert phone.query_selector("button.act") is None
