"""A code in words: a customer's sentence, an exception, a ticket.

A number of four digits is a code only where the words around it say so, or where it is listed
and nothing around it says that it is something else.
"""

from __future__ import annotations

import json
import re
from functools import cache

from qftools import catalogue
from qftools.catalogue.rows import CALL_ENDPOINTS
from qftools.diagnosis.reading.paste import Paste
from qftools.exchange import Response
from qftools.patterns import pattern

_LONGEST = 20_000  # characters; what is longer is no sentence
_MOST = 5
_DIGITS = pattern(r"(?<![A-Za-z0-9_.,])\d{4}(?![A-Za-z0-9_])(?![.,:/-]\d)")
_CUE = pattern(
    r"(?:resp?_?c(?:o?d|ode)|ret_?code|err(?:or)?_?(?:code|no)?|exception|code|result"
    r"|got|gets?|returns?|returned|answer(?:s|ed)?|replie[sd]|reply|says?|said|failed"
    r"|码|代码|返回|提示|报错?|显示|应答|回应|得到|收到|错误|異常|异常|代碼|碼|顯示|錯誤|報錯?|回覆)"
    r"(?:\s?(?:is|was|of|with|code|是|为|為|了|值|信息|the|an?))?[\s\"'=:：>(（\[【「“#]{0,8}$",
    re.IGNORECASE,
)
# What stands before or behind a number that is no code.
_NOT_BEFORE = pattern(
    r"(?:line|port|port:|room|no\.?|number|order|id|year|行|端口|单号|单|号|第|約|约|[$¥€￥]|HK|USD|HKD|RMB"
    r"|CNY|[\w\]]\s?(?:=>|=|:)|[-/:#@.])\s?[\"']?$",
    re.IGNORECASE,
)
_JOINED = pattern(r"\d{4}\s?(?:or|and|/|,|、|，|和|或|与|及|或者)\s?$", re.IGNORECASE)
_NOT_BEHIND = pattern(
    r"\s?(?:年|元|块|塊|分|角|号|號|笔|筆|单|單|次|个|個|条|條|行|天|秒|毫秒|ms\b|s\b|seconds?|minutes?"
    r"|bytes?|times|orders?|rows?|HKD|USD|CNY|RMB|EUR|JPY|[-/:]\s?\d|%)",
    re.IGNORECASE,
)
_ABOUT = pattern(
    r"qfpay|钱方|錢方|支付|付款|收款|交易|撤销|撤銷|冲正|沖正|退款|查询|查詢|关闭|關閉|接口|网关|網關"
    r"|\bpay(?:ment)?s?\b|refund|query|revers|cancel|gateway|resp_?cd|trade/v1",
    re.IGNORECASE,
)
_ENDPOINTS = {
    "query": r"查询|查詢|查单|查單|\bquer(?:y|ied)\b|enquiry|inquiry",
    "reversal": r"冲正|沖正|撤销|撤銷|取消|revers\w*|cancel\w*|\bvoid\b",
    "close": r"关闭接口|关单|關單|关闭订单|關閉訂單|/close\b|\bclose\b",
    "refund": r"退款|退钱|退錢|refund\w*",
    "payment": r"下单|下單|收款|付款|支付|扫码|掃碼|被扫|主扫|\bpay(?:ment)?\b|charge\w*",
}
_ENDPOINT = pattern(
    "|".join(f"(?P<{name}>{words})" for name, words in _ENDPOINTS.items()), re.IGNORECASE
)
_PATH = pattern(rf"/trade/v1/({'|'.join(CALL_ENDPOINTS)})\b")
_SYSSN = pattern(r"(?<![A-Za-z0-9_])20\d{22}(?:\d\d)?(?![A-Za-z0-9_])")
_NUMBER = pattern(
    r"(?:out_trade_no|商户订单号|商戶訂單號|订单号|訂單號|订单|訂單|单号|單號|order(?:\s(?:no\.?|number|id))?)"
    r"[\s\"'=:：>是为為#]{0,5}([A-Za-z0-9_|*][A-Za-z0-9_|*-]{2,127})",
    re.IGNORECASE,
)
# Frames of a traceback: names of functions and numbers of lines, no words about a call.
_FRAMES = pattern(r'^[^\S\n]*+(?:File "|at [\w.$<>]+\(|#\d+ ).*$', re.MULTILINE)
_NOWHERE = -1  # a code whose text alone is quoted: the words of the text name no call
_SIGNS = pattern(r"[\W_]+")


