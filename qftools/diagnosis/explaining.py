"""From a paste to a diagnosis: read, check, search, rank. Sends nothing, shows no key."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qftools import signing
from qftools.diagnosis import secrets as hidden
from qftools.diagnosis.causes.bodies import search_body
from qftools.diagnosis.causes.layouts import in_order, joined
from qftools.diagnosis.causes.search import MOST_WORK, Result, search
from qftools.diagnosis.causes.signature_findings import (
    body_not_found,
    bytes_are_lost,
    key_is_doubtful,
    key_is_not_theirs,
    key_is_right,
    logged,
    no_key,
    not_all_here,
    not_found,
    not_read,
    refused_for_it,
    reproduced,
)
from qftools.diagnosis.context import Keys, Surroundings
from qftools.diagnosis.deviations import Inputs
from qftools.diagnosis.diagnosis import Diagnosis
from qftools.diagnosis.nouns import SEVERITIES, Draft, Finding, Signature
from qftools.diagnosis.reading.decoding import decoded
from qftools.diagnosis.reading.gate import foreign_in, judged
from qftools.diagnosis.reading.json_text import load_json
from qftools.diagnosis.reading.paste import Paste
from qftools.diagnosis.reading.reader import read
from qftools.diagnosis.reading.request import Reading, inputs_of, left_out, read_request
from qftools.diagnosis.reading.sources import Source, sources_of
from qftools.diagnosis.rules.answers import answer_findings
from qftools.diagnosis.rules.fields import field_rules
from qftools.diagnosis.rules.sending import Case, finding_of, hit, shortened, transport_rules
from qftools.diagnosis.visible import difference, visible
from qftools.errors import InputError
from qftools.exchange import Response
from qftools.locale import mark
from qftools.texts import Text

_MOST_CASES = 50  # requests of one paste that are looked at
_LONG, _PER_CHARACTER = 60_000, 2_000  # of a paste; work that reading one of them takes
_SCREENING = 2_000_000  # work for each of them, before one is chosen
_MOST_EXPLAINED = 5  # other readings of a dump of which a cause is searched for
_SHORT = 10_000  # bytes of a request of which other readings are explained
_LONGEST = 262_144  # bytes of a request; one of the gateway's has a few hundred


def explain(
    source: Any,
    *,
    key: str | None = None,
    other_keys: Mapping[str, str] | None = None,
    which: int | None = None,
    environment: str | None = None,
    mchid_rule: str = "optional",
    used_numbers: Iterable[str] = (),
    pay_types: Mapping[str, str] | None = None,
    pairs: bool = True,
    mchid: str | None = None,
) -> Diagnosis:
    """Return what is wrong with a request, an answer or a notification, and how to mend it.

    Nothing is sent, and no key is shown: one that stands in the paste is redacted first, and
    said. A cause of a wrong signature is only named where it is proved, by making the very same
    signature in that way.

    Args:
        source: A paste in any of the forms of ``qftools/diagnosis/reading/forms.json``: cURL, HAR,
            raw HTTP, Postman, code, a dump, a log line, a table. As text, bytes, a `Path` or a
            dict. Or what a program has at hand: a request or reply of ``requests``, httpx or
            urllib, a `Reply`, an `Outcome`, an exchange of the client or of the sandbox, an error
            that holds one.
        key: The client key. Without it, only what needs none can be proved.
        other_keys: Keys of other environments or accounts, by a label that may be shown.
        which: Which request of the paste, from 1; the first that is wrong when left out.
        environment: Where the credentials are valid: test, production or sandbox.
        mchid_rule: Whether a call of this account must carry an mchid (``required``), must not
            (``forbidden``), or may.
        used_numbers: Values of ``out_trade_no`` that were used before.
        pay_types: Pay type by ``out_trade_no`` or ``syssn``, as far as it is known.
        pairs: Whether two mistakes together are searched for as well; without them it is fast.
        mchid: The account's, which a program may sign and not send.

    Raises:
        InputError: There is no such request in the paste. An `UnreadError` where it could not be
            read, or not well enough to be judged.

    Example:
        >>> paste = "txamt=100&txcurrcd=HKD&mchid=ZaMVg12345  sign=E42393B5E1754D7573D733B6B79DE273"
        >>> diagnosis = explain(paste, key="abcd1234")
        >>> diagnosis.cause.what.en
        'the parameters were signed in the order of sending, not sorted'
    """
    for name, value in {"client_key": key or "", **(other_keys or {})}.items():
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            raise InputError(name, "holds bytes that are no UTF-8", "the key that QFPay issued")
    try:
        return _explained(
            sources_of(source),
            key or "",
            dict(other_keys or {}),
            which,
            (environment, mchid_rule, tuple(used_numbers), dict(pay_types or {}), mchid),
            pairs,
        )
    except RecursionError:
        raise InputError(
            mark("the paste"), "is nested too deeply", "a request of the gateway"
        ) from None


def _explained(
    sources: tuple[Source, ...],
    key: str,
    others: dict[str, str],
    which: int | None,
    known: tuple[str | None, str, tuple[str, ...], dict[str, str], str | None],
    pairs: bool,
) -> Diagnosis:
    found = (paste for source in sources for paste in read(source))
    pastes = _of_bearable_size(tuple(_as_signed(paste, key, others) for paste in found))
    if any(isinstance(source, (str, bytes)) for source in sources):
        pastes = judged(pastes)
    text = "".join(map(_text_of, sources))
    split = [hidden.without_key(paste, key) for paste in pastes]
    pastes = tuple(paste for paste, _behind in split)
    keys = Keys(key, others, text, pastes, [behind for _paste, behind in split if behind])
    around = Surroundings(pastes, *known)
    if which is not None and not 1 <= which <= len(pastes):
        raise InputError(
            "which", "is {value}", "a number from 1 to {last}", value=which, last=len(pastes)
        )
    number = which or _worst(pastes, keys, around)
    # What reading a long text takes is not left for the search: both are one answer.
    work = MOST_WORK - min(len(text), _LONG) * _PER_CHARACTER if pairs else _SCREENING
    draft = _diagnose(pastes[number - 1], keys, around, work, pairs=pairs, number=number)
    draft = dataclasses.replace(draft, number=number, count=len(pastes))
    return hidden.shown(draft, (*keys.secret, *hidden.named_in(text, pastes)))


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
        raise InputError(
            mark("the request"), "is too long", "at most {most:,} bytes", most=_LONGEST
        )
    return tuple(kept[:_MOST_CASES])


def _as_signed(paste: Paste, key: str, others: Mapping[str, str]) -> Paste:
    """Of several readings the one that the signature proves; else the first, not proved."""
    strange = foreign_in(paste)
    if not key or not (paste.readings or strange):
        return paste
    first, *rest = (paste.request, *paste.readings)
    short = first is not None and len(first.body) <= _SHORT
    to_explain = [first, *rest[: _MOST_EXPLAINED if short else 0]]
    for prove, requests in ((_is_right, [first, *rest]), (_is_explained, to_explain)):
        for request in requests:
            one = dataclasses.replace(paste, request=request)
            if prove(one, key, others):
                return dataclasses.replace(one, readings=(), proved=True)
    return paste


def _is_right(paste: Paste, key: str, _others: Mapping[str, str]) -> bool:
    inputs, given = _to_check(paste)
    return bool(given) and _checked(inputs, key, given, "")[0] == "right"


def _is_explained(paste: Paste, key: str, others: Mapping[str, str]) -> bool:
    inputs, given = _to_check(paste)
    if not given or not inputs.pairs:
        return False
    found = search(inputs, key, given, others=others, pairs=False, most_work=_SCREENING)
    return bool(found.matches)


def _to_check(paste: Paste) -> tuple[Inputs, str]:
    assert paste.request is not None
    reading = read_request(paste.request)
    given = _given(paste, reading) or ""
    return inputs_of(reading, paste.request, paste.endpoint, given, paste.partial), given


def _text_of(source: Source) -> str:
    if isinstance(source, bytes):
        return decoded(source)
    return source if isinstance(source, str) else ""


def _worst(pastes: tuple[Paste, ...], keys: Keys, around: Surroundings) -> int:
    """The first request that is wrong; the first one where none is."""
    if len(pastes) == 1:
        return 1
    for number, paste in enumerate(pastes, 1):
        if not _diagnose(paste, keys, around, _SCREENING, pairs=False, number=number).ok:
            return number
    return 1


def _diagnose(
    paste: Paste,
    keys: Keys,
    around: Surroundings,
    most_work: int,
    *,
    pairs: bool = True,
    number: int = 1,
) -> Draft:
    if paste.request is None or paste.role == "notification":
        return _of_body(paste, keys)
    reading = read_request(paste.request)
    given = _given(paste, reading)
    inputs = inputs_of(
        reading, paste.request, paste.endpoint, given or "", paste.partial, around.known
    )
    text = _canonical(reading, inputs.url)
    signature, expected = _checked(inputs, keys.key, given, text)
    result = Result((), 0, 0, 0)
    others = [read_request(request).params for request in paste.readings]
    if signature != "right" and given and reading.pairs:
        if _unclear(others, reading, absent=False):  # a guess at the values is not worth more
            pairs, most_work = False, _SCREENING
        result = search(
            inputs, keys.key, given, others=keys.others, pairs=pairs, most_work=most_work
        )
        if signature == "unchecked" and result.matches:
            signature = "wrong"
    explained = signature == "right" or bool(result.matches)
    missing = () if explained else (*left_out(paste.request, reading), *paste.unread)
    unclear = () if explained else _unclear(others, reading)
    # Where what was signed is not all here, nothing is proved.
    if (missing or unclear) and signature == "wrong":
        signature, expected = "unchecked", None
    signed = result.matches[0].text if result.matches else None
    findings = [
        *_exposure(keys),
        *_signature_findings(result, text, signature, inputs, keys, given, paste),
        *([not_read(unclear)] if unclear and given else []),
        *([not_all_here(missing)] if missing and given else []),
        *(
            finding
            for finding in _rule_findings(
                paste, reading, given, around, number, signature, bool(result.matches)
            )
            if finding.field not in {*missing, *unclear}
        ),
    ]
    answer = paste.response
    if answer is not None:
        right = signature == "right"
        answered, found, _ = _checked_body(answer.body, answer.header("X-QF-SIGN"), keys)
        findings = _with_the_answer(findings, answered, found)
        told = answer_findings(answer, paste.endpoint, reading.params, right)
        theirs = given is None and _refused_signature(answer) and keys.glued and expected
        if theirs:
            findings.insert(0, key_is_not_theirs())
        findings += map(refused_for_it, told) if theirs or result.matches else told
    return Draft(
        paste.form,
        "request",
        paste.endpoint,
        paste.request,
        paste.response,
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


def _unclear(
    others: Sequence[Mapping[str, str]], reading: Reading, *, absent: bool = True
) -> tuple[str, ...]:
    """The fields that have another value in another reading, or are *absent* from it."""
    return tuple(
        name
        for name, value in reading.params.items()
        if any(one.get(name, None if absent else value) != value for one in others)
    )


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


def _canonical(reading: Reading, url: str) -> str:
    unsigned = ("sign",) if _is_checkout(url) else ("sign", "sign_type")
    params = [pair for pair in reading.params.items() if pair[0] not in unsigned]
    return joined(in_order(tuple(params)))


def _is_checkout(url: str) -> bool:
    """The checkout page: an address that a browser opens; it signs ``sign_type`` as well."""
    return "/checkstand/" in url


def _checked(
    inputs: Inputs, key: str, given: str | None, text: str
) -> tuple[Signature, str | None]:
    if not key:
        return ("unchecked" if given else "absent"), None
    algorithm: signing.Algorithm = "SHA256" if inputs.algorithm == "SHA256" else "MD5"
    if _is_checkout(inputs.url) and given:
        expected = signing.sign_text(text, key, algorithm)
        if given.upper() == expected.upper():
            return "right", expected
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
    """Errors first; among them what is known of the signature; then as they were found."""
    return tuple(
        sorted(
            findings,
            key=lambda finding: (
                SEVERITIES.index(finding.severity),
                finding.proof != "reproduced",
                finding.proof != "open",
            ),
        )
    )


def _exposure(keys: Keys) -> list[Finding]:
    if not keys.exposed:
        return []
    where = Text(
        "、".join([shortened(place.zh) for place in keys.where]),
        ", ".join([shortened(place.en) for place in keys.where]),
    )
    return [finding_of(hit("key-visible", value=where))]


def _rule_findings(
    paste: Paste,
    reading: Reading,
    given: str | None,
    around: Surroundings,
    number: int,
    signature: Signature,
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
        whole=not paste.partial or explained or signature == "right",
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
    keys: Keys,
    given: str | None,
    paste: Paste,
) -> list[Finding]:
    if result.matches:
        best = result.matches[0]
        others = [match.deviations for match in result.matches[1:4]]
        apart = difference(text, best.text)
        return [
            reproduced(deviation, best.deviations, apart, best.hash, others)
            for deviation in best.deviations
        ]
    if signature == "wrong":
        return [not_found(result), *logged(paste, text)]
    if signature == "unchecked" and given and not keys.key:
        return [no_key(), *logged(paste, text)]
    return []


def _refused_signature(response: Response) -> bool:
    value = load_json(response.body.decode("utf-8", "replace"))
    return isinstance(value, dict) and value.get("respcd") == "1108"


# ---- answers and notifications -------------------------------------------------------


def _of_body(paste: Paste, keys: Keys) -> Draft:
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
    if paste.rebuilt and given and signature != "right":  # other bytes than the gateway signed
        signature, found, expected = "unchecked", [bytes_are_lost()], None
    findings = [*_exposure(keys), *found]
    if signature == "unchecked" and not paste.rebuilt:
        findings.append(no_key())
    if response is not None:
        findings += answer_findings(response, paste.endpoint, {}, False)
    elif notified:
        findings += answer_findings(Response(200, (), body), "query", {}, False)
    return Draft(
        paste.form,
        "notification" if notified else "answer",
        paste.endpoint,
        paste.request,
        response,
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


def _with_the_answer(
    findings: list[Finding], answered: Signature, found: list[Finding]
) -> list[Finding]:
    """What the signature of the answer says about the key, where the request's is unexplained."""
    unexplained = any(finding.id == "signature-unexplained" for finding in findings)
    if unexplained and answered == "right":
        return [key_is_right(f) if f.id == "signature-unexplained" else f for f in findings]
    if unexplained and any(finding.id == "body-unexplained" for finding in found):
        kept = [finding for finding in findings if finding.id != "signature-unexplained"]
        return [key_is_doubtful(), *kept]
    return findings + found


def _checked_body(
    body: bytes, given: str | None, keys: Keys
) -> tuple[Signature, list[Finding], int]:
    """Whether *given* is the gateway's over these bytes; why not; how much was tried."""
    if given is None:
        return "absent", [], 0
    if keys.key and signing.verify_body(body, keys.key, given):
        return "right", [], 0
    found = search_body(body, keys.key, given, keys.others)
    if found is None:
        return ("wrong", [body_not_found()], 0) if keys.key else ("unchecked", [], 0)
    causes = [reproduced(d, found.deviations, None, "MD5", []) for d in found.deviations]
    return "wrong", causes, found.tries


__all__ = ["explain", "ranked", "visible"]
