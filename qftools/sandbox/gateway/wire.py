"""The bytes: requests are parsed, signatures checked, answers built.

No rule about orders here, and no socket.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, cast
from urllib.parse import unquote

from qftools.errors import InputError
from qftools.sandbox.gateway.merchants import Merchant
from qftools.sandbox.gateway.settings import Settings
from qftools.signing import Algorithm, sign_body, sign_text, verify
from qftools.transport.door import WireRequest, WireResponse
from qftools.transport.multipart import MOST_PARTS, MultipartError, read_multipart

MAX_FIELDS = MOST_PARTS
_RAW_ZONE = re.compile(r"((?:^|&)txzone=)\+(?=\d{4}(?:&|\s*$))", re.ASCII)
JSON_TYPE = "application/json; charset=UTF-8"

EmptyValues = Literal["both", "include", "exclude"]
Verdict = Literal["ok", "missing", "wrong", "unknown app code", "unknown algorithm", "unread"]


class FormatError(Exception):
    """The request is no form; the gateway answers 1103."""


def read_params(request: WireRequest) -> dict[str, str]:
    """Return the parameters: query string, then body; on a clash the body wins.

    Raises:
        FormatError: Too many fields, or a body that is no form.
    """
    params = dict(_read_pairs(request.query)) if request.query else {}
    if request.body:
        params.update(_read_body(request))
    if len(params) > MAX_FIELDS:
        raise FormatError(f"more than {MAX_FIELDS} fields")
    return params


def _read_body(request: WireRequest) -> list[tuple[str, str]]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        try:
            return read_multipart(request.headers["content-type"], request.body)
        except MultipartError as error:
            raise FormatError(str(error)) from error
    text = request.body.decode("utf-8", "replace")
    if kind == "application/json" or text.lstrip()[:1] in ("{", "["):
        raise FormatError("the body is JSON; it must be application/x-www-form-urlencoded")
    return _read_pairs(text.strip("\r\n"))


def _read_pairs(text: str) -> list[tuple[str, str]]:
    """Return the fields of a form as `parse_qsl` does; most have nothing to be unescaped."""
    fields = text.split("&")
    if len(fields) > MAX_FIELDS:
        raise FormatError(f"more than {MAX_FIELDS} fields")
    pairs = []
    for field in fields:
        if field:
            name, _, value = field.partition("=")
            if "%" in field or "+" in field:
                name = unquote(name.replace("+", " "), errors="replace")
                value = unquote(value.replace("+", " "), errors="replace")
            pairs.append((name, value))
    return pairs


def judge_signature(
    request: WireRequest, params: dict[str, str], merchant: Merchant, settings: Settings
) -> tuple[Verdict, dict[str, str]]:
    """Tell whether the request is signed by its merchant, and return the parameters as signed.

    The second form of the parameters differs from *params* only where a raw ``+`` stood.
    """
    signature = request.headers.get("x-qf-sign", "").strip()
    algorithm = request.headers.get("x-qf-signtype", "").strip().upper() or "MD5"
    if algorithm not in ("MD5", "SHA256"):
        return "unknown algorithm", params
    if not signature:
        return "missing", params
    kind = cast("Algorithm", algorithm)
    empty = cast("EmptyValues", settings.empty_values)
    if verify(params, merchant.client_key, signature, kind, empty_values=empty):
        return "ok", params
    unencoded = _plus_encoded(request) if settings.literal_plus == "on" else request
    if unencoded != request:
        literal = read_params(unencoded)
        if verify(literal, merchant.client_key, signature, kind, empty_values=empty):
            return "ok", literal
    if settings.wire_signature_fallback == "on":
        text = _wire_text(request)
        try:
            expected = sign_text(text, merchant.client_key, kind)
        except InputError:
            return "wrong", params
        if expected == signature.upper():
            return "ok", params
    return "wrong", params


def _plus_encoded(request: WireRequest) -> WireRequest:
    """Return the request with ``%2B`` for every raw ``+`` that must be meant literally."""
    body = request.body
    if b"+" in body and not request.headers.get("content-type", "").startswith("multipart/"):
        body = _literal_plus(body.decode("latin-1")).encode("latin-1")
    return replace(request, query=_literal_plus(request.query), body=body)


def _literal_plus(text: str) -> str:
    # A form encoder writes "+" for a blank: only in text that none has written (it has raw
    # blanks), or as the sign of a zone, is a raw "+" what its sender has signed.
    if " " in text:
        return text.replace("+", "%2B")
    return _RAW_ZONE.sub(r"\1%2B", text) if "+" in text else text


def _wire_text(request: WireRequest) -> str:
    raw = "&".join(filter(None, (request.query, request.body.decode("utf-8", "replace"))))
    pairs = [pair for pair in raw.strip("\r\n").split("&") if pair]
    pairs = [pair for pair in pairs if pair.partition("=")[0] not in ("sign", "sign_type")]
    return "&".join(sorted(pairs, key=lambda pair: pair.partition("=")[0]))


def answer(body: Mapping[str, Any], client_key: str | None) -> WireResponse:
    """Return an answer in the gateway's bytes, signed where the key is known.

    The bytes are part of the contract: `json.dumps` as it comes, since receivers
    rebuild them to check the signature.
    """
    text = json.dumps(body).encode()
    headers = [("Content-Type", JSON_TYPE), ("X-Powered-By", "QF/1.1")]
    if client_key:
        headers.append(("X-QF-SIGN", sign_body(text, client_key)))
    return WireResponse(200, tuple(headers), text)
