"""From a paste to a diagnosis: read, check, search, rank. Sends nothing, shows no key."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from qftools import signing
from qftools.catalogue.rows import Text
from qftools.diagnosis import secrets as hidden
from qftools.diagnosis.answer_rules import answer_findings
from qftools.diagnosis.bodies import search_body
from qftools.diagnosis.causes import CAUSES
from qftools.diagnosis.details import detail_in
from qftools.diagnosis.deviations import Deviation, Inputs
from qftools.diagnosis.field_rules import field_rules
from qftools.diagnosis.fieldsets import in_order, joined
from qftools.diagnosis.nouns import SEVERITIES, Diagnosis, Finding, Signature
from qftools.diagnosis.reading import Reading, inputs_of, read_request
from qftools.diagnosis.request_rules import Case, finding_of, hit, shortened, transport_rules
from qftools.diagnosis.search import MOST_WORK, Result, search
from qftools.diagnosis.visible import Difference, difference, visible
from qftools.errors import InputError
from qftools.exchange import Exchange, Request, Response
from qftools.exchange.parsing import Paste, load_json, read

_MOST_CASES = 50  # requests of one paste that are looked at
_SCREENING = 2_000_000  # work for each of them, before one is chosen
_LONGEST = 262_144  # bytes of a request; one of the gateway's has a few hundred


def explain(
    source: str | bytes | Exchange | Request,
    *,
    key: str | None = None,
    other_keys: Mapping[str, str] | None = None,
    which: int | None = None,
    environment: str | None = None,
    mchid_rule: str = "optional",
    used_numbers: Iterable[str] = (),
) -> Diagnosis:
    """Return what is wrong with a request, an answer or a notification, and how to mend it.

    Nothing is sent, and no key is shown: one that stands in the paste is redacted first, and
    said. A cause of a wrong signature is only named where it is proved, by making the very same
    signature in that way.

    Args:
        source: A paste: cURL (bash or Windows cmd), HAR, raw HTTP, Postman, ``fetch(...)``,
            ``requests.post(...)``, JSON, PHP's ``print_r``, a log line with the signed text, bare
            ``k=v&k=v`` with a signature; or an exchange of the client.
        key: The client key. Without it, only what needs none can be proved.
        other_keys: Keys of other environments or accounts, by a label that may be shown.
        which: Which request of the paste, from 1; the first that is wrong when left out.
        environment: Where the credentials are valid: test, production or sandbox.
        mchid_rule: Whether a call of this account must carry an mchid (``required``), must not
            (``forbidden``), or may.
        used_numbers: Values of ``out_trade_no`` that were used before.

    Raises:
        InputError: Nothing in the paste can be read, or there is no such request in it.

    Example:
        >>> paste = "txamt=100&txcurrcd=HKD&mchid=ZaMVg12345  sign=E42393B5E1754D7573D733B6B79DE273"
        >>> diagnosis = explain(paste, key="abcd1234")
        >>> diagnosis.cause.what.en
        'the parameters were signed in the order of sending, not sorted'
    """
    try:
        return _explained(
            source,
            key or "",
            dict(other_keys or {}),
            which,
            (environment, mchid_rule, tuple(used_numbers)),
        )
    except RecursionError:
        raise InputError("the paste", "is nested too deeply", "a request of the gateway") from None


def _explained(
    source: str | bytes | Exchange | Request,
    key: str,
    others: dict[str, str],
    which: int | None,
    known: tuple[str | None, str, tuple[str, ...]],
) -> Diagnosis:
    pastes = _of_bearable_size(read(source))
    text = _text_of(source)
    split = [hidden.without_key(paste) for paste in pastes]
    pastes = tuple(paste for paste, _behind in split)
    keys = _Keys(key, others, text, pastes, [behind for _paste, behind in split if behind])
    around = _Around(pastes, *known)
    if which is not None and not 1 <= which <= len(pastes):
        raise InputError("which", f"is {which}", f"a number from 1 to {len(pastes)}")
    number = which or _worst(pastes, keys, around)
    diagnosis = _diagnose(pastes[number - 1], keys, around, MOST_WORK, number=number)
    diagnosis = dataclasses.replace(diagnosis, number=number, count=len(pastes))
    return hidden.scrubbed(diagnosis, keys.secret)


def _of_bearable_size(pastes: tuple[Paste, ...]) -> tuple[Paste, ...]:
    """The first requests that are short enough; an answer that is too long is left out."""
    kept = []
    for paste in pastes:
        if paste.response is not None and len(paste.response.body) > _LONGEST:
            if paste.request is None:
                continue
            paste = dataclasses.replace(paste, response=None)
        request = paste.request
        if request is None or len(request.url) + len(request.body) <= _LONGEST:
            kept.append(paste)
    if not kept:
        raise InputError("the request", "is too long", f"at most {_LONGEST:,} bytes")
    return tuple(kept[:_MOST_CASES])


def _text_of(source: str | bytes | Exchange | Request) -> str:
    if isinstance(source, bytes):
        return source.decode("utf-8", "replace")
    return source if isinstance(source, str) else ""


class _Keys:
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
        self.key = key or (visible_keys[0] if visible_keys else "")
        self.others = others
        self.secret = tuple(dict.fromkeys([*given, *self.exposed]))


class _Around:
    """What the whole paste and the caller know about each of its requests."""

    def __init__(
        self,
        pastes: tuple[Paste, ...],
        environment: str | None,
        mchid_rule: str,
        used_numbers: Iterable[str],
    ) -> None:
        self.environment = environment
        self.mchid_rule = mchid_rule
        self.used = dict.fromkeys(used_numbers, "")
        self.pay_types: dict[str, str] = {}
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

    def used_before(self, paste: Paste, pastes_number: int) -> dict[str, str]:
        """Numbers that are taken, with where."""
        taken = {n: f"no. {i}" for n, i in self.numbers.items() if i < pastes_number}
        return {**dict.fromkeys(self.used, "-"), **taken}


def _answer(response: Response | None) -> Mapping[str, Any]:
    value = load_json(response.body.decode("utf-8", "replace")) if response else None
    return value if isinstance(value, dict) else {}


def _worst(pastes: tuple[Paste, ...], keys: _Keys, around: _Around) -> int:
    """The first request that is wrong; the first one where none is."""
    if len(pastes) == 1:
        return 1
    for number, paste in enumerate(pastes, 1):
        if not _diagnose(paste, keys, around, _SCREENING, pairs=False, number=number).ok:
            return number
    return 1


def _diagnose(
    paste: Paste,
    keys: _Keys,
    around: _Around,
    most_work: int,
    *,
    pairs: bool = True,
    number: int = 1,
) -> Diagnosis:
    if paste.request is None or _is_notification(paste.request):
        return _of_body(paste, keys)
    reading = read_request(paste.request)
    inputs = inputs_of(reading, paste.request, paste.endpoint)
    given = _given(paste, reading)
    text = _canonical(reading)
    signature, expected = _checked(inputs, keys.key, given)
    result = Result((), 0, 0, 0)
    if signature != "right" and given and reading.pairs:
        result = search(
            inputs, keys.key, given, others=keys.others, pairs=pairs, most_work=most_work
        )
        if signature == "unchecked" and result.matches:
            signature = "wrong"
    signed = result.matches[0].text if result.matches else None
    findings = [
        *_exposure(keys),
        *_signature_findings(result, text, signature, inputs, keys, given, paste),
        *_rule_findings(paste, reading, given, around, number, bool(result.matches)),
    ]
    if paste.response is not None:
        right = signature == "right"
        _, found, _ = _checked_body(paste.response.body, _signature_of(paste.response), keys)
        findings += found
        findings += answer_findings(paste.response, paste.endpoint, reading.params, right)
    return Diagnosis(
        paste.form,
        "request",
        paste.endpoint,
        paste.request.redacted(),
        paste.response.redacted() if paste.response else None,
        tuple(reading.params.items()),
        text,
        signed,
        difference(text, signed) if signed is not None else None,
        given,
        expected,
        inputs.algorithm,
        signature,
        ranked(findings),
        result.tries,
    )


def _is_notification(request: Request) -> bool:
    if not request.body.lstrip().startswith(b"{") or "/trade/v1/" in request.url:
        return False
    value = load_json(request.body.decode("utf-8", "replace"))
    return isinstance(value, dict) and "respcd" in value and "syssn" in value


def _given(paste: Paste, reading: Reading) -> str | None:
    assert paste.request is not None
    header = paste.request.header("X-QF-SIGN")
    candidates = (
        header,
        paste.signature,
        reading.params.get("sign"),
        reading.params.get("signature"),
    )
    return next((value.strip() for value in candidates if value and value.strip()), None)


def _canonical(reading: Reading) -> str:
    params = [pair for pair in reading.params.items() if pair[0] not in ("sign", "sign_type")]
    return joined(in_order(tuple(params)))


def _checked(inputs: Inputs, key: str, given: str | None) -> tuple[Signature, str | None]:
    if not key:
        return ("unchecked" if given else "absent"), None
    algorithm: signing.Algorithm = "SHA256" if inputs.algorithm == "SHA256" else "MD5"
    try:
        expected = signing.sign(dict(inputs.pairs), key, algorithm)
    except InputError:  # bytes that are no UTF-8 can't have been signed as text
        return ("wrong" if given else "absent"), None
    if given is None:
        return "absent", expected
    # Only the gateway's own reading counts: the others are causes, and get named.
    right = signing.verify(dict(inputs.pairs), key, given, algorithm, empty_values="include")
    return ("right" if right else "wrong"), expected


# ---- findings ----------------------------------------------------------------------


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first; among them what is proved by reproduction; then as they were found."""
    return tuple(
        sorted(
            findings,
            key=lambda finding: (
                SEVERITIES.index(finding.severity),
                finding.proof != "reproduced",
                finding.proof == "open",
            ),
        )
    )


