"""Ways to add the key to the text, to write both as bytes, to hash, and to print the digest."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from qftools.diagnosis.deviations import Deviation, Sealing

LENGTHS = {"MD5": 16, "SHA256": 32, "SHA1": 20, "SHA512": 64}
_HASHES: dict[str, Callable[..., hashlib._Hash]] = {
    "MD5": hashlib.md5,
    "SHA256": hashlib.sha256,
    "SHA1": hashlib.sha1,
    "SHA512": hashlib.sha512,
}
_SHORTEST = 8  # hexadecimal digits of a truncated signature that still prove something

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
    blanks = (("\n", "LF"), ("\r\n", "CR LF"), (" ", "blank"), ("\t", "TAB"), ("\0", "NUL"))
    for blank, shown in blanks:
        yield "blank-at-key", f"key + {shown}", ("", key + blank)
        yield "blank-at-key", f"{shown} + key", ("", blank + key)
    yield "blank-at-key", "trimmed", ("", key.strip())
    yield "blank-at-key", "BOM + key", ("", "\ufeff" + key)
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


_CHARSETS: tuple[tuple[str, Encode], ...] = (
    ("GBK", _encoder("gbk")),
    ("GB18030", _encoder("gb18030")),
    ("Big5", _encoder("big5")),
    ("Big5-HKSCS", _encoder("big5hkscs")),
    ("latin-1, ?", _encoder("latin-1", "replace")),
    ("GBK, ?", _encoder("gbk", "replace")),
    ("ASCII, dropped", _encoder("ascii", "ignore")),
    ("UTF-8 read as latin-1", _decoded_wrongly),
    ("Shift_JIS", _encoder("shift_jis")),
    ("EUC-JP", _encoder("euc_jp")),
    ("UTF-16LE", _encoder("utf-16-le")),
    ("UTF-16BE", _encoder("utf-16-be")),
    ("UTF-16", _encoder("utf-16")),
    ("UTF-16BE, BOM", lambda text: b"\xfe\xff" + text.encode("utf-16-be")),
    ("UTF-8, BOM", _encoder("utf-8-sig")),
)

# Where something else explains the same bytes, these are the worse explanation.
FAR_FETCHED = frozenset({"ASCII, dropped", "GBK, ?", "GB18030", "Big5-HKSCS", "EUC-JP"})


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
    announced: str, key: str, encode: Encode = _utf8
) -> Iterator[tuple[Deviation | None, str, Digest]]:
    yield None, announced, _plain(announced, encode)
    for name in LENGTHS:
        if name != announced:
            yield Deviation("other-hash", name), name, _plain(name, encode)
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
    key: str, others: Mapping[str, str], app_code: str, announced: str, wanted: frozenset[str]
) -> dict[int, list[Sealing]]:
    """Ways to seal a text, by the number of deviations, for hashes whose length is *wanted*."""
    places = key_places(key, others, app_code)
    found: dict[int, list[Sealing]] = {0: [], 1: [], 2: []}
    charsets: list[tuple[Deviation | None, Encode]] = [(None, _utf8)]
    charsets += [(Deviation("charset", name), encode) for name, encode in _CHARSETS]
    for charset, encode in charsets:
        hashes = [row for row in _hashes(announced, key, encode) if row[1] in wanted]
        for place, before, after in places:
            for how, name, digest in hashes:
                deviations = tuple([d for d in (place, charset, how) if d])
                if len(deviations) <= 2:
                    row = Sealing(deviations, before, after, digest, name, bool(before or after))
                    found[len(deviations)].append(row)
    return found


# ---- output -------------------------------------------------------------------------


class Target(NamedTuple):
    """What digests would have been printed as the given signature.

    Attributes:
        exact: Digest to the deviation that printed it so; None for plain hexadecimal.
        partial: By hash: what the hexadecimal digits have to fulfil, and its deviation.
    """

    exact: Mapping[bytes, Deviation | None]
    partial: Mapping[str, tuple[tuple[Deviation, Callable[[str], bool]], ...]]

    def hashes(self) -> frozenset[str]:
        """The hashes that can have made it."""
        sizes = {len(digest) for digest in self.exact}
        return frozenset(name for name, size in LENGTHS.items() if size in sizes) | frozenset(
            self.partial
        )

    def fits(self, name: str, digest: bytes) -> tuple[Deviation, ...] | None:
        """The deviations of the output if *digest* was printed as the signature, else None."""
        if digest in self.exact:
            deviation = self.exact[digest]
            return (deviation,) if deviation else ()
        tests = self.partial.get(name)
        if tests:
            digits = digest.hex()
            for deviation, test in tests:
                if test(digits):
                    return (deviation,)
        return None


def target(signature: str) -> Target:
    """Read a given signature backwards: which digests it may stand for."""
    exact: dict[bytes, Deviation | None] = {}
    bare = signature.strip()
    digits = bare.lower()
    if _is_hex(digits) and len(digits) // 2 in LENGTHS.values() and len(digits) % 2 == 0:
        exact[bytes.fromhex(digits)] = None
        return Target(exact, _shortened(digits, LENGTHS))
    joined = re.sub(r"[-: ]|^0x", "", digits)
    if joined != digits and _is_hex(joined) and len(joined) // 2 in LENGTHS.values():
        if len(joined) % 2 == 0:
            exact[bytes.fromhex(joined)] = Deviation("hex-with-separators")
        return Target(exact, {})
    for raw in _base64(bare):
        if len(raw) in LENGTHS.values():
            exact[raw] = Deviation("base64")
        text = raw.decode("latin-1").lower()
        if _is_hex(text) and len(text) // 2 in LENGTHS.values() and len(text) % 2 == 0:
            exact[bytes.fromhex(text)] = Deviation("base64", "hex")
    return Target(exact, _shortened(digits, LENGTHS) if _is_hex(digits) else {})


def _shortened(
    digits: str, lengths: Mapping[str, int]
) -> dict[str, tuple[tuple[Deviation, Callable[[str], bool]], ...]]:
    """Hexadecimal digits that lack some of a digest, or have too many."""
    size = len(digits)
    if size < _SHORTEST or size > 400:
        return {}
    found: dict[str, list[tuple[Deviation, Callable[[str], bool]]]] = {}
    for name, length in lengths.items():
        if size < 2 * length:
            cut = Deviation("truncated", f"{size} / {2 * length}")
            found.setdefault(name, []).append((cut, lambda full: full.startswith(digits)))
            found[name].append((cut, lambda full: full.endswith(digits)))
            if name == "MD5" and size == 16:
                found[name].append((cut, lambda full: full[8:24] == digits))
            lost = Deviation("zeros-lost", f"{size} / {2 * length}")
            if size >= 2 * length - 12:
                found[name].insert(0, (lost, lambda full: full.lstrip("0") == digits))
                found[name].insert(0, (lost, lambda full: _byte_by_byte(full, False) == digits))
        elif size > 2 * length and "ffffff" in digits:
            long = Deviation("signed-bytes", f"{size} / {2 * length}")
            found.setdefault(name, []).append(
                (long, lambda full: _byte_by_byte(full, True) == digits)
            )
            found[name].append((long, lambda full: _signed(full) == digits))
    return {name: tuple(tests) for name, tests in found.items()}


def _byte_by_byte(full: str, signed: bool) -> str:
    """Java's ``Integer.toHexString(b)`` without a mask or without a leading zero."""
    octets = bytes.fromhex(full)
    return "".join(
        [f"{octet | 0xFFFFFF00 if signed and octet > 127 else octet:x}" for octet in octets]
    )


def _signed(full: str) -> str:
    octets = bytes.fromhex(full)
    return "".join([f"{octet | 0xFFFFFF00 if octet > 127 else octet:02x}" for octet in octets])


def _is_hex(text: str) -> bool:
    return bool(text) and all(character in "0123456789abcdef" for character in text)


def _base64(text: str) -> Iterator[bytes]:
    if 20 <= len(text) <= 180:
        standard = text.replace("-", "+").replace("_", "/").replace("%3d", "=").replace("%3D", "=")
        try:
            yield base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        except (binascii.Error, ValueError):
            return
