"""Find why the signature of an answer or a notification does not fit: it is over the raw bytes.

Most often the body was parsed and written again. Every way to write it is tried.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from qftools.diagnosis.causes.digests import key_places
from qftools.diagnosis.causes.targets import target
from qftools.diagnosis.deviations import Deviation
from qftools.diagnosis.reading.json_text import load_json

_LONGEST = 200_000  # bytes of a body that is written in other ways
_DEFAULT, _COMPACT = (", ", ": "), (",", ":")


class BodyMatch(NamedTuple):
    """A way to make the given signature of a body."""

    deviations: tuple[Deviation, ...]
    body: bytes
    tries: int


def search_body(
    body: bytes, key: str, signature: str, others: Mapping[str, str] | None = None
) -> BodyMatch | None:
    """Return how *signature* was made of *body*, None where no way fits.

    The fewest deviations win: the bytes as they are come first.
    """
    wanted = target(signature)
    places = key_places(key, others or {}, "")
    tries = 0
    found: BodyMatch | None = None
    for bodies in (None, *_ways(body)):
        deviation, data = bodies or (None, body)
        for place, before, after in places:
            for name, new in _HASHES:
                tries += 1
                printed = wanted.fits(name, new(before.encode() + data + after.encode()).digest())
                if printed is None:
                    continue
                hashed = () if name == "MD5" else (Deviation("other-hash", name),)
                all_of = tuple(d for d in (deviation, place) if d) + hashed + printed
                if found is None or len(all_of) < len(found.deviations):
                    found = BodyMatch(all_of, data, tries)
    return found


_HASHES = (("MD5", hashlib.md5), ("SHA256", hashlib.sha256))


def _ways(body: bytes) -> Iterator[tuple[Deviation, bytes]]:
    if len(body) > _LONGEST:
        return
    seen = {body}
    for detail, data in _written(body):
        if data not in seen:
            seen.add(data)
            yield Deviation("body-rewritten", detail), data
    value = _object(body)
    if isinstance(value, dict):
        flat = {name: item for name, item in value.items() if not isinstance(item, (dict, list))}
        for kept in (flat, {name: item for name, item in flat.items() if item != ""}):
            text = "&".join([f"{name}={kept[name]}" for name in sorted(kept)])
            yield Deviation("body-signed-as-fields"), text.encode("utf-8", "surrogatepass")


def _written(body: bytes) -> Iterator[tuple[str, bytes]]:
    stripped = body.strip()
    yield "strip()", stripped
    yield "BOM", stripped.removeprefix(b"\xef\xbb\xbf")
    for name, end in (("LF", b"\n"), ("CR LF", b"\r\n"), ("blank", b" ")):
        yield f"+ {name}", stripped + end
    value = _object(body)
    if value is None:
        return
    for order, arranged in (("", value), ("A-Z", _sorted(value))):
        for typed, retyped in (
            ("", arranged),
            ('"1"', _texts(arranged)),
            ("1", _numbers(arranged)),
        ):
            for style, separators in (('", " ": "', _DEFAULT), ('"," ":"', _COMPACT)):
                for escapes in (True, False):
                    text = json.dumps(retyped, ensure_ascii=escapes, separators=separators)
                    words = [style, r"\uXXXX" if escapes else "UTF-8", order, typed]
                    detail = ", ".join([word for word in words if word])
                    data = text.encode("utf-8", "surrogatepass")
                    yield detail, data
                    yield detail + r", \/", data.replace(b"/", b"\\/")
                    yield detail + ", LF", data + b"\n"
    for name, indent in (("2", 2), ("4", 4), ("TAB", "\t")):
        for escapes in (True, False):
            text = json.dumps(value, ensure_ascii=escapes, indent=indent)
            yield f"indent {name}", text.encode("utf-8", "surrogatepass")


def _object(body: bytes) -> Any:
    return load_json(body.decode("utf-8", "replace").removeprefix("\ufeff"))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _texts(value: Any) -> Any:
    """Numbers as texts, which is how the gateway writes them."""
    if isinstance(value, dict):
        return {name: _texts(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, str) and value.isdecimal() and len(value) < 16 and value[:1] != "0":
        return int(value)
    return value
