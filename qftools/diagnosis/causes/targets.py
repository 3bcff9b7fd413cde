"""What a given signature may stand for: digests, and how they were printed."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from qftools.diagnosis.deviations import Deviation

LENGTHS = {"MD5": 16, "SHA256": 32, "SHA1": 20, "SHA512": 64}
_SHORTEST = 8  # hexadecimal digits of a truncated signature that still prove something


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

    def usual(self, announced: str) -> str:
        """The hash that most likely made it: the announced one, if its length is right."""
        sizes = {len(digest) for digest in self.exact}
        likely = [name for name, size in LENGTHS.items() if size in sizes]
        likely = likely or sorted(self.partial, key=LENGTHS.__getitem__)
        return announced if announced in likely or not likely else likely[0]

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
                found[name].insert(0, (lost, _printed(digits, "{:x}", False)))
        elif size > 2 * length and "ffffff" in digits:
            long = Deviation("signed-bytes", f"{size} / {2 * length}")
            found.setdefault(name, []).append((long, _printed(digits, "{:x}", True)))
            found[name].append((long, _printed(digits, "{:02x}", True)))
    return {name: tuple(tests) for name, tests in found.items()}


def _printed(digits: str, form: str, signed: bool) -> Callable[[str], bool]:
    """Whether *digits* are a digest without a mask or without leading zeros, as in Java."""

    def test(full: str) -> bool:
        at = 0
        for octet in bytes.fromhex(full):
            written = form.format(octet | 0xFFFFFF00 if signed and octet > 127 else octet)
            if not digits.startswith(written, at):
                return False
            at += len(written)
        return at == len(digits)

    return test


def _is_hex(text: str) -> bool:
    return bool(text) and all(character in "0123456789abcdef" for character in text)


def _base64(text: str) -> Iterator[bytes]:
    if 20 <= len(text) <= 180:
        standard = text.replace("-", "+").replace("_", "/").replace("%3d", "=").replace("%3D", "=")
        try:
            yield base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        except (binascii.Error, ValueError):
            return
