"""A key that comes back in any encoding, anywhere in a reply, is in nothing shown or kept."""

from __future__ import annotations

import base64
import html
import json
import logging
import time
import traceback
from contextlib import suppress
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from qftools import Client, Credentials, Journal, Order, cancel
from qftools.cancellation.policy import Policy
from qftools.cli import main
from qftools.diagnosis import explain
from qftools.errors import GatewayError, QFPayError
from qftools.exchange import Exchange, Request, Response
from qftools.exchange.redaction import REDACTED, Collector, Redactor
from qftools.journal.page import as_html, as_json, as_text
from tests.raw_server import RawServer, reply

KEY = "5EC2E75EC2E7MarKer5EC2E75EC2E7AB"
HASTY = Policy(look_tries=2, absent_tries=2, confirm_tries=2, first_wait=0.0, wait_step=0.0)
ORDER = Order("A1", 2500, "2026-01-05 10:00:00", pay_type="800101")


def each(form, text):
    return "".join(form.format(ord(char)) for char in text)


ENCODINGS = {
    "as it is": lambda key: key,
    "lower case": str.lower,
    "upper case": str.upper,
    "behind other text": lambda key: f"txamt=2500{key}",
    "percent": lambda key: each("%{:02X}", key),
    "percent, lower case": lambda key: each("%{:02x}", key),
    "percent, here and there": lambda key: (
        key[:3].replace("%", "%25") + each("%{:02x}", key[3:9]) + key[9:].replace("%", "%25")
    ),
    "percent, twice": lambda key: quote(each("%{:02X}", key)),
    "percent, all of it twice": lambda key: each("%{:02X}", each("%{:02X}", key)),
    "JSON": lambda key: each("\\u{:04x}", key),
    "JSON, here and there": lambda key: json.dumps(key[:-1])[1:-1] + each("\\u{:04X}", key[-1]),
    "JSON in JSON": lambda key: each("\\\\u{:04x}", key),
    "backslash x": lambda key: each("\\x{:02x}", key),
    "octal": lambda key: each("\\{:03o}", key),
    "JavaScript": lambda key: each("\\u{{{:x}}}", key),
    "HTML, decimal": lambda key: each("&#{};", key),
    "HTML, hexadecimal": lambda key: each("&#x{:X};", key),
    "HTML, zeros": lambda key: each("&#x{:06x};", key),
    "HTML in HTML": lambda key: html.escape(each("&#{};", key)),
    "HTML in a URL": lambda key: quote(each("&#{};", key)),
    "Base64": lambda key: base64.b64encode(key.encode()).decode(),
    "Base64, shifted by one": lambda key: base64.b64encode(f"k{key}!".encode()).decode(),
    "Base64, shifted by two": lambda key: base64.b64encode(f"ke{key}".encode()).decode(),
    "Base64 of UTF-16": lambda key: base64.b64encode(key.encode("utf-16-le")).decode(),
    "Base32": lambda key: base64.b32encode(f"xxx{key}".encode()).decode(),
    "hexadecimal": lambda key: key.encode().hex(),
    "hexadecimal, upper case": lambda key: key.encode().hex().upper(),
    "hexadecimal, in pairs": lambda key: key.encode().hex(":"),
    "hexadecimal of lower case": lambda key: key.lower().encode().hex(),
    "hexadecimal of UTF-16": lambda key: key.encode("utf-16-be").hex(),
    "hexadecimal of Base64": lambda key: base64.b64encode(key.encode()).hex(),
    "hexadecimal, as in C": lambda key: ", ".join(f"0x{byte:02x}" for byte in key.encode()),
    "Base64 of lower case": lambda key: base64.b64encode(key.lower().encode()).decode(),
    "Base64 of hexadecimal": lambda key: base64.b64encode(key.encode().hex().encode()).decode(),
    "Base64, twice": lambda key: base64.b64encode(base64.b64encode(key.encode())).decode(),
    "Base64 of UTF-16, big end first": lambda key: base64.b64encode(
        key.encode("utf-16-be")
    ).decode(),
    "numbers between": lambda key: str(list(key.encode())),
    "reversed": lambda key: key[::-1],
    "quotes between": lambda key: '" + "'.join((key[:11], key[11:20], key[20:])),
    "quoted-printable": lambda key: each("={:02X}", key),
    "blanks between": " ".join,
    "hyphens between": "-".join,
}


def in_json(text):
    """A JSON text with *text* in it as it is, where JSON allows that."""
    try:
        json.loads(f'"{text}"')
    except ValueError:
        return json.dumps(text)
    return f'"{text}"'


def a_row(text):
    value = in_json(text)
    row = f'{{"out_trade_no": "A1", "respcd": "1143", "goods_name": {value}, {value}: "1"}}'
    return reply(f'{{"respcd": "0000", "resperr": {value}, "data": [{row}]}}'.encode())


