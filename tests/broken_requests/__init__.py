"""Requests that are signed wrongly in one or two known ways, as many as wanted.

Signs with code of its own, so that the diagnosis is not measured against itself.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from qftools.exchange import Exchange, Request
from qftools.exchange.redaction import redacted
from qftools.exchange.writing import as_curl, as_har, as_http, as_postman
from tests.broken_requests import languages, rare, sent, texts, values
from tests.broken_requests.answers import ANSWERS, answer
from tests.broken_requests.signers import BREAKERS, HOST, Broken, Payload, Signer, payload

__all__ = ["ANSWERS", "BREAKERS", "Broken", "answer", "broken", "correct", "create", "pairs"]

WAYS = (values, texts, rare, sent, languages)  # each registers its own in BREAKERS

_FIELD_STAGES = (
    *("text", "txamt", "txdtm", "spelling", "sending", "set", "drop", "add", "encoding"),
)
# What only goes with these stages, or none: it leaves nothing else to be done wrongly.
_ONLY_WITH = {"sent": {"key", "hash", "output"}, "any order": {"output"}}


def broken(rng: random.Random, names: tuple[str, ...]) -> Broken | None:
    """A request that is wrong in these ways; None where they cancel each other out."""
    stages = [BREAKERS[name][0] for name in names]
    if len(set(stages)) < len(stages) or {"keyed", "key"} <= set(stages):
        return None
    for stage, others in _ONLY_WITH.items():
        if stage in stages and not set(stages) - {stage} <= others:
            return None
    if "sending" in stages and "values encoded twice for sending" in names:
        return None
    if "keyed" in stages and set(stages) & {"charset", "hash"}:
        return None
    # What changes a value comes before what encodes all of them.
    ordered = sorted(names, key=lambda name: _place(BREAKERS[name][0]))
    made = payload(rng)
    signer = Signer()
    causes = [BREAKERS[name][1](made, signer, rng) for name in ordered]
    params, sent = made.params, made.sent(made.params)
    if list(params) == sorted(params):
        return None
    try:
        signature = signer.sign(params, made.key, made.algorithm)
        if not _is_real(signer, made, signature):
            return None
    except (UnicodeEncodeError, KeyError):  # these ways can't be done together
        return None
    request = Request("POST", f"{HOST}/trade/v1/{made.endpoint}", _headers(made, signature), sent)
    return Broken(frozenset(c for c in causes if c), _pasted(rng, request), made)


def _place(stage: str) -> int:
    return _FIELD_STAGES.index(stage) if stage in _FIELD_STAGES else len(_FIELD_STAGES)


def _is_real(signer: Signer, made: Payload, whole: str) -> bool:
    """Whether every one of the ways changes the signature: else it is not a cause."""
    fresh = Signer()
    slots = ("order", "join", "key", "encode", "hash", "keyed_hash", "output")
    parts = [
        _copy(signer, values=[value for value in signer.values if value is not left_out])
        for left_out in signer.values
    ]
    parts += [
        _copy(signer, **{slot: getattr(fresh, slot)})
        for slot in slots
        if getattr(signer, slot) is not getattr(fresh, slot)
    ]
    signed = [part.sign(made.params, made.key, made.algorithm) for part in parts]
    return all(other.upper() != whole.upper() for other in signed)


def _copy(signer: Signer, **changes: Any) -> Signer:
    return Signer(**{**vars(signer), **changes})


def correct(rng: random.Random) -> Broken:
    """A request that is signed right."""
    made = payload(rng)
    signature = Signer().sign(made.params, made.key, made.algorithm)
    if rng.random() < 0.5:
        signature = signature.lower()
    url = f"{HOST}/trade/v1/{made.endpoint}"
    request = Request("POST", url, _headers(made, signature), made.sent(made.params))
    return Broken(frozenset(), _pasted(rng, request), made)


def _headers(made: Payload, signature: str) -> tuple[tuple[str, str], ...]:
    announced = (("X-QF-SIGNTYPE", "SHA256"),) if made.algorithm == "SHA256" else ()
    return (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("X-QF-APPCODE", made.app_code),
        ("X-QF-SIGN", signature),
        *announced,
    )


def _pasted(rng: random.Random, request: Request) -> str:
    exchange = redacted(Exchange("", request, None, "-", 0.0, 0.0))
    shown = exchange.request
    forms: list[Callable[[], str]] = [
        lambda: as_curl(shown),
        lambda: as_curl(shown, "cmd"),
        lambda: as_http(shown),
        lambda: json.dumps(as_har([exchange])),
        lambda: json.dumps(as_postman([exchange]), ensure_ascii=False),
    ]
    return rng.choice(forms)()


def pairs() -> list[tuple[str, str]]:
    """Every two ways that can go together."""
    names = list(BREAKERS)
    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]


def create(rng: random.Random, names: tuple[str, ...]) -> Broken | None:
    """What is broken in these ways, request or answer; a correct request for none."""
    if not names:
        return correct(rng)
    return answer(rng, names[0]) if names[0] in ANSWERS else broken(rng, names)
