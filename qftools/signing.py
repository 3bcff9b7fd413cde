"""Signing and verifying: what goes under the signature, and whether one is right.

Rules only: nothing here sends, reads the clock, or keeps a key.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from qftools.errors import InputError

Algorithm = Literal["MD5", "SHA256"]
Params = Mapping[str, str | int] | Iterable[tuple[str, str | int]]

_HASHES: dict[str, Callable[..., Any]] = {"MD5": hashlib.md5, "SHA256": hashlib.sha256}
_PLAIN = frozenset({str, int})  # what can be written down in one way only
_UNSIGNED = frozenset({"sign", "sign_type"})

SHORTEST_KEY = 8
"""Characters. A shorter client key is found in other text by chance, where it would be redacted."""


def canonical(params: Params, *, empty_values: Literal["include", "exclude"] = "include") -> str:
    """Return the text that is signed, without the key: ``name=value`` joined with ``&``.

    Names are sorted by their ASCII order, capitals first. Values are the plain
    ones, before any URL encoding. ``sign`` and ``sign_type`` are left out if
    they are among the parameters.

    Args:
        params: The parameters as they will be sent. Values are text or whole
            numbers; anything else (a float, None, a bool, bytes) can be
            written in more than one way and is refused.
        empty_values: ``"exclude"`` leaves parameters without a value out.
            The sources disagree (C4); the vendor's page keeps them in.

    Raises:
        InputError: A value is neither text nor a whole number.

    Source:
        Vendor page, all samples; plain values: the published vectors.

    Example:
        >>> canonical({"txcurrcd": "HKD", "txamt": 100, "mchid": "ZaMVg12345"})
        'mchid=ZaMVg12345&txamt=100&txcurrcd=HKD'
    """
    if type(params) is dict and empty_values == "include":  # the usual case, and the fast one
        template, values_of = _layout(tuple(params))
        values = values_of(params)
        if _PLAIN.issuperset(map(type, values)):
            return template % values
    kept = [
        pair
        for pair in sorted(_pairs(params), key=lambda pair: pair[0])
        if pair[0] not in _UNSIGNED and (empty_values == "include" or pair[1] != "")
    ]
    _check_values(kept)
    return "&".join([f"{name}={value}" for name, value in kept])


def sign(
    params: Params,
    key: str,
    algorithm: Algorithm = "MD5",
    *,
    empty_values: Literal["include", "exclude"] = "include",
) -> str:
    """Return the signature that the gateway expects for *params*, in upper-case hexadecimal.

    Sign last: a parameter that is added or changed afterwards, even by one
    blank, makes the gateway answer 1108.

    Args:
        params: The parameters exactly as they will be sent, before URL encoding.
        key: The merchant's client key. It is appended to the text and never sent.
        algorithm: ``"MD5"`` unless ``X-QF-SIGNTYPE`` announces ``"SHA256"``.
        empty_values: See [canonical][qftools.signing.canonical].

    Returns:
        32 (MD5) or 64 (SHA256) hexadecimal digits for the ``X-QF-SIGN`` header.

    Raises:
        InputError: A value is neither text nor a whole number, the key is
            empty, or the gateway knows no such algorithm.

    Example:
        >>> sign({"mchid": "ZaMVg12345", "txamt": 100, "txcurrcd": "HKD"}, "abcd1234")
        '3CB3AA9C21D818AB4CAFAA8FA3FEACF4'
    """
    return sign_text(canonical(params, empty_values=empty_values), key, algorithm)


def sign_text(text: str, key: str, algorithm: Algorithm = "MD5") -> str:
    """Return the signature of a text that is in its signed form already.

    For callers that have the text from elsewhere (a log line, the bytes of a
    request); [sign][qftools.signing.sign] is the usual way.

    Raises:
        InputError: The key is empty, the text holds something that UTF-8 can't
            write, or the gateway knows no such algorithm.

    Example:
        >>> sign_text("mchid=ZaMVg12345&txamt=100&txcurrcd=HKD", "abcd1234")
        '3CB3AA9C21D818AB4CAFAA8FA3FEACF4'
    """
    if not key:
        raise InputError("client_key", "is empty", "the key that QFPay issued with the app code")
    try:
        digest: str = _HASHES[algorithm]((text + key).encode()).hexdigest()
    except (KeyError, TypeError):
        raise _unknown_algorithm(algorithm) from None
    except UnicodeEncodeError as error:
        # Neither the text of that error nor its cause may be shown: both hold the key.
        position = error.start
        raise InputError(
            "params",
            "hold a lone surrogate at character {position}",
            "text that UTF-8 can write",
            position=position,
        ) from None
    return digest.upper()


def verify(
    params: Params,
    key: str,
    signature: str | None,
    algorithm: Algorithm = "MD5",
    *,
    empty_values: Literal["both", "include", "exclude"] = "both",
) -> bool:
    """Tell whether *signature* is right for *params*, as the gateway's side would.

    Either hex case is right (C3). The comparison takes the same time whether
    the first or the last digit differs.

    Args:
        params: The parameters as received, after URL decoding.
        key: The merchant's client key.
        signature: What came in ``X-QF-SIGN``.
        algorithm: What came in ``X-QF-SIGNTYPE``; MD5 when nothing did.
        empty_values: Whether empty values are under the signature; the
            sources disagree (C4), so both forms count by default.

    Raises:
        InputError: The signature is missing, the key is empty, or the gateway knows no such
            algorithm.

    Example:
        >>> verify({"txamt": "100", "mchid": "ZaMVg12345", "txcurrcd": "HKD"},
        ...        "abcd1234", "3cb3aa9c21d818ab4cafaa8fa3feacf4")
        True
    """
    if not isinstance(params, dict):
        params = _pairs(params)
    values = params.values() if isinstance(params, dict) else [value for _, value in params]
    forms: tuple[Literal["include", "exclude"], ...] = ("include", "exclude")
    if empty_values != "both":
        forms = (empty_values,)
    elif "" not in values:
        forms = ("include",)  # the two forms are one
    is_right = False
    try:
        for form in forms:
            text = canonical(params, empty_values=form)
            is_right |= _same(signature, sign_text(text, key, algorithm))
    except InputError as error:
        if error.field == "params":  # what UTF-8 can't write was never signed
            return False
        raise
    return is_right


def sign_body(body: bytes, key: str, algorithm: Algorithm = "MD5") -> str:
    """Return the signature of a reply or a notification: of its raw bytes and the key.

    Source:
        2018 Japanese manual, section 3.4 (a published reply with its
        signature); two receivers of notifications agree.

    Raises:
        InputError: The key is empty, or there is no such algorithm.

    Example:
        >>> sign_body(b'{"respcd": "0000"}', "abcd1234")
        '40526CF4AC031EC195CF8BC251AF2ADB'
    """
    if not key:
        raise InputError("client_key", "is empty", "the key that QFPay issued with the app code")
    if algorithm not in _HASHES:
        raise _unknown_algorithm(algorithm)
    if not isinstance(body, (bytes, bytearray)):
        kind = type(body).__name__
        raise InputError("body", "is {kind}", "the bytes as they came", kind=kind)
    digest: str = _HASHES[algorithm](body + key.encode()).hexdigest()
    return digest.upper()


def verify_body(body: bytes, key: str, signature: str | None, algorithm: Algorithm = "MD5") -> bool:
    """Tell whether a reply or a notification is really the gateway's.

    Give the bytes as they came. A body that was parsed and written again has
    other blanks, other escapes or another order, and never fits.

    Raises:
        InputError: The signature is missing, the key is empty, or there is no such algorithm.

    Example:
        >>> verify_body(b'{"respcd": "0000"}', "abcd1234", "40526cf4ac031ec195cf8bc251af2adb")
        True
        >>> verify_body(b'{"respcd":"0000"}', "abcd1234", "40526cf4ac031ec195cf8bc251af2adb")
        False
    """
    return _same(signature, sign_body(body, key, algorithm))


def check_key(key: object) -> None:
    """Refuse what is no client key to work with: empty, or shorter than 8 characters.

    ``sign`` and ``verify`` take any key; credentials and the sandbox do not.

    Raises:
        InputError: The key is refused. The message does not repeat it.

    Source:
        docs2026: the keys that QFPay issues have 32 characters.

    Example:
        >>> check_key("K")
        Traceback (most recent call last):
        ...
        qftools.errors.InputError: client_key is shorter than 8 characters; it must be \
