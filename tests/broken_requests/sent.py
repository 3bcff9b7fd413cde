"""Wrong ways that lie between what is signed and what is sent: its encoding, its fields."""

from __future__ import annotations

import random
from urllib.parse import quote_plus

from tests.broken_requests.signers import Params, Payload, Signer, breaker


@breaker("what is sent was signed", "sent")
def _as_sent(p: Payload, s: Signer, r: random.Random) -> str:
    s.join = lambda _pairs: p.sent(p.params).decode()
    return "body-as-sent"


def _send(p: Payload, name: str, plain: str) -> None:
    """Send *name* with the signs of *plain* as they are."""
    encoded, partly = quote_plus(p.params[name]), quote_plus(p.params[name], safe=plain)
    sent = p.sent
    p.sent = lambda params: sent(params).replace(encoded.encode(), partly.encode())


@breaker("& in a URL sent raw", "sending")
def _ampersand(p: Payload, s: Signer, r: random.Random) -> str:
    more = r.choice(["t=ok", "t=ok&step=2", "t"])
    p.params["notify_url"] = f"https://shop.example/n.php?shop=7&{more}"
    _send(p, "notify_url", ":/?&=")
    return "ampersand-sent-raw:notify_url"


@breaker("& in a name sent raw", "sending")
def _ampersand_in_name(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["goods_name"] = r.choice(["A&B", "fish & chips", "盐&糖"])
    _send(p, "goods_name", "&")
    return "ampersand-sent-raw:goods_name"


@breaker("+ in a name sent raw", "sending")
def _plus_in_name(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["goods_name"] = r.choice(["C+ juice", "1+1 pack of tea", "A+"])
    _send(p, "goods_name", "+")
    return "plus-sent-raw:goods_name"


@breaker("fields added after signing", "drop")
def _late(p: Payload, s: Signer, r: random.Random) -> str:
    late = {
        "notify_url": "https://s.example/n",
        "return_url": "https://s.example/r",
        "udid": "POS7",
        "goods_info": "tea",
    }
    names = r.sample(sorted(late), r.randint(2, 4))
    p.params.update({name: late[name] for name in names})
    s.values.append(lambda params: {n: v for n, v in params.items() if n not in names})
    return f"sent-not-signed:{', '.join(name for name in p.params if name in names)}"


@breaker("mchid signed and not sent", "add")
def _mchid(p: Payload, s: Signer, r: random.Random) -> str:
    p.params.pop("mchid", None)
    s.values.append(lambda params: {**params, "mchid": p.mchid})
    return "signed-not-sent:mchid"


@breaker("the start of a value signed", "text")
def _cut(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["goods_name"] = "一杯拿铁咖啡 with oat milk, 大杯"[r.randint(0, 9) :]
    length = r.randint(1, len(p.params["goods_name"]) - 1)

    def cut(params: Params) -> Params:
        return {**params, "goods_name": params["goods_name"][:length]}

    s.values.append(cut)
    return "value-cut:goods_name"


@breaker("nothing but the key hashed", "sent")
def _nothing(p: Payload, s: Signer, r: random.Random) -> str:
    s.join = lambda _pairs: ""
    return "text-missing"


@breaker("one value URL-encoded", "encoding")
def _one_encoded(p: Payload, s: Signer, r: random.Random) -> str:
    name = r.choice([name for name in p.params if quote_plus(p.params[name]) != p.params[name]])
    s.values.append(lambda params: {**params, name: quote_plus(params[name])})
    encoded = [n for n, v in p.params.items() if quote_plus(v) != v]
    return f"values-url-encoded:{name if len(encoded) > 1 else ''}"
