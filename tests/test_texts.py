"""Panel and command-line texts: every one is there in Chinese, and the compiled file is current."""

from __future__ import annotations

import ast
import pickle
import re

import pytest

from qftools import locale
from qftools.errors import InputError, TransportError
from tests.tools import texts

CHINESE = re.compile(r"[\u4e00-\u9fff]")
PLACEHOLDER = re.compile(r"\{[^}]*\}|%\(\w+\)\w")


def test_every_text_in_the_code_has_a_chinese_translation():
    chinese = {message.id: message.string for message in texts.translated() if message.id}

    wanted = {message.id for message in texts.in_the_code() if message.id}
    missing = [message for message in wanted if not texts.has_words(chinese.get(message))]

    assert missing == [] and chinese, "run: make texts, then translate"


def test_a_text_inside_an_f_string_is_collected_and_an_argument_of_a_method_is_not(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("f\"{text('inside')}\"; redactor.text('argument'); text(name)")

    assert list(texts.marked(path)) == [("inside", 1)]


def test_no_translation_is_left_of_a_text_that_is_gone():
    in_the_code = {message.id for message in texts.in_the_code()}

    assert {message.id for message in texts.translated()} <= in_the_code | {""}


@pytest.mark.parametrize("path", sorted(texts.PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_an_error_says_a_text_that_can_be_looked_up(path):
    made_up = (ast.JoinedStr, ast.BinOp)

    wrong = [ast.unparse(said) for said in texts.said_by_errors(path) if isinstance(said, made_up)]

    assert wrong == [], "give the values by name: InputError(name, 'is {value}', ..., value=value)"


@pytest.mark.parametrize(
    "message",
    [message for message in texts.translated() if message.id],
    ids=lambda m: str(m.id)[:40],
)
def test_a_translation_keeps_the_placeholders(message):
    english = message.id[-1] if message.pluralizable else message.id  # Chinese has one form: many
    chinese = message.string[-1] if message.pluralizable else message.string

    assert sorted(PLACEHOLDER.findall(chinese)) == sorted(PLACEHOLDER.findall(english))


def test_the_compiled_texts_agree_with_their_source():
    catalogue = texts.CHINESE.with_suffix(".mo").read_bytes()

    assert catalogue == texts.compiled(texts.translated()), "run: make texts"


def test_the_chosen_language_wins_over_the_locale(monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    locale.use_language("en")
    english = locale.text("Usage:")

    locale.use_language("zh")

    assert (english, locale.text("Usage:")) == ("Usage:", "用法：")


@pytest.mark.parametrize(
    "error",
    [
        InputError("txamt", "is {value}", "greater than zero", value=0),
        InputError("goods_name", "is {x}", "text, {y}"),  # no values: braces of its own
        TransportError("HTTP {status} is not the gateway's answer", status=502),
    ],
)
def test_an_error_says_the_same_in_another_process(error):
    copied = pickle.loads(pickle.dumps(error))

    assert (str(copied), copied.say("zh")) == (str(error), error.say("zh"))
    assert CHINESE.search(error.say("zh"))


@pytest.mark.parametrize("language", ["fr", "", None, 5])
def test_a_language_that_is_not_spoken_is_refused(language):
    with pytest.raises(InputError, match=f"language is {language!r}; it must be zh or en"):
        locale.use_language(language)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_HK"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh_CN:en"}, "zh"),
        ({"LANG": "", "LC_MESSAGES": "zh_CN"}, "zh"),
    ],
)
def test_the_locale_is_read_in_the_order_of_gettext(environment, expected):
    assert locale.of_locale(environment) == expected
