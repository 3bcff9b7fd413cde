"""Answers of the gateway whose signature does not fit: how they are checked, or signed, wrongly."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable

from tests.broken_requests.signers import Broken, payload

Reply = dict[str, str]


def _rewritten(reply: Reply, rng: random.Random) -> tuple[str, str]:
    """The gateway signs its bytes; what is pasted was parsed and written anew."""
    shown = [
        json.dumps(reply, separators=(",", ":")),
        json.dumps(reply, ensure_ascii=False),
        json.dumps(reply, separators=(",", ":"), ensure_ascii=False),
        json.dumps(reply, indent=2),
    ]
    return json.dumps(reply), rng.choice(shown)


def _as_fields(reply: Reply, rng: random.Random) -> tuple[str, str]:
    """Signed as a request is, field by field."""
    return "&".join([f"{name}={reply[name]}" for name in sorted(reply)]), json.dumps(reply)


#: By name: the cause, and what makes of a reply the text that is signed and the one that is shown.
ANSWERS: dict[str, tuple[str, Callable[[Reply, random.Random], tuple[str, str]]]] = {
    "answer parsed and written again": ("body-rewritten", _rewritten),
    "answer signed as fields": ("body-signed-as-fields", _as_fields),
}


def answer(rng: random.Random, name: str) -> Broken:
    """An answer that is wrong in this way, as somebody pastes it."""
    cause, write = ANSWERS[name]
    made = payload(rng)
    asked = {n: v for n, v in made.params.items() if n != "extend_info"}
    reply = {**asked, "respcd": "0000", "resperr": "交易成功", "respmsg": ""}
    signed, shown = write(reply, rng)
    signature = hashlib.md5((signed + made.key).encode()).hexdigest().upper()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-QF-SIGN: {signature}"
    return Broken(frozenset({cause}), f"{head}\r\n\r\n{shown}", made)
