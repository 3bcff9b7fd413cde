"""Checks of where a request goes and how it is dressed: host, path, method, headers, body.

None of them needs a key. Each yields rows of the table of remarks, with what fills them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import SplitResult

from qftools import catalogue
from qftools.catalogue.rows import CALL_ENDPOINTS
from qftools.diagnosis.nouns import Finding
from qftools.diagnosis.reading.paste import Paste
from qftools.diagnosis.reading.request import Reading
from qftools.diagnosis.rules.remarks import REMARKS
from qftools.diagnosis.visible import signature_alone, visible
from qftools.exchange import REDACTED, Request, Response
from qftools.exchange.hidden_fields import is_hidden
from qftools.exchange.redaction import Redactor
from qftools.transport.addresses import is_loopback, split

_REDACTOR = Redactor()
_PATHS = tuple(f"/trade/v1/{endpoint}" for endpoint in CALL_ENDPOINTS)
_LONGEST_SHOWN = 80
_ENVIRONMENTS = {
    "test": catalogue.Text("测试", "test"),
    "production": catalogue.Text("生产", "production"),
    "sandbox": catalogue.Text("沙盒", "sandbox"),
}


class Case(NamedTuple):
    """One request with all that is known around it.

    Attributes:
        paste: Where it stood.
        request: The request.
        reading: Its parameters.
        given: The signature that came with it.
        environment: Where the credentials are valid: test, production or sandbox.
        mchid_rule: optional, required or forbidden.
        used: Numbers that were used before, with where.
        pay_types: Pay type by out_trade_no and syssn, as far as the paste tells.
        whole: All parameters are known: what is not among them was not sent.
    """

    paste: Paste
    request: Request
    reading: Reading
    given: str | None
    environment: str | None
    mchid_rule: str
    used: Mapping[str, catalogue.Text]
    pay_types: Mapping[str, str]
    whole: bool

    @property
    def response(self) -> Response | None:
        """What came back."""
        return self.paste.response

    @property
    def endpoint(self) -> str:
        """The gateway's name for the call."""
        return self.paste.endpoint


class Hit(NamedTuple):
    """One row of the table that applies, with what fills its places, in words where it is words."""

    id: str
    values: Mapping[str, str | catalogue.Text]
    field: str = ""
    source: str = ""
    commands: tuple[str, ...] = ()


def hit(identifier: str, name: str = "", **values: str | catalogue.Text) -> Hit:
    """A row that applies; values come from outside: redacted, cut and made visible."""
    shown = {
        key: shortened(may_say(name, value)) if isinstance(value, str) else value
        for key, value in values.items()
    }
    return Hit(identifier, {"field": shortened(name), **shown}, name)


def may_say(field: str, value: str) -> str:
    """What may be said of a value of *field*."""
    return REDACTED if value and is_hidden(field) else _REDACTOR.text(value)


def shortened(text: str) -> str:
    """*text* safe to show, and not longer than a line."""
    cut = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
    return cut if cut.isascii() and cut.isprintable() else visible(cut).replace("·", " ")


def finding_of(found: Hit) -> Finding:
    """The finding that a row makes."""
    row = REMARKS[found.id]

    def fill(text: catalogue.Text) -> catalogue.Text:
        values = {"value": "", "near": "-", "endpoint": "", **found.values}
        return catalogue.Text(_fill(text.zh, values, "zh"), _fill(text.en, values, "en"))

    return Finding(
        found.id,
        row.severity,
        "rule",
        fill(row.what),
        fill(row.evidence),
        fill(row.fix),
        found.source or row.source,
        found.field,
        row.code,
        found.commands,
    )


def _fill(text: str, values: Mapping[str, str | catalogue.Text], lang: str) -> str:
    for name, value in values.items():
        said = value if isinstance(value, str) else value.say(lang)
        text = text.replace("{" + name + "}", said)
    return text


def near(word: str, known: Mapping[str, object] | tuple[str, ...] | list[str]) -> str:
    """The nearest known word, empty where none is near. Long words are near to nothing."""
    if len(word) > 60:
        return ""
    lower = {name.lower(): name for name in known}
    if word.lower() in lower:
        return lower[word.lower()]
    found = difflib.get_close_matches(word, list(known), 1, 0.6)
    return found[0] if found else ""


def transport_rules(case: Case) -> Iterator[Hit]:
    """Everything that is wrong with the way the request is sent."""
    if case.paste.insecure:
        yield hit("tls-off", value="-k / verify=False")
    for name in case.paste.files:
        yield hit("body-file", value=name)
    if case.request.url:
        parts = split(case.request.url)
        yield from _place(case, parts, parts.hostname or "")
        yield from _path(case, parts)
    yield from _method(case)
    if not case.paste.partial:
        yield from _headers(case)
    yield from _signature_shape(case)
    yield from _body(case)


