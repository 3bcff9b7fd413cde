"""Which event is the request, its headers, its answer; several exchanges in one paste."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlencode

from qftools.catalogue.rows import CALL_ENDPOINTS
from qftools.diagnosis.reading import names
from qftools.diagnosis.reading.events import Event
from qftools.diagnosis.reading.json_text import NULL, load_json, written_otherwise
from qftools.diagnosis.reading.paste import Paste, Role
from qftools.diagnosis.reading.runs import form_of_plain, is_plain, pairs_of, unbroken
from qftools.diagnosis.reading.unquoted import readings, without_comments
from qftools.exchange import Request, Response
from qftools.patterns import pattern
from qftools.transport.addresses import is_loopback, split

_CODE = pattern(r"\s*[\"']?(\d{4})[\"']?[\s.。!！]*")
_SIGNED_LABEL = pattern(
    r"(?i)str(?:ing)?[ _]?to[ _]?sign|sign[ _]?(?:ed)?[ _]?(?:str(?:ing)?|text|src|source|data"
    r"|content)|canonical|before[ _]?(?:md5|sign)|待签名|签名(?:原)?(?:字符)?串|签名原文|加密前"
)
_NOTIFIED = pattern(r"(?i)notif|callback|webhook|通知|回调")
_MOST_WITHOUT_QUOTES = 8  # requests of one paste that are read in several ways
_KEY_AT_END = pattern(r"&(?:amp;)?(?:key|client_key|app_key)=[0-9A-Za-z]{8,64}$")


@dataclass(slots=True)
class _Exchange:
    """What the events so far say of one request and its answer."""

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


def assembled(found: Iterator[Event], form: str, text: str = "") -> Iterator[Paste]:
    """The exchanges that events make, in order.

    Args:
        found: The events.
        form: What the form of the paste is called.
        text: Where the events were read, if the values in it may stand without quotes.
    """
    exchanges = [_Exchange()]
    for event in found:
        current = exchanges[-1]
        if _begins_another(current, event):
            kept = current.method if event.kind == "url" and not current.has_request() else ""
            exchanges.append(_Exchange(method=kept))
        _add(exchanges[-1], event)
    if len(exchanges) == 2 and _answers(exchanges[0], exchanges[1]):
        exchanges = [_joined(exchanges[0], exchanges[1])]
    many = sum(exchange.has_request() for exchange in exchanges)
    for exchange in exchanges:
        yield from _pastes(exchange, form, text if many < 2 else _line_of(exchange, text, many))


def _answers(above: _Exchange, below: _Exchange) -> bool:
    """Whether an answer belongs to the request below it: there is no other, and none differs."""
    answer = above.answer
    if answer is None or above.has_request() or below.answer or not below.has_request():
        return False
    if _is_notification(answer) or not isinstance(answer.value, dict):
        return False
    rows = answer.value.get("data")
    told = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    sent = _known_of(below)
    return all(
        str(row[name]) == sent[name]
        for row in told or [answer.value]
        for name in ("out_trade_no", "txamt", "txcurrcd")
        if row.get(name) and sent.get(name)
    )


def _joined(above: _Exchange, below: _Exchange) -> _Exchange:
    return replace(
        below,
        method=below.method or above.method,
        url=below.url or above.url,
        headers=above.headers + below.headers,
        signature=below.signature or above.signature,
        answer=above.answer,
        status=above.status,
    )


def _line_of(exchange: _Exchange, text: str, many: int) -> str:
    """Of a text with several requests the line that holds this one."""
    values = [value for _name, value in exchange.fields if value]
    if many > _MOST_WITHOUT_QUOTES or not values:
        return ""
    return max(text.split("\n"), key=lambda line: sum(value in line for value in values))


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
    numbers = {one["out_trade_no"] for one in (before, now) if one.get("out_trade_no")}
    if len(numbers) > 1:
        return True
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
    """The text that was hashed, with the key in it: no request carries that."""
    return is_plain(run) and _KEY_AT_END.search(run) is not None


def _without_key(run: str) -> str:
    return _KEY_AT_END.sub("", run)


def _pastes(current: _Exchange, form: str, plain: str) -> Iterator[Paste]:
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
        yield _request(current, form, response, rebuilt, plain)
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


def _request(
    current: _Exchange, form: str, response: Response | None, rebuilt: bool, plain: str
) -> Paste:
    others: list[Iterable[tuple[str, str]]] = []
    sign = [
        (name, value)
        for name, value in current.fields
        if names.is_signature(name) and names.DIGEST.fullmatch(value)
    ]
    text = current.body or ("" if current.fields else _without_key(current.signed))
    if text:
        encoded = unbroken(text).encode("utf-8", "surrogateescape")
        body = form_of_plain(text) if is_plain(text) else encoded
    elif _in_query(current.url) and _same(current):
        body = b""
    else:
        present = [row for row in current.fields if row[1] is not NULL]
        body = urlencode(present, errors="surrogateescape").encode()
        whole, sent = (
            [row for row in rows if row not in sign] for rows in (current.fields, present)
        )
        fewer = [row for row in sent if row[0] != "app_code"]
        ways = (whole, fewer, without_comments(sent), *written_otherwise(sent))
        others += [way for way in dict.fromkeys(map(tuple, ways)) if way != tuple(sent)]
        others += readings(tuple(present), plain)
    url = _whole_url(current)
    header = {name.lower() for name, _value in current.headers}
    request = Request(current.method or _usual_method(url), url, tuple(current.headers), body)
    return Paste(
        form,
        request,
        response,
        signature=None if "x-qf-sign" in header else current.signature or None,
        signed_text=_without_key(current.signed) or None,
        partial=True,
        rebuilt=rebuilt,
        readings=tuple(
            replace(request, body=urlencode([*row, *sign], errors="surrogateescape").encode())
            for row in others
        ),
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
    return last if last in CALL_ENDPOINTS else ""
