"""What the signing panel knows of right and wrong ways to sign. No widget here.

Every way goes to a sandbox gateway, which answers what the real one would.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote_plus, urlencode

import requests

from qftools.exchange import Exchange, Request, Response
from qftools.exchange.redaction import redacted
from qftools.exchange.shown import ShownExchange
from qftools.locale import mark
from qftools.sandbox import Sandbox
from qftools.signing import Algorithm, canonical, sign_text

Pairs = tuple[tuple[str, str], ...]


class Way(NamedTuple):
    """A way to sign.

    Attributes:
        words: Its name on the button.
        why: What is wrong with it, or why it is right.
        text: The text that it signs, without the key.
        key: The key that it appends.
    """

    words: str
    why: str
    text: Callable[[Pairs], str]
    key: Callable[[str], str] = lambda key: key
    seal: Callable[[str], str] = lambda signature: signature
    announces: str = ""


def _joined(pairs: Pairs) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)


def _unsorted(pairs: Pairs) -> str:
    typed = tuple(pairs)
    return _joined(typed[::-1] if list(typed) == sorted(typed) else typed)


def _encoded(pairs: Pairs) -> str:
    return canonical([(name, quote_plus(value)) for name, value in pairs])


def _with_blank(pairs: Pairs) -> str:
    return canonical(pairs) + " "


def _before_change(pairs: Pairs) -> str:
    return canonical([(name, "1" if name == "txamt" else value) for name, value in pairs])


WAYS: dict[str, Way] = {
    "right": Way(
        mark("Sign it right"),
        mark("Sorted by name, plain values, the key appended directly."),
        canonical,
    ),
    "unsorted": Way(
        mark("Unsorted"), mark("Signed in the order in which the fields were written."), _unsorted
    ),
    "encoded": Way(
        mark("URL-encoded"),
        mark("Values were URL-encoded before signing; the gateway signs the plain ones."),
        _encoded,
    ),
    "blank": Way(
        mark("An extra blank"), mark("One blank at the end was signed but not sent."), _with_blank
    ),
    "changed": Way(
        mark("Changed afterwards"), mark("txamt was changed after signing."), _before_change
    ),
    "key": Way(
        mark("Wrong key"), mark("Another merchant's key."), canonical, lambda key: key[::-1]
    ),
    "joined": Way(
        mark("&key= before the key"),
        mark("Other gateways want “&key=”; this one appends the bare key."),
        canonical,
        lambda key: f"&key={key}",
    ),
    "lower": Way(
        mark("Lower-case hex"),
        mark("Not wrong: the gateway ignores upper and lower case (C3)."),
        canonical,
        seal=str.lower,
    ),
    "announced": Way(
        mark("Algorithm not announced"),
        mark("Hashed with one algorithm, announced as the other."),
        canonical,
        announces="other",
    ),
}
"""Ways to sign: the right one, the usual wrong ones, and one that only looks wrong."""


def sealed(way: Way, pairs: Pairs, key: str, algorithm: Algorithm) -> tuple[str, str]:
    """Return the two headers: signature and announced algorithm."""
    signature = way.seal(sign_text(way.text(pairs), way.key(key), algorithm))
    other = "MD5" if algorithm == "SHA256" else "SHA256"
    return signature, other if way.announces else algorithm


def asked(endpoint: str, pairs: Pairs, way: Way, key: str, algorithm: Algorithm) -> ShownExchange:
    """Send the fields, signed in *way*, to a new sandbox, and return the exchange."""
    sandbox = Sandbox(client_key=key)
    signature, announced = sealed(way, pairs, key, algorithm)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-QF-APPCODE": sandbox.credentials.app_code,
        "X-QF-SIGN": signature,
        "X-QF-SIGNTYPE": announced,
    }
    url = f"{sandbox.url}/trade/v1/{endpoint}"
    prepared = requests.Request("POST", url, data=urlencode(pairs), headers=headers).prepare()
    reply = sandbox._adapter().send(prepared)
    now = sandbox.clock.now()
    sent = Request("POST", url, tuple(headers.items()), urlencode(pairs).encode())
    came = Response(reply.status_code, tuple(reply.headers.items()), reply.content)
    return redacted(Exchange(endpoint, sent, came, None, now, 0.0))
