"""Which group of pairs is the request, its headers, its answer; several exchanges in one paste."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from qftools.diagnosis.reading import names
from qftools.diagnosis.reading.json_text import load_json
from qftools.diagnosis.reading.paste import ENDPOINTS, Paste, Role
from qftools.diagnosis.reading.tree import Group, Pair, group_of, parse
from qftools.exchange import Request, Response
from qftools.transport.addresses import is_loopback, split

_TIMES_READ = 2  # how often a character is read as part of a text within a text
_CODE = re.compile(r"\s*[\"']?(\d{4})[\"']?[\s.。!！]*")
_METHOD = re.compile(r"(?:^|[\s\"'>])(GET|POST|PUT|DELETE|PATCH|HEAD)$")
_REQUEST_LINE = re.compile(r"(?:^|[\s\"])(GET|POST|PUT|DELETE|PATCH|HEAD) ([^\s\"]+)")
_STATUS = re.compile(r"HTTP/[\d.]{1,3} (\d{3})\b|^(?:<-- )?(\d{3}) (?:OK|[A-Z])")
_OURS = re.compile(r"/trade/v1/|/checkstand/|/payment_element/|qfapi\.com|qfpay\.com", re.I)
_SIGNED_LABEL = re.compile(
    r"(?i)str(?:ing)?[ _]?to[ _]?sign|sign[ _]?(?:ed)?[ _]?(?:str(?:ing)?|text|src|source|data"
    r"|content)|canonical|before[ _]?(?:md5|sign)|待签名|签名(?:原)?(?:字符)?串|签名原文|加密前"
)
_NOTIFIED = re.compile(r"(?i)notif|callback|webhook|通知|回调")
_KEY_AT_END = re.compile(r"&(?:amp;)?(?:key|client_key|app_key)=[0-9A-Za-z]{8,64}$")
_ANSWER_CODE = ("respcd",)
_DIGEST_AT_END = re.compile(r"(?<![0-9A-Za-z])([0-9A-Fa-f]{64}|[0-9A-Fa-f]{32})[\s.;,)\"']*$")
_PAIR_OF_FORM = re.compile(r"(?:^|&|\?)[A-Za-z_][\w.\-\[\]%]*=")
_HAS_NAME = re.compile(
    r"(?i)(?<![A-Za-z0-9])(?:set)?(?:txamt|txcurrcd|pay_?type|out_?trade_?no|txdtm|goods_?name|syssn|respcd|orig_?syssn"
    r"|auth_?code|notify_?url|x[-_]?qf[-_]?(?:sign|appcode))(?![A-Za-z0-9])"
)


class Event(NamedTuple):
    """One thing that a paste says.

    Attributes:
        kind: url, method, header, fields, body, signature, answer, status.
        value: The text, or the value of an answer.
        pairs: The fields, or the header.
        label: What stood in front of it.
        source: The answer's own bytes, where they are known.
    """

    kind: str
    value: Any = ""
    pairs: tuple[tuple[str, str], ...] = ()
    label: str = ""
    source: str = ""


def speaks(text: str) -> bool:
    """Tell whether a name of the gateway stands in *text*, or in what it says once decoded."""
    return _HAS_NAME.search(text) is not None or "=> Send header" in text


# ---- from groups to events ---------------------------------------------------------------


class _Left:
    """How many characters of texts within texts are still read; each level is another text."""

    def __init__(self, size: int) -> None:
        self.characters = _TIMES_READ * size

    def takes(self, text: str) -> bool:
        """Count *text*; False where there has been enough."""
        self.characters -= len(text)
        return self.characters >= 0


def events(group: Group, size: int) -> Iterator[Event]:
    """What a group says, in order; *size* is the length of the text that it was parsed from."""
    return _events(group, "", _Left(size))


def _events(group: Group, label: str, left: _Left) -> Iterator[Event]:
    if _is_answer(group):
        yield Event("answer", as_answer(group), label=label, source=group.source)
        group = Group(tuple(p for p in group.pairs if names.header(p.name)))
    yield from _fields(group, label)
    for number, pair in enumerate(group.pairs):
        if isinstance(pair.value, Group):
            yield from _events(pair.value, _label(group, number) or label, left)
        else:
            yield from _of_text(pair, _label(group, number) or label, left)


def _label(group: Group, number: int) -> str:
    """The words in front of a pair: its name, else what stands before it in its line."""
    pair = group.pairs[number]
    before = group.pairs[number - 1] if number else pair
    words = before.value if before is not pair and isinstance(before.value, str) else ""
    near = before.line == pair.line and not before.name
    return f"{words if near else ''} {pair.name}".strip()


def _is_answer(group: Group) -> bool:
    return any(names.field(name) in _ANSWER_CODE for name, _value in group.scalars())


def as_answer(group: Group) -> Any:
    """A group as the JSON that it was dumped from."""
    if group.pairs and all(not p.name or p.name.isdecimal() for p in group.pairs):
        return [as_answer(p.value) if isinstance(p.value, Group) else p.value for p in group.pairs]
    return {
        names.field(p.name) or p.name: as_answer(p.value) if isinstance(p.value, Group) else p.value
        for p in group.pairs
        if p.name
    }


def _fields(group: Group, label: str) -> Iterator[Event]:
    """The parameters of a request that stand in a group, outside of brackets block by block."""
    outside = any(pair.line >= 0 for pair in group.pairs)
    block: list[tuple[str, str]] = []
    last = -1
    for pair in group.pairs:
        if not pair.name or not isinstance(pair.value, str):
            continue
        if outside and pair.line > last + 1 and block:
            yield from _block(block, label, outside)
            block = []
        last = pair.line
        block.append((pair.name, pair.value))
    yield from _block(block, label, outside)


def _block(block: list[tuple[str, str]], label: str, outside: bool) -> Iterator[Event]:
    if not any(names.is_telling(name) for name, _value in block):
        return
    logged = any(names.is_of_a_log(name) for name, _value in block)
    kept = []
    for name, value in block:
        wire = names.field(name)
        strange = logged or outside or "-" in name or not name.replace("_", "").isalnum()
        if wire and not names.header(name):
            kept.append((wire, value))
        elif not strange and not names.header(name) and not names.is_signature(name):
            kept.append((name, value))
    yield Event("fields", pairs=tuple(kept), label=label)


def _of_text(pair: Pair, label: str, left: _Left) -> Iterator[Event]:
    name, text = pair.name, str(pair.value).strip()
    known = names.header(name)
    if "**" in text and (known or names.is_signature(name)):
        return  # masked: it proves nothing
    if known:
        yield Event("header", pairs=((known, text),))
        return
    if names.is_signature(name) and _PAIR_OF_FORM.match(text) and _HAS_NAME.search(text):
        yield Event("body", text, label="string to sign")  # "to sign: a=1&b=2" is no signature
        return
    if names.is_signature(name) and (
        names.DIGEST.fullmatch(text) or len(text) >= 8 <= 200 and " " not in text
    ):
        yield Event("signature", text, label=name)
        return
    if names.plain(name) in ("host", "contenttype") and text and " " not in text.partition(";")[0]:
        yield Event("header", pairs=(("Host" if "ost" in name else "Content-Type", text),))
        return
    if names.plain(name) in ("method", "requestmethod", "httpmethod") and text.isalpha():
        yield Event("method", text.upper())
        return
    if names.plain(name) in ("statuscode", "httpcode") and re.fullmatch(r"\d{3}", text):
        yield Event("status", int(text))
        return
    if not text or names.is_telling(name) or (names.field(name) and "&" not in text):
        return
    yield from _of_words(text, label, left)


def _of_words(text: str, label: str, left: _Left) -> Iterator[Event]:
    """What a text without a known name says: an address, a body, a digest, a dump of its own."""
    text = text.replace("&amp;", "&")
    method = _METHOD.search(text)
    if method and len(text) < 200:
        yield Event("method", method[1])
        return
    line = _REQUEST_LINE.match(text)
    if line and (_OURS.search(line[2]) or "HTTP/" in text):
        yield Event("url", line[2], label=line[1])
        text = text[line.end() :]
    elif re.match(r"https?://|/(?:trade|checkstand|payment_element)/", text):
        if _OURS.search(text) or "?" in text and _HAS_NAME.search(text):
            yield Event("url", text.split()[0])
        return
    status = _STATUS.search(text)
    if status:
        yield Event("status", int(status[1] or status[2]))
    digest = _DIGEST_AT_END.search(text)
    if digest and "&" not in text:
        said = text[: digest.start()].strip(" :=>-")
        if not said or names.is_signature(said.split()[-1].strip("'\"[]")):
            yield Event("signature", digest[1], label=said)
            return
    if not _HAS_NAME.search(text):
        return
    if (
        text.lstrip()[:1] not in "{[<"
        and len(_PAIR_OF_FORM.findall(text)) > 1
        and not re.match(r"\S+ \S+ \S+ \S*=", text)
    ):
        yield Event("body", text, label=label)
    elif left.takes(text):
        value = load_json(text) if text[:1] in "{[" else None
        group = (
            group_of(value)._replace(source=text)
            if isinstance(value, (dict, list))
            else parse(text)
        )
        yield from _events(group, label, left)


# ---- from events to exchanges ---------------------------------------------------------------


@dataclass(slots=True)
class _Exchange:
    method: str = ""
    url: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""
    signed: str = ""
    signature: str = ""
    answer: Event | None = None
    status: int = 200

    def has_request(self) -> bool:
        return bool(self.fields or self.body or self.signed or _in_query(self.url))


def assembled(found: Iterator[Event], form: str) -> Iterator[Paste]:
    """The exchanges that events make, in order."""
    current = _Exchange()
    for event in found:
        if _begins_another(current, event):
            yield from _pastes(current, form)
            current = _Exchange(
                method=current.method if event.kind == "url" and not current.has_request() else ""
            )
        _add(current, event)
    yield from _pastes(current, form)


def _begins_another(current: _Exchange, event: Event) -> bool:
    if event.kind == "answer":
        return current.answer is not None
    if event.kind == "url":
        return current.answer is not None or bool(
            current.url and current.has_request() and current.url != event.value
        )
    if event.kind not in ("fields", "body"):
        return False
    before = _known_of(current)
    now = dict(event.pairs) if event.kind == "fields" else dict(pairs_of(event.value))
    shared = [name for name in now if name in before]
    same = sum(before[name] == now[name] for name in shared)
    if current.answer is not None:
        return bool(before) or not same
    return bool(shared) and same * 2 < len(shared)


def _known_of(current: _Exchange) -> dict[str, str]:
    return (
        dict(current.fields)
        or dict(pairs_of(current.body or current.signed))
        or dict(_in_query(current.url))
    )


def _add(current: _Exchange, event: Event) -> None:
    if event.kind == "url":
        address = event.value.replace("/#/?", "/?")
        current.url = address if len(address) >= len(current.url) else current.url
        current.method = event.label or current.method
    elif event.kind == "method":
        current.method = current.method or event.value
    elif event.kind == "header":
        current.headers += [row for row in event.pairs if row not in current.headers]
    elif event.kind == "signature":
        if not current.signature or names.header(event.label):
            current.signature = event.value
    elif event.kind == "status":
        current.status = event.value
    elif event.kind == "answer":
        current.answer = event
    elif event.kind == "fields":
        have = dict(current.fields)
        current.fields += [row for row in event.pairs if row[0] not in have]
    elif _SIGNED_LABEL.search(event.label) or current.body:
        plain = is_plain(event.value)
        if current.body and not plain and is_plain(current.body):
            current.signed, current.body = current.body, event.value
        else:
            current.signed = current.signed or event.value
    elif _ends_with_key(event.value):
        current.signed = event.value
    else:
        current.body = event.value


def _ends_with_key(run: str) -> bool:
    """The text that was hashed, with the key in it: nobody sends that."""
    return is_plain(run) and _KEY_AT_END.search(run) is not None


def _without_key(run: str) -> str:
    return _KEY_AT_END.sub("", run)


def _pastes(current: _Exchange, form: str) -> Iterator[Paste]:
    answer = current.answer
    if answer is not None and _is_notification(answer) and not current.has_request():
        body, rebuilt = _body_of(answer)
        headers = tuple(current.headers)
        request = Request("POST", "", headers, body)
        signature = current.signature or None
        yield Paste(
            form, request, signature=signature, partial=True, role="notification", rebuilt=rebuilt
        )
        return
    response, rebuilt = None, False
    if answer is not None:
        body, rebuilt = _body_of(answer)
        signed = () if current.has_request() else tuple(current.headers)
        response = Response(current.status, signed, body)
    if current.has_request():
        yield _request(current, form, response, rebuilt)
    elif response is not None:
        signature = current.signature or None
        yield Paste(
            form,
            None,
            response,
            signature,
            role="answer",
            rebuilt=rebuilt,
            endpoint=_endpoint(current.url),
        )


def _is_notification(answer: Event) -> bool:
    value = answer.value
    if not isinstance(value, dict):
        return False
    return bool(value.get("notify_type")) or bool(
        _NOTIFIED.search(answer.label) and value.get("syssn")
    )


def _body_of(answer: Event) -> tuple[bytes, bool]:
    if answer.source:
        return answer.source.strip().encode("utf-8", "surrogateescape"), False
    return json.dumps(answer.value, ensure_ascii=False).encode("utf-8", "surrogateescape"), True


def _request(current: _Exchange, form: str, response: Response | None, rebuilt: bool) -> Paste:
    text = current.body or ("" if current.fields else _without_key(current.signed))
    if text:
        body = form_of_plain(text) if is_plain(text) else text.encode("utf-8", "surrogateescape")
    elif _in_query(current.url) and _same(current):
        body = b""
    else:
        body = urlencode(current.fields, errors="surrogateescape").encode()
    url = _whole_url(current)
    header = {name.lower() for name, _value in current.headers}
    return Paste(
        form,
        Request(current.method or _usual_method(url), url, tuple(current.headers), body),
        response,
        signature=None if "x-qf-sign" in header else current.signature or None,
        signed_text=_without_key(current.signed) or None,
        partial=True,
        rebuilt=rebuilt,
    )


def _usual_method(url: str) -> str:
    return "GET" if "/checkstand/" in url else "POST"


def _same(current: _Exchange) -> bool:
    query = dict(_in_query(current.url))
    return all(query.get(name, value) == value for name, value in current.fields)


def _whole_url(current: _Exchange) -> str:
    host = dict(current.headers).get("Host", "")
    if "://" in current.url[:10] or not host:
        return current.url
    return f"{'http' if is_loopback(host.partition(':')[0]) else 'https'}://{host}{current.url}"


# ---- texts of pairs --------------------------------------------------------------------------


def pairs_of(text: str) -> list[tuple[str, str]]:
    """The pairs of ``name=value&name=value``, decoded where they are encoded."""
    text = unbroken(text)
    if not is_plain(text):
        return parse_qsl(text, keep_blank_values=True)
    parts = (part.partition("=") for part in text.split("&"))
    return [(name, value) for name, _equals, value in parts]


def unbroken(text: str) -> str:
    """A run in one line, without what HTML made of its ampersands."""
    return re.sub(r"(?:[ \t]*\r?\n[ \t]*)?&(?:amp;)?(?:\r?\n[ \t]*)?", "&", text)


def is_plain(run: str) -> bool:
    """Whether the values stand there as they are, not URL-encoded."""
    return "%" not in run and (" " in run or not run.isascii())


def form_of_plain(text: str) -> bytes:
    """A text of plain values as the form that would have been sent."""
    parts = []
    for part in unbroken(text).split("&"):
        name, equals, value = part.partition("=")
        name = quote(name, safe="[]", errors="surrogateescape")
        parts.append(name + equals + quote(value, safe="", errors="surrogateescape"))
    return "&".join(parts).encode()


def _in_query(url: str) -> list[tuple[str, str]]:
    query = url.partition("?")[2]
    found = parse_qsl(query, keep_blank_values=True) if query else []
    return found if any(names.is_telling(name) for name, _value in found) else []


# ---- codes and roles of whole pastes -----------------------------------------------------------


def bare_code(text: str) -> tuple[Paste, ...]:
    """A code alone, as an answer with that ``respcd``.

    Example:
        >>> bare_code("1145")[0].role
        'code'
    """
    found = _CODE.fullmatch(text) if len(text) < 100 else None
    return (coded(found[1], "code", text),) if found else ()


def coded(respcd: str, role: Role, text: str) -> Paste:
    """A code that stands in words, as an answer with that ``respcd``."""
    response = Response(200, (), json.dumps({"respcd": respcd}).encode())
    return Paste(role, response=response, role=role, rebuilt=True, partial=True, text=text)


def roled(paste: Paste) -> Paste:
    """The same, with its endpoint and the role of its request or answer."""
    paste = replace(
        paste, endpoint=paste.endpoint or _endpoint(paste.request.url if paste.request else "")
    )
    if paste.role != "request":
        return paste
    if paste.request is None:
        return replace(paste, role="answer")
    return replace(paste, role="notification") if _carries_answer(paste.request) else paste


def _carries_answer(request: Request) -> bool:
    if not request.body.lstrip().startswith(b"{") or "/trade/v1/" in request.url:
        return False
    value = load_json(request.body.decode("utf-8", "replace"))
    return isinstance(value, dict) and "respcd" in value and "syssn" in value


def _endpoint(url: str) -> str:
    last = split(url).path.rstrip("/").rpartition("/")[2] if url else ""
    return last if last in ENDPOINTS else ""