def _exposure(keys: _Keys) -> list[Finding]:
    return [finding_of(hit("key-visible", value=", ".join(keys.where)))] if keys.exposed else []


def _rule_findings(
    paste: Paste,
    reading: Reading,
    given: str | None,
    around: _Around,
    number: int,
    explained: bool,
) -> list[Finding]:
    assert paste.request is not None
    case = Case(
        paste,
        paste.request,
        reading,
        given,
        around.environment,
        around.mchid_rule,
        around.used_before(paste, number),
        around.pay_types,
    )
    # What a proved cause says better is not said twice.
    spoken = {"signature-shape", "sha256-unannounced", "md5-announced-as-sha256"}
    return [
        finding_of(found)
        for found in (*transport_rules(case), *field_rules(case))
        if not (explained and found.id in spoken)
    ]


def _signature_findings(
    result: Result,
    text: str,
    signature: Signature,
    inputs: Inputs,
    keys: _Keys,
    given: str | None,
    paste: Paste,
) -> list[Finding]:
    if result.matches:
        best = result.matches[0]
        others = [match.deviations for match in result.matches[1:4]]
        apart = difference(text, best.text)
        return [
            _cause(deviation, best.deviations, apart, best.hash, others)
            for deviation in best.deviations
        ]
    if signature == "wrong":
        return [_not_found(result, keys), *_logged(paste, text)]
    if signature == "unchecked" and given:
        return [_no_key(), *_logged(paste, text)]
    return []


