"""A request before it is signed, and how it is signed: what the wrong ways are made of."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

Params = dict[str, str]

HOST = "https://test-openapi-hk.qfapi.com"
_CHINESE = "一杯拿铁咖啡香港中环店满减优惠早餐套餐测试商品订单繁體測試"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


@dataclass
class Signer:
    """How a program signs; every part can be exchanged for a wrong one."""

    values: list[Callable[[Params], Params]] = field(default_factory=list)
    order: Callable[[Params], list[tuple[str, str]]] = lambda params: sorted(params.items())
    join: Callable[[list[tuple[str, str]]], str] = lambda pairs: "&".join(
        [f"{name}={value}" for name, value in pairs]
    )
    key: Callable[[str, str], str] = lambda text, key: text + key
    encode: Callable[[str], bytes] = lambda text: text.encode()
    hash: Callable[[bytes], bytes] | None = None
    keyed_hash: Callable[[str, str], bytes] | None = None
    output: Callable[[bytes], str] = lambda digest: digest.hex().upper()

    def sign(self, params: Params, key: str, algorithm: str) -> str:
        """The signature that this signer sends."""
        for change in self.values:
            params = change(params)
        text = self.join(self.order(params))
        if self.keyed_hash is not None:
            return self.output(self.keyed_hash(text, key))
        data = self.encode(self.key(text, key))
        plain = hashlib.sha256 if algorithm == "SHA256" else hashlib.md5
        return self.output(self.hash(data) if self.hash else plain(data).digest())


@dataclass
class Payload:
    """A correct request, before it is signed."""

    endpoint: str
    params: Params
    key: str
    app_code: str
    other_key: str
    algorithm: str
    mchid: str
    sent: Callable[[Params], bytes] = lambda params: urlencode(params).encode()


@dataclass(frozen=True)
class Broken:
    """A request with its true causes.

    Attributes:
        causes: ``id`` or ``id:field`` of what was done wrong; empty for a correct request.
        paste: The request as it is pasted.
    """

    causes: frozenset[str]
    paste: str
    payload: Payload


def payload(rng: random.Random) -> Payload:
    """A random request: Chinese, blanks, long values, any of four calls."""

    def some(letters: str, least: int, most: int) -> str:
        return "".join(rng.choices(letters, k=rng.randint(least, most)))

    moment = datetime(2026, 1, 1) + timedelta(seconds=rng.randint(0, 27_000_000))
    params = {
        "txamt": str(rng.choice([1, 37, 990, 2500, 128800, rng.randint(300, 99_999_999)])),
        "txdtm": f"{moment:%Y-%m-%d %H:%M:%S}",
        "out_trade_no": some(_LETTERS, 12, 32),
    }
    endpoint = rng.choice(["payment", "payment", "reversal", "close", "refund"])
    if endpoint == "payment":
        params["txcurrcd"] = rng.choice(["HKD", "CNY", "EUR", "JPY", "SGD"])
        params["pay_type"] = rng.choice(["800101", "800201", "800108", "800208", "805801"])
        words = [some(_CHINESE, 2, 8), some(_LETTERS, 1, 6), some(_CHINESE, 1, 4)]
        params["goods_name"] = " ".join(words)
        if rng.random() < 0.3:
            params["notify_url"] = f"https://shop.example/n?id={rng.randint(1, 999)}&lang=zh"
        if rng.random() < 0.2:
            params["return_url"] = "https://shop.example/" + some(_LETTERS, 100, 400)
        if rng.random() < 0.2:
            info = {"note": some(_CHINESE, 3, 9), "ids": [rng.randint(1, 9)]}
            params["extend_info"] = json.dumps(info, ensure_ascii=rng.random() < 0.5)
    else:
        params["syssn"] = f"{moment:%Y%m%d}06610002{rng.randint(0, 9_999_999_999):010d}"
    if rng.random() < 0.4:
        params["udid"] = rng.choice(["POS 3 收银台", "qiantai2", "till-07 " + some(_CHINESE, 1, 3)])
    if rng.random() < 0.4:
        params["mchid"] = some(_LETTERS, 8, 14)
    names = list(params)
    while names == sorted(names):
        rng.shuffle(names)
    return Payload(
        endpoint,
        {name: params[name] for name in names},
        some("0123456789ABCDEF", 32, 32),
        some("0123456789ABCDEF", 32, 32),
        some("0123456789ABCDEF", 32, 32),
        rng.choice(["MD5", "MD5", "SHA256"]),
        params.get("mchid") or some(_LETTERS, 8, 14),
    )


Breaker = Callable[[Payload, Signer, random.Random], "str | None"]
BREAKERS: dict[str, tuple[str, Breaker]] = {}


def breaker(name: str, stage: str) -> Callable[[Breaker], Breaker]:
    """Register a way to sign wrongly; two of one stage are never combined, but of fields."""

    def register(function: Breaker) -> Breaker:
        BREAKERS[name] = (stage, function)
        return function

    return register


def every(write: Callable[[str], str]) -> Callable[[Params], Params]:
    """A change of all values alike."""
    return lambda params: {name: write(value) for name, value in params.items()}
