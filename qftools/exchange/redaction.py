"""The one redaction, and the types of what may be shown, which are made here alone.

Whatever shows or keeps something takes one of these types: text, exchanges, a diagnosis.
A client key never belongs in a request (C8: one published sample leaks it), and a gateway
or a proxy may repeat it anywhere; other fields name the payer, or are credentials of other
systems. Fields are found by the structure of what holds them: JSON, forms, multipart bodies,
headers and addresses, one inside the other.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import KW_ONLY, InitVar, dataclass
from functools import lru_cache
from typing import Any, Self, TypeVar
from urllib.parse import quote_plus, unquote_plus

from qftools.catalogue.rows import Text
from qftools.exchange import (
    CUT,
    MOST_HEADERS,
    MOST_KEPT,
    REDACTED,
    Exchange,
    Request,
    Response,
    cut,
    programs,
    writing,
)
from qftools.exchange.encoded import Finder
from qftools.exchange.hidden_fields import HINTS, LOOSE, is_hidden
from qftools.markup import Markup, el
from qftools.texts import harmless

_LONGEST_ENCODED = 16_384  # bytes of a secret in the longest of its encodings
_DEEPEST = 8  # structures inside structures; what is deeper is not shown
_MOST_TAKEN = 100  # values; a paste that holds more is crafted
_SHORTEST_TAKEN = 4  # characters of a value that is looked for elsewhere, too

T = TypeVar("T")


# ---- what may be shown ----------------------------------------------------------------

_MAKER = object()


def only_redacted(made_by: object, kind: type) -> None:
    """Refuse to make one of *kind* unless it is a Redactor that makes it.

    Raises:
        TypeError: It is not.
    """
    if made_by is not _MAKER:
        raise TypeError(f"{kind.__name__} is made by a Redactor alone")


class Shown(str):
    """Text that may be shown. Only a [Redactor][qftools.exchange.redaction.Redactor] makes it.

    What is cut out of it or put together from it is an ordinary text again.

    Example:
        >>> Shown("key=5744993FBC034DBB")
        Traceback (most recent call last):
        ...
        TypeError: Shown is made by a Redactor alone
    """

    __slots__ = ()

    def __new__(cls, text: str, made_by: object = None) -> Self:
        only_redacted(made_by, cls)
        return super().__new__(cls, text)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # what is read back somewhere else is an ordinary text


@dataclass(frozen=True, slots=True, eq=False)
class ShownRequest(Request):
    """A request that may be shown."""

    _: KW_ONLY
    made_by: InitVar[object]

    def __post_init__(self, made_by: object) -> None:
        only_redacted(made_by, type(self))


@dataclass(frozen=True, slots=True, eq=False)
class ShownResponse(Response):
    """An answer that may be shown."""

    _: KW_ONLY
    made_by: InitVar[object]

    def __post_init__(self, made_by: object) -> None:
        only_redacted(made_by, type(self))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ShownExchange(Exchange):
    """An exchange that may be shown and kept."""

    request: ShownRequest
    response: ShownResponse | None
    _: KW_ONLY
    made_by: InitVar[object]

    def __post_init__(self, made_by: object) -> None:
        only_redacted(made_by, type(self))

    def __str__(self) -> str:
        return "\n".join(map(harmless, writing.as_text(self).splitlines()))

    def _repr_html_(self) -> Markup:
        return el("details", el("summary", repr(self)), el("pre", str(self)))

    def as_curl(self, shell: str = "bash") -> str:
        """The request as a cURL command, redacted; *shell* is bash or cmd."""
        return writing.as_curl(self.request, shell)

    def as_http(self) -> str:
        """The request as it went over the wire."""
        return writing.as_http(self.request)

    def as_har(self) -> dict[str, Any]:
        """Request and answer as an HTTP archive (HAR 1.2)."""
        return writing.as_har([self])

    def as_postman(self) -> dict[str, Any]:
        """The request as a Postman collection (v2.1)."""
        return writing.as_postman([self])

    def as_source(self, language: str, *, resign: bool = False) -> str:
        """The request as a program that runs.

        Args:
            language: python, php, java, node or curl.
            resign: Sign anew with the key in ``QFTOOLS_CLIENT_KEY``, instead of repeating the
                recorded signature.

        Raises:
            InputError: There is no such language.
        """
        return programs.as_source(self.request, language, resign=resign)


S = TypeVar("S", bound=ShownExchange)


class Redactor:
    """Takes out of requests and replies what must not be shown.

    That is secrets, wherever they are and in [every encoding][qftools.exchange.encoded.Finder],
    and what stands in the fields of the [table][qftools.exchange.hidden_fields].

    Args:
        secrets: Values that must not be seen, such as the client key.

    Example:
        >>> redactor = Redactor(["5744993FBC034DBB"])
        >>> redactor.text("txcurrcd=HKD5744993FBC034DBB, %35744993fbc034dbb")
        'txcurrcd=HKD[redacted], [redacted]'
        >>> redactor.body(b"txamt=1&k%65y=5744&extend_info=%7B%22user_creid%22%3A%2242%22%7D")
        b'txamt=1&k%65y=[redacted]&extend_info=%7B%22user_creid%22%3A+%22%5Bredacted%5D%22%7D'
    """

    def __init__(self, secrets: Collection[str] = ()) -> None:
        self._finder = Finder(secrets) if secrets else None

    def suspects(self, data: bytes) -> bool:
        """Tell whether *data* may hold what must not be shown; a "no" is always right."""
        finder = self._finder or _NO_SECRETS
        for level in finder.levels(data):
            if level is None or finder.is_at(level):
                return True
            for hint in HINTS:
                if hint in level:
                    return True
            if b"@" in level and b"//" in level or b"curl" in level:
                return True
        return False

    # ---- texts ----------------------------------------------------------------------

    def words(self, text: str) -> Shown:
        """A sentence of ours that quotes something, without the secrets."""
        clean = self.raw(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        return Shown(clean, _MAKER)

    def text(self, text: str) -> Shown:
        """Any text from outside, without the secrets and secret fields."""
        return self.words(self._value(text, 0))

    def raw(self, data: bytes) -> bytes:
        """*data* without the secrets; fields are not looked at."""
        return self._without(data, len(data))

    def body(self, body: bytes, most: int | None = None, content_type: str = "") -> bytes:
        """A body without the secrets and secret fields.

        Args:
            body: Form, JSON, multipart, or any other text.
            most: How many bytes of it to return; all when left out.
            content_type: The header that came with it.
        """
        clean = self._body(body, content_type, 0)
        return self._without(clean, len(clean) if most is None else most)

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[Shown, Shown], ...]:
        """Headers without the secrets, and without credentials of other systems."""
        return tuple([(self.text(n), self.text(self._field(n, v))) for n, v in headers])

    def url(self, url: str) -> Shown:
        """*url* without the secrets, its password, and secret fields in query and fragment."""
        return self.words(self._url(url, 0))

    def plain(self, value: T) -> T:
        """A JSON value without the secrets and secret fields, at any depth.

        Example:
            >>> Redactor(["5744993F"]).plain({"resperr": "key 5744993F", "user_truename": "Li"})
            {'resperr': 'key [redacted]', 'user_truename': '[redacted]'}
        """
        clean: T = self._plain(self._clean(value, 0))
        return clean

    def json(self, value: object, **options: Any) -> Shown:
        """*value* as JSON without anything that steers a terminal.

        *options* are those of `json.dumps`.

        Example:
            >>> print(Redactor().json({"撤销": "a\\x9b2J", "client_key": "5744"}))
            {"撤销": "a\\u009b2J", "client_key": "[redacted]"}
        """
        options = {"ensure_ascii": False} | options
        written = json.dumps(value, **options)
        if self.suspects(written.encode("utf-8", "surrogatepass")):
            written = json.dumps(self.plain(value), **options)
        return Shown(_STEERING.sub(lambda found: json.dumps(found[0])[1:-1], written), _MAKER)

    # ---- exchanges ------------------------------------------------------------------

    def request(self, request: Request) -> ShownRequest:
        """*request* as it may be shown."""
        return ShownRequest(
            self.text(request.method),
            self.url(request.url),
            self.headers(request.headers),
            self.body(request.body, None, request.header("Content-Type") or ""),
            made_by=_MAKER,
        )

    def response(self, response: Response, most: int | None = None) -> ShownResponse:
        """*response* as it may be shown.

        Args:
            response: What came back.
            most: How many bytes of the body to keep; the headers are bounded with it. What is
                cut ends in `CUT`. Everything when left out.
        """
        headers: tuple[tuple[str, str], ...] = self.headers(response.headers)
        body = self.body(response.body, most, response.header("Content-Type") or "")
        if most is not None:
            headers = tuple([(cut(name), cut(value)) for name, value in headers[:MOST_HEADERS]])
            body += CUT.encode() if len(response.body) > most else b""
        return ShownResponse(response.status, headers, body, made_by=_MAKER)

    def exchange(
        self, exchange: Exchange, kind: type[S], most: int | None = None, **more: Any
    ) -> S:
        """*exchange* as one that may be shown.

        Args:
            exchange: As it went over the wire.
            kind: What to make of it, with *more* of its own fields.
            most: How many bytes of the answer to keep.
        """
        kept = {field.name: getattr(exchange, field.name) for field in dataclasses.fields(exchange)}
        data = exchange.contents()
        if (most is None or len(data) <= most) and not self.suspects(data):
            kept |= {
                "request": _as_it_is(exchange.request, ShownRequest),
                "response": exchange.response and _as_it_is(exchange.response, ShownResponse),
            }
        else:
            kept |= {
                "request": self.request(exchange.request),
                "response": exchange.response and self.response(exchange.response, most),
                "error": exchange.error and self.text(exchange.error),
            }
        return kind(**kept, **more, made_by=_MAKER)

    def kept(self, exchange: Exchange) -> ShownExchange:
        """*exchange* as it may be kept: redacted, and a long answer cut."""
        return self.exchange(exchange, ShownExchange, MOST_KEPT)

    def tree(self, value: Any, kind: type[T]) -> T:
        """*value*, a tree of frozen nouns, as one of *kind*, which only this makes.

        The sentences in it are ours: secrets are taken out of them, and fields are not looked for.
        """
        maker: Callable[..., T] = kind
        return maker(**self._branches(value), made_by=_MAKER)

    def _branches(self, value: Any) -> dict[str, Any]:
        return {f.name: self._branch(getattr(value, f.name)) for f in dataclasses.fields(value)}

    def _branch(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.words(value)
        if isinstance(value, tuple):
            items = [self._branch(item) for item in value]
            return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        if isinstance(value, Text):
            return Text(self.words(value.zh), self.words(value.en))
        if isinstance(value, Request):
            return self.request(value)
        if isinstance(value, Response):
            return self.response(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return type(value)(**self._branches(value))
        return value

    # ---- structure --------------------------------------------------------------------

    def _hide(self, value: object) -> str:
        """What stands for a value that must not be shown."""
        return REDACTED

    def _field(self, name: str, value: str) -> str:
        """The value of a field of that name."""
        if value and value != REDACTED and is_hidden(name):
            return self._hide(value)
        return value

    def _value(self, text: str, depth: int) -> str:
        """A text that may be JSON, an address, a form, percent-encoded, or nothing of these."""
        if not self._needs_a_look(text):
            return text
        if depth > _DEEPEST:
            return self._hide(text)
        if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[", '"'):
            return self._json(text, depth)
        if _ADDRESS.match(text):
            return self._url(text, depth)
        return self._form(text, depth)

    def _needs_a_look(self, text: str) -> bool:
        return len(text) > 3 and _NO_REDACTOR.suspects(text.encode("utf-8", "surrogatepass"))

    def _url(self, url: str, depth: int) -> str:
        found = _USER.match(url)
        if found:
            self._hide(found[2])
            url = f"{found[1]}redacted{url[found.end() - 1 :]}"
        parts = re.split(r"([?#])", url)
        return "".join([parts[0], *[self._form(part, depth) for part in parts[1:]]])

    def _form(self, text: str, depth: int) -> str:
        return self._loose("&".join([self._pair(pair, depth) for pair in text.split("&")]))

    def _pair(self, pair: str, depth: int) -> str:
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = "", pair
        plain = unquote_plus(value, errors="surrogateescape")
        field = _BEFORE_NAME.split(unquote_plus(name[-200:]))[-1].strip()
        clean = self._field(field, plain)
        nested = equals and (plain[:1] in ("{", "[") or _ADDRESS.match(plain))
        if clean == plain and (plain != value or nested):
            clean = self._value(plain, depth + 1)
        if clean == plain:
            return pair
        encoded = quote_plus(clean, errors="surrogateescape") if plain != value else clean
        return name + equals + (clean if clean == REDACTED else encoded)

    def _loose(self, text: str) -> str:
        """A text without structure, such as a line of a log, an error page, or half of JSON."""
        text = _OPTION.sub(self._loose_cookie, _COOKIE.sub(self._loose_cookie, text))
        text = _ROW_IN_TEXT.sub(self._loose_row, _PART_IN_TEXT.sub(self._loose_row, text))
        text = _USER_IN_TEXT.sub(self._loose_user, text)
        return _IN_TEXT.sub(self._loose_field, text)

    def _loose_cookie(self, found: re.Match[str]) -> str:
        return found[1] + self._hide(found[2])

    def _loose_row(self, found: re.Match[str]) -> str:
        if not is_hidden(found[2]) or found[3] == REDACTED:
            return found[0]
        return found[1] + self._hide(found[3])

    def _loose_user(self, found: re.Match[str]) -> str:
        self._hide(found[2])
        return f"{found[1]}redacted@"

    def _loose_field(self, found: re.Match[str]) -> str:
        value = found[found.lastgroup or 0]
        if not value or value == REDACTED:
            return found[0]
        begin, end = (at - found.start() for at in found.span(found.lastgroup or 0))
        return found[0][:begin] + self._hide(value) + found[0][end:]

    def _json(self, text: str, depth: int) -> str:
        try:
            value = json.loads(text.lstrip("\ufeff"))
            clean = self._clean(value, depth + 1)
        except (ValueError, RecursionError):
            return self._form(text, depth)
        return text if clean == value else json.dumps(clean, ensure_ascii=text.isascii())

    def _clean(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            named = value.get("name", value.get("key")) if "value" in value else None
            return {
                self._value(str(name), depth): self._leaf(
                    named if named and name == "value" else name, part, depth, value
                )
                for name, part in value.items()
            }
        if isinstance(value, (list, tuple)):
            if len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], str):
                return [value[0], self._leaf(value[0], value[1], depth, {})]
            return [self._clean(item, depth) for item in value]
        if isinstance(value, Shown):  # a redaction has made it: it may be a sentence of ours
            return value
        return self._value(value, depth) if isinstance(value, str) else value

    def _leaf(self, name: Any, value: Any, depth: int, around: Mapping[str, Any]) -> Any:
        if name == "key" and "value" in around:
            return value  # {"key": "out_trade_no", "value": "1"}: the name of a field
        if value in (None, "", REDACTED) or not is_hidden(str(name)):
            return self._clean(value, depth)
        if isinstance(value, (dict, list)):
            return self._all_hidden(value)
        return self._hide(value)

    def _all_hidden(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._all_hidden(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._all_hidden(part) for part in value]
        return self._hide(value)

    def _body(self, body: bytes, content_type: str, depth: int) -> bytes:
        if not body or not _NO_REDACTOR.suspects(body):
            return body
        found = _BOUNDARY.search(content_type)
        first = _FIRST_LINE.match(body)
        if found or first:
            boundary = (found[1] or found[2]).encode() if found else first[1] if first else b""
            return self._multipart(body, b"--" + boundary, depth)
        text = body.decode("utf-8", "surrogateescape")
        clean = self._value(text, depth)
        return body if clean is text else clean.encode("utf-8", "surrogateescape")

    def _multipart(self, body: bytes, line: bytes, depth: int) -> bytes:
        return line.join([self._part(part, depth) for part in body.split(line)])

    def _part(self, part: bytes, depth: int) -> bytes:
        gap = _EMPTY_LINE.search(part)
        if gap is None or depth > _DEEPEST:
            return self._loose_bytes(part)
        head, value = part[: gap.end()], part[gap.end() :]
        end = len(value.rstrip(b"\r\n"))
        value, rest = value[:end], value[end:]
        text = head.decode("utf-8", "surrogateescape")
        named = _PART_NAME.search(text)
        name = unquote_plus(named[1] or named[2] or "") if named else ""
        if value and is_hidden(name):
            return head + self._hide(value.decode("utf-8", "surrogateescape")).encode() + rest
        kind = _PART_TYPE.search(text)
        return head + self._body(value, kind[1] if kind else "", depth + 1) + rest

    def _loose_bytes(self, data: bytes) -> bytes:
        text = data.decode("utf-8", "surrogateescape")
        return self._loose(text).encode("utf-8", "surrogateescape")

    # ---- secrets ----------------------------------------------------------------------

    def _plain(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.words(value)
        if isinstance(value, dict):
            return {self.words(str(name)): self._plain(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._plain(part) for part in value]
        if isinstance(value, (int, float)) and self.words(str(value)) != str(value):
            return REDACTED  # a key of digits, sent as a number
        return value

    def _without(self, data: bytes, most: int) -> bytes:
        """The first *most* bytes of *data*, and a secret that begins there and ends later."""
        near = data[: most + _LONGEST_ENCODED]
        if self._finder is None or not self._finder.is_in(near):
            return data[:most]
        parts: list[bytes] = []
        at = 0
        for begin, end in self._finder.spans(near):
            if begin >= most:
                break
            parts += near[at:begin], REDACTED.encode()
            at = end
        return b"".join([*parts, near[at:most]])


def redacted(exchange: Exchange, secrets: Collection[str] = ()) -> ShownExchange:
    """Return *exchange* without what must not be shown to others.

    Args:
        exchange: What went over the wire.
        secrets: Values that must not be seen wherever they stand, such as the client key.

    Example:
        >>> sent = Request("POST", "https://h/trade/v1/query", (), b"key=5744&txamt=1")
        >>> redacted(Exchange("query", sent, None, "ReadTimeout", 0.0, 3.0)).request.body
        b'key=[redacted]&txamt=1'
    """
    if isinstance(exchange, ShownExchange) and not secrets:
        return exchange
    return redactor_for(frozenset(secrets)).exchange(exchange, ShownExchange)


@lru_cache(maxsize=32)
def redactor_for(secrets: frozenset[str] = frozenset()) -> Redactor:
    """Return the redactor of these secrets; making one costs more than using it."""
    return Redactor(secrets)


class Collector(Redactor):
    """Notes what it takes out, so that it can be looked for elsewhere: a reply may repeat it.

    Attributes:
        taken: The values, in their order, each once.

    Example:
        >>> found = Collector()
        >>> _ = found.plain({"txamt": 1, "extend_info": '{"user_creid": "430067798868676871"}'})
        >>> found.taken
        ('430067798868676871',)
    """

    def __init__(self) -> None:
        super().__init__()
        self._taken: dict[str, None] = {}

    @property
    def taken(self) -> tuple[str, ...]:
        return tuple(self._taken)

    def _hide(self, value: object) -> str:
        text = str(value).strip()
        password = text.partition(":")[2]
        for part in (text, password, *re.split(r"[:;=,\s]+", text)):
            # "Bearer", "path=/" and "Li" say nothing, and would be found by chance.
            least = _SHORTEST_TAKEN if part in (text, password) else 8
            long_enough = len(part.encode("utf-8", "surrogatepass")) >= least
            if long_enough and REDACTED not in part and len(self._taken) < _MOST_TAKEN:
                self._taken[part] = None
        return REDACTED


_NO_SECRETS = Finder(())
_NO_REDACTOR = Redactor()


def _as_it_is(noun: Request | Response, kind: type[T]) -> T:
    """*noun*, which holds nothing to take out, as one that may be shown."""
    maker: Callable[..., T] = kind
    values = [getattr(noun, field.name) for field in dataclasses.fields(noun)]
    return maker(*values, made_by=_MAKER)


# Controls beyond ASCII, those of bidi, line ends that are none in JSON, and half characters.
_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


# ---- grammar ----------------------------------------------------------------------------

_BEFORE_NAME = re.compile(r"[?#\s;,/{}(\"'|]")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,20}:[/\\]{1,3}|//")
# The name and password of an address end at the last "@" before the path; a password with "/"
# or "#" in it makes what stands before it no port.
_USER = re.compile(
    r"((?:[A-Za-z][A-Za-z0-9+.\-]{0,20}:)?[/\\]{2,3})"
    r"([^/\\?#\s]*|[^/\\?#\s@:]*:(?![0-9]{1,5}(?:[/\\?#]|$))[^\s]*)@"
)
_USER_IN_TEXT = re.compile(
    r"([A-Za-z][A-Za-z0-9+.\-]{0,20}:[/\\]{2,3})(?!redacted@)"
    r"([^/\\?#\s\"'<>&]{1,500}|[^/\\?#\s@:\"'<>&]{0,200}:(?![0-9]{1,5}[/\\?#])[^\s\"'<>]{1,500})@"
)
# A quotation mark as logs and pages write it.
_QUOTE = r"(?:\\{0,8}[\"']|\\{1,8}(?:x|u00)22|&quot;|&#0?3[49];)"
# Blanks may have been made visible.
_SEPARATOR = rf"{_QUOTE}?\]?[\s·]{{0,4}}(?:=>|->|[=:：])[\s·]{{0,4}}"
_COOKIE = re.compile(
    r"(?i)((?<![\w-])(?:(?:set-|http_)?cookie|(?:proxy-|http_)?authorization)"
    + _SEPARATOR
    + r"\\{0,8}[\"']?(?:(?:basic|bearer|digest|token|negotiate)\s{1,4})?+)"
    r"(?!\[redacted\])([^\s;,\"'\\]{1,4000}(?:;\s{0,4}[^\s;,\"'\\=]{1,200}(?:=[^\s;,\"'\\]{0,4000})?){0,100})"
)
# curl -u name:password -b 'a=b; c=d'
_OPTION = re.compile(
    r"((?<=\s)(?:-u|--(?:proxy-)?user|-b|--cookie)(?:\s{1,4}|=)[\"']?)"
    r"(?!\[redacted\])((?<=[\"'])[^\"']{1,4000}|[^\s\"']{1,4000})"
)
# Possessive and bounded: no way back into what was matched, so that crafted text can't make
# it slow.
_IN_TEXT = re.compile(
    r"(?is)(?:(?<![a-z0-9])|(?<=x22)|(?<=u0022))(?:"
    + LOOSE
    + r"|key(?=[\"']?\]?\s{0,4}(?:=>|->|[=:：])\s{0,4}[\"']?"
    r"(?=[a-z]{0,40}[0-9])[a-z0-9*+/_\-]{8,128}(?![a-z0-9])))"
    r"(?:" + _SEPARATOR + r"(?:"
    r"\"(?P<quoted>(?:[^\"\\]++|\\.)*+)\"?|'(?P<single>(?:[^'\\]++|\\.)*+)'?"
    rf"|{_QUOTE}(?!\[redacted\])(?P<escaped>(?:(?!{_QUOTE}).){{1,2000}})"
    r"|(?P<bare>(?!\[redacted\])[^\s&,;\"'<>{}()\[\]|\\][^&\r\n,;\"'<>{}()\[\]|\\]{0,200}?"
    r"(?=\s+[\w.\-]{1,60}\s*[=:：]|[&\r\n,;\"'<>{}()\[\]|\\]|$)))"
    r"|\s{0,4}>(?:<!\[CDATA\[)?(?!\[redacted\])(?P<tagged>[^<\]]{1,2000}))"
)
# One field of a multipart body, and one row of a table, in a text that is neither.
_PART_IN_TEXT = re.compile(
    r"(?i)(form-data;\s{0,4}name=\\?\"([^\"\\\r\n]{1,200})\\?\"[^\r\n\\]{0,200}"
    r"(?:(?:\r?\n|\\r\\n|\\n)[\w-]{1,40}:[^\r\n\\]{0,200}){0,5}(?:\r?\n|\\r\\n|\\n){2})"
    r"((?:(?!\r?\n--|\\n--|\\r).){1,2000})"
)
_ROW_IN_TEXT = re.compile(
    rf"(?i)((?:key|name){_SEPARATOR}{_QUOTE}([\w.\[\]-]{{1,200}}){_QUOTE}\s{{0,4}},\s{{0,9}}{_QUOTE}?value"
    rf"{_SEPARATOR}{_QUOTE})((?:(?!{_QUOTE}).){{1,2000}})"
)
_BOUNDARY = re.compile(r'(?i)multipart/.*?;\s*boundary=(?:"([^"]{1,200})"|([^\s";,]{1,200}))')
_FIRST_LINE = re.compile(rb"\s{0,20}--([^\r\n]{1,200}?)\r?\n[^\r\n:]{1,80}:")
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_PART_NAME = re.compile(r'(?i)[;\s]name\*?=(?:"((?:[^"\\\r\n]|\\.)*)"|([^\s";]+))')
_PART_TYPE = re.compile(r"(?im)^content-type:\s*([^\r\n]+(?:\r?\n[ \t][^\r\n]+)*)")

__all__ = [
    "redacted",
    "REDACTED",
    "Collector",
    "Redactor",
    "Shown",
    "ShownExchange",
    "ShownRequest",
    "ShownResponse",
    "redactor_for",
]