PLACES = {
    "row": a_row,
    "text": lambda text: reply(f'{{"respcd": "1297", "respmsg": {in_json(text)}}}'.encode()),
    "refusal": lambda text: reply(f'{{"respcd": "1108", "resperr": {in_json(text)}}}'.encode()),
    "unlisted code": lambda text: reply(f'{{"respcd": "7777", "k": {in_json(text)}}}'.encode()),
    "header": lambda text: reply(b'{"respcd": "0000", "data": []}', f"X-{text[:9]}: {text}"),
    "signature": lambda text: reply(b'{"respcd": "0000"}', f"X-QF-SIGN: {text}"),
    "error page": lambda text: reply(f"<h1>{text}</h1>".encode(), status="502 Bad Gateway"),
    "redirect": lambda text: reply(b"", f"Location: http://h/?k={text}", status="302 Found"),
    "limit": lambda text: reply(text.encode(), "Retry-After: 0", status=f"429 {text}"),
    "status line": lambda text: f"HTTP/1.1 {text} OK\r\n\r\n".encode(),
    "broken header": lambda text: f"HTTP/1.1 200 OK\r\n{text}\r\nA: b\r\n\r\n{text}".encode(),
    "chunk": lambda text: f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{text}".encode(),
    "no JSON": lambda text: reply(f'{{"respcd": "0000", {in_json(text)}'.encode()),
    "twice": lambda text: reply(f"{{{in_json(text)}: 1, {in_json(text)}: 2}}".encode()),
}


IN_ALL_PLACES = (
    *("as it is", "lower case", "percent", "percent, twice", "JSON", "JSON in JSON"),
    *("HTML, decimal", "Base64", "Base64, shifted by one", "hexadecimal"),
)
IN_ALL_ENCODINGS = ("row", "header", "error page", "redirect", "status line")


def shown_by_client(client, place, tmp_path):
    """Yield all that a program could see, log or keep of the calls that are answered so."""
    for call in (client.query, client.close):
        try:
            answer = call(ORDER)
            yield from (repr(answer), repr(answer.body), repr(answer.exchange))
        except QFPayError as error:
            yield from (str(error), repr(error), error.say("zh"), repr(vars(error)))
            yield from traceback.format_exception(error)
    with Journal(tmp_path / f"{place}.db") as journal:
        outcome = cancel(client, ORDER, journal=journal, policy=HASTY)
        yield from (repr(outcome), json.dumps(outcome.to_dict(), ensure_ascii=False))
        entry = journal.entry(1)
        yield repr(entry)
        for language in ("zh", "en"):
            yield from (show(entry, language) for show in (as_text, as_json, as_html))
        for file in tmp_path.glob(f"{place}.db*"):
            yield file.read_bytes().decode("latin-1")
    for exchange in client.exchanges:
        yield from (repr(exchange), exchange.as_curl(), exchange.as_http())
        yield from (json.dumps(exchange.as_har()), json.dumps(exchange.as_postman()))
        yield from (exchange.as_source(language) for language in ("python", "php"))


