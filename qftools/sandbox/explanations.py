"""Why a call was refused: its proved cause and its mend. The sandbox has the request and the key.

Made when it is shown, never when the call is answered, and kept with the exchange.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qftools import catalogue
from qftools.catalogue import Text
from qftools.errors import InputError, TransportError
from qftools.exchange.redaction import redactor_for
from qftools.sandbox.gateway.exchanges import made
from qftools.transport.strict_json import parse

if TYPE_CHECKING:
    from qftools.diagnosis import Diagnosis, Finding
    from qftools.sandbox.gateway.gateway import Gateway
    from qftools.sandbox.gateway.log import LoggedExchange
    from qftools.sandbox.gateway.merchants import Merchant, Merchants

_DUPLICATES = ("1102", "1251", "2011")
_ROUTES = ("wrong-endpoint", "not-cancellable")
_LONGEST_EVIDENCE = 100


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a call was refused. No key is in any of its texts.

    Attributes:
        rule: The finding that says so, for scripts.
        proved: The signature was reproduced in that way, or the request breaks a published rule.
        cause: What is wrong, in one line.
        fix: What to do.
        said: Both, for a line of a log.
        text: The whole diagnosis.
        code: The mend as a program, by language; empty where words are enough.
        compared: What the gateway hashes beside what was hashed instead, in pieces, where that
            was reproduced; see `diagnosis.visible.differences`.
    """

    rule: str
    proved: bool
    cause: Text
    fix: Text
    said: Text
    text: Text
    code: tuple[tuple[str, Text], ...] = ()
    compared: tuple[dict[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, each text in both languages."""
        names = ("cause", "fix", "said", "text")
        texts = {name: getattr(self, name).to_dict() for name in names}
        return {
            "rule": self.rule,
            "proved": self.proved,
            **texts,
            "code": {language: text.to_dict() for language, text in self.code},
            "compared": list(self.compared),
        }


def is_refused(seen: LoggedExchange) -> bool:
    """Tell whether the gateway refused a call, or knows no such path or method."""
    if not seen.respcd:
        return seen.response is not None and seen.response.status in (404, 405)
    return _kind(seen) in ("caller", "failure")


def explanation(seen: LoggedExchange, gateway: Gateway) -> Explanation | None:
    """Return why a call was refused, None where it was not."""
    if not is_refused(seen):
        return None
    if seen.explanation is None:
        seen.explanation = _explained(seen, gateway)
    return seen.explanation


def _kind(seen: LoggedExchange) -> str:
    code = catalogue.codes().get(seen.respcd)
    return code.on(seen.endpoint).kind if code else ""


def _explained(seen: LoggedExchange, gateway: Gateway) -> Explanation:
    merchants = gateway.merchants
    given = seen.request.headers.get("x-qf-appcode", "").strip()
    merchant = merchants.find(given)
    try:
        found = _diagnosed(seen, merchant, gateway)
    except InputError as error:  # too long to be looked at
        words = Text(error.say("zh"), error.say("en"))
        return _shown("unreadable", False, words, words, words, merchants)
    text = Text(found.say("zh"), found.say("en"))
    if seen.signature == "unknown app code":
        cause, fix = _unknown(given[:64] or "-", [item.app_code for item in merchants][:3])
        return _shown("unknown-app-code", True, cause, fix, text, merchants)
    told = _telling(found, seen)
    if not told:
        cause, fix = _no_path(seen)
        return _shown("path-unknown", True, cause, fix, text, merchants)
    proved = told[0].proof != "open"
    shown = _shown(told[0].id, proved, _cause(told, found), told[0].fix, text, merchants)
    return replace(shown, code=_code(told[0]), compared=_compared(found))


def _diagnosed(seen: LoggedExchange, merchant: Merchant | None, gateway: Gateway) -> Diagnosis:
    # The only seam between the sandbox and the diagnosis, which stands above it.
    from qftools.diagnosis import explain

    number = seen.params.get("out_trade_no", "")
    entries = {t.syssn: gateway.books.by_syssn(t.syssn) for t in seen.orders}
    known = {syssn: entry.pay_type for syssn, entry in entries.items() if entry is not None}
    known |= {t.out_trade_no: known[t.syssn] for t in seen.orders if t.syssn in known}
    return explain(
        made(seen),
        key=(merchant and merchant.client_key) or None,
        other_keys={
            other.app_code: other.client_key
            for other in gateway.merchants
            if other is not merchant and other.client_key
        },
        mchid_rule=merchant.mchid if merchant else "optional",
        used_numbers=(number,) if seen.respcd in _DUPLICATES else (),
        pay_types=known,
        pairs=False,
    )


def _code(finding: Finding) -> tuple[tuple[str, Text], ...]:
    from qftools.diagnosis.snippets import LANGUAGES

    def written(language: str) -> Text:
        return Text(finding.snippet(language, "zh"), finding.snippet(language, "en"))

    return tuple((language, written(language)) for language in LANGUAGES if finding.code)


def _compared(found: Diagnosis) -> tuple[dict[str, str], ...]:
    from qftools.diagnosis.visible import differences

    known = found.signed is not None and found.signed != found.text
    return tuple(differences(found.text, found.signed or "")) if known else ()


def _shown(
    rule: str, proved: bool, cause: Text, fix: Text, text: Text, merchants: Merchants
) -> Explanation:
    """The explanation without any merchant's key: one may stand where an app code belongs."""
    redactor = redactor_for(merchants.keys)

    def words(zh: str, en: str) -> Text:
        return Text(redactor.words(zh), redactor.words(en))

    mend = Text("改法：", "To mend it: ") if proved else Text("", "")
    said = words(f"{cause.zh}。{mend.zh}{fix.zh}", f"{cause.en}. {mend.en}{fix.en}")
    cause, fix, text = (words(part.zh, part.en) for part in (cause, fix, text))
    return Explanation(rule, proved, cause, fix, said, text)


def _unknown(given: str, known: list[str]) -> tuple[Text, Text]:
    return (
        Text(f"沙盒不认识 app code {given}", f"the sandbox does not know the app code {given}"),
        Text(f"它认识的是 {'、'.join(known)}。", f"It knows {', '.join(known)}."),
    )


def _no_path(seen: LoggedExchange) -> tuple[Text, Text]:
    path = seen.request.path[:80]
    return (
        Text(f"{path} 不是网关的接口", f"{path} is no path of the gateway"),
        Text(
            "地址后面加上接口，例如 /trade/v1/payment。",
            "Put the call behind the address, such as /trade/v1/payment.",
        ),
    )


def _telling(found: Diagnosis, seen: LoggedExchange) -> list[Finding]:
    """The findings that say why: reproduced causes; else a broken rule; else what the code says."""
    causes = [finding for finding in found.findings if finding.proof == "reproduced"]
    unexplained = [finding for finding in found.findings if finding.proof == "open"]
    answers = [finding for finding in found.findings if finding.meaning is not None]
    rules = [
        finding
        for finding in found.findings
        if (finding.severity == "error" or finding.id == "mchid-shape")
        and finding.proof == "rule"
        and finding.meaning is None
    ]
    if seen.signature == "wrong":
        return causes or unexplained[:1] or rules[:1] or answers[:1]
    if not seen.respcd:
        return rules[:1]
    if _kind(seen) == "failure":
        rules = [finding for finding in rules if finding.id in _ROUTES]
    return rules[:1] or answers[:1]


def _cause(told: list[Finding], found: Diagnosis) -> Text:
    first = told[0]
    cause = Text(
        "；".join(finding.what.zh for finding in told),
        "; ".join(finding.what.en for finding in told),
    )
    if first.meaning is not None and (said := _words(found)):
        return Text(f"{cause.zh}（{said}）", f"{cause.en} ({said})")
    shown = max(len(first.evidence.zh), len(first.evidence.en)) <= _LONGEST_EVIDENCE
    if first.proof == "rule" and first.meaning is None and shown:
        seen = Text(first.evidence.zh.rstrip("。"), first.evidence.en.rstrip("."))
        return Text(f"{cause.zh}（{seen.zh}）", f"{cause.en} ({seen.en})")
    return cause


def _words(found: Diagnosis) -> str:
    """The gateway's own words, which name the field."""
    try:
        body = parse(found.response.body) if found.response else {}
    except TransportError:
        return ""
    return str(body.get("respmsg") or body.get("resperr") or "")[:200]
