"""A merchant's receiver: takes notifications in, checks them, counts their retries.

What an integration should do with one, in one place; nothing here listens or prints.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qftools.signing import verify_body

MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """One notification as it came.

    Attributes:
        signed: Whether its signature is the gateway's.
        why: Why not, in one line; empty where it is.
        retry: How often the same one came before.
        fields: What it says; empty where the body is no JSON object.
    """

    signed: bool
    why: str
    retry: int
    body: bytes
    fields: Mapping[str, Any] = field(default_factory=dict)


class Receiver:
    """Checks what arrives.

    Args:
        client_key: The key that the gateway signs with.

    Example:
        >>> receiver = Receiver("key")
        >>> receiver.receive({"X-QF-SIGN": "0" * 32}, b'{"syssn": "1"}').why
        'the signature is not the MD5 of this body and the client key'
    """

    def __init__(self, client_key: str) -> None:
        self._key = client_key
        self._came: Counter[tuple[str, str]] = Counter()

    def receive(self, headers: Mapping[str, str], body: bytes) -> Arrival:
        """Check one notification.

        Args:
            headers: Names in any case.
            body: The raw bytes: the signature covers them as they came.
        """
        sent = {name.lower(): value for name, value in headers.items()}
        signature = sent.get("x-qf-sign", "").strip()
        signed = bool(signature) and verify_body(body, self._key, signature)
        fields = _fields(body)
        retry = self._counted(fields) if signed else 0
        return Arrival(signed, _why(signature, signed, fields), retry, body, fields)

    def _counted(self, fields: Mapping[str, Any]) -> int:
        if len(self._came) > MOST_REMEMBERED:
            self._came.clear()
        key = (str(fields.get("syssn", "")), str(fields.get("notify_type", "")))
        self._came[key] += 1
        return self._came[key] - 1


def _fields(body: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _why(signature: str, signed: bool, fields: Mapping[str, Any]) -> str:
    if not signature:
        return "X-QF-SIGN is missing"
    if not signed:
        return "the signature is not the MD5 of this body and the client key"
    return "" if fields else "the body is no JSON object"