as QFPay issued it (32 characters)
    """
    if not isinstance(key, str) or not key.strip():
        raise InputError("client_key", "is empty", "the key that QFPay issued")
    if len(key) < SHORTEST_KEY:
        raise InputError(
            "client_key",
            "is shorter than {least} characters",
            "as QFPay issued it (32 characters)",
            least=SHORTEST_KEY,
        )


def _same(given: str | None, expected: str) -> bool:
    if given is None:
        raise InputError("signature", "is missing", "what came in the header X-QF-SIGN")
    # compare_digest refuses text that is not ASCII, and no signature is such a text.
    return given.isascii() and hmac.compare_digest(given.upper(), expected)


# A program signs a handful of shapes, over and over: sorting their names each time would
# be a quarter of the work.
@functools.lru_cache(maxsize=64)
def _layout(
    names: tuple[str, ...],
) -> tuple[str, Callable[[Mapping[str, object]], tuple[object, ...]]]:
    """Return the signed text with its values left open, and what picks them in their order."""
    kept = [name for name in sorted(names) if name not in _UNSIGNED]
    template = "&".join([name.replace("%", "%%") + "=%s" for name in kept])
    if not kept:
        return template, lambda params: ()
    if len(kept) == 1:  # itemgetter returns a tuple for two names and more
        (only,) = kept
        return template, lambda params: (params[only],)
    return template, operator.itemgetter(*kept)


def _pairs(params: Params) -> list[tuple[str, str | int]]:
    if isinstance(params, (str, bytes)):
        kind = type(params).__name__
        raise InputError("params", "are {kind}", "a dict, or pairs of name and value", kind=kind)
    return list(params.items() if isinstance(params, Mapping) else params)


def _check_values(pairs: Iterable[tuple[str, object]]) -> None:
    for name, value in pairs:
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise InputError(
                name,
                "is {kind} {value!r}",
                "text or a whole number, which can be written in one way only",
                kind=type(value).__name__,
                value=value,
            )


def _unknown_algorithm(algorithm: object) -> InputError:
    return InputError("algorithm", "is {value!r}", "MD5 or SHA256", value=algorithm)
