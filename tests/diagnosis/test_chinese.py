"""A Chinese reader gets Chinese: no English is left in what a diagnosis says.

Names and formats that a Chinese engineer writes in Latin letters are listed here; every other
Latin word has to stand in the request, or be a word of the wire.
"""

from __future__ import annotations

import itertools
import json
import re

import pytest

from qftools import catalogue, explain
from qftools.catalogue.rows import CALL_ENDPOINTS
from qftools.diagnosis.causes.bodies import _ways
from qftools.diagnosis.causes.changes import single_changes, unchanged
from qftools.diagnosis.causes.details import QUOTING
from qftools.diagnosis.causes.digests import sealings
from qftools.diagnosis.causes.layouts import layouts
from qftools.diagnosis.causes.search import Result
from qftools.diagnosis.causes.signature_findings import (
    body_not_found,
    key_is_doubtful,
    key_is_right,
    no_key,
    not_all_here,
    not_found,
    reproduced,
)
from qftools.diagnosis.causes.table import CAUSES
from qftools.diagnosis.causes.targets import target
from qftools.diagnosis.deviations import Deviation
from qftools.diagnosis.reading.reader import read
from qftools.diagnosis.reading.request import inputs_of, read_request
from qftools.diagnosis.report import (
    AGAIN,
    CHARGE,
    COUNTED,
    LABELS,
    MONEY,
    PROOF,
    SEVERITY,
    SIGNATURE,
    sources,
)
from qftools.diagnosis.rules.remarks import REMARKS
from qftools.diagnosis.snippets import LANGUAGES, SNIPPETS, snippet
from qftools.exchange import Exchange, Response
from tests import broken_requests as made
from tests.diagnosis.test_rules import APP, CASES, FORM, UTC, WITH_MORE, request
from tests.diagnosis.test_signatures import made_of

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
NAMES = frozenset(
    _WORD.findall(
        """
        app code client key QFPay API HTTP HTTPS URL TLS GET POST JSON XML HTML PHP Java Python
        Node cURL GBK GB Big5 HKSCS UTF LE BE EUC JP Shift_JIS UTF_8 GB18030 latin ASCII BOM LF CR
        TAB NUL NFC NFD Unicode Base64 base64 MD5 SHA1 SHA256 SHA512 HMAC Odoo Django Go Omnipay
        FAQ ISO MM DD YYYY hh mm ss ms UTC Unix WeChat Alipay PayMe FPS HKD CNY JPY Docusaurus
        MkDocs Mintlify MCHCODE SUCCESS addslashes ksort asort sort Reversal MAC T0 channeld
        filter error void MPM ZWSP http https requests axios URLSearchParams verify False
        CURLOPT_SSL_VERIFYPEER false HexFormat ffffffXX ff C k x name value sign sign_type Z
        JavaScript HashMap TreeMap Ruby Array Object object dict map bytes b u utf ZWNJ ZWJ NBSP SHY
        """
    )
)
# Code: calls, paths, headers, options, fields, entities, placeholders of strftime, numbers.
_CODE = re.compile(
    r"[A-Za-z_.]+\(|X-[A-Z-]+|Content-Type|application/[\w-]+|multipart/form-data|text/plain"
    r"|https?://[^\s，。；]+|/[a-z]+/v1/[a-z_]*|--[a-z-]+|QFTOOLS_CLIENT_KEY|qftools \w+"
    r"|\b[a-z]+(?:_[a-z]+)+\b|&\w*[;=]?|%[a-zA-Z]+|\\[ux][xX]+|[(（]C\d+(?:, C\d+)*[)）]|0x"
    r"|《[^》]+》|U\+[0-9A-F]{4}|\b[0-9a-fA-F]{2}(?: [0-9a-fA-F]{2})*\b|\b[\w-]+(?:\.[a-z]+)+\b"
)
OF_THE_WIRE = {
    *(field.name for field in catalogue.fields()),
    *catalogue.sources(),
    *CALL_ENDPOINTS,
    *("json_encode", "encodeURI", "encodeURIComponent", "URLEncoder"),
}
QUOTED = QUOTING | {"spelling", "number-format"}  # their details are values of the request


def english(text: str, *known: str) -> list[str]:
    """The words of *text* that are neither code, nor names, nor what the caller knows."""
    for each in sorted(known, key=len, reverse=True):
        if each:
            text = re.sub(rf"(?<![A-Za-z0-9_]){re.escape(each)}(?![A-Za-z0-9_])", " ", text)
    found = _WORD.findall(_CODE.sub(" ", text))
    return [word for word in found if word not in NAMES | OF_THE_WIRE]


def said(finding, *known):
    """The English words of a finding's Chinese."""
    shown = (finding.what.zh, finding.evidence.zh, finding.fix.zh, sources(finding.source, "zh"))
    return [word for text in shown for word in english(text, *known)]


def test_english_in_a_chinese_sentence_is_seen():
    assert english("签名时 values were URL-encoded，见 txamt") == ["values", "were", "encoded"]


def inputs_of_broken(name):
    """What a request that is broken in this way says, and its two keys."""
    broken = made_of((name,), 1)
    (paste,) = read(broken.paste)
    assert paste.request is not None
    inputs = inputs_of(read_request(paste.request), paste.request, paste.endpoint)
    return inputs, broken.payload.key, broken.payload.other_key