def seen_in(text, encoded):
    """Whether a reader finds the key in *text*: as it was sent, or as Python and JSON write it."""
    written = {encoded, encoded.replace("\\", "\\\\"), html.escape(encoded), json.dumps(encoded)}
    return KEY.lower() in text.lower() or any(form.strip('"') in text for form in written)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_key_that_comes_back_is_nowhere(encoding, tmp_path, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    encoded = ENCODINGS[encoding](KEY)
    answer = [b""]
    with (
        RawServer(lambda request: answer) as server,
        Client(
            Credentials("A1", KEY), server.url, timeout=(5.0, 10.0), pause=lambda seconds: None
        ) as client,
    ):
        for place in PLACES if encoding in IN_ALL_PLACES else IN_ALL_ENCODINGS:
            answer[0] = PLACES[place](encoded)
            assert encoded[:9].replace("\\", "").encode() in answer[0].replace(b"\\", b"")
            found = [
                text for text in shown_by_client(client, place, tmp_path) if seen_in(text, encoded)
            ]
            assert not found, (place, found[0][:2_000])

    out, err = capsys.readouterr()
    assert not seen_in(caplog.text + out + err, encoded)


@pytest.mark.parametrize("place", ["row", "text", "refusal", "unlisted code"])
@pytest.mark.parametrize("encoding", ["lower case", "percent", "JSON", "Base64", "hexadecimal"])
def test_a_key_that_comes_back_is_not_printed(encoding, place, tmp_path):
    encoded = ENCODINGS[encoding](KEY)
    with RawServer(lambda request: [PLACES[place](encoded)]) as server:
        environment = {
            "QFTOOLS_BASE_URL": server.url,
            "QFTOOLS_APP_CODE": "A1",
            "QFTOOLS_CLIENT_KEY": KEY,
            "QFTOOLS_JOURNAL": str(tmp_path / "journal.db"),
        }
        quick = [f"--policy={name}=1" for name in ("look_tries", "absent_tries", "confirm_tries")]
        quick += ["--policy=first_wait=0", "--policy=wait_step=0"]
        number = ["--out-trade-no", "A1"]
        time_and_amount = ["--txamt", "2500", "--txdtm", "2026-01-05 10:00:00"]
        for arguments in (
            ["query", *number],
            ["query", *number, "--json"],
            ["cancel", *number, *time_and_amount, *quick, "--json"],
            ["pending", "--json"],
            ["journal", "1"],
        ):
            done = CliRunner(env=environment).invoke(main, ["--lang", "en", *arguments])

            assert done.output
            assert not seen_in(done.output, encoded), arguments


def test_the_payer_of_the_request_is_nowhere_in_the_reply():
    name, number = "张三丰", "430067798868676871"
    echo = f'{{"respcd": "1108", "resperr": "bad: {name}", "user_truename": "Li", "a": "{number}"}}'
    with (
        RawServer(lambda request: [reply(echo.encode())]) as server,
        Client(Credentials("A1", KEY), server.url) as client,
        pytest.raises(GatewayError) as caught,
    ):
        client.pay(
            pay_type="800101",
            txamt=1,
            txcurrcd="HKD",
            extend_info=json.dumps({"user_creid": number, "user_truename": name}),
        )

    error = caught.value
    shown = f"{error!r} {error} {error.reply.body} {error.reply.exchange} {client.exchanges}"
    assert "bad: [redacted]" in shown
    assert not [
        value for value in (name, number, '"Li"', repr(name.encode())[2:-1]) if value in shown
    ]


# ---- the redactor itself --------------------------------------------------------------------


@given(
    st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=8, max_size=40),
    st.sampled_from([name for name in ENCODINGS if "between" not in name and "quoted" not in name]),
    st.text(max_size=20),
)
def test_whatever_the_key_is_it_is_found_in_each_encoding(key, encoding, around):
    encoded = ENCODINGS[encoding](key)

    assert REDACTED in Redactor([key]).text(f"{around}\n{encoded}\n{around}")


@given(
    st.text(min_size=8, max_size=20),
    st.sampled_from([str, quote, lambda key: json.dumps(key)[1:-1], html.escape]),
    st.text(max_size=20),
)
def test_a_key_of_any_characters_is_found(key, encoded, around):
    with suppress(UnicodeEncodeError):  # quote() takes no half of a surrogate pair
        assert REDACTED in Redactor([key]).text(f"{around}\n{encoded(key)}\n{around}")


@given(st.binary(max_size=60), st.integers(0, 60))
def test_other_bytes_come_through_as_they_are(data, most):
    redactor = Redactor([KEY])

    assert redactor.raw(data) == data
    assert redactor.body(b"<" + data, most) == (b"<" + data)[:most]


@pytest.mark.parametrize("most", range(0, 120, 7))
def test_a_key_across_the_cut_is_not_kept_in_part(most):
    body = b"x" * 60 + each("%{:02x}", KEY).encode() * 3

    kept = Redactor([KEY]).body(body, most)

    assert kept == (body[:most] if most <= 60 else b"x" * 60 + REDACTED.encode())


def test_an_exchange_without_secrets_is_kept_as_it_is():
    sent = Request(
        "POST", "https://h/trade/v1/query", (("A", "b"),), b"txamt=1&goods_name=%E8%8C%B6"
    )
    exchange = Exchange("query", sent, Response(200, (), b'{"a": "\\u8336"}'), None, 0.0, 0.0)

    assert Redactor([KEY]).kept(exchange) == exchange


