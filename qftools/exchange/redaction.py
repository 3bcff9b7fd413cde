"""The one redaction: it alone makes what may be shown.

A client key never belongs in a request (C8: one published sample leaks it), and a gateway
or a proxy may repeat it anywhere; other fields name the payer, or are credentials of other
systems. Secrets are found by `encoded`, fields by `structure`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import unquote

from qftools.exchange import (
    CUT,
    MOST_HEADERS,
    MOST_KEPT,
    REDACTED,
    Exchange,
    Request,
    Response,
    cut,
)
from qftools.exchange.encoded import Finder
from qftools.exchange.hidden_fields import is_hidden
from qftools.exchange.shown import (
    MAKER,
    Shown,
    ShownExchange,
    ShownRequest,
    ShownResponse,
    as_it_is,
)
from qftools.exchange.structure import Structure, suspects
from qftools.patterns import pattern
from qftools.texts import Text

_LONGEST_ENCODED = 16_384  # bytes of a secret in the longest of its encodings
_MOST_TAKEN = 100  # values; a paste that holds more is crafted
_LONG_NUMBER = pattern(r"(?<![0-9])[0-9]{15,18}(?![0-9])")
_SHORTEST_TAKEN = 4  # characters of a value that is looked for elsewhere, too

T = TypeVar("T")
S = TypeVar("S", bound=ShownExchange)


class Redactor(Structure):
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
        self._secrets = frozenset(secrets)
        self._finder = Finder(secrets) if secrets else None

    def suspects(self, data: bytes) -> bool:
        """Tell whether *data* may hold what must not be shown; a "no" is always right."""
        return suspects(data, self._finder) if self._finder else suspects(data)

    # ---- texts ----------------------------------------------------------------------

    def words(self, text: str) -> Shown:
        """A sentence of ours that quotes something, without the secrets."""
        clean = self.raw(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        return Shown(clean, MAKER)

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
        return Shown(_STEERING.sub(lambda found: json.dumps(found[0])[1:-1], written), MAKER)

    # ---- exchanges ------------------------------------------------------------------

    def request(self, request: Request) -> ShownRequest:
        """*request* as it may be shown."""
        return ShownRequest(
            self.text(request.method),
            self.url(request.url),
            self.headers(request.headers),
            self.body(request.body, None, request.header("Content-Type") or ""),
            made_by=MAKER,
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
        return ShownResponse(response.status, headers, body, made_by=MAKER)

    def exchange(
        self,
        exchange: Exchange,
        kind: type[S],
        most: int | None = None,
        *,
        suspect: bool | None = None,
        **more: Any,
    ) -> S:
        """*exchange* as one that may be shown.

        Args:
            exchange: As it went over the wire.
            kind: What to make of it, with *more* of its own fields.
            most: How many bytes of the answer to keep.
            suspect: What `suspects` says of its contents; asked here when left out.
        """
        kept = {field.name: getattr(exchange, field.name) for field in dataclasses.fields(exchange)}
        data = exchange.contents()
        is_whole = most is None or len(data) <= most
        if is_whole and not (self.suspects(data) if suspect is None else suspect):
            kept |= {
                "request": as_it_is(exchange.request, ShownRequest),
                "response": exchange.response and as_it_is(exchange.response, ShownResponse),
            }
        else:
            aware = self._aware_of(exchange)
            kept |= {
                "request": aware.request(exchange.request),
                "response": exchange.response and aware.response(exchange.response, most),
                "error": exchange.error and aware.text(exchange.error),
            }
        return kind(**kept, **more, made_by=MAKER)

    def _aware_of(self, exchange: Exchange) -> Redactor:
        """One that looks everywhere for what this exchange has in its fields: it may repeat it."""
        found = Collector()
        found.request(exchange.request)
        if exchange.response:
            found.response(exchange.response)
        return redactor_for(self._secrets.union(found.taken)) if found.taken else self

    def kept(self, exchange: Exchange, suspect: bool | None = None) -> ShownExchange:
        """*exchange* as it may be kept: redacted, and a long answer cut."""
        return self.exchange(exchange, ShownExchange, MOST_KEPT, suspect=suspect)

    def tree(self, value: Any, kind: type[T]) -> T:
        """*value*, a tree of frozen nouns, as one of *kind*, which only this makes.

        The sentences in it are ours: secrets are taken out of them, and fields are not looked for.
        """
        maker: Callable[..., T] = kind
        return maker(**self._branches(value), made_by=MAKER)

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
        self._inside = False  # a value that is taken out

    @property
    def taken(self) -> tuple[str, ...]:
        return tuple(self._taken)

    def _hide(self, value: object) -> str:
        text = str(value).strip()
        if not self._inside and self._needs_a_look(text):
            self._inside = True
            self._loose(text)  # one field may have run into another
            self._inside = False
        password = text.partition(":")[2]
        words = _words(unquote(text))
        # A person's number may have run into something else.
        for part in (text, password, *words, *_LONG_NUMBER.findall(text)):
            # "Bearer", "path=/" and "Li" say nothing, and would be found by chance.
            least = _SHORTEST_TAKEN if part in (text, password) else 8
            long_enough = len(part.encode("utf-8", "surrogatepass")) >= least
            if long_enough and REDACTED not in part and len(self._taken) < _MOST_TAKEN:
                self._taken[part] = None
        return REDACTED


_is_hidden = lru_cache(maxsize=256)(is_hidden)  # the names that our own caller gives


def taken_from(params: Mapping[str, object], form: str) -> tuple[str, ...]:
    """Return what must not be shown of a request that we send: its reply may repeat it.

    Args:
        params: Its fields.
        form: The same, as it is sent.

    Example:
        >>> taken_from({"user_creid": "430067798868676871"}, "user_creid=430067798868676871")
        ('430067798868676871',)
    """
    if not any(map(_is_hidden, params)) and not suspects(form.encode("utf-8", "surrogatepass")):
        return ()
    found = Collector()
    found.plain(dict(params))
    return found.taken


_WORD = pattern(r"([^:;=,\s\"'&|<>{}()\[\]\\]+)(=(?=[^=\s&;,]))?")
_DATE = pattern(r"20\d\d-\d\d-\d\d")


def _words(text: str) -> list[str]:
    """The words of a value, but for dates and the names of fields that ran into it."""
    return [word for word, named in _WORD.findall(text) if not (named or _DATE.fullmatch(word))]


# Controls beyond ASCII, those of bidi, line ends that are none in JSON, and half characters.
_STEERING = pattern("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

__all__ = [
    "redacted",
    "REDACTED",
    "Collector",
    "taken_from",
    "Redactor",
    "Shown",
    "ShownExchange",
    "ShownRequest",
    "ShownResponse",
    "redactor_for",
]
