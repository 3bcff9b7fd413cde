"""Signing: against the function that the vendor's page shows, and the bare hash as the floor."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from qftools.catalogue import Text
from qftools.signing import sign, sign_body, verify_body
from tests.bench.rows import Goal, Measured, Row
from tests.bench.running import Run
from tests.bench.timing import compared, in_turns

KEY = "5744993FBC034DBBB995FA0123456789"
SIX: dict[str, str | int] = {
    "txamt": 2500,
    "out_trade_no": "4MDGEJ7L496LAAU1V1HBY9HMOGWZWLXQ",
    "syssn": "20200305066100020000977812",
    "txdtm": "2020-03-05 16:50:30",
    "udid": "0001",
    "mchid": "MNxMp11FV35qQN",
}
TWENTY: dict[str, str | int] = SIX | {
    "pay_type": "800101",
    "txcurrcd": "HKD",
    "goods_name": "Sencha 100 g",
    "goods_info": "first flush",
    "notify_url": "https://shop.example/qfpay/notify",
    "return_url": "https://shop.example/thanks",
    "auth_code": "281234567890123456",
    "expired_time": 30,
    "txzone": "+0800",
    "limit_pay": "no_credit",
    "sub_openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "lang": "en",
    "seller_name": "Tea House",
    "trade_name": "counter 3",
}
BODY = (
    b'{"pay_type": "800101", "sysdtm": "2026-01-05 10:00:00", "paydtm": "2026-01-05 10:00:00", '
    b'"txdtm": "2026-01-05 10:00:00", "resperr": "success", "respmsg": "", "txamt": "2500", '
    b'"txcurrcd": "HKD", "out_trade_no": "20260105000001", "syssn": "20260105066100020000000001", '
    b'"respcd": "0000"}'
)
SETS = {"six": SIX, "twenty": TWENTY}


def vendors(data: Mapping[str, object], key: str) -> str:
    """The algorithm of the vendor page's Python sample, without its print()."""
    names = list(data.keys())
    names.sort()
    pairs = []
    for name in names:
        value = data[name]
        pairs.append("%s=%s" % (name, value))  # noqa: UP031 - as on the page
    return hashlib.md5(("&".join(pairs) + key).encode("utf-8")).hexdigest().upper()


def _times(run: Run, name: str) -> dict[str, list[float]]:
    params = SETS[name]
    ready = ("&".join(f"{key}={params[key]}" for key in sorted(params)) + KEY).encode()
    if not sign(params, KEY) == vendors(params, KEY) == hashlib.md5(ready).hexdigest().upper():
        raise AssertionError("the three do not sign the same")
    acts = {
        "ours": lambda: sign(params, KEY),
        "vendor": lambda: vendors(params, KEY),
        "floor": lambda: hashlib.md5(ready).hexdigest(),
    }
    return run.once(
        f"sign {name}", lambda: in_turns(acts, run.rounds(60, 20), 0.01 if run.quick else 0.02)
    )


def _against(name: str, other: str):
    def measure(run: Run) -> Measured:
        times = _times(run, name)
        return compared(times["ours"], times[other], 1e6, "µs")

    return measure


def _verify(run: Run) -> Measured:
    signature = sign_body(BODY, KEY)
    ready, expected = BODY + KEY.encode(), signature.encode()
    acts = {
        "ours": lambda: verify_body(BODY, KEY, signature),
        "floor": lambda: hmac.compare_digest(
            hashlib.md5(ready).hexdigest().upper().encode(), expected
        ),
    }
    times = in_turns(acts, run.rounds(60, 20), 0.01 if run.quick else 0.02)
    return compared(times["ours"], times["floor"], 1e6, "µs")


_VENDOR = Text("QFPay 页面 Python 示例里的函数", "the function of the vendor page's Python sample")
_WHY_VENDOR = Text(
    "接入方多半会照抄它；这里去掉了它的 print()",
    "what integrators copy; measured without its print()",
)
_WHY_HASH = Text("下限：签名至少要算这一次", "the floor: no signature takes less")

_FLOOR = Text(
    "6 个字段时，不查类型的同一做法是示例函数的 0.86 倍、裸哈希的 2.6 倍（1.67 µs），"
    "20 个字段时是 0.78 倍；查类型再加 0.17 倍（0.35 和 0.7 µs），这是下限，不为它放弃类型检查",
    "with 6 fields the same without the check of types is 0.86x the sample's function and 2.6x "
    "the bare hash (1.67 µs), with 20 fields 0.78x; the check adds 0.17x (0.35 and 0.7 µs): that "
    "is the floor, and it stays",
)

ROWS = (
    Row(
        "sign-six-vendor",
        Text("sign：6 个字段，含类型检查", "sign: 6 fields, types checked"),
        _VENDOR,
        Goal("<=", 1),
        _WHY_VENDOR,
        _against("six", "vendor"),
        note=_FLOOR,
    ),
    Row(
        "sign-twenty-vendor",
        Text("sign：20 个字段", "sign: 20 fields"),
        _VENDOR,
        Goal("<=", 0.95),
        _WHY_VENDOR,
        _against("twenty", "vendor"),
        note=_FLOOR,
    ),
    Row(
        "verify-reply",
        Text("verify_body：验一个应答的签名", "verify_body: the signature of a reply"),
        Text("直接求 MD5，再用 compare_digest 比较", "the bare MD5, then compare_digest"),
        Goal("<=", 1.3),
        _WHY_HASH,
        _verify,
    ),
)
