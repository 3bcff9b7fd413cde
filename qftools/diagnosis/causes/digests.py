"""Ways to add the key to the text, to write both as bytes, and to hash them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from qftools.diagnosis.causes.characters import javascript_escape, python_bytes
from qftools.diagnosis.causes.targets import LENGTHS, Target
from qftools.diagnosis.deviations import Deviation, Sealing

_HASHES: dict[str, Callable[..., hashlib._Hash]] = {
    "MD5": hashlib.md5,
    "SHA256": hashlib.sha256,
    "SHA1": hashlib.sha1,
    "SHA512": hashlib.sha512,
}

Encode = Callable[[str], bytes]
Digest = Callable[[str, str, str], bytes]


# ---- the key in its place ----------------------------------------------------------


def key_places(
    key: str, others: Mapping[str, str], app_code: str
) -> list[tuple[Deviation | None, str, str]]:
    """``(deviation, before, after)`` for every place and form of the key; the right one first.

    Without a key only what needs none is left.
    """
    places: list[tuple[Deviation | None, str, str]] = []
    if key:
        places.append((None, "", key))
        places += [(Deviation(name, detail), *where) for name, detail, where in _with(key)]
    for label, other in others.items():
        if other and other != key:
            places.append((Deviation("other-key", label), "", other))
    if app_code:
        places.append((Deviation("app-code-as-key"), "", app_code))
        places.append((Deviation("app-code-as-key", "&key="), "", "&key=" + app_code))
        if key:
            places.append((Deviation("app-code-too"), "", app_code + key))
            places.append((Deviation("app-code-too", "in front"), app_code, key))
    places.append((Deviation("key-missing"), "", ""))
    seen: set[tuple[str, str]] = set()
    return [p for p in places if p[1:] not in seen and not seen.add(p[1:])]  # type: ignore[func-returns-value]


_BLANKS = (
    *(("\n", "LF"), ("\r\n", "CR LF"), (" ", "blank"), ("\t", "TAB"), ("\0", "NUL")),
    *(("\r", "CR"), ("\ufeff", "BOM"), ("\u200b", "ZWSP"), ("\u200c", "ZWNJ"), ("\u200d", "ZWJ")),
    *(("\u2060", "U+2060"), ("\u200e", "U+200E"), ("\u200f", "U+200F"), ("\u202a", "U+202A")),
    *(("\u202c", "U+202C"), ("\xa0", "NBSP"), ("\xad", "SHY"), ("\u3000", "U+3000")),
)


def _with(key: str) -> Iterator[tuple[str, str, tuple[str, str]]]:
    yield "ampersand-before-key", "", ("", "&" + key)
    for between in ("&key=", "&client_key=", "&app_key=", "&secret=", "key="):
        yield "key-joined", between, ("", between + key)
    for between in ("+", "|", ":", ",", "="):
        yield "key-joined", between, ("", between + key)
    yield "key-in-front", "", (key, "")
    yield "key-in-front", "&", (key + "&", "")
    yield "key-twice", "", ("", key + key)
    yield "key-twice", "both ends", (key, key)
    for blank, shown in _BLANKS:
        yield "blank-at-key", f"key + {shown}", ("", key + blank)
        yield "blank-at-key", f"{shown} + key", ("", blank + key)
    yield "blank-at-key", "trimmed", ("", key.strip("".join([blank for blank, _ in _BLANKS])))
    yield "key-changed", "lower", ("", key.lower())
    yield "key-changed", "upper", ("", key.upper())
    yield "key-changed", "URL-encoded", ("", quote(key, safe=""))
    yield "key-changed", '"key"', ("", f'"{key}"')
    yield "key-changed", "'key'", ("", f"'{key}'")
    yield "key-changed", "last character lost", ("", key[:-1])
    yield "key-changed", "first character lost", ("", key[1:])
    yield "key-changed", "MD5(key)", ("", hashlib.md5(_utf8(key)).hexdigest())
    yield "key-changed", "base64(key)", ("", base64.b64encode(_utf8(key)).decode())


# ---- charset ------------------------------------------------------------------------


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _encoder(charset: str, errors: str = "strict") -> Encode:
    return lambda text: text.encode(charset, errors)


def _decoded_wrongly(text: str) -> bytes:
    return _utf8(text).decode("latin-1").encode()


def _low_bytes(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")[::2]


# One row per way to write text and key as bytes: (id, detail, how).
CHARSETS: tuple[tuple[str, str, Encode], ...] = (
    ("charset", "GBK", _encoder("gbk")),
    ("charset", "GB18030", _encoder("gb18030")),
    ("charset", "Big5", _encoder("big5")),
    ("charset", "Big5-HKSCS", _encoder("big5hkscs")),
    ("charset", "latin-1, ?", _encoder("latin-1", "replace")),
    ("charset", "GBK, ?", _encoder("gbk", "replace")),
    ("charset", "ASCII, dropped", _encoder("ascii", "ignore")),
    ("charset", "UTF-8 read as latin-1", _decoded_wrongly),
    ("charset", "low bytes", _low_bytes),
    ("charset", "Shift_JIS", _encoder("shift_jis")),
    ("charset", "EUC-JP", _encoder("euc_jp")),
    ("charset", "UTF-16LE", _encoder("utf-16-le")),
    ("charset", "UTF-16BE", _encoder("utf-16-be")),
    ("charset", "UTF-16", _encoder("utf-16")),
    ("charset", "UTF-16BE, BOM", lambda text: b"\xfe\xff" + text.encode("utf-16-be")),
    ("charset", "UTF-8, BOM", _encoder("utf-8-sig")),
    ("python-repr", "b'...', with the key", lambda text: python_bytes(text).encode()),
    ("javascript-escape", "with the key", lambda text: javascript_escape(text).encode()),
    ("letter-case", "lower, with the key", lambda text: _utf8(text.lower())),
    ("letter-case", "upper, with the key", lambda text: _utf8(text.upper())),
)

# Where something else explains the same bytes, these are the worse explanation.
FAR_FETCHED = frozenset(
    {"ASCII, dropped", "GBK, ?", "GB18030", "Big5-HKSCS", "EUC-JP", "low bytes"}
)


# ---- hash ---------------------------------------------------------------------------


def _plain(name: str, encode: Encode) -> Digest:
    new = _HASHES[name]
    return lambda text, before, after: new(encode(before + text + after)).digest()


def _hmac(name: str, key: str, whole: bool, encode: Encode) -> Digest:
    secret = _utf8(key)

    def digest(text: str, before: str, after: str) -> bytes:
        data = before + text + after if whole else text
        return hmac.digest(secret, encode(data), name.lower())

    return digest


def _of_digest(name: str, inner: str, form: Callable[[bytes], bytes], encode: Encode) -> Digest:
    new, first = _HASHES[name], _HASHES[inner]
    return lambda text, before, after: new(
        form(first(encode(before + text + after)).digest())
    ).digest()


def _hash_then_key(name: str, inner: str, form: Callable[[bytes], bytes], encode: Encode) -> Digest:
    new, first = _HASHES[name], _HASHES[inner]
    return lambda text, before, after: new(
        _utf8(before) + form(first(encode(text)).digest()) + _utf8(after)
    ).digest()


def _lower(digest: bytes) -> bytes:
    return digest.hex().encode()


def _upper(digest: bytes) -> bytes:
    return digest.hex().upper().encode()


def _hashes(
    announced: str, usual: str, key: str, encode: Encode
) -> Iterator[tuple[Deviation | None, str, Digest]]:
    for name in (usual, announced, *LENGTHS):
        other = None if name == announced else Deviation("other-hash", name)
        yield other, name, _plain(name, encode)
    for name in LENGTHS:
        if key:
            yield Deviation("hmac", f"HMAC-{name}"), name, _hmac(name, key, False, encode)
            detail = f"HMAC-{name}, text + key"
            yield Deviation("hmac", detail), name, _hmac(name, key, True, encode)
    for name in ("MD5", "SHA256"):
        for inner in ("MD5", "SHA256"):
            for case, form in (("lower", _lower), ("upper", _upper), ("raw", bytes)):
                detail = f"{name}({inner}(text + key)), {case}"
                yield Deviation("hashed-twice", detail), name, _of_digest(name, inner, form, encode)
                detail = f"{name}({inner}(text) + key), {case}"
                digest = _hash_then_key(name, inner, form, encode)
                yield Deviation("hashed-twice", detail), name, digest


def sealings(
    key: str, others: Mapping[str, str], app_code: str, announced: str, aim: Target, level: int
) -> list[Sealing]:
    """Ways to seal a text for *aim* with *level* deviations: one, some hundred, or thousands.

    A hash that the length of the signature shows is none of them, announced or not.
    """
    found: list[Sealing] = []
    charsets: list[tuple[Deviation | None, Encode]] = [(None, _utf8)]
    charsets += [(Deviation(*row), encode) for *row, encode in CHARSETS]
    usual, wanted = aim.usual(announced), aim.hashes()
    places = key_places(key, others, app_code)
    for charset, encode in charsets:
        ways = _hashes(announced, usual, key, encode)
        hashes = {(how, name): digest for how, name, digest in ways if name in wanted}
        once = {row: digest for row, digest in hashes.items() if row[1] in (usual, announced)}
        for place, before, after in places:
            if level < (charset is not None) + (place is not None):
                continue
            for (how, name), digest in (once if charset and place else hashes).items():
                deviations = tuple([d for d in (place, charset, how) if d])
                other = how is not None and how.id == "other-hash"
                if len(deviations) - (other and name == usual) == level:
                    plain = _HASHES[name] if not charset and (other or not how) else None
                    keyed = bool(before or after)
                    found.append(Sealing(deviations, before, after, digest, name, keyed, plain))
    return found