@pytest.mark.parametrize(
    "text",
    [
        b"%25" * 300_000,
        b"\\" * 900_000,
        b"&#" * 450_000,
        b"&amp;" * 180_000,
        KEY[:31].encode() * 9_000,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_no_crafted_text_makes_it_slow(text):
    redactor = Redactor([KEY])
    begun = time.process_time()

    redactor.raw(text)
    redactor.raw(text + KEY.encode())

    assert time.process_time() - begun < 20


def test_what_is_nested_too_deep_to_be_decoded_is_not_shown():
    text = KEY
    for _ in range(12):
        text = each("%{:02x}", text) if len(text) < 1_000 else quote(text)

    assert Redactor([KEY]).text(text) == REDACTED


def test_a_payers_name_behind_a_blank_that_was_made_visible_is_taken_out():
    shown = Redactor().text('{"user_truename":\u00b7"MARKER-NAME"}')

    assert "MARKER-NAME" not in shown


@pytest.mark.parametrize(
    "torn",
    [
        # A value that is the beginning of the next field, as where two lines of a log met.
        '{"user_truename": "MARK-user_truename": "MARKER-NAME", "a": 1}',
        '"extend_info": "{\\"user_truename\\": user_creid\\": \\"MARKER-NAME\\"}"',
        '{"user_creid": "Ahttps://[::1/user_creid": "MARKER-NAME"}',
        'Content-Lruename": "MARKER-NAME", "a": 1',  # lost its first letter
        '{"user_ruename": "MARKER-NAME", "a',
        "x&user_creid=MARKER-NAME" + "`" * 3_000,  # no end in sight
    ],
)
def test_a_payer_in_a_torn_text_is_taken_out(torn):
    shown = Redactor().text(torn)

    assert "MARKER-NAME" not in shown and REDACTED in shown


def test_what_a_reply_has_in_a_field_is_not_shown_where_it_has_it_again():
    sent = Request("POST", "https://h/trade/v1/query", (), b"txamt=1")
    body = b'{"resperr": "si"430102199003071234"}", "user_creid": "430102199003071234"}'

    kept = Redactor([KEY]).kept(
        Exchange("query", sent, Response(200, (), body), "of 430102199003071234", 0.0, 0.0)
    )

    assert kept.response is not None and b"430102199003071234" not in kept.response.body
    assert kept.error == f"of {REDACTED}"


def test_a_persons_number_that_ran_into_something_is_looked_for_alone():
    found = Collector()
    found.text("user_creid=A430102199003071234MARK&u9=430102199003071234KEY")

    assert Redactor(found.taken).text("u9=430102199003071234KEY") == f"u9={REDACTED}KEY"


@pytest.mark.parametrize(
    "text",
    [
        '{"errmsg": "the customer is typing the password", "password": "MARKER-WORD"}',
        '{"is typing the password": "MARKER-WORD"}',
        'is typing the password: MARKER-WORD", "a',
    ],
)
def test_a_password_is_taken_out_though_a_common_message_speaks_of_one(text):
    assert "MARKER-WORD" not in Redactor().text(text)


def test_the_message_of_an_order_in_progress_is_no_field():
    text = '{"errmsg": "not paid yet, or the customer is typing the password", "userid": "1"}'

    assert not Redactor([KEY]).suspects(text.encode())


def test_a_cookie_that_ran_into_the_body_hides_neither_fields_nor_dates_of_the_paste():
    body = "txamt=2500&txcurrcd=HKD&pay_type=800101&txdtm=2026-01-05%2010%3A00%3A00"
    ran_into = "sid=4fe9a01c77d2b8e3%0D%0A%0D%0Atxamt%3D2500%26txcurrcd%3DHKD%26pay_type%3D800101"
    sent = f"{ran_into}&txdtm=2026-01-05%2010"
    head = f"POST /trade/v1/payment HTTP/1.1\r\nHost: localhost\r\nCookie: {sent}\r\n\r\n"

    shown = str(explain(f"{head}{body}"))
    echoed = str(explain(f"{head}{body}&goods_name=4fe9a01c77d2b8e3"))

    for kept in ("txcurrcd", "pay_type", "2026-01-05"):
        assert kept in shown and kept in echoed
    assert "4fe9a01c77d2b8e3" not in shown and "4fe9a01c77d2b8e3" not in echoed


@pytest.mark.parametrize(
    "encoded", ["QWxhZGRpbjpvcGVu+c2VzYW1l==", "QWxhZGRpbjpvcGVuc2VzYW1lMQ%3D%3D"]
)
def test_credentials_that_end_like_base64_are_hidden_where_they_are_repeated(encoded):
    head = f"POST /trade/v1/query HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {encoded}\r\n"

    shown = str(explain(f"{head}\r\nout_trade_no=A1&goods_name={encoded}"))

    assert encoded.partition("=")[0].partition("%")[0] not in shown


@pytest.mark.parametrize(
    "line",
    [
        "txame: sid=4fe9a01c77d2b8e3",  # what is left of "Cookie:" in a torn log
        "sid=4fe9a01c77d2b8e3; path=/",
        '{"sid": "4fe9a01c77d2b8e3"}',
        "connect.sid=4fe9a01c77d2b8e3",
    ],
)
def test_a_session_is_hidden_by_its_usual_name(line):
    assert "4fe9a01c77d2b8e3" not in str(Redactor().text(line))
    assert str(Redactor().text("inside=4fe9a01c77d2b8e3")) == "inside=4fe9a01c77d2b8e3"