def _place(case: Case, parts: SplitResult, host: str) -> Iterator[Hit]:
    if not host or is_loopback(host):
        return
    if parts.scheme == "http":
        yield hit("plain-http", value=f"http://{host}")
    hosts = {split(row.base_url).hostname or "": row for row in catalogue.environments().values()}
    row = hosts.get(host)
    if row is None:
        if other := catalogue.elsewhere().get(host):
            yield _elsewhere(host, other)
        elif "{{" not in host:
            yield hit("host-unknown", value=host, near=near(host, tuple(hosts)) or "-")
        return
    if row.kind == "old":
        yield hit("host-old", value=host)
    kind = "production" if row.kind in ("production", "old") else "test"
    if case.environment and case.environment != kind:
        mine = _ENVIRONMENTS.get(case.environment, case.environment)
        place = _ENVIRONMENTS[kind]
        yield hit("host-environment", value=host, environment=mine, host=place)


def _path(case: Case, parts: SplitResult) -> Iterator[Hit]:
    path = parts.path
    if path in _PATHS or not path.strip("/"):
        return
    other = next(
        (row for place, row in catalogue.elsewhere().items() if f"{path}/".startswith(f"{place}/")),
        None,
    )
    if other is not None:
        yield _elsewhere(path, other)
    elif parts.hostname not in catalogue.elsewhere():
        yield hit("path-unknown", value=path, near=near(path, _PATHS) or "-")


def _elsewhere(place: str, row: catalogue.Elsewhere) -> Hit:
    found = hit("elsewhere", value=place, about=row.name)
    return Hit(found.id, {**found.values, "near": row.link}, source=row.source)


def _method(case: Case) -> Iterator[Hit]:
    method = case.request.method.upper()
    if method == "POST" or not case.endpoint:
        return
    disputed = case.endpoint in ("reversal", "close")
    identifier = ("method-disputed" if disputed else "method-get") if method == "GET" else "method"
    yield hit(identifier, value=method, endpoint=case.endpoint)


def _headers(case: Case) -> Iterator[Hit]:
    request = case.request
    names = ", ".join(name for name, _value in request.headers) or "-"
    app_code = request.header("X-QF-APPCODE")
    if not app_code:
        yield hit("header-missing", "X-QF-APPCODE", value=names)
    elif not _is_hex(app_code.replace("*", "0"), 32) and "{{" not in app_code:  # * masks digits
        yield hit("app-code-shape", value=str(len(app_code)))
    if request.header("X-QF-SIGN") is None:
        carried = next((n for n in ("sign", "signature") if n in case.reading.params), "")
        if carried:
            yield hit("sign-in-body", carried, value=case.reading.params[carried])
        else:
            yield hit("header-missing", "X-QF-SIGN", value=names)


def _signature_shape(case: Case) -> Iterator[Hit]:
    said = (case.request.header("X-QF-SIGNTYPE") or "").strip()
    if said and said.upper() not in ("MD5", "SHA256"):
        yield hit("signtype-unknown", value=said)
        return
    given = (case.given or "").strip()
    if not given or "{{" in given:
        return
    algorithm = said.upper() or ("SHA256" if case.paste.partial and len(given) == 64 else "MD5")
    wanted = 64 if algorithm == "SHA256" else 32
    if _is_hex(given, wanted):
        return
    if algorithm == "MD5" and _is_hex(given, 64):
        yield hit("sha256-unannounced", "X-QF-SIGNTYPE", value=said or "-")
    elif algorithm == "SHA256" and _is_hex(given, 32):
        yield hit("md5-announced-as-sha256", "X-QF-SIGNTYPE", value=said)
    else:
        yield hit(
            "signature-shape",
            "X-QF-SIGN",
            value=f"{signature_alone(given)[:70]} ({len(given)})",
            algorithm=algorithm,
            wanted=str(wanted),
        )


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and all(c in "0123456789abcdefABCDEF" for c in text)


def _body(case: Case) -> Iterator[Hit]:
    kind = case.reading.kind
    if kind == "multipart":
        yield hit("body-multipart")
        return
    if kind in ("json", "xml", "other"):
        names = {"json": "JSON", "xml": "XML", "other": "?"}
        start = case.request.body[:40].decode("utf-8", "replace")
        yield hit("body-not-form", value=names[kind], start=start)
        return
    if case.paste.partial:
        return
    said = (case.request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind == "form" and said != "application/x-www-form-urlencoded":
        yield hit("content-type", "Content-Type", value=said or "-")
    if case.request.method.upper() == "POST" and case.reading.in_query:
        yield hit("parameters-in-query", value=str(case.reading.in_query))
