"""What the workbench sends again: a call as it was, signed anew, signed wrongly, or with a fault.

A replay is a call of its own in the log, marked so, and no part of the report: what the workbench
does is not what the integration did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import quote_plus, urlencode

from qftools.errors import InputError, SandboxError
from qftools.exchange import CUT
from qftools.locale import mark
from qftools.locale import text as _
from qftools.sandbox.gateway.faults import DEFAULT_SECONDS, Fault
from qftools.sandbox.words import words
from qftools.signing import Algorithm, canonical, sign_text
from qftools.texts import Text

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway
    from qftools.sandbox.gateway.log import LoggedExchange
    from qftools.transport.door import WireRequest

Pairs = tuple[tuple[str, str], ...]
FORM = "application/x-www-form-urlencoded"
AS_IT_WAS = "as it was"
BREAKS = ("lost after", "lost before", "half", "slow", "5xx", "duplicated", "wrong signature")


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


def ways() -> Mapping[str, tuple[Text, Text]]:
    """Return what can be done with a call, by name: in a few words, and what it does."""
    signed = {
        name: (_both(way.words), _both(way.why)) for name, way in WAYS.items() if name != "right"
    }
    faults = {name: (words()[f"fault_{name.replace(' ', '_')}"],) * 2 for name in BREAKS}
    return {
        AS_IT_WAS: (words()["replay_same"], words()["replay_same_why"]),
        "right": (words()["replay_right"], _both(WAYS["right"].why)),
        **signed,
        **faults,
    }


def replay(gateway: Gateway, seen: LoggedExchange, way: str) -> LoggedExchange:
    """Send a call again, and return what was logged of it.

    Args:
        gateway: Answers it.
        seen: The call.
        way: One of `ways`.

    Raises:
        SandboxError: The call was too long to be kept whole, or can't be signed.
    """
    request = seen.request
    if request.query.endswith(CUT) or request.body.endswith(CUT.encode()):
        raise SandboxError("call {number} was not kept whole; send it again", number=seen.number)
    fault = None
    if way in BREAKS:
        seconds = DEFAULT_SECONDS.get(way, 0.0)
        fault = Fault(name=way, on=(seen.endpoint,), seconds=seconds)
    elif way != AS_IT_WAS:
        request = _signed_anew(gateway, seen, WAYS[way])
    gateway.handle(request, replay_of=seen.number, fault=fault)
    return gateway.log.last[-1]


def _signed_anew(gateway: Gateway, seen: LoggedExchange, way: Way) -> WireRequest:
    given = seen.request.headers.get("x-qf-appcode", "").strip()
    merchant = gateway.merchants.find(given) or next(iter(gateway.merchants))
    hidden = ("sign", "sign_type")
    pairs = tuple((name, value) for name, value in seen.params.items() if name not in hidden)
    announced = seen.request.headers.get("x-qf-signtype", "").strip().upper()
    algorithm = "SHA256" if announced == "SHA256" else "MD5"
    try:
        signature, kind = sealed(way, pairs, merchant.client_key, cast("Algorithm", algorithm))
    except InputError as error:
        raise SandboxError("this can't be signed: {error}", error=error) from error
    headers = {
        **seen.request.headers,
        "content-type": FORM,
        "x-qf-appcode": merchant.app_code,
        "x-qf-sign": signature,
        "x-qf-signtype": kind,
    }
    return replace(
        seen.request, method="POST", query="", headers=headers, body=urlencode(pairs).encode()
    )


def to_dict(name: str, said: tuple[Text, Text]) -> dict[str, Any]:
    """Return one of `ways` as plain data."""
    kind = "fault" if name in BREAKS else "signature" if name in WAYS else "same"
    kind = "right" if name == "right" else kind
    return {"name": name, "kind": kind, "words": said[0].to_dict(), "why": said[1].to_dict()}


def _both(message: str) -> Text:
    return Text(zh=_(message, "zh"), en=message)
