"""Both languages are one site: the same pages, headings, code, tables, links, and one glossary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from docs._site.markdown import Here
from qftools import cancel
from qftools.errors import OutcomeUnknownError
from qftools.sandbox import Sandbox
from tests.site import pages

PAGES = pages.written("en")
by_page = pytest.mark.parametrize("page", PAGES, ids=str)


def test_every_page_is_there_in_both_languages():
    assert pages.written("zh") == PAGES != []


@by_page
def test_both_languages_have_the_same_headings(page):
    chinese, english = (pages.headings(pages.text(lang, page)) for lang in pages.LANGUAGES)

    assert chinese == english


@by_page
def test_every_heading_below_the_title_has_an_anchor_of_its_own(page):
    anchors = [anchor for level, anchor in pages.headings(pages.text("en", page)) if level > 1]

    assert all(anchors)
    assert len(set(anchors)) == len(anchors)


@by_page
def test_both_languages_show_the_same_code(page):
    chinese, english = (pages.code(pages.text(lang, page)) for lang in pages.LANGUAGES)

    assert chinese == english


@by_page
def test_both_languages_show_the_same_tables_and_ask_for_the_same_ones(page):
    chinese, english = (pages.text(lang, page) for lang in pages.LANGUAGES)

    assert pages.tables(chinese) == pages.tables(english)
    assert pages.MARKER.findall(chinese) == pages.MARKER.findall(english)


@by_page
def test_both_languages_link_to_the_same_places(page):
    chinese, english = (set(pages.LINK.findall(pages.text(lang, page))) for lang in pages.LANGUAGES)

    assert chinese == english


@by_page
@pytest.mark.parametrize("lang", pages.LANGUAGES)
def test_every_page_says_in_one_sentence_what_it_is_for(lang, page):
    said = yaml.safe_load(pages.text(lang, page).split("---")[1])["description"]

    assert 10 <= len(said) <= 160


@by_page
@pytest.mark.parametrize("lang", pages.LANGUAGES)
def test_every_page_says_below_its_title_where_it_is_as_built(lang, page):
    assert pages.text(lang, page).split("\n\n")[2].strip() == Here(lang, str(page)).as_built


# ---- the glossary -------------------------------------------------------------------------------

# Words that other documents use for a term; on our pages there is one word for each.
OTHER_WORDS = {
    "zh": {
        "关单": "关闭",
        "反扫": "被扫",
        "正扫": "主扫",
        "支付码": "付款码",
        "用户端": "顾客",
        "回调": "异步通知",
        "返回码": "响应代码",
        "沙箱": "沙盒",
        "供应商页面": "厂商页面",
        "消费者": "顾客",
    },
    "en": {
        "webhook": "notification",
        "callback": "notification",
        "void the order": "cancel",
        "chargeback": "refund",
        "sand box": "sandbox",
        "response status code": "response code",
        "secret key": "client key",
    },
}


@pytest.mark.parametrize("lang", pages.LANGUAGES)
def test_pages_use_the_words_of_the_glossary(lang):
    found = {
        (str(page), word)
        for page in pages.written(lang)
        if page.name != "glossary.md"  # it says which word stands for which
        for word in OTHER_WORDS[lang]
        if word in pages.without_code(pages.text(lang, page)).lower()
    }

    assert not found


OUR_TEXTS = (
    "qftools/locale/zh/LC_MESSAGES/qftools.po",
    "qftools/panels/*.json",
    "qftools/sandbox/report/report.json",
    "qftools/*.py",
    "notebooks/zh/*.ipynb",
)
# What the gateway itself says is quoted as it is.
OUR_WORDS = set(OTHER_WORDS["zh"]) - {"消费者"}


def test_command_line_panels_and_lessons_use_the_words_of_the_glossary_too():
    root = pages.DOCS.parent
    files = [path for pattern in OUR_TEXTS for path in root.glob(pattern)]
    found = {
        (path.name, word)
        for path in files
        for word in OUR_WORDS
        if word in path.read_text(encoding="utf-8")
    }

    assert len(files) > len(OUR_TEXTS)
    assert not found


def test_the_glossary_lists_the_same_terms_in_both_languages():
    terms = {
        lang: re.findall(
            r"^\| ([^|]+) \| ([^|]+) \|", pages.text(lang, Path("glossary.md")), re.MULTILINE
        )[1:]
        for lang in pages.LANGUAGES
    }

    assert terms["zh"] == terms["en"]
    assert {word for words in OTHER_WORDS.values() for word in words.values()} <= {
        word for pair in terms["en"] for word in pair
    } | {"厂商页面"}


# ---- what pages claim ---------------------------------------------------------------------------

PRACTISE = re.findall(
    r"^\| `(77\d{3})` \|.*\| `(\w+)` \|$",
    pages.text("en", Path("understand/unknown.md")),
    re.MULTILINE,
)


@pytest.mark.parametrize(("txamt", "verdict"), PRACTISE)
def test_the_amounts_to_practise_with_end_as_the_page_says(txamt, verdict):
    with Sandbox() as sandbox:
        client = sandbox.client()
        try:
            order = client.pay(pay_type="800101", txamt=int(txamt), txcurrcd="HKD")
        except OutcomeUnknownError as error:
            assert error.order is not None
            order = error.order

        assert cancel(client, order).verdict == verdict
