"""What `qftools listen` shows of notifications: whether each is signed, and its retry number.

A shop's own receiver is `qftools.notifications.Inbox`; nothing here listens or prints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qftools.errors import TransportError
from qftools.locale import text
from qftools.notifications import news_of, signature_of
from qftools.signing import verify_body
from qftools.transport.strict_json import parse

MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """One notification as it came.

    Attributes:
        signed: Whether its signature is the gateway's; None where nothing could check it.
        why: Why not, in one line; empty where it is.
        retry: How often the same one came before.
        fields: What it says; empty where the body is no JSON object.
    """

    signed: bool | None
    why: str
    retry: int
    body: bytes
    fields: Mapping[str, Any] = field(default_factory=dict)


Check = Callable[[bytes, str], tuple[bool | None, str]]
"""Takes body and signature; returns whether it is the gateway's (None: unknown), and why not."""


def check_with(client_key: str) -> Check:
    """Return a check by the key that the gateway signs with."""

    def check(body: bytes, signature: str) -> tuple[bool | None, str]:
        if verify_body(body, client_key, signature):
            return True, ""
        return False, text("the signature is not the MD5 of this body and the client key")

    return check


class Receiver:
    """Checks what arrives.

    Args:
        client_key: The key that the gateway signs with.
        check: Checks a signature otherwise than by that key.

    Example:
        >>> receiver = Receiver("key")
        >>> receiver.receive({"X-QF-SIGN": "0" * 32}, b'{"syssn": "1"}').why
        'the signature is not the MD5 of this body and the client key'
    """

    def __init__(self, client_key: str = "", *, check: Check | None = None) -> None:
        self._check = check or check_with(client_key)
        self._came: Counter[str] = Counter()

    def receive(self, headers: Mapping[str, str], body: bytes) -> Arrival:
        """Check one notification.

        Args:
            headers: Names in any case.
            body: The raw bytes: the signature covers them as they came.
        """
        signature = signature_of(headers)
        missing = False, text("X-QF-SIGN is missing")
        signed, why = self._check(body, signature) if signature else missing
        fields = _fields(body)
        if signed and not fields:
            why = text("the body is no JSON object")
        retry = 0 if signed is False else self._counted(fields)
        return Arrival(signed, why, retry, body, fields)

    def _counted(self, fields: Mapping[str, Any]) -> int:
        if len(self._came) > MOST_REMEMBERED:
            self._came.clear()
        news = news_of(fields)
        self._came[news] += 1
        return self._came[news] - 1


def _fields(body: bytes) -> Mapping[str, Any]:
    try:
        return parse(body)
    except TransportError:
        return {}