def deviations():
    """Every deviation that the search tries alone, on requests that are broken in each way."""
    sealed = {}
    for inputs, key, other in map(inputs_of_broken, made.BREAKERS):
        for changed in single_changes(inputs, key, unchanged(inputs)):
            yield from changed.deviations
        for laid in itertools.chain(*layouts(inputs).values()):
            yield from laid.deviations
        # Text and key are hashed in the same ways whatever the text is.
        sealed[inputs.algorithm, bool(inputs.app_code)] = inputs, key, other
    for inputs, key, other in sealed.values():
        for signature in ("0" * 32, "0" * 64, "0" * 30):
            aim = target(signature)
            known = key, {"other": other}, inputs.app_code, inputs.algorithm, aim
            for row in itertools.chain.from_iterable(sealings(*known, level) for level in range(3)):
                yield from row.deviations


def test_every_cause_that_a_search_can_name_is_chinese():
    every = {*deviations(), *(Deviation(name) for name in CAUSES)}
    left = {}
    for deviation in every:
        quoted = deviation.detail if deviation.id in QUOTED else ""
        finding = reproduced(deviation, (deviation,), None, "MD5", [(deviation, deviation)])
        words = said(finding, quoted, *deviation.field.split(", "))
        if words:
            left[deviation] = words

    assert left == {}


@pytest.mark.parametrize("body", [b'{"respcd": "0000", "txamt": "1", "n": 2}'])
def test_every_way_to_write_a_body_again_is_chinese(body):
    found = [deviation for deviation, _data in _ways(body)]

    left = [d for d in found if said(reproduced(d, (d,), None, "MD5", []))]

    assert len(found) > 20 and left == []


@pytest.mark.parametrize("identifier", [*CASES, *WITH_MORE, "time-zone-utc"])
def test_every_remark_is_chinese(identifier):
    source, how = WITH_MORE.get(identifier, (CASES.get(identifier), {}))
    if identifier == "time-zone-utc":
        source = Exchange("payment", request(), UTC, None, 0.0, 0.0)

    diagnosis = explain(source, **how)

    sent = diagnosis.request
    assert sent is not None
    written = [sent.url, sent.body.decode(), *(text for row in sent.headers for text in row)]
    if isinstance(source, str):
        written.append(source)
    known = [word for text in written for word in re.findall(r"[\w.-]+", text)]
    known += [*sent.params.values(), sent.method, sent.body[:40].decode()]
    known += [row.link for row in catalogue.elsewhere().values()] + ["Element SDK"]
    assert {f.id: words for f in diagnosis.findings if (words := said(f, *known))} == {}


ANSWERS = [(endpoint, code) for endpoint in CALL_ENDPOINTS for code in catalogue.codes()]


def test_every_answer_is_chinese():
    left = {}
    for endpoint, code in [*ANSWERS, ("query", "9999")]:
        row = {"syssn": "1", "respcd": code, "cancel": "0"}
        for body in ({"respcd": code}, {"respcd": "0000", "data": [row]}):
            answer = Response(200, (), json.dumps(body).encode())
            unsigned = request(endpoint, headers=(APP, FORM))  # how it is signed changes none
            for finding in explain(Exchange(endpoint, unsigned, answer, None, 0.0, 0.0)).findings:
                if words := finding.id.startswith(("answer", "row")) and said(finding):
                    left[finding.id, code] = words

    assert left == {}


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "[]"), (200, '{"respcd": "0000", "data": []}'), (429, ""), (502, "")],
)
def test_what_is_no_answer_is_chinese(status, body):
    answer = Response(status, (), body.encode())

    diagnosis = explain(Exchange("query", request("query"), answer, None, 0.0, 0.0))

    found = [finding for finding in diagnosis.findings if finding.id.startswith("answer")]
    assert found and not any(map(said, found))


OPEN = [
    *(not_found(Result((), 12_345, 0, level)) for level in range(3)),
    key_is_right(not_found(Result((), 1, 0, 2))),
    key_is_doubtful(),
    body_not_found(),
    no_key(),
    not_all_here(("user_creid",)),
]


@pytest.mark.parametrize("finding", OPEN, ids=lambda finding: finding.id)
def test_what_is_not_proved_is_said_in_chinese(finding):
    assert said(finding) == []


def test_the_words_of_the_report_are_chinese():
    tables = (LABELS, SEVERITY, COUNTED, PROOF, SIGNATURE, MONEY, AGAIN, CHARGE)
    words = [text.zh for table in tables for text in table.values()]

    assert [text for text in words if english(re.sub(r"\{\w+\}", "", text))] == []


def test_the_comments_in_the_code_of_a_fix_are_chinese():
    comments = [
        comment
        for stage in SNIPPETS
        for code in LANGUAGES
        for comment in re.findall(r"(?:# |// )(.*)", snippet(stage, code, "zh"))
    ]

    assert len(comments) > 20
    assert [comment for comment in comments if comment.isascii()] == []


def test_every_source_of_a_cause_or_a_remark_is_named_in_chinese():
    named = [row.source for row in CAUSES.values()] + [row.source for row in REMARKS.values()]

    assert [source for source in named if english(sources(source, "zh"))] == []
