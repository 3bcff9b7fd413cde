"""What a pay type's mode adds to the answer, and which wallet a payment code belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from qftools import catalogue
from qftools.catalogue import PayType
from qftools.sandbox.books.ids import LETTERS_AND_DIGITS, UPPER_HEX, Ids
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.gateway.merchants import merchant_number

AUTO = "auto"
FPS_APP = {"800210": "802010"}  # the same pay type in two editions (C36)
_PAYME_TEXT = "PR001:Request for Payment Initiated"
RECOGNISED = ("wechat", "alipay", "unionpay")  # what 800008 tells apart (docs2024)


def pay_type_of(entry: Entry) -> PayType:
    """Return the row of an order's pay type; 800210 was FPS where the wallet says so."""
    code = FPS_APP.get(entry.pay_type, "") if entry.wallet == "fps" else ""
    return catalogue.pay_types()[code or entry.pay_type]


def wallet_of(pay_type: PayType, auth_code: str) -> str:
    """Return the wallet of an order: the pay type's, or for 800008 the one the code shows.

    Example:
        >>> wallet_of(catalogue.pay_types()["800008"], "134676275354204254")
        'wechat'
    """
    if pay_type.wallet != AUTO:
        return pay_type.wallet
    for key in RECOGNISED:
        if auth_code[:2] in catalogue.wallets()[key].auth_code_prefixes:
            return key
    return AUTO


@cache
def fields_of_mode(pay_type: PayType) -> tuple[str, ...]:
    """Return the request fields that a pay type needs because of its mode.

    Example:
        >>> fields_of_mode(catalogue.pay_types()["800213"])
        ('sub_openid',)
    """
    needed = [
        field.name
        for field in catalogue.fields(endpoint="payment", part="request")
        if field.required == "conditional" and {pay_type.mode, pay_type.code} & set(field.flow)
    ]
    return (*needed, "goods_name") if pay_type.mode == "app" else tuple(needed)


def extra_fields(
    entry: Entry, ids: Ids, public_url: str, params: Mapping[str, str]
) -> dict[str, Any]:
    """Return the fields that the answer to a payment has because of its mode.

    Args:
        entry: The order.
        ids: Makes the tokens.
        public_url: Where the payer's page is.
        params: What was sent.
    """
    link = f"{public_url}/payer/{entry.syssn}"
    mode, wallet = entry.mode, entry.wallet
    if mode == "cpm":
        return {}
    if mode == "mpm":
        if wallet == "payme":
            return {"qrcode": link, "payme_logo": "", "pay_url": "", "respmsg": _PAYME_TEXT}
        return {"qrcode": link}
    if mode in ("jsapi", "mini", "app"):
        return {"pay_params": _pay_params(entry, ids, params)}
    if mode == "h5" and entry.pay_type == "800107":
        return {"pay_params": {"tradeNO": ids.token("trade", entry.syssn, 28)}}
    if entry.pay_type == "804214":
        return {"pay_url": link, "web_url": link}
    if mode in ("wap", "web", "h5", "online"):
        return {"pay_url": link}
    return {}


def _pay_params(entry: Entry, ids: Ids, params: Mapping[str, str]) -> dict[str, str]:
    about = entry.syssn
    stamp = str(int(entry.created))
    prepay = "wx" + ids.token("prepay", about, 34)
    nonce = ids.token("nonce", about, 32, LETTERS_AND_DIGITS)
    sign = ids.token("paysign", about, 32, UPPER_HEX)
    if entry.wallet == "alipay":
        return {
            "partner": "2088" + ids.token("partner", about, 12),
            "seller_id": "2088" + ids.token("seller", about, 12),
            "subject": entry.goods_name,
            "body": entry.goods_info or entry.goods_name,
            "total_fee": catalogue.amount(entry.txamt, entry.txcurrcd).partition(" ")[2],
            "notify_url": entry.notify_url,
            "service": "mobile.securitypay.pay",
            "payment_type": "1",
            "_input_charset": "utf-8",
            "it_b_pay": "30m",
            "return_url": entry.return_url,
            "payment_inst": params.get("pay_tag") or "ALIPAYHK",
            "currency": entry.txcurrcd,
            "product_code": "NEW_WAP_OVERSEAS_SELLER",
            "sign": sign,
            "sign_type": "RSA",
            "secondary_merchant_id": merchant_number(entry.mchid),
            "secondary_merchant_name": "",
            "secondary_merchant_industry": "",
        }
    if entry.mode == "app":
        return {
            "appid": "wx" + ids.token("appid", "wechat", 16, "0123456789abcdef"),
            "partnerid": ids.token("partner", "wechat", 10),
            "prepayid": prepay,
            "package": "Sign=WXPay",
            "noncestr": nonce,
            "timestamp": stamp,
            "sign": sign,
        }
    return {
        "appId": "wx" + ids.token("appid", "wechat", 16, "0123456789abcdef"),
        "timeStamp": stamp,
        "nonceStr": nonce,
        "package": f"prepay_id={prepay}",
        "signType": "MD5",
        "paySign": sign,
    }