def sentences(text: str) -> tuple[Paste, ...]:
    """Each code that *text* speaks of, as an answer with that ``respcd``; nothing where none is.

    Example:
        >>> [(paste.endpoint, paste.response.body) for paste in sentences("退款返回1269，怎么办？")]
        [('refund', b'{"respcd": "1269"}')]
        >>> sentences("Room 1205 has 1143 seats.")
        ()
    """
    if len(text) > _LONGEST:
        return ()
    text = _FRAMES.sub("", text)
    found = _codes(text) or _quoted(text)
    return tuple(_paste(respcd, at, text) for respcd, at in list(found.items())[:_MOST])


def _codes(text: str) -> dict[str, int]:
    """The codes, each with the place where it is first spoken of."""
    about = _ABOUT.search(text) is not None
    found: dict[str, int] = {}
    for match in _DIGITS.finditer(text):
        before, behind = text[max(0, match.start() - 40) : match.start()], text[match.end() :][:12]
        joined = _JOINED.search(before) is not None and bool(found)
        said = _CUE.search(before) is not None and not _NOT_BEHIND.match(behind)
        listed = match[0] in catalogue.codes() and _is_free(before, behind)
        if said or listed and (about or joined):
            found.setdefault(match[0], match.start())
    return found


def _is_free(before: str, behind: str) -> bool:
    """Nothing around a number says that it is an amount, a date, a line, an order."""
    return not (_NOT_BEFORE.search(before) or _NOT_BEHIND.match(behind))


def _quoted(text: str) -> dict[str, int]:
    """The codes whose published text stands in *text*, the longest text first."""
    plain = _SIGNS.sub("", text)
    found = [(meaning, code) for meaning, code in _meanings() if meaning in plain]
    longest = max((len(meaning) for meaning, _code in found), default=0)
    return {code: _NOWHERE for meaning, code in found if len(meaning) == longest}


@cache
def _meanings() -> tuple[tuple[str, str], ...]:
    rows = [(_SIGNS.sub("", row.meaning.zh), code) for code, row in catalogue.codes().items()]
    return tuple((meaning, code) for meaning, code in rows if len(meaning) >= 6)


def _paste(respcd: str, at: int, text: str) -> Paste:
    answer = {"respcd": respcd, **_numbers(text)}
    response = Response(200, (), json.dumps(answer).encode())
    return Paste(
        "sentence",
        response=response,
        endpoint=_endpoint(text, at),
        role="sentence",
        rebuilt=True,
        partial=True,
        text=text,
    )


def _endpoint(text: str, at: int) -> str:
    """The call that the words name last before the code; else the only one that they name."""
    paths = dict.fromkeys(_PATH.findall(text))
    if len(paths) == 1:
        return str(next(iter(paths)))
    named = [(match.start(), match.lastgroup or "") for match in _ENDPOINT.finditer(text)]
    before = [name for place, name in named if place < at]
    every = {name for _place, name in named}
    if before:
        return before[-1]
    return every.pop() if len(every) == 1 and at != _NOWHERE else ""


def _numbers(text: str) -> dict[str, str]:
    """The numbers of the order, as far as the words tell."""
    syssn, number = _SYSSN.search(text), _NUMBER.search(text)
    found = {"syssn": syssn[0]} if syssn else {}
    if number and number[1] not in found.values() and any(c.isdigit() for c in number[1]):
        found["out_trade_no"] = number[1]
    return found