def _cause(
    deviation: Deviation,
    all_of: tuple[Deviation, ...],
    apart: Difference | None,
    name: str,
    others: list[tuple[Deviation, ...]],
) -> Finding:
    row = CAUSES[deviation.id]
    # C4: the gateway accepts both readings of empty values by default, so this alone may pass.
    alone = len(all_of) == 1 and deviation.id == "empty-values-dropped"
    return Finding(
        deviation.id,
        "warning" if alone else "error",
        "reproduced",
        _filled(row.what, deviation),
        _proof(all_of, apart, name, others),
        _filled(row.fix, deviation),
        row.source,
        shortened(deviation.field),
        row.code,
    )


def _filled(text: Text, deviation: Deviation) -> Text:
    def fill(lang: str) -> str:
        detail = shortened(detail_in(deviation.detail, lang))
        return (
            text.say(lang)
            .replace("{detail}", detail)
            .replace("{field}", shortened(deviation.field))
        )

    return Text(fill("zh"), fill("en"))


def _proof(
    all_of: tuple[Deviation, ...],
    apart: Difference | None,
    name: str,
    others: list[tuple[Deviation, ...]],
) -> Text:
    zh = (
        "这样做正好得到请求里的签名"
        if len(all_of) == 1
        else f"这 {len(all_of)} 处一起，正好得到请求里的签名"
    )
    en = (
        "done this way, the given signature comes out exactly"
        if len(all_of) == 1
        else f"with these {len(all_of)} together, the given signature comes out exactly"
    )
    if apart is not None:
        wanted, given = apart.wanted or "-", apart.given or "-"
        zh += f"；第 {apart.byte + 1} 个字节开始不同：应为 {wanted}，签的是 {given}"
        en += (
            f"; the texts differ from byte {apart.byte + 1}: {wanted} is right, {given} was signed"
        )
    else:
        zh += f"（{name}）"
        en += f" ({name})"
    ids = list(dict.fromkeys(" + ".join(d.id for d in other) for other in others))
    mine = " + ".join(d.id for d in all_of)
    ids = [other for other in ids if other != mine]
    if ids:
        zh += f"。从这个请求无法与下列情况区分：{'；'.join(ids)}"
        en += f". This request can't tell it from: {'; '.join(ids)}"
    return Text(zh, en)


