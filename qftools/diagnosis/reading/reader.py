"""From a paste to its exchanges. Sends nothing, opens nothing, runs nothing.

What a machine wrote for machines is read by its grammar: cURL, HAR, Postman, raw HTTP, calls of
``fetch`` and ``requests``. Everything else is read in three layers: what stands around the text
is taken off (`blocks`), the text becomes groups of pairs (`tokens`, `tree`), and the groups get
their roles (`roles`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from qftools.diagnosis.reading import names
from qftools.diagnosis.reading.blocks import unwrapped
from qftools.diagnosis.reading.calls import from_arguments, from_call, from_httpie, is_arguments
from qftools.diagnosis.reading.decoding import decoded, ends_in_a_character
from qftools.diagnosis.reading.events import events, speaks
from qftools.diagnosis.reading.forms import form_of
from qftools.diagnosis.reading.gate import unread
from qftools.diagnosis.reading.json_text import load_json, mended
from qftools.diagnosis.reading.paste import LONGEST, LONGEST_TEXT, MOST_REQUESTS, Paste
from qftools.diagnosis.reading.request import read_request
from qftools.diagnosis.reading.roles import assembled, bare_code, roled
from qftools.diagnosis.reading.tokens import too_long
from qftools.diagnosis.reading.tree import Group, Parser, group_of
from qftools.errors import InputError
from qftools.exchange import Exchange, Request
from qftools.exchange.archives import from_archive
from qftools.exchange.raw_http import from_http, is_http
from qftools.exchange.shell import read_curl
from qftools.locale import mark
from qftools.patterns import pattern

_CURL = pattern(r"(?:^|[\s;|&$>/])curl(?:\.exe)?\s", re.MULTILINE)
_REQUEST_BELOW = pattern(r"\n(?:POST|GET) \S+ HTTP/1")
_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]{3,40}")
_CODE_FENCED = pattern(r"^\s*```\w*\n(.*?)\n?```\s*$", re.DOTALL)


def read(source: str | bytes | Exchange | Request) -> tuple[Paste, ...]:
    """Return every request to the gateway, answer and notification in *source*.

    Args:
        source: A paste of any of the `FORMS`, or an exchange of the client.

    Raises:
        InputError: It is too long, or nothing in it can be read.

    Example:
        >>> paste, = read("curl https://h/trade/v1/query -d 'syssn=1'")
        >>> paste.form, paste.endpoint, paste.request.params
        ('curl', 'query', {'syssn': '1'})
    """
    if isinstance(source, Exchange):
        return (Paste("exchange", source.request, source.response, endpoint=source.endpoint),)
    if isinstance(source, Request):
        return (roled(Paste("exchange", source)),)
    text = _text(source)
    found = list(bare_code(text) or _read(text) or _in_words(text))[:MOST_REQUESTS]
    if not found:
        raise unread()
    return tuple(roled(paste) for paste in found)


def _in_words(text: str) -> tuple[Paste, ...]:
    # What it knows of two languages is loaded for a paste in which there is no request.
    from qftools.diagnosis.reading.sentences import sentences

    return sentences(text)


def _text(source: str | bytes) -> str:
    if len(source) > LONGEST:
        raise InputError(
            mark("the paste"),
            "has {length:,} characters",
            "at most {most:,}",
            length=len(source),
            most=LONGEST,
        )
    text = decoded(source) if isinstance(source, bytes) else str(mended(source))
    text = text.removeprefix("\ufeff")
    fenced = _CODE_FENCED.match(text)
    return fenced[1] if fenced else text


def _read(text: str) -> list[Paste]:
    start = text.lstrip()[:1]
    if start in ("{", "["):
        value = load_json(text)
        if isinstance(value, (dict, list)):
            return list(_from_json(value, text))
    if len(text) > LONGEST_TEXT:
        raise too_long(text, LONGEST_TEXT)
    for reader in (_from_http, _from_curl, from_call, from_httpie):
        found = list(reader(text))
        if found:
            return found
    return list(_from_text(text))


def _from_json(value: dict[str, object] | list[object], text: str) -> Iterator[Paste]:
    """An archive, or any JSON that holds requests or answers."""
    many = value if isinstance(value, list) else [value]
    archived = [
        one for item in many[:MOST_REQUESTS] if isinstance(item, dict) for one in from_archive(item)
    ]
    if archived:
        yield from (Paste(one.form, one.request, one.response) for one in archived)
        return
    if isinstance(value, dict) and is_arguments(value):
        yield from from_arguments(str(value["url"]), value, "requests")
        return
    group = group_of(value)
    whole = isinstance(value, dict) and "respcd" in value
    found = events(group._replace(source=text) if whole else group, len(text))
    yield from assembled(found, "json")


def _from_http(text: str) -> Iterator[Paste]:
    text = text.lstrip()
    if not is_http(text):
        return
    below = _REQUEST_BELOW.search(text) if text.startswith("HTTP/") else None
    if below:
        text = f"{text[below.start() + 1 :]}\n\n{text[: below.start()]}"
    found = from_http(text)
    body = found.request.body if found.request else b""
    broken = re.search(rb"\n[ \t]*&|&[ \t]*\r?\n|\n###", body)
    if broken and "content-length" not in text.lower():
        return  # a .http file: its lines are joined
    if found.request or found.response:
        yield Paste("http", found.request, found.response)


def _from_curl(text: str) -> Iterator[Paste]:
    """Commands of curl; the last one with the answer below it, a single one with that above."""
    first = _CURL.search(text)
    if not first:
        return
    above = text[: first.start()]
    text, below = _apart(text)
    found = [
        Paste("curl", one.request, insecure=one.insecure, files=tuple(one.files))
        for one in read_curl(text)
    ]
    near = below or (above if len(found) == 1 and "respcd" in above else "")
    answers = [paste.response for paste in _from_text(near) if paste.response] if near else []
    if found and answers:
        found[-1] = replace(found[-1], response=answers[-1])
    yield from found


_WORD = pattern(
    r"'[^']*'|\$'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\\\r?\n|\^\r?\n|\\.|[^\n'\"\\^$]+|[\^$]",
    re.DOTALL,
)


def _apart(text: str) -> tuple[str, str]:
    """The last command, and what is below it, if that holds an answer."""
    if "respcd" not in text:
        return text, ""
    *_, last = _CURL.finditer(text)
    at = last.end()
    while at < len(text):
        word = _WORD.match(text, at)
        if word is None:
            break
        at = word.end()
    return (text[:at], text[at:]) if "respcd" in text[at:] else (text, "")


def _from_text(text: str) -> Iterator[Paste]:
    """A dump, code, a log, a table: whatever people paste."""
    if not speaks(text):
        return
    plain = unwrapped(text)
    parser = Parser(plain)
    found = list(assembled(events(parser.whole(), len(plain)), form_of(text), plain))
    alone = sum(paste.request is not None for paste in found) == 1
    for paste in found:
        yield replace(paste, unread=_unread(paste, plain, parser.is_cut)) if alone else paste


def _unread(paste: Paste, text: str, is_cut: bool) -> tuple[str, ...]:
    """The parameters that *text* names, of which no whole value was read."""
    if paste.request is None or paste.role != "request":
        return ()
    named = {names.field(word) for word in set(_NAME.findall(text)) if names.is_telling(word)}
    read = {name for one in (paste.request, *paste.readings) for name in one.params}
    answered = paste.response.body.decode("utf-8", "replace") if paste.response else ""
    sent = read_request(paste.request).params
    halves = [name for name, value in sent.items() if ends_in_a_character(value)]
    last = [n for n, v in list(sent.items())[-1:] if is_cut or _is_half(n, v, text)]
    return (*sorted(name for name in named - read if name not in answered), *halves, *last)


# Fields of a fixed form, as far as a record may have been cut off in the middle of them.
_HALVES = {
    "txdtm": pattern(r"\d{4}-(?:\d?|\d\d-\d?|\d\d-\d\d (?:\d?|\d\d:\d?|\d\d:\d\d:\d?))"),
    "txcurrcd": pattern(r"[A-Z]{1,2}"),
    "pay_type": pattern(r"80\d{1,3}"),
}


def _is_half(name: str, value: str, text: str) -> bool:
    """Whether the text ends in the middle of a value: that happens where a log cuts a line."""
    half = _HALVES.get(name)
    return (
        half is not None
        and half.fullmatch(value) is not None
        and text.rstrip().endswith(value[-1:])
    )


__all__ = ["Group", "read"]
