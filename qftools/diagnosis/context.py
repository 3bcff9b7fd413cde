"""What a paste and its reader know around a request: keys, numbers used, pay types of orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qftools.diagnosis import secrets as hidden
from qftools.diagnosis.reading.json_text import load_json
from qftools.diagnosis.reading.paste import Paste
from qftools.diagnosis.reading.reader import read
from qftools.errors import InputError
from qftools.exchange import Response
from qftools.exchange.redaction import redactor_for
from qftools.exchange.shown import Shown
from qftools.texts import Text
from qftools.transport.addresses import is_loopback, split

_SANDBOX = "qftools sandbox"


class Keys:
    """The keys at hand: given, of other places, and those that stand in the paste."""

    def __init__(
        self,
        key: str,
        others: dict[str, str],
        text: str,
        pastes: tuple[Paste, ...],
        behind: list[str],
    ) -> None:
        visible_keys = [*hidden.keys_in(text, pastes), *behind]
        given = [k for k in (key, *others.values()) if k]
        shown = [k for k in given if len(k) >= 4 and k in text]
        self.exposed = list(dict.fromkeys([*shown, *visible_keys]))
        self.where = hidden.places_of(self.exposed, text, pastes) if self.exposed else []
        demo = _demo_key(pastes)
        self.key = key or (visible_keys[0] if visible_keys else demo)
        self.others = {**others, _SANDBOX: demo} if demo else others
        self.glued = bool(self.key) and self.key in behind
        self.secret = tuple(dict.fromkeys([*given, *self.exposed]))


def redacted_paste(text: str, key: str = "") -> Shown:
    """A paste as it may be shown: without *key*, and without the secrets that stand in it.

    Example:
        >>> redacted_paste("txamt=1&client_key=5744993FBC034DBB&syssn=1")
        'txamt=1&client_key=[redacted]&syssn=1'
    """
    try:
        split = [hidden.without_key(paste, key) for paste in read(text)]
    except (InputError, RecursionError):
        split = []
    pastes = tuple(paste for paste, _behind in split)
    keys = Keys(key, {}, text, pastes, [behind for _paste, behind in split if behind])
    secrets = frozenset((*keys.secret, *hidden.named_in(text, pastes)))
    return redactor_for(secrets).text(text)


class Surroundings:
    """What the whole paste and the caller know about each of its requests."""

    def __init__(
        self,
        pastes: tuple[Paste, ...],
        environment: str | None,
        mchid_rule: str,
        used_numbers: Iterable[str],
        pay_types: Mapping[str, str],
        mchid: str | None = None,
    ) -> None:
        self.environment = environment
        self.mchid_rule = mchid_rule
        self.known = (("mchid", mchid),) if mchid else ()
        self.used = dict.fromkeys(used_numbers, "")
        self.pay_types = dict(pay_types)
        self.numbers: dict[str, int] = {}
        for index, paste in enumerate(pastes, 1):
            if paste.request is not None:
                self._learn(index, paste, paste.request.params)

    def _learn(self, index: int, paste: Paste, params: Mapping[str, str]) -> None:
        number = params.get("out_trade_no")
        if paste.endpoint in ("payment", "refund") and number:
            self.numbers.setdefault(number, index)
            if params.get("pay_type"):
                self.pay_types[number] = params["pay_type"]
        answer = _answer(paste.response)
        if paste.endpoint == "payment" and answer.get("syssn") and params.get("pay_type"):
            self.pay_types[str(answer["syssn"])] = params["pay_type"]

    def used_before(self, paste: Paste, pastes_number: int) -> dict[str, Text]:
        """Numbers that are taken, with where."""
        taken = {n: _nth(i) for n, i in self.numbers.items() if i < pastes_number}
        known = Text("在已用过的号码里", "it is among the numbers that were used")
        return {**dict.fromkeys(self.used, known), **taken}


def _nth(number: int) -> Text:
    return Text(f"第 {number} 个请求用的就是它", f"request no. {number} has it")


def _demo_key(pastes: tuple[Paste, ...]) -> str:
    """The key that every sandbox has, if a request went to this machine; it is no secret."""
    for paste in pastes:
        host = split(paste.request.url).hostname if paste.request else None
        if host and is_loopback(host):
            from qftools.sandbox.sandbox import CLIENT_KEY

            return CLIENT_KEY
    return ""


def _answer(response: Response | None) -> Mapping[str, Any]:
    value = load_json(response.body.decode("utf-8", "replace")) if response else None
    return value if isinstance(value, dict) else {}
