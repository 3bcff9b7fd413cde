"""Wrong ways that are met seldom: each has happened to somebody, and has to be named as well."""

from __future__ import annotations

import random
import re

from tests.broken_requests.signers import HOST, Payload, Signer, breaker, every


@breaker("values in small letters", "text")
def _lower(p: Payload, s: Signer, r: random.Random) -> str:
    s.values.append(every(str.lower))
    return "letter-case"


@breaker("blanks removed", "text")
def _blanks(p: Payload, s: Signer, r: random.Random) -> str:
    s.values.append(every(lambda value: value.replace(" ", "")))
    return "blanks-removed"


@breaker("line breaks signed otherwise", "text")
def _lines(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = "till 3\r\n" + r.choice(["收银台", "POS"])
    s.values.append(every(lambda value: value.replace("\r\n", "\n")))
    return "line-breaks"


@breaker("a line break behind one value", "text")
def _behind(p: Payload, s: Signer, r: random.Random) -> str:
    # Behind the last one it would be a line break before the key, which is another cause.
    names = [name for name in p.params if name not in ("txamt", "txdtm", max(p.params))]
    name = r.choice(names)
    s.values.append(lambda params: {n: v + "\n" * (n == name) for n, v in params.items()})
    return f"blank-after-value:{name}"


@breaker("quotes with backslashes", "text")
def _slashes(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = r.choice(["Tom's 3", "it's 一杯", 'the "3"'])
    s.values.append(every(lambda value: re.sub(r"([\\'\"])", r"\\\1", value)))
    return "backslashes"


@breaker("HTML entities sent", "text")
def _entities(p: Payload, s: Signer, r: random.Random) -> str:
    p.params["udid"] = r.choice(["Tom &amp; Li", "&lt;3", "a &quot;b&quot;"])
    plain = {"&lt;": "<", "&quot;": '"', "&amp;": "&"}
    s.values.append(every(lambda v: re.sub("&(lt|quot|amp);", lambda m: plain[m[0]], v)))
    return "html-unescaped"


@breaker("a field sent twice", "set")
def _double(p: Payload, s: Signer, r: random.Random) -> str:
    sent = p.sent
    p.sent = lambda params: b"udid=first&" + sent(params)
    p.params["udid"] = "second"
    s.values.append(lambda params: {**params, "udid": "first"})
    return "field-twice:udid"


@breaker("sorted by length", "order")
def _by_length(p: Payload, s: Signer, r: random.Random) -> str:
    s.order = lambda params: sorted(params.items(), key=lambda pair: (len(pair[0]), pair[0]))
    return "sorted-by-length"


@breaker("sorted as name=value", "order")
def _by_pair(p: Payload, s: Signer, r: random.Random) -> str:
    # The two orders part only where one name begins as another does, and a digit goes on.
    p.params |= {"udid": "7", "udid2": "8"}
    s.order = lambda params: sorted(params.items(), key=lambda pair: f"{pair[0]}={pair[1]}")
    return "sorted-by-pair"


@breaker("a question mark in front", "join")
def _mark(p: Payload, s: Signer, r: random.Random) -> str:
    join, sign = s.join, r.choice("?&")
    s.join = lambda pairs: sign + join(pairs)
    return "leading-character"


@breaker("the address signed", "join")
def _address(p: Payload, s: Signer, r: random.Random) -> str:
    path = f"/trade/v1/{p.endpoint}"
    join, front = s.join, r.choice([path, path + "?", HOST + path + "?"])
    s.join = lambda pairs: front + join(pairs)
    return "address-signed"


@breaker("app code as well as the key", "key")
def _both(p: Payload, s: Signer, r: random.Random) -> str:
    s.key = lambda text, key: text + p.app_code + key
    return "app-code-too"


@breaker("hyphens in the digest", "output")
def _hyphens(p: Payload, s: Signer, r: random.Random) -> str:
    sign = r.choice("-:")
    s.output = lambda digest: digest.hex(sign)
    return "hex-with-separators"


@breaker("bytes with a sign", "output")
def _signed(p: Payload, s: Signer, r: random.Random) -> str:
    s.output = lambda d: "".join([f"{o | (0xFFFFFF00 * (o > 127)):x}" for o in d])
    return "signed-bytes"