def _not_found(result: Result, keys: _Keys) -> Finding:
    tried = f"{result.tries:,}"
    return Finding(
        "signature-unexplained",
        "error",
        "open",
        Text("签名不对，原因没有找到", "the signature is wrong, and no cause was found"),
        Text(
            f"用这把密钥试了 {tried} 种签法，没有一种得到请求里的签名",
            f"{tried} ways to sign were tried with this key; none gives the signature of the"
            " request",
        ),
        Text(
            "剩下的可能：密钥不是这一把；签名之后改了某个值；粘贴的内容与发送的不完全一样。"
            "把程序里签名前的那段文字打印出来（不含密钥），连同签名再贴一次。",
            "What is left: it is not this key; a value was changed after signing; what was pasted"
            " is not exactly what was sent. Print the text that your program signs (without the"
            " key) and paste it with the signature.",
        ),
        "",
    )


def _no_key() -> Finding:
    return Finding(
        "key-not-at-hand",
        "note",
        "open",
        Text("没有密钥，无法验证签名", "without the key the signature can't be checked"),
        Text("只检查了不需要密钥的项目", "only what needs no key was checked"),
        Text(
            "把密钥放进环境变量 QFTOOLS_CLIENT_KEY 再运行一次；它不会被显示，也不会被发送。",
            "Put the key into QFTOOLS_CLIENT_KEY and run it again; it is neither shown nor sent.",
        ),
        "",
    )


def _logged(paste: Paste, text: str) -> list[Finding]:
    """What the logged text itself shows, where no search explains the signature."""
    if paste.signed_text is None:
        return []
    apart = difference(text, paste.signed_text)
    if apart is None or paste.signed_text.startswith(text):
        return []
    return [
        Finding(
            "logged-text-differs",
            "error",
            "rule",
            Text(
                "日志里签名的文字与网关拼出的不同",
                "the text in the log is not the one that the gateway signs",
            ),
            Text(
                f"第 {apart.byte + 1} 个字节开始不同：应为 {apart.wanted_near}，"
                f"日志是 {apart.given_near}",
                f"from byte {apart.byte + 1}: {apart.wanted_near} is right, the log has"
                f" {apart.given_near}",
            ),
            CAUSES["unsorted"].fix,
            "seed; docs2024",
            code="order",
        )
    ]


# ---- answers and notifications -------------------------------------------------------


def _of_body(paste: Paste, keys: _Keys) -> Diagnosis:
    notified = paste.request is not None
    response = paste.response
    if paste.request is not None:
        body, header = paste.request.body, paste.request.header("X-QF-SIGN")
    else:
        assert response is not None
        body, header = response.body, response.header("X-QF-SIGN")
    given = header or paste.signature
    expected = signing.sign_body(body, keys.key) if keys.key else None
    signature, found, tried = _checked_body(body, given, keys)
    findings = [*_exposure(keys), *found]
    if signature == "unchecked":
        findings.append(_no_key())
    if response is not None:
        findings += answer_findings(response, paste.endpoint, {}, False)
    elif notified:
        findings += answer_findings(Response(200, (), body), "query", {}, False)
    return Diagnosis(
        paste.form,
        "notification" if notified else "answer",
        paste.endpoint,
        paste.request.redacted() if paste.request else None,
        response.redacted() if response else None,
        (),
        body.decode("utf-8", "backslashreplace"),
        None,
        None,
        given,
        expected,
        "MD5",
        signature,
        ranked(findings),
        tried,
    )


def _signature_of(response: Response) -> str | None:
    return response.header("X-QF-SIGN")


def _checked_body(
    body: bytes, given: str | None, keys: _Keys
) -> tuple[Signature, list[Finding], int]:
    """Whether *given* is the gateway's over these bytes; why not; how much was tried."""
    if given is None:
        return "absent", [], 0
    if keys.key and signing.verify_body(body, keys.key, given):
        return "right", [], 0
    found = search_body(body, keys.key, given, keys.others)
    if found is None:
        return ("wrong", [_body_not_found()], 0) if keys.key else ("unchecked", [], 0)
    causes = [_cause(d, found.deviations, None, "MD5", []) for d in found.deviations]
    return "wrong", causes, found.tries


def _body_not_found() -> Finding:
    return Finding(
        "body-unexplained",
        "error",
        "open",
        Text(
            "验签不通过，原因没有找到",
            "the signature of this body does not fit, and no cause was found",
        ),
        Text(
            "原样、以及重写 JSON 的各种写法都试过了",
            "the bytes as they are and every way to write the JSON again were tried",
        ),
        Text(
            "不要相信这份内容：改用查询确认。再看密钥是否属于同一账户，报文是否完整。",
            "Do not believe what it says: query instead. Then see whether the key belongs to the"
            " same account and the body is complete.",
        ),
        "manual2018jp; docs2024",
        code="body",
    )


__all__ = ["explain", "ranked", "visible"]
